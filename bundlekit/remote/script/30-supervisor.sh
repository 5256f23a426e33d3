
# ---------------------------------------------------------------- the supervisor: the main process of a service

LOG_LIMIT=1000000 # bytes, for the log and again for the one before
STOP_SECONDS=10   # for a bundle to end after SIGINT
RUN_DIR=/run/bundlekit # which is not full or read-only when the disk is

# Runs the bundle, again when it ends, and passes a stop on as the SIGINT that the SDK listens to. The same under
# systemd and without it. SIGUSR1 says that there is a command.
supervise() { # NAME
    exec </dev/null
    kill_orphan
    [ -d "$RUN_DIR" ] || mkdir -p "$RUN_DIR"
    [ -L "$B/running" ] || ln -s "$RUN_DIR/$NAME" "$B/running"
    child=
    candidate=
    again=
    stopping=
    mend=unclean
    if [ -e "$B/kept/.clean" ]; then
        mend=mend
        rm -f "$B/kept/.clean"
    fi
    trap 'stopping=1; interrupt_child' TERM INT HUP
    trap : USR1
    write_running # a recovery must not start another one
    recover_at_boot
    keep_house >/dev/null 2>&1 &
    keeper=$!
    starts=0
    delay=1
    status=
    while [ -z "$stopping" ]; do
        bring_settings
        finish_candidate
        use_current
        release=$current
        if [ -z "$release" ] || ! cd "$B/releases/$release" || ! find_python; then
            rest
            continue
        fi
        tend_settings "$release" $mend
        mend=mend
        shorten_log
        starts=$((starts + 1))
        began=$(date +%s)
        use_uptime
        came=$uptime
        rm -f "$B/registered"
        offset=
        run_bundle "$release" "$B/log"
        write_running
        if [ -n "$again" ]; then
            again=
            rm -f "$B/order"
        fi
        [ -n "$stopping" ] && interrupt_child
        await_child
        kill -KILL "-$child" 2>/dev/null
        child=
        printf '%s\n' "--- $(date '+%Y-%m-%d %H:%M:%S') release $release ended with status $status" >>"$B/log"
        if [ -n "$again" ]; then
            starts=0
            continue
        fi
        [ -n "$stopping" ] && break
        set_info "$RUN_DIR/$NAME" ended "$status"
        use_uptime
        [ $((uptime - came)) -ge 60 ] && delay=1
        rest
    done
    [ -z "$candidate" ] || drop_candidate
    kill $keeper 2>/dev/null
    use_current
    [ -d "$B/beside" ] || tend_settings "$current" keep
    [ ! -d "$B/kept" ] || : >"$B/kept/.clean"
    forget_running
    [ ! -f "$B/order" ] || rm -f "$B/order"
}

# Longer each time; a signal ends it.
rest() {
    sleep "$delay" &
    wait $!
    delay=$((delay * 2))
    [ $delay -le 60 ] || delay=60
}

# In the folder where we are. Leaves its process in `child`, and where its output begins in `offset`.
run_bundle() { # RELEASE LOG
    umask 077
    { true >>"$2" || set -- "$1" /dev/null; } 2>/dev/null # on a disk that is read-only it runs all the same
    umask 022
    printf '%s\n' "--- $(date '+%Y-%m-%d %H:%M:%S') release $1 starts" >>"$2"
    offset=$(wc -c <"$2")
    # By this it is known for ours, wherever it goes.
    BUNDLEKIT_RELEASE=$NAME/$1
    export BUNDLEKIT_RELEASE
    # In a session of its own, so that what it leaves behind can be ended with it.
    if command -v setsid >/dev/null 2>&1; then
        setsid "$PYTHON" -u index.py >>"$2" 2>&1 &
    else
        "$PYTHON" -u index.py >>"$2" 2>&1 &
    fi
    child=$!
}

write_running() {
    {
        printf 'supervisor=%s\n' $$
        [ -z "$child" ] || printf 'bundle=%s\nrelease=%s\norders=yes\noffset=%s\nstarts=%s\nsince=%s\nbefore=%s\n' \
            "$child" "$release" "$offset" "$starts" "$began" "$status"
    } >"$RUN_DIR/$NAME.new" && mv -f "$RUN_DIR/$NAME.new" "$RUN_DIR/$NAME"
}

# The link to it stays.
forget_running() {
    [ ! -f "$RUN_DIR/$NAME" ] || rm -f "$RUN_DIR/$NAME"
    [ -L "$B/running" ] || rm -f "$B/running"
}

# A shell starts its background jobs with SIGINT ignored, and until the SDK has set its handler that stays so.
interrupt_child() {
    [ -n "$child" ] || return 0
    local word='' ignored=''
    while read -r word ignored _; do
        [ "$word" != SigIgn: ] || break
    done 2>/dev/null <"/proc/$child/status"
    case $ignored in
    *[2367abefABEF]) kill -TERM "$child" 2>/dev/null ;;
    *) kill -INT "$child" 2>/dev/null ;;
    esac
}

# Waits for the bundle to end, and obeys commands meanwhile; once a stop was asked for, not longer than
# STOP_SECONDS. Leaves its status in `status`. One that ends while there is a candidate is not started again: that
# would take the registration from the candidate.
await_child() {
    while :; do
        if kill -0 "$child" 2>/dev/null; then
            wait "$child"
            status=$?
        elif [ -n "$candidate" ]; then
            wait "$candidate"
            pause # there is a command soon, if only because it has ended too
        else
            return 0
        fi
        [ -n "$stopping" ] && break
        take_command
    done
    end_child
}

