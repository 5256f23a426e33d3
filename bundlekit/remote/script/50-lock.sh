
# ---------------------------------------------------------------- the lock

# A lock of the kernel's on file descriptor 9, which this shell holds open: it ends with the process, however that ends.
# `remove` may have taken the file away meanwhile, so it has to be the one that lies there still: 2 if it is not. To hold
# it takes no more than to open it, so only root may: 3 if it is one of an older script, which others can have open.
TAKE_LOCK='
import fcntl, os, sys, time
if os.fstat(9).st_mode & 63:
    sys.exit(3)
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

# The same in a tenth of the time, where it is as it should be, and not waited for with an end. What else there is, the
# program says. Fails with 3 if somebody has it.
take_free_lock() { # FILE [for-ever]
    command -v flock >/dev/null 2>&1 && [ "$(stat -Lc %a /proc/self/fd/9 2>/dev/null)" = 600 ] || return
    if [ "${2:-}" = for-ever ]; then flock 9; else flock -n 9; fi 2>/dev/null
    # shellcheck disable=SC3013 # dash and busybox have it
    case $? in
    0) [ "$1" -ef /proc/self/fd/9 ] ;;
    1) return 3 ;;
    *) return 1 ;;
    esac
}

make_bundle() {
    { [ -d "$B/releases" ] && [ -d "$B/settings" ]; } || mkdir -p "$B/releases" "$B/settings"
}

take_lock() { # SECONDS|for-ever [make]
    renewals=0
    while
        [ "${2:-}" != make ] || make_bundle
        umask 077
        [ -d "$B" ] && true 9>>"$B/lock"
        made=$?
        umask 022
        [ $made -eq 0 ]
    do
        exec 9>>"$B/lock"
        take_free_lock "$B/lock" "$1" || our_python -Sc "$TAKE_LOCK" "$B/lock" "$1"
        taken=$?
        [ $taken -ne 0 ] || return 0
        exec 9>&-
        case $taken in
        2) ;;
        3)
            if ! renew_lock; then
                renewals=$((renewals + 1))
                [ "$1" = for-ever ] || [ $renewals -le "$1" ] || return 1
                sleep 1
            fi
            ;;
        *) return 1 ;;
        esac
    done
    return 1
}

# Puts a lock that only root can open in place of one that others can have open, unless an older script holds that.
# One at a time: whoever holds the new file may put it there. A disk that has no room for it has to do with the old one.
renew_lock() (
    umask 077
    true 9>>"$B/lock.new" || { chmod 600 "$B/lock" && exit; }
    exec 9>>"$B/lock.new"
    our_python -Sc "$TAKE_LOCK" "$B/lock.new" 0 || exit
    if [ -n "$(find "$B/lock" -perm /077 2>/dev/null)" ]; then
        ! is_roots_lock || exit 1
        cat "$B/lock" >"$B/lock.new"
        mv -f "$B/lock.new" "$B/lock"
    else
        rm -f "$B/lock.new"
    fi
)

# The processes that have it. /proc/locks names the one that has taken it, a helper that is gone, and none of another
# namespace. Linux before 4.1 tells only who has it open.
lock_holders() {
    files=$(grep -ls FLOCK /proc/[0-9]*/fdinfo/*)
    [ -n "$files" ] || files=$(find /proc/[0-9]*/fd -lname "*/bundles/$NAME/lock" 2>/dev/null)
    for file in $files; do
        file=${file#/proc/}
        # shellcheck disable=SC3013 # dash and busybox have it
        [ ! "/proc/${file%%/*}/fd/${file##*/}" -ef "$B/lock" ] || echo "${file%%/*}"
    done
}

is_roots_lock() {
    for process in $(lock_holders); do
        ! is_of "$process" 0 || return 0
    done
    return 1
}

# Who has the lock where no script of ours does, such as a `flock` that somebody has typed; else nothing.
lock_stranger() {
    stranger=
    for process in $(lock_holders); do
        said=$(tr '\0\n' '  ' 2>/dev/null <"/proc/$process/cmdline" | cut -c 1-200)
        case $said in
        *"gateway.sh "*) ! is_of "$process" 0 || return 0 ;;
        esac
        use_owner "$process"
        stranger=${stranger:-"process $process of $(id -un "$owner" 2>/dev/null || echo "user $owner"): ${said% }"}
    done
    printf '%s\n' "$stranger"
}

# Waits for somebody else's change if asked to, and always for the end of a recovery, which is bounded. Leaves in
# `waited` whether it did. Somebody who only looks whether it is held holds it for a moment.
lock() { # WHAT WHO [SECONDS]
    waited=
    leave_login
    if ! find_python; then
        fail no-python
        return 1
    fi
    if ! take_lock 1 make; then
        patience=${3:-0}
        case $(info "$B/lock" what) in
        'recovery of '*)
            seconds=$(info "$B/journal" wait)
            # It may start a release, stop it and start the one before, each with its own wait.
            patience=$((patience + 3 * ${seconds:-60} + 120))
            ;;
        esac
        [ "$patience" -gt 0 ] && say phase wait "$(info "$B/lock" what)" "$(info "$B/lock" who)"
        if [ "$patience" -eq 0 ] || ! take_lock "$patience" make; then
            stranger=$(lock_stranger)
            if [ -n "$stranger" ]; then
                fail busy '' "$stranger"
                return 1
            fi
            fail busy "$(info "$B/lock" what)" "$(info "$B/lock" who)" "$(info "$B/lock" time)" "$(info "$B/lock" origin)"
            return 1
        fi
        waited=yes
    fi
    LOCKED=yes
    # What may hold secrets is root's alone; an older script made it for all to read.
    chmod go= "$B/settings" "$B/kept" "$B/snapshots" "$B"/log* "$B"/releases/*/data "$B"/releases/*.log 2>/dev/null
    find "$B" "$RUN_DIR" -maxdepth 1 -name '*.events.*' -mmin +60 -exec rm -f {} +
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
        take_free_lock "$B/lock"
        case $? in
        0) exit 1 ;;
        3) exit 0 ;;
        esac
        find_python || exit
        our_python -Sc "$TAKE_LOCK" "$B/lock" 0
        case $? in
        0) exit 1 ;;
        3) exec 9<&- && is_roots_lock ;;
        esac
    )
}

unlock() {
    [ -f "$B/lock" ] && : >"$B/lock"
    LOCKED=
    exec 9>&-
}
