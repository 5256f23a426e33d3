
# ---------------------------------------------------------------- whether a release that has registered does what it has to

VERIFY=
HAND_OVER=

# How a change is to be made; of what has no word here, nothing is known.
choose_how() { # WORDS
    case " $1 " in
    *" no-verify "*) VERIFY= ;;
    *) VERIFY=yes ;;
    esac
    case " $1 " in
    *" handover "*) HAND_OVER=yes ;;
    esac
}

# Decided here and not by the client, so that it is decided even if the link dies. Leaves in `reason` why it does not.
verify_release() { # ID
    find_python || return 0
    {
        unfit=$(ask_gets "$B/releases/$1/bundle.json" /etc/mx-api-token 3>&1 >&4)
        status=$?
    } 4>&1
    case $status in
    0) ;;
    3)
        reason="answers $unfit"
        return 1
        ;;
    *) say note "the bundle's GETs could not be asked: Python ended with status $status" ;;
    esac
}

ask_gets() { # BUNDLE.JSON TOKEN-FILE
    our_python - "$@" 2>/dev/null 9>&- <<'END_OF_PROGRAM'
@verify.py@
END_OF_PROGRAM
}
