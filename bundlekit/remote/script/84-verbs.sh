
# ---------------------------------------------------------------- the other verbs

# With settings=settings, back to those that the release had when it was left.
change_rollback() {
    choose_how "$arg_how"
    lock "rollback to $arg_release" "$arg_who" "$arg_lock_wait" || return 0
    use_current
    if [ "$current" != "$arg_replaces" ] && [ -z "$waited" ]; then
        fail changed "$current"
    elif ! is_release "$arg_release"; then
        :
    elif [ "$current" = "$arg_release" ]; then
        fail changed "$arg_release"
    elif [ -n "$arg_settings" ] && [ ! -d "$B/snapshots/$arg_release" ]; then
        fail no-snapshot "$arg_release"
    elif check_resources "$B/releases/$arg_release"; then
        begin rollback "$arg_who"
        record settings "$arg_settings"
        record how "$arg_how"
        use_info "$B/releases/$arg_release.info" signer
        record signer "$value"
        take_over "$arg_release" "$arg_wait"
    fi
}

# What nobody goes back to any more, or may again.
change_mark() {
    case $arg_mark in
    bad) verb=mark-bad why=$arg_who ;;
    good) verb=mark-good why= ;;
    *) die usage "$arg_mark" ;;
    esac
    lock "$verb of $arg_release" "$arg_who" "$arg_lock_wait" && is_release "$arg_release" || return 0
    begin "$verb" "$arg_who"
    record id "$arg_release"
    if mark "$arg_release" "$arg_mark" "$why" && fsync_paths "$B/releases"; then
        say outcome marked "$arg_release"
        close_journal marked
    else
        refuse_trouble space "$ROOT"
    fi
}

change_drop() {
    lock "removal of $arg_release" "$arg_who" "$arg_lock_wait" && is_release "$arg_release" || return 0
    use_current
    if [ "$current" = "$arg_release" ]; then
        fail current "$arg_release"
        return 0
    fi
    begin drop "$arg_who"
    record id "$arg_release"
    drop_release "$arg_release"
    fsync_disk
    say outcome dropped "$arg_release"
    close_journal dropped
}

is_release() { # ID
    [ ! -d "$B/releases/$1" ] || return 0
    fail no-release "$1"
    return 1
}

change_start() {
    choose_how "$arg_how"
    lock start "$arg_who" "$arg_lock_wait" && is_deployed && check_resources "$B/current" || return 0
    begin_now start "$arg_who" "$arg_wait" && finish_start
}

change_restart() {
    FORCE=force # it ran like this
    lock restart "$arg_who" "$arg_lock_wait" && is_deployed && check_resources "$B/current" || return 0
    begin_now restart "$arg_who" "$arg_wait" && finish_restart
}

change_stop() {
    lock stop "$arg_who" "$arg_lock_wait" && is_deployed || return 0
    begin_now stop "$arg_who" && finish_stop
}

# With settings=purge, the settings go too; with settings=keep they stay.
change_remove() {
    lock remove "$arg_who" "$arg_lock_wait" || return 0
    begin_now remove "$arg_who" "$arg_settings" && finish_remove
}

is_deployed() {
    use_current
    [ -z "$current" ] || return 0
    fail no-release ''
    return 1
}

begin_now() { # VERB WHO HOW
    begin "$1" "$2"
    use_current
    record id "$current"
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
    use_recorded id
    release=$value
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
        use_info "$B/releases/$release.info" state
        [ "$value" = bad ] || mark_good "$release"
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
