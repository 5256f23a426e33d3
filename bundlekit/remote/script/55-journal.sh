
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
# Whoever holds the lock and finds a journal goes on from it: the watchdog of a worker that was killed, the service at
# boot, the next one who looks or changes something.
#
# What is on the disk before what, so that a power cut finds sense at any time. A file's content always is before the
# file gets its name; of two names in the same file system, the first one gets there first or with the other.
#   the release, then the journal with the undos of a stop, before the stop
#   the snapshot of the settings, and a copy of those that the release is to find (settings.for.ID), then the journal
#   with the undos of a switch, and with the word whose settings count after a hand-over (`whose`), before the switch
#   the switch, which decides about the settings too, before settings.for.ID becomes the settings, by one name for all
#   of them, or those of a hand-over do; and that before the start. Until then, every start of the service completes it
#   the journal's `committed`, before anybody hears that it is done, and before anything is pruned
#   or: the journal's `reason`, the settings as they were as settings.for.ID of the release before, the switch back,
#   those settings, before the start of the release before
#   the service as it stays, and the line of the history, before the journal goes

JOURNAL=
LIMIT_BOOTS=2
RESERVE=128 # kB, so that a disk that fills up has room for the way back

begin() { # VERB WHO
    JOURNAL=$NEWLINE
    now=$(date +%s)
    record key "$now.$$"
    record verb "$1"
    record who "$2"
    record account "${ACCOUNT:-}"
    record address "${ADDRESS:-}"
    record began "$now"
    record events "$events"
    [ ! -f "$B/boots" ] || rm -f "$B/boots"
    start_watchdog >/dev/null 2>&1 9>&- &
}

# Where systemd runs, it starts one that was killed again. The script there may be another version's by now, which somebody
# has installed meanwhile: the word `guard`, here and in events, journal and history, is the same in all of them.
start_watchdog() {
    set -- "$ROOT/gateway.sh" guard "$NAME" "$events"
    if ! { has_systemd && systemd-run --unit="bundlekit-guard-$NAME-$$" -p Restart=on-failure -p RestartSec=1 sh "$@"; }; then
        run_detached "$@"
    fi
}

# By the shell alone: a gateway takes milliseconds for each process, and the bundle is down meanwhile. What was recorded
# last counts.
NEWLINE='
'
record() { # KEY VALUE
    value=$2
    case $value in
    *[[:cntrl:]]*) value=$(printf '%s' "$value" | tr '[:cntrl:]' ' ') ;;
    esac
    JOURNAL=$JOURNAL$1=$value$NEWLINE
}

# In `value`.
use_recorded() { # KEY
    value=
    case $JOURNAL in
    *"$NEWLINE$1="*)
        value=${JOURNAL##*"$NEWLINE$1="}
        value=${value%%"$NEWLINE"*}
        ;;
    esac
}

recorded() { # KEY
    use_recorded "$1"
    printf '%s\n' "$value"
}

arm() { # UNDO...
    for undo in "$@"; do
        JOURNAL=${JOURNAL}undo=$undo$NEWLINE
    done
}

