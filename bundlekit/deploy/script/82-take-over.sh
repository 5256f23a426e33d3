
# ---------------------------------------------------------------- another release in place of the one that runs, and back

# Stop, switch, start, confirm; and all of it back again when the release does not come up.
take_over() { # ID WAIT
    previous=$(current_release)
    before=stopped
    if supervisor_pid >/dev/null || is_at_boot; then
        before=failing
        bundle_pid >/dev/null && has_registered && before=running
    fi
    if ! install_service; then
        say fail "$(trouble_word "$(cat "$errors")" service)" /etc "$(why)"
        return 1
    fi
    if [ -n "$previous" ]; then
        say phase stop "$previous"
        if ! stop_service; then
            say fail stop "$(why)"
            return 1
        fi
    fi
    say phase switch "$1"
    if { [ -z "$previous" ] || collect_settings "$B/releases/$previous"; } && take_snapshot "$1" && switch_to "$1"; then
        say phase start
        start_service
        say phase confirm "$2"
        if confirm "$1" "$2" 1; then
            mark_good "$1"
            say outcome up "$1" "$previous"
            return 0
        fi
        last_lines 20
    else
        reason="trouble $(why)"
    fi
    take_back "$1" "$2" "$previous" $before "$reason"
    return 1
}

mark_good() { # ID
    set_info "$B/releases/$1.info" state good
    set_info "$B/releases/$1.info" reason ''
    sync
}

switch_to() { # ID
    rm -f "$B/current.new"
    ln -s "releases/$1" "$B/current.new" && rename "$B/current.new" "$B/current" && sync
}

# mv without -T, as old busybox has it, would move the link into the folder that the other one leads to.
rename() { # FROM TO
    mv -fT "$1" "$2" 2>/dev/null && return 0
    find_python && "$PYTHON" -c 'import os, sys; os.rename(sys.argv[1], sys.argv[2])' "$1" "$2"
}

# Waits until the release has registered, lives still a moment later, and does what it has to. Leaves in `reason` why it
# did not.
confirm() { # ID SECONDS STARTS-SO-FAR
    deadline=$(($(uptime_seconds) + $2))
    while :; do
        if [ "$(info "$B/running" release)" = "$1" ]; then
            if [ "$(info "$B/running" starts)" -gt "$3" ]; then
                reason="died $(info "$B/running" before)"
                return 1
            elif [ -n "$(info "$B/running" ended)" ]; then
                reason="died $(info "$B/running" ended)"
                return 1
            elif has_registered; then
                sleep 1
                if [ -z "$(info "$B/running" ended)" ] && bundle_pid >/dev/null; then
                    verify_release "$1"
                    return
                fi
            fi
        fi
        if [ "$(uptime_seconds)" -ge $deadline ]; then
            reason="silent $2"
            return 1
        fi
        nap
    done
}

take_back() { # ID WAIT PREVIOUS BEFORE REASON
    say phase take-back "$3"
    if ! stop_service; then
        say outcome stuck "$1" "$5" "$3"
        return 0
    fi
    set_info "$B/releases/$1.info" state failed
    set_info "$B/releases/$1.info" reason "$5"
    restore_snapshot "$1"
    [ "$4" = stopped ] && disable_service
    if [ -z "$3" ]; then
        rm -f "$B/current"
        remove_service
        say outcome down "$1" "$5"
        return 0
    fi
    ok=yes
    switch_to "$3" || ok=
    if [ -n "$ok" ] && [ "$4" != stopped ]; then
        start_service
        if [ "$4" = running ]; then
            confirm "$3" "$2" 1 || ok=
        fi
    fi
    if [ -n "$ok" ]; then
        say outcome back "$1" "$5" "$3" "$4"
    else
        say outcome stuck "$1" "$5" "$3"
    fi
}
