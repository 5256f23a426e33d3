
# ---------------------------------------------------------------- verbs that change something

# Has a worker, which does not end with the connection, run a verb, and shows its events until it ends: a link that dies ends
# the showing only.
change() { # VERB NAME KEY=VALUE...
    verb=$1
    shift 2
    take_arguments "$verb" "$@"
    case $verb in
    deploy | rollback) make_root ;; # what else is done may be what makes room
    esac
    problem=$({ make_bundle && { install_script || { spare_room && install_script; }; }; } 2>&1) ||
        die "$(trouble_word "$problem" read-only)" "$ROOT" "$problem"
    [ "$verb" != deploy ] || take_part "$arg_upload"
    events=$(make_events 2>&1) || die "$(trouble_word "$events" space)" "$RUN_DIR" "$events"
    worker=$(run_detached "$ROOT/gateway.sh" worker "$NAME" "$events" "$verb" "$@")
    say phase lock
    show_events "$events" "$worker"
}

make_events() {
    { [ -d "$RUN_DIR" ] || mkdir -p "$RUN_DIR"; } && mktemp "$RUN_DIR/$NAME.events.XXXXXX"
}

# A broken-off change that nobody is at. What its recovery says is told, but how it ended is no answer to who looks.
finish_broken_off() {
    if [ ! -f "$B/journal" ] || is_locked; then
        return 0
    fi
    { install_script && events=$(make_events); } 2>/dev/null || return 0
    show_events "$events" "$(run_detached "$ROOT/gateway.sh" recovery "$NAME" status "$events")" | tell_by_the_way
}

# Until they end, or until both are gone: the one who writes them, and the watchdog that goes on when that one was killed.
# One `tail` waits for all: a shell that did would start a `sleep` each time.
show_events() { # FILE PROCESS
    exec 4<"$1"
    {
        show_life &
        alive=$!
        follow "$2" <&4
        if ! grep -qx end /proc/self/fd/4; then
            watchdog=$(sed -n 's/^guard	//p' /proc/self/fd/4)
            [ -z "$watchdog" ] || follow "${watchdog##*"$NEWLINE"}" <&4
        fi
        kill $alive
    } 2>/dev/null | while IFS= read -r line; do
        case $line in
        'guard	'*) continue ;;
        esac
        printf '%s\n' "$line"
        [ "$line" != end ] || break
    done
}

# What is written, as long as a process lives, and then once more. The `tail` of busybox knows nothing of processes.
follow() { # PROCESS
    ! tail -n +1 -s 0.05 --pid="$1" -f || return 0
    ended=
    while [ -z "$ended" ]; do
        [ -d "/proc/$1" ] || ended=yes
        while IFS= read -r line; do printf '%s\n' "$line"; done
        printf %s "$line"
        pause
    done
}

# An empty line now and then.
show_life() {
    trap 'kill $!; exit' TERM
    while :; do
        sleep 10 &
        wait $!
        echo
    done
}

worker() { # NAME EVENTS VERB KEY=VALUE...
    events=$2
    errors=$events.errors
    verb=$3
    shift 3
    LOCKED=
    exec >>"$events" 2>"$errors"
    take_arguments "$verb" "$@"
    "change_$verb"
    [ -n "$LOCKED" ] && unlock
    echo end
    rm -f "$events" "$errors"
}

why() { # what a tool said last on standard error
    tail -n 1 "$errors" 2>/dev/null | cut -c 1-200
}
