
# ---------------------------------------------------------------- the lock

# A lock of the kernel's on file descriptor 9, which this shell holds open: it ends with the process, however that ends.
# `remove` may have taken the file away meanwhile, so it has to be the one that lies there still.
TAKE_LOCK='
import fcntl, os, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
    sys.exit(os.fstat(9).st_ino != os.stat(sys.argv[1]).st_ino)
except (IOError, OSError):
    sys.exit(1)
'

lock() { # WHAT WHO
    if ! find_python; then
        say fail no-python
        return 1
    fi
    exec 9>>"$B/lock"
    if ! "$PYTHON" -c "$TAKE_LOCK" "$B/lock"; then
        exec 9>&-
        say fail busy "$(info "$B/lock" what)" "$(info "$B/lock" who)" "$(info "$B/lock" time)"
        return 1
    fi
    LOCKED=yes
    if [ -s "$B/lock" ]; then
        say note "the last change did not end: $(info "$B/lock" what) by $(info "$B/lock" who)"
    fi
    find "$B" -maxdepth 1 -name '.events.*' -mmin +60 -exec rm -f {} +
    printf 'time=%s\nwhat=%s\nwho=%s\n' "$(date +%s)" "$1" "$2" >"$B/lock"
}

# Whether somebody holds it right now.
is_locked() {
    (
        exec 9<"$B/lock"
        find_python && ! "$PYTHON" -c "$TAKE_LOCK" "$B/lock"
    )
}

unlock() {
    [ -f "$B/lock" ] && : >"$B/lock"
    exec 9>&-
}
