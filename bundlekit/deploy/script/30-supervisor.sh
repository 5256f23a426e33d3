
# ---------------------------------------------------------------- the supervisor: the main process of a service

LOG_LIMIT=1000000 # bytes, for the log and again for the one before
STOP_SECONDS=10   # for a bundle to end after SIGINT

# Runs the bundle, again when it ends, and passes a stop on as the SIGINT that the SDK listens to. The same under
# systemd and without it.
supervise() { # NAME
    exec </dev/null
    kill_orphan
    child=
    stopping=
    trap 'stopping=1; interrupt_child' TERM INT HUP
    recover_at_boot
    keep_log >/dev/null 2>&1 &
    keeper=$!
    starts=0
    pause=1
    status=
    while [ -z "$stopping" ]; do
        release=$(current_release)
        cd "$B/releases/$release" || break
        find_python || break
        shorten_log
        starts=$((starts + 1))
        began=$(date +%s)
        printf '%s\n' "--- $(date '+%Y-%m-%d %H:%M:%S') release $release starts" >>"$B/log"
        offset=$(wc -c <"$B/log")
        rm -f "$B/registered"
        # In a session of its own, so that what it leaves behind can be ended with it.
        if command -v setsid >/dev/null 2>&1; then
            setsid "$PYTHON" -u index.py >>"$B/log" 2>&1 &
        else
            "$PYTHON" -u index.py >>"$B/log" 2>&1 &
        fi
        child=$!
        {
            printf 'supervisor=%s\nbundle=%s\nrelease=%s\n' $$ "$child" "$release"
            printf 'offset=%s\nstarts=%s\nsince=%s\nbefore=%s\n' "$offset" $starts "$began" "$status"
        } >"$B/running.new" && mv -f "$B/running.new" "$B/running"
        [ -n "$stopping" ] && interrupt_child
        await_child
        kill -KILL "-$child" 2>/dev/null
        child=
        printf '%s\n' "--- $(date '+%Y-%m-%d %H:%M:%S') release $release ended with status $status" >>"$B/log"
        set_info "$B/running" ended "$status"
        [ -n "$stopping" ] && break
        [ $(($(date +%s) - began)) -ge 60 ] && pause=1
        sleep $pause &
        wait $!
        pause=$((pause * 2))
        [ $pause -gt 60 ] && pause=60
    done
    kill $keeper 2>/dev/null
    rm -f "$B/running"
}

# A shell starts its background jobs with SIGINT ignored, and until the SDK has set its handler that stays so.
interrupt_child() {
    [ -n "$child" ] || return 0
    case $(sed -n 's/^SigIgn:.*\(.\)$/\1/p' "/proc/$child/status" 2>/dev/null) in
    [2367abefABEF]) kill -TERM "$child" 2>/dev/null ;;
    *) kill -INT "$child" 2>/dev/null ;;
    esac
}

# Waits for the bundle to end; once a stop was asked for, not longer than STOP_SECONDS. Leaves its status in `status`.
await_child() {
    while :; do
        wait "$child"
        status=$?
        kill -0 "$child" 2>/dev/null || return 0
        [ -n "$stopping" ] && break
    done
    (
        trap - TERM INT HUP
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

# Beside the bundle, as long as the supervisor lives.
keep_log() {
    trap - TERM INT HUP
    while sleep 30 && kill -0 $$ 2>/dev/null; do
        has_registered # before the line that says so is moved away
        shorten_log
    done
}

# The bundle has the log open for appending, so the file stays and its content moves.
shorten_log() {
    size=$(wc -c 2>/dev/null <"$B/log") || return 0
    if [ "$size" -gt $LOG_LIMIT ]; then
        cp "$B/log" "$B/log.1" && : >"$B/log"
    fi
}

# A bundle whose supervisor was killed.
kill_orphan() {
    pid=$(info "$B/running" bundle)
    if [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$B/releases/$(info "$B/running" release)" ]; then
        kill -KILL "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null
    fi
    rm -f "$B/running"
}
