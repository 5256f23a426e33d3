
# ---------------------------------------------------------------- the other verbs

change_rollback() { # NAME ID EXPECTED WAIT WHO [LOCK-WAIT [settings|"" [HOW]]]
    check_id "$2"
    check_number "$4"
    check_number "${6:-0}"
    choose_how "${8:-}"
    lock "rollback to $2" "$5" "${6:-0}" || return 0
    if [ "$(current_release)" != "$3" ] && [ -z "$waited" ]; then
        fail changed "$(current_release)"
    elif ! is_release "$2"; then
        :
    elif [ "$(current_release)" = "$2" ]; then
        fail changed "$2"
    elif [ -n "${7:-}" ] && [ ! -d "$B/snapshots/$2" ]; then
        fail no-snapshot "$2"
    elif check_resources "$B/releases/$2"; then
        begin rollback "$5"
        record settings "${7:-}"
        record how "${8:-}"
        take_over "$2" "$4"
    fi
}

# What nobody goes back to any more, or may again.
change_mark() { # NAME ID bad|good WHO [LOCK-WAIT]
    check_id "$2"
    check_number "${5:-0}"
    case $3 in
    bad) verb=mark-bad why=$4 ;;
    good) verb=mark-good why= ;;
    *) die usage "$3" ;;
    esac
    lock "$verb of $2" "$4" "${5:-0}" && is_release "$2" || return 0
    begin "$verb" "$4"
    record id "$2"
    if mark "$2" "$3" "$why" && fsync_paths "$B/releases"; then
        say outcome marked "$2"
        close_journal marked
    else
        refuse "$(trouble_word "$(cat "$errors")" space)" "$ROOT" "$(why)"
    fi
}

change_drop() { # NAME ID WHO [LOCK-WAIT]
    check_id "$2"
    check_number "${4:-0}"
    lock "removal of $2" "$3" "${4:-0}" && is_release "$2" || return 0
    if [ "$(current_release)" = "$2" ]; then
        fail current "$2"
        return 0
    fi
    begin drop "$3"
    record id "$2"
    drop_release "$2"
    fsync_disk
    say outcome dropped "$2"
    close_journal dropped
}

is_release() { # ID
    [ ! -d "$B/releases/$1" ] || return 0
    fail no-release "$1"
    return 1
}

change_start() { # NAME WAIT WHO [LOCK-WAIT [HOW]]
    check_number "$2"
    check_number "${4:-0}"
    choose_how "${5:-}"
    lock start "$3" "${4:-0}" && is_deployed && check_resources "$B/current" || return 0
    begin_now start "$3" "$2" && finish_start
}

change_restart() { # NAME WAIT WHO [LOCK-WAIT]
    check_number "$2"
    check_number "${4:-0}"
    FORCE=force # it ran like this
    lock restart "$3" "${4:-0}" && is_deployed && check_resources "$B/current" || return 0
    begin_now restart "$3" "$2" && finish_restart
}

change_stop() { # NAME WHO [LOCK-WAIT]
    check_number "${3:-0}"
    lock stop "$2" "${3:-0}" && is_deployed || return 0
    begin_now stop "$2" && finish_stop
}

change_remove() { # NAME keep|purge WHO [LOCK-WAIT]
    check_number "${4:-0}"
    lock remove "$3" "${4:-0}" || return 0
    begin_now remove "$3" "$2" && finish_remove
}

is_deployed() {
    [ -z "$(current_release)" ] || return 0
    fail no-release ''
    return 1
}

begin_now() { # VERB WHO HOW
    begin "$1" "$2"
    record id "$(current_release)"
    record wait "${3:-}"
    record phase begin
    # It may be what makes room; and there is nothing to take back.
    keep_journal || say note "nothing can be written there: $(why); should this be broken off, nobody goes on with it"
}

# What is begun is brought to its end, here or by a recovery; there is nothing to take back in it.

finish_restart() {
    phase stop "$(recorded id)"
    if stop_service; then
        finish_start
    else
        leave_if_going_down
        refuse stop "$(why)"
    fi
}

finish_start() {
    release=$(recorded id)
    phase start
    starts=1
    if bundle_pid >/dev/null; then
        starts=$(info "$B/running" starts)
    else
        stop_service
        install_service
    fi
    start_service
    phase confirm "$(patience)"
    if confirm "$release" "$(patience)" "$starts"; then
        [ "$(info "$B/releases/$release.info" state)" = bad ] || mark_good "$release"
        say outcome up "$release" "$release"
        close_journal up
    else
        leave_if_going_down
        last_lines 20
        say outcome not-up "$release" "$reason"
        close_journal not-up "$reason"
    fi
}

finish_stop() {
    phase stop "$(recorded id)"
    disable_service
    if stop_service; then
        say outcome stopped "$(recorded id)"
        close_journal stopped
    else
        leave_if_going_down
        enable_service # as it was
        refuse stop "$(why)"
    fi
}

# The service goes last, for at a boot it is what goes on with it.
finish_remove() {
    phase stop "$(recorded id)"
    if ! stop_service; then
        leave_if_going_down
        refuse stop "$(why)"
        return 0
    fi
    rm -f "$B/current"
    rm -rf "$B/releases" "$B/snapshots" "$B/kept" "$B/mended" "$B/log" "$B/log.1" "$B/registered"
    left=settings
    if [ "$(recorded wait)" = purge ] || [ -z "$(ls -A "$B/settings" 2>/dev/null)" ]; then
        rm -rf "$B/settings"
        left=nothing
    fi
    fsync_disk
    remove_service
    close_journal removed $left
    [ $left = settings ] || rm -rf "$B"
    say outcome removed $left
}
