
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
