
# ---------------------------------------------------------------- verbs that change something

# Runs a verb apart from the connection and shows its events until it ends: a link that dies ends the showing only.
change() { # VERB NAME ARGUMENT...
    make_root
    problem=$({ mkdir -p "$B/releases" "$B/settings" && install_script; } 2>&1) ||
        give_up "$(trouble_word "$problem" read-only)" "$ROOT" "$problem"
    events=$(mktemp "$B/.events.XXXXXX") || give_up space "$ROOT"
    worker=$(run_apart "$ROOT/gateway.sh" apart "$2" "$events" "$@")
    exec 4<"$events"
    part=
    left=
    while :; do
        while IFS= read -r line <&4; do
            printf '%s\n' "$part$line"
            [ "$part$line" = end ] && return 0
            part=
        done
        part=$part$line
        # Once it is gone there is one more look: it may have written after the last one.
        [ -z "$left" ] || return 0
        [ -d "/proc/$worker" ] || left=yes
        nap
    done
}

apart() { # NAME EVENTS VERB NAME ARGUMENT...
    events=$2
    errors=$events.errors
    verb=$3
    shift 3
    LOCKED=
    exec >>"$events" 2>"$errors"
    "change_$verb" "$@"
    [ -n "$LOCKED" ] && unlock
    echo end
    rm -f "$events" "$errors"
}

why() { # what a tool said last on standard error
    tail -n 1 "$errors" 2>/dev/null | cut -c 1-200
}

change_deploy() { # NAME ID VERSION DIGEST UPLOAD EXPECTED WAIT KEEP WHO
    check_id "$2"
    check_number "$7"
    check_number "$8"
    case $5 in
    "$ROOT"/uploads/*[!A-Za-z0-9]* | "$ROOT"/uploads/) give_up usage "$5" ;;
    "$ROOT"/uploads/*) ;;
    *) give_up usage "$5" ;;
    esac
    if lock "deploy of $2" "$9"; then
        if unpack "$@"; then
            take_over "$2" "$7"
            prune "$8" "$6"
        fi
        rm -rf "$B/releases/.staging" "$B/releases/.staging.info"
    fi
    rm -rf "$5"
}

unpack() { # as change_deploy
    if [ "$(current_release)" != "$6" ] || [ "$6" = "$2" ]; then
        say fail changed "$(current_release)"
        return 1
    fi
    say phase check
    archive=$5/archive.tar.gz
    if [ ! -f "$archive" ] || [ -L "$archive" ] || [ "$(sha256sum <"$archive" | cut -c 1-64)" != "$4" ]; then
        say fail digest
        return 1
    fi
    say phase unpack
    staging=$B/releases/.staging
    rm -rf "$staging"
    if ! { mkdir "$staging" && tar -xzof "$archive" -C "$staging" && link_settings "$staging"; }; then
        say fail "$(trouble_word "$(cat "$errors")" unpack)" "$(why)"
        return 1
    fi
    if ! problem=$(compile_main "$staging"); then
        say fail syntax "$problem"
        return 1
    fi
    rm -rf "$B/releases/$2" "$B/releases/$2.info"
    if ! {
        printf 'version=%s\ndigest=%s\nnumber=%s\ntime=%s\nwho=%s\nstate=new\n' "$3" "$4" "$(next_number)" "$(date +%s)" "$9" \
            >"$staging.info" && sync && mv "$staging.info" "$B/releases/$2.info" && mv "$staging" "$B/releases/$2"
    }; then
        say fail "$(trouble_word "$(cat "$errors")" unpack)" "$(why)"
        return 1
    fi
}

# By the gateway's own Python, since what that one takes is what counts. Prints the error.
compile_main() { # FOLDER
    find_python || return 1
    (cd "$1" && "$PYTHON" -c '
import sys
try:
    with open("index.py") as source:
        compile(source.read() + "\n", "index.py", "exec")
except SyntaxError as error:
    sys.stdout.write("index.py, line %s: %s" % (error.lineno, error.msg))
    sys.exit(1)
except (IOError, TypeError, ValueError) as error:
    sys.stdout.write("index.py: %s" % error)
    sys.exit(1)
') 2>/dev/null
}

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
        if reason=$(confirm "$1" "$2" 1); then
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

# Waits until the release has registered and lives still a moment later. Prints why it did not.
confirm() { # ID SECONDS STARTS-SO-FAR
    deadline=$(($(uptime_seconds) + $2))
    while :; do
        if [ "$(info "$B/running" release)" = "$1" ]; then
            if [ "$(info "$B/running" starts)" -gt "$3" ]; then
                echo "died $(info "$B/running" before)"
                return 1
            elif [ -n "$(info "$B/running" ended)" ]; then
                echo "died $(info "$B/running" ended)"
                return 1
            elif has_registered; then
                sleep 1
                [ -z "$(info "$B/running" ended)" ] && bundle_pid >/dev/null && return 0
            fi
        fi
        if [ "$(uptime_seconds)" -ge $deadline ]; then
            echo "silent $2"
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
            confirm "$3" "$2" 1 >/dev/null || ok=
        fi
    fi
    if [ -n "$ok" ]; then
        say outcome back "$1" "$5" "$3" "$4"
    else
        say outcome stuck "$1" "$5" "$3"
    fi
}

# Keeps the newest KEEP good releases and the newest failed one; never takes the current one or the one before it.
prune() { # KEEP PREVIOUS
    current=$(current_release)
    good=0
    failed=0
    for id in $(list_releases); do
        if [ "$(info "$B/releases/$id.info" state)" = good ]; then
            good=$((good + 1))
            [ $good -le "$1" ] && continue
        else
            failed=$((failed + 1))
            [ $failed -le 1 ] && continue
        fi
        [ "$id" = "$current" ] || [ "$id" = "$2" ] && continue
        rm -rf "$B/releases/$id" "$B/releases/$id.info" "$B/snapshots/$id" "$B/snapshots/$id.failed"
        say pruned "$id"
    done
}

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
    if reason=$(confirm "$current" "$1" "$starts"); then
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