# One that was interrupted already.
end_child() {
    (
        trap - TERM INT HUP USR1
        sleep $STOP_SECONDS
        kill -TERM "$child" 2>/dev/null
        sleep 2
        kill -KILL "$child" 2>/dev/null
    ) &
    killer=$!
    while kill -0 "$child" 2>/dev/null; do
        wait "$child"
        status=$?
    done
    kill $killer 2>/dev/null
}

# Beside the bundle, as long as the supervisor lives. Where nobody else starts that again, this does, once it is sure that
# nobody has stopped it.
keep_house() {
    trap - TERM INT HUP
    trap '' USR1
    turn=0
    due=0
    # A turn takes five seconds: twelve are a minute, six are half of one.
    while sleep 5 && is_supervisor $$; do
        has_registered # before the line that says so is moved away
        shorten_log
        turn=$((turn + 1))
        look=glance
        [ $((turn % 12)) -ne 0 ] || look=keep
        # A candidate has settings of its own, until it is decided whose count.
        if [ $turn -ge $due ] && [ ! -d "$B/beside" ] && tend_settings "$(info "$B/running" release)" $look; then
            due=$((turn + 12)) # flash wears
        fi
        if [ $((turn % 6)) -eq 0 ] && [ -f "$B/journal" ] && ! is_locked; then
            recover_detached guard # who was to do it is gone too
        fi
    done
    sleep 2
    has_systemd || [ "$(info "$B/running" supervisor)" != $$ ] || is_going_down || start_supervisor
}

# The bundle has the log open for appending, so the file stays and its content moves: by memory, for that it is so large may
# be why the disk is full. Where that is not all of it, the line that says what started stays.
shorten_log() {
    size=$(wc -c 2>/dev/null <"$B/log") || return 0
    [ "$size" -gt $LOG_LIMIT ] || return 0
    umask 077
    if [ "$size" -gt $((2 * LOG_LIMIT)) ]; then
        grep -a '^--- .* starts$' "$B/log" | tail -n 1
        tail -c $LOG_LIMIT "$B/log"
    else
        cat "$B/log"
    fi >"$RUN_DIR/$NAME.log"
    : >"$B/log"
    cat "$RUN_DIR/$NAME.log" >"$B/log.1"
    rm -f "$RUN_DIR/$NAME.log"
    umask 022
}

# A bundle whose supervisor was killed, and its candidate.
kill_orphan() {
    for file in "$B/running" "$B/beside/running"; do
        use_info "$file" bundle
        pid=$value
        use_info "$file" release
        if [ -n "$pid" ] && is_at "$pid" "$value"; then
            kill -KILL "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null
        fi
    done
    forget_running
}

is_at() { # PID RELEASE
    [ "$(readlink "/proc/$1/cwd" 2>/dev/null)" = "$B/releases/$2" ] ||
        tr '\0' '\n' 2>/dev/null <"/proc/$1/environ" | grep -qxF "BUNDLEKIT_RELEASE=$NAME/$2"
}

# ---------------------------------------------------------------- two releases at once, for a moment

# The candidate is the release that is started beside the one that runs, to take its place. $B/beside/ has of it what $B
# has of the one that runs: running, log, registered, settings; besides
#   seen/    the settings as they were copied from the release before
# Whose settings count in the end is decided once both are at rest, and kept in the journal before the switch: see
# decide_settings.
#
# A command is a line in $B/order, from the one who hands over; the file goes when it is done. The supervisor may be one of
# an older script, so these words and names of files stay as they are:
#   beside ID  start that release too
#   drop       end it
#   promote    end the one before, and keep that one
#   again      end the one that runs, and start what is current

take_command() {
    [ -f "$B/order" ] || return 0
    read -r command id <"$B/order"
    case $command in
    beside) start_candidate "$id" ;;
    drop) [ -z "$candidate" ] || drop_candidate ;;
    promote) [ -z "$candidate" ] || promote_candidate ;;
    again)
        again=yes
        interrupt_child
        end_child
        return 0
        ;;
    esac
    rm -f "$B/order"
}

start_candidate() { # RELEASE
    local child="$child" offset="$offset"
    cd "$B/releases/$1" && run_bundle "$1" "$B/beside/log" && candidate=$child
    printf 'bundle=%s\nrelease=%s\noffset=%s\nsince=%s\n' "$candidate" "$1" "$offset" "$(date +%s)" >"$B/beside/running.new" &&
        mv -f "$B/beside/running.new" "$B/beside/running"
}

drop_candidate() {
    local child="$candidate" status="$status"
    interrupt_child
    if kill -0 "$child" 2>/dev/null; then
        end_child
    else
        wait "$child"
        status=$?
    fi
    kill -KILL "-$child" 2>/dev/null
    set_info "$B/beside/running" ended "$status"
    candidate=
}

promote_candidate() {
    interrupt_child
    end_child
    kill -KILL "-$child" 2>/dev/null
    printf '%s\n' "--- $(date '+%Y-%m-%d %H:%M:%S') release $release handed over and ended with status $status" >>"$B/log"
    child=$candidate
    candidate=
    release=$(info "$B/beside/running" release)
    offset=$(info "$B/beside/running" offset)
    began=$(info "$B/beside/running" since)
    starts=1
    status=
    mv -f "$B/log" "$B/log.1"
    mv -f "$B/beside/log" "$B/log"
    echo "$child" >"$B/registered"
    write_running
}

# What is left of a hand-over that ended in its middle: before anything is started, nobody writes settings. A script
# before this one has left no decision.
finish_candidate() {
    [ -d "$B/beside" ] || return 0
    id=$(info "$B/beside/release" id)
    if [ "$(current_release)" = "$id" ]; then
        whose=$(info "$B/journal" whose)
        [ "${whose:-$(whose_settings "$(info "$B/journal" previous)")}" = before ] || adopt_settings
    fi
    link_to_settings "$id"
    fsync_disk
    rm -rf "$B/beside"
}
