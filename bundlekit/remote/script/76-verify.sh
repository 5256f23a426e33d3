
# ---------------------------------------------------------------- whether a release that has registered does what it has to

VERIFY=
WRITE=
HAND_OVER=
FORCE=

# How a change is to be made; of what has no word here, nothing is known.
choose_how() { # WORDS
    case " $1 " in
    *" no-verify "*) VERIFY= ;;
    *) VERIFY=yes ;;
    esac
    case " $1 " in
    *" handover "*) HAND_OVER=yes ;;
    esac
    case " $1 " in
    *" write "*) WRITE=yes ;;
    esac
    case " $1 " in
    *" force-resource "*) FORCE=force ;;
    esac
}

# Decided here and not by the client, so that it is decided even if the link dies. Leaves in `reason` why it does not.
verify_release() { # ID [candidate]
    find_python || return 0
    {
        unfit=$(ask_gets "$B/releases/$1/bundle.json" /etc/mx-api-token 443 "$(tunnel "${2:-}")" ${WRITE:+1883 write} 3>&1 >&4)
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

# The topic by which the controller reaches the process that has registered last, as the SDK says it.
tunnel() { # [candidate]
    [ -z "$1" ] || use_candidate
    use_start && tail -c "+$start" "$B/log" |
        sed -n "s/.*Register successfully $NAME tunnel: *\([0-9A-Za-z-]*\).*/\1/p" | tail -n 1
}

# Asks for resources now, and tells who has answered.
answers() { # NAME RESOURCE...
    name=$1
    shift
    find_python || die no-python
    ask_gets "$name" /etc/mx-api-token 443 "$(tunnel '' 2>/dev/null)" 1883 "$@" 3>/dev/null
    say end
}

ask_gets() { # BUNDLE.JSON TOKEN-FILE PORT TUNNEL [BROKER-PORT [write|RESOURCE...]]
    run_program verify "$@" 2>/dev/null
}
