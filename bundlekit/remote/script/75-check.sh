
# ---------------------------------------------------------------- whether a release is fit to run: asked of the unpacked folder, before anything is stopped

# By the gateway's own Python, since what that one takes is what counts. Says itself what is wrong with it.
check_release() { # FOLDER
    find_python || return 1
    checked=$(check_sources "$1" "$B/settings" 2>/dev/null)
    status=$?
    [ -z "$checked" ] || printf '%s\n' "$checked"
    case $status in
    0) ;;
    3)
        printf '%s\n' "$checked" | sed -n "s/^problem	/fail	/p" | head -n 1
        FAILED=$(printf '%s\n' "$checked" | sed -n "s/^problem	//p" | head -n 1 | tr '\t' ' ')
        return 1
        ;;
    # No word against the release: whatever ended Python there, it was not a source of the bundle that ran.
    *) say note "its sources and imports could not be checked: Python ended with status $status" ;;
    esac
}

# What went well is forgotten at a boot.
check_sources() { # FOLDER SETTINGS-FOLDER
    run_program check "$@" "$RUN_DIR/.imports"
}
