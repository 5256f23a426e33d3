
# ---------------------------------------------------------------- the other verbs

change_rollback() { # NAME ID EXPECTED WAIT WHO
    check_id "$2"
    check_number "$4"
    lock "rollback to $2" "$5" || return 0
    if [ "$(current_release)" != "$3" ]; then
        say fail changed "$(current_release)"
    elif [ ! -d "$B/releases/$2" ]; then
        say fail no-release "$2"
    else
        take_over "$2" "$4"
    fi
}

change_start() { # NAME WAIT WHO
    check_number "$2"
    lock start "$3" && start_current "$2"
}

change_restart() { # NAME WAIT WHO
    check_number "$2"
    lock restart "$3" || return 0
    if [ -n "$(current_release)" ]; then
        say phase stop "$(current_release)"
        if ! stop_service; then
            say fail stop "$(why)"
            return 0
        fi
    fi
    start_current "$2"
}

start_current() { # WAIT
    current=$(current_release)
    if [ -z "$current" ]; then
        say fail no-release ''
        return 0
    fi
    say phase start
    starts=1
    if bundle_pid >/dev/null; then
        starts=$(info "$B/running" starts)
    else
        stop_service
        install_service
    fi
    start_service
    say phase confirm "$1"
    if confirm "$current" "$1" "$starts"; then
        mark_good "$current"
        say outcome up "$current" "$current"
    else
        last_lines 20
        say outcome not-up "$current" "$reason"
    fi
}

change_stop() { # NAME WHO
    lock stop "$2" || return 0
    if [ -z "$(current_release)" ]; then
        say fail no-release ''
    else
        say phase stop "$(current_release)"
        disable_service
        if stop_service; then
            say outcome stopped "$(current_release)"
        else
            say fail stop "$(why)"
        fi
    fi
}

change_remove() { # NAME keep|purge WHO
    lock remove "$3" || return 0
    say phase stop "$(current_release)"
    if ! stop_service; then
        say fail stop "$(why)"
        return 0
    fi
    remove_service
    rm -f "$B/current"
    rm -rf "$B/releases" "$B/snapshots" "$B/log" "$B/log.1" "$B/registered"
    if [ "$2" = purge ] || [ -z "$(ls -A "$B/settings" 2>/dev/null)" ]; then
        rm -rf "$B"
        say outcome removed nothing
    else
        say outcome removed settings
    fi
}
