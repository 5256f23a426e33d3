
# ---------------------------------------------------------------- the journal of a change

# What is being done, how far it is, and the undos that are armed, `key=value` a line:
#
#   verb, id, previous, ...   what is done, and what was there before
#   phase                     how far it is
#   undo                      one that is armed; there are several, and they run in reverse
#   reason                    why it is taken back, once that is decided
#   committed                 that it is not taken back any more, once that is decided
#
# An undo is armed before what it undoes is begun, so it has to make do with work that was half done or never begun.
# Whoever holds the lock and finds a journal goes on from it: the guard of a worker that was killed, the service at
# boot, the next one who looks or changes something.
#
# What is on the disk before what, so that a power cut finds sense at any time:
#   the release, then the journal with the undos of a stop, before the stop
#   the snapshot of the settings, then the journal with the undos of a switch, before the switch
#   the switch, before the start
#   the journal's `committed`, before anybody hears that it is done, and before anything is pruned
#   or: the journal's `reason`, the settings as they were, the switch back, before the start of the release before
#   the line of the history, before the journal goes

JOURNAL=
LIMIT_BOOTS=2
RESERVE=128 # kB, so that a disk that fills up has room for the way back

begin() { # VERB WHO
    JOURNAL=$NEWLINE
    record key "$(date +%s).$$"
    record verb "$1"
    record who "$2"
    record account "${ACCOUNT:-}"
    record address "${ADDRESS:-}"
    record began "$(date +%s)"
    record events "$events"
    rm -f "$B/boots"
    write_journal
    say guard "$(run_apart "$ROOT/gateway.sh" guard "$NAME" "$events")"
}

# By the shell alone: a gateway takes milliseconds for each process, and the bundle is down meanwhile.
NEWLINE='
'
record() { # KEY VALUE
    value=$2
    case $value in
    *[[:cntrl:]]*) value=$(printf '%s' "$value" | tr '[:cntrl:]' ' ') ;;
    esac
    case $JOURNAL in
    *"$NEWLINE$1="*)
        after=${JOURNAL#*"$NEWLINE$1="}
        JOURNAL=${JOURNAL%%"$NEWLINE$1="*}$NEWLINE$1=$value$NEWLINE${after#*"$NEWLINE"}
        ;;
    *) JOURNAL=$JOURNAL$1=$value$NEWLINE ;;
    esac
}

recorded() { # KEY
    case $JOURNAL in
    *"$NEWLINE$1="*)
        after=${JOURNAL#*"$NEWLINE$1="}
        printf '%s\n' "${after%%"$NEWLINE"*}"
        ;;
    esac
}

arm() { # UNDO...
    for undo in "$@"; do
        JOURNAL=${JOURNAL}undo=$undo$NEWLINE
    done
}

write_journal() {
    printf '%s' "$JOURNAL" >"$B/journal.new" && mv -f "$B/journal.new" "$B/journal"
}

# All that was done so far is on the disk, and then the journal is.
keep_journal() {
    settle && printf '%s' "$JOURNAL" >"$B/journal.new" && settle "$B/journal.new" &&
        mv -f "$B/journal.new" "$B/journal" && settle "$B"
}

phase() { # WORD [TEXT]
    say phase "$@"
    record phase "$1"
    write_journal
}

reserve_room() {
    head -c $((RESERVE * 1024)) /dev/zero >"$B/.reserve"
}

# Runs the undos in reverse. One that fails does not stop the others. Fails if some did: NOT_UNDONE.
undo_all() {
    rm -f "$B/.reserve"
    NOT_UNDONE=
    for undo in $(printf '%s\n' "$JOURNAL" | sed -n 's/^undo=\([a-z_]*\)$/\1/p' | sed '1!G;h;$!d'); do
        "undo_$undo" || NOT_UNDONE="$NOT_UNDONE${NOT_UNDONE:+ }$undo"
    done
    [ -z "$NOT_UNDONE" ]
}

