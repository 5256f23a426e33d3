
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
# An empty line now and then is a sign of life.
show_events() { # FILE PROCESS
    worker=$2
    exec 4<"$1"
    part=
    left=
    pauses=0
    while :; do
        while IFS= read -r line <&4; do
            line=$part$line
            part=
            case $line in
            end)
                echo end
                return 0
                ;;
            'guard	'*)
                watchdog=${line#*	}
                continue
                ;;
            esac
            printf '%s\n' "$line"
        done
        part=$part$line
        # Once they are gone there is one more look: they may have written after the last one.
        [ -z "$left" ] || return 0
        if [ ! -d "/proc/$worker" ]; then
            [ -n "${watchdog:-}" ] && [ -d "/proc/$watchdog" ] || left=yes
        fi
        if [ $pauses -ge 8 ] || ! sleep 0.05 2>/dev/null; then pause; fi # the first words come soon
        pauses=$((pauses + 1))
        [ $((pauses % 50)) -ne 0 ] || echo
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
