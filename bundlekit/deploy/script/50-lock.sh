
# ---------------------------------------------------------------- the lock

# A lock of the kernel's on file descriptor 9, which this shell holds open: it ends with the process, however that ends.
# `remove` may have taken the file away meanwhile, so it has to be the one that lies there still: 2 if it is not.
TAKE_LOCK='
import fcntl, os, sys, time
turns = 0
while True:
    try:
        fcntl.flock(9, fcntl.LOCK_EX | (sys.argv[2] != "for-ever" and fcntl.LOCK_NB))
        break
    except (IOError, OSError):
        turns += 1
        if turns > int(sys.argv[2]) * 5:
            sys.exit(1)
        time.sleep(.2)
try:
    sys.exit(2 * (os.fstat(9).st_ino != os.stat(sys.argv[1]).st_ino))
except OSError:
    sys.exit(2)
'

take_lock() { # SECONDS|for-ever [make]
    while
        [ "${2:-}" != make ] || mkdir -p "$B/releases" "$B/settings"
        [ -d "$B" ] && true 9>>"$B/lock"
    do
        exec 9>>"$B/lock"
        our_python -c "$TAKE_LOCK" "$B/lock" "$1"
        case $? in
        0) return 0 ;;
        2) exec 9>&- ;;
        *)
            exec 9>&-
            return 1
            ;;
        esac
    done
    return 1
}

# Waits for somebody else's change if asked to, and always for the end of a recovery, which is bounded. Leaves in
# `waited` whether it did. Somebody who only looks whether it is held holds it for a moment.
lock() { # WHAT WHO [SECONDS]
    waited=
    leave_login &
    if ! find_python; then
        fail no-python
        return 1
    fi
    if ! take_lock 1 make; then
        patience=${3:-0}
        case $(info "$B/lock" what) in
        'recovery of '*)
            seconds=$(info "$B/journal" wait)
            patience=$((patience + 3 * ${seconds:-60} + 120))
            ;;
        esac
        [ "$patience" -gt 0 ] && say phase wait "$(info "$B/lock" what)" "$(info "$B/lock" who)"
        if [ "$patience" -eq 0 ] || ! take_lock "$patience" make; then
            fail busy "$(info "$B/lock" what)" "$(info "$B/lock" who)" "$(info "$B/lock" time)" "$(info "$B/lock" origin)"
            return 1
        fi
        waited=yes
    fi
    LOCKED=yes
    # What may hold secrets is root's alone; an older script made it for all to read.
    chmod go= "$B/settings" "$B/snapshots" "$B"/log* "$B"/releases/*/data "$B"/releases/*.log 2>/dev/null
    find "$B" "$MEMORY" -maxdepth 1 -name '*.events.*' -mmin +60 -exec rm -f {} +
    if [ -f "$B/journal" ]; then
        recover next | tell_by_the_way
        [ ! -f "$B/journal" ] || exit 0 # the machine is going down
    elif [ -s "$B/lock" ]; then
        say note "the last change did not end: $(info "$B/lock" what) by $(info "$B/lock" who)"
    fi
    sign_lock "$1" "$2" "${ACCOUNT:-}" "${ADDRESS:-}"
}

# It is held without that too, where the disk is full.
sign_lock() { # WHAT WHO ACCOUNT ADDRESS
    printf 'time=%s\nwhat=%s\nwho=%s\norigin=%s\npid=%s\n' "$(date +%s)" "$1" "$2" "$3${4:+ from $4}" $$ >"$B/lock" || :
}

# Whether somebody holds it right now.
is_locked() {
    [ -f "$B/lock" ] && (
        exec 9<"$B/lock"
        find_python && ! our_python -c "$TAKE_LOCK" "$B/lock" 0
    )
}

unlock() {
    [ -f "$B/lock" ] && : >"$B/lock"
    LOCKED=
    exec 9>&-
}