# The end of a change, however it ended: a line in the history, and no journal any more.
close_journal() { # OUTCOME [REASON]
    add_history "$1" "${2:-}"
    upload=$(recorded upload)
    [ -z "$upload" ] || rm -rf "$upload"
    # Of a worker that was killed.
    told=$(recorded events)
    case $told in
    "$events") ;;
    "$B"/.events.*) rm -f "$told" "$told.errors" "$told.guard" ;;
    esac
    rm -f "$B/settings"/.*.new
    rm -f "$B/journal" "$B/journal.new" "$B/boots" "$B/.reserve"
    settle "$B"
    JOURNAL=
}

# ---------------------------------------------------------------- going on from a journal

# Waits for the worker to end, however it ends: it has the lock until then.
guard() { # NAME EVENTS
    events=
    exec >>"$2" 2>"$2.guard"
    errors=$2.guard
    if find_python && take_lock for-ever; then
        [ ! -f "$B/journal" ] || recover guard
        unlock # who was ended in the last moment has left his name in it
    fi
    echo end
    rm -f "$2" "$2.guard"
}

# By somebody who is not the one that began it, and nobody else is at it.
recovery() { # NAME BY [EVENTS]
    events=${3:-}
    errors=${3:-$B/.events.$$}.errors
    exec >>"${3:-/dev/null}" 2>"$errors"
    if find_python && take_lock 60; then
        [ ! -f "$B/journal" ] || recover "$2"
        unlock
    fi
    echo end
    rm -f "${3:-}" "$errors"
}

# Wants the lock. Ends with the journal closed, unless the machine is going down.
recover() { # BY
    if is_going_down; then
        exit 0
    fi
    JOURNAL=$NEWLINE$(cat "$B/journal")$NEWLINE
    FAILED=
    verb_before=$(recorded verb)
    what="$verb_before of $(recorded id)"
    [ -n "$(recorded id)" ] || what=$verb_before
    phase_before=$(recorded phase)
    sign_lock "recovery of $what" "$(recorded who)" "$(recorded account)" "$(recorded address)"
    say note "the $what by $(recorded who) was broken off${phase_before:+ in phase $phase_before}; the gateway goes on from there"
    record by "$1"
    keep_journal
    if [ -z "$phase_before" ]; then
        close_journal refused 'broken off before it began'
        return 0
    fi
    case $verb_before in
    deploy | rollback) recover_release "$1" ;;
    start) finish_start ;;
    restart) finish_restart ;;
    stop) finish_stop ;;
    remove) finish_remove ;;
    *) close_journal unknown ;;
    esac
}

recover_release() { # BY
    id=$(recorded id)
    seconds=$(recorded wait)
    choose_how "$(recorded how)"
    if [ -n "$(recorded committed)" ]; then
        finish_good
    elif [ -n "$(recorded previous)$(recorded before)" ] && [ -z "$(recorded reason)" ] && [ "$(current_release)" = "$id" ] &&
        [ "$(count_boots)" -le $LIMIT_BOOTS ]; then
        # A boot takes its time until the broker answers.
        [ "$1" = boot ] && seconds=$((seconds * 2))
        if ! stop_unsettled; then
            reason="trouble $(why)"
            take_back
        else
            try_release "$id" "$seconds" || take_back
        fi
    else
        [ -n "$(recorded reason)" ] || reason="broken-off $(recorded phase)"
        take_back
    fi
}

count_boots() {
    wc -l 2>/dev/null <"$B/boots" || echo 0
}

# For the supervisor, before it starts anything. Somebody who holds the lock has started it and watches. A release that
# brings the whole machine down with it is not started over and over.
recover_at_boot() {
    if { [ ! -f "$B/journal" ] && [ ! -s "$B/lock" ]; } || is_locked; then
        return 0
    fi
    if [ -f "$B/journal" ]; then
        echo boot >>"$B/boots"
        settle "$B/boots" "$B"
    fi
    if has_systemd; then
        # Not in the service's own group of processes, which ends with it.
        systemd-run sh "$ROOT/gateway.sh" recovery "$NAME" boot >/dev/null 2>&1 &
    else
        run_apart "$ROOT/gateway.sh" recovery "$NAME" boot >/dev/null
    fi
    [ "$(count_boots)" -le $LIMIT_BOOTS ] || sleep 30
}