# All that was done so far is on the disk, then what COMMAND gives a name, and then the journal. That is only replaced
# by one that is on the disk: a power cut may leave an empty file of another.
keep_journal() { # [COMMAND...]
    { put_journal || { spare_room && put_journal; }; } && fsync_disk && { [ $# -eq 0 ] || "$@"; } &&
        mv -f "$B/journal.new" "$B/journal" && fsync_paths "$B"
}

put_journal() {
    printf '%s' "$JOURNAL" >"$B/journal.new"
}

# The first one: of nothing that is to be on the disk before it.
write_journal() {
    put_journal && fsync_paths "$B/journal.new" && mv -f "$B/journal.new" "$B/journal"
}

# What a power cut may take back: nothing waits for the disk. Where there is none, because nothing can be written, half of
# one is no use.
note_in_journal() { # KEY VALUE
    record "$1" "$2"
    [ ! -f "$B/journal" ] || printf '%s=%s\n' "$1" "$2" >>"$B/journal"
}

phase() { # WORD [TEXT]
    say phase "$@"
    note_in_journal phase "$1"
}

# Without writing it, where the file system can do that: flash wears.
reserve_room() {
    fallocate -l $((RESERVE * 1024)) "$B/.reserve" 2>/dev/null || head -c $((RESERVE * 1024)) /dev/zero >"$B/.reserve"
}

# Where the disk is full, the way back or a removal is worth more than what an old log says.
spare_room() {
    rm -f "$B/.reserve" "$B/log.1"
}

# Runs the undos in reverse. One that fails does not stop the others. Fails if some did: NOT_UNDONE.
undo_all() {
    NOT_UNDONE=
    for undo in $(printf '%s\n' "$JOURNAL" | sed -n 's/^undo=\([a-z_]*\)$/\1/p' | sed '1!G;h;$!d'); do
        "undo_$undo" || NOT_UNDONE="$NOT_UNDONE${NOT_UNDONE:+ }$undo"
        # After the first one, which ends whoever may have filled the disk.
        [ ! -e "$B/.reserve" ] || rm -f "$B/.reserve"
    done
    [ -z "$NOT_UNDONE" ]
}

# The end of a change, however it ended: a line in the history, and no journal any more.
close_journal() { # OUTCOME [REASON]
    [ -z "$(recorded verb)" ] || add_history "$1" "${2:-}"
    use_recorded upload
    rm -rf ${value:+"$value"} "$B/snapshots/.new" "$B/snapshots/.old" "$B/current.new"
    # Of a worker that was killed.
    use_recorded events
    case $value in
    "$events") ;;
    "$RUN_DIR"/*) rm -f "$value" "$value.errors" "$value.guard" ;;
    esac
    use_recorded folder
    if [ -n "$value" ]; then
        rm -f "$B/by-hand/cwd" # without it, nobody starts that again
        rm -rf "$B/by-hand"
    fi
    rm -rf "$B/settings"/.*.new "$B"/settings.for.* "$B"/.settings.*
    rm -f "$B/journal" "$B/journal.new" "$B/boots" "$B/.reserve" "$B/order"
    fsync_paths "$B"
    JOURNAL=
}

# ---------------------------------------------------------------- going on from a journal

# Some end all that a log-in began when that ends: logind, if it is told to, and a service that is made for each log-in.
leave_login() {
    ! has_systemd || busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager \
        StartTransientUnit 'ssa(sv)a(sa(sv))' "bundlekit-work-$$.scope" fail 1 PIDs au 1 $$ 0 >/dev/null 2>&1 9>&- &
}

# How it ended is no answer to who wants something else.
tell_by_the_way() {
    while IFS= read -r line; do
        case $line in
        '' | phase* | note*) printf '%s\n' "$line" ;;
        esac
    done
}

# Waits for the worker to end, however it ends: it has the lock until then.
watchdog() { # NAME EVENTS
    events=
    exec >>"$2"
    see_errors "$2.guard"
    say guard $$
    if find_python && take_lock for-ever; then
        [ ! -f "$B/journal" ] || recover guard
        unlock # who was ended in the last moment has left his name in it
    fi
    echo end
    rm -f "$2" "$2.guard"
}

# Where they cannot be kept, the work goes on without them.
see_errors() { # FILE
    errors=$1
    if true 2>"$1"; then exec 2>"$1"; else exec 2>/dev/null; fi
}

# By somebody who is not the one that began it, and nobody else is at it.
recovery() { # NAME BY [EVENTS]
    events=${3:-}
    exec >>"${3:-/dev/null}"
    see_errors "${3:-$RUN_DIR/$NAME.events.$$}.errors"
    [ "$2" != status ] || leave_login
    if find_python && take_lock 60; then
        if [ -f "$B/journal" ]; then recover "$2"; else rm -f "$B/journal.new"; fi
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
    JOURNAL=$NEWLINE$(tr -d '\0' <"$B/journal")$NEWLINE
    FAILED=
    verb_before=$(recorded verb)
    if [ -z "$verb_before" ]; then
        close_journal unknown # nothing was begun: a script before this one wrote the first one without waiting for the disk
        return 0
    fi
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
    deploy | adopt | rollback) recover_release ;;
    start) finish_start ;;
    restart) finish_restart ;;
    stop) finish_stop ;;
    remove) finish_remove ;;
    *) close_journal unknown ;;
    esac
}

# Seconds for a bundle to register. A boot takes its time until the broker answers.
patience() {
    use_recorded wait
    seconds=$value
    use_recorded by
    [ "$value" != boot ] || seconds=$((seconds * 2))
    echo "$seconds"
}

recover_release() {
    id=$(recorded id)
    choose_how "$(recorded how)"
    if [ -n "$(recorded committed)" ]; then
        finish_good
    elif [ -z "$(recorded before)" ]; then
        refuse broken-off "$phase_before"
    elif [ -z "$(recorded reason)" ] && [ "$(current_release)" = "$id" ] &&
        [ "$(count_boots)" -le $LIMIT_BOOTS ]; then
        if ! stop_unsettled || ! bring_late; then
            reason="trouble $(why)"
            roll_back
        else
            try_release "$id" "$(patience)" || roll_back
        fi
    else
        [ -n "$(recorded reason)" ] || reason="broken-off $(recorded phase)"
        roll_back
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
        fsync_paths "$B/boots" "$B"
    fi
    recover_detached boot &
    if [ "$(count_boots)" -gt $LIMIT_BOOTS ]; then
        sleep 30 &
        wait $!
    fi
}

# Not in the service's own group of processes, which ends with it. Where somebody has the lock for long, the supervisor
# does this again.
recover_detached() { # BY
    run_outside recovery "$NAME" "$1"
}

run_outside() { # VERB ARGUMENT...
    if has_systemd; then
        systemd-run sh "$ROOT/gateway.sh" "$@"
    else
        run_detached "$ROOT/gateway.sh" "$@"
    fi >/dev/null 2>&1
}
