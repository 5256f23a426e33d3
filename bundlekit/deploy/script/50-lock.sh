
# ---------------------------------------------------------------- the lock

# A link to a file that is complete already: it appears at once and with its content, or not at all.
lock() { # WHAT WHO
    ticket=$(mktemp "$B/.lock.XXXXXX") || return 1
    printf 'pid=%s\nboot=%s\ntime=%s\nwhat=%s\nwho=%s\n' $$ "$(boot_id)" "$(date +%s)" "$1" "$2" >"$ticket"
    if ln "$ticket" "$B/lock" 2>/dev/null || { break_stale_lock && ln "$ticket" "$B/lock" 2>/dev/null; }; then
        rm -f "$ticket"
        LOCKED=yes
        return 0
    fi
    rm -f "$ticket"
    say fail busy "$(info "$B/lock" what)" "$(info "$B/lock" who)" "$(info "$B/lock" time)"
    return 1
}

is_stale() { # FILE
    [ "$(info "$1" boot)" != "$(boot_id)" ] || [ ! -d "/proc/$(info "$1" pid)" ]
}

break_stale_lock() {
    is_stale "$B/lock" || return 1
    aside=$(mktemp "$B/.lock.XXXXXX") && mv -f "$B/lock" "$aside" 2>/dev/null || return 1
    if is_stale "$aside"; then
        say note "the last change did not end: $(info "$aside" what) by $(info "$aside" who)"
        rm -f "$aside"
    else
        # Somebody else broke it first and holds it now: give that one back.
        ln "$aside" "$B/lock" 2>/dev/null
        rm -f "$aside"
        return 1
    fi
}

unlock() {
    rm -f "$B/lock"
}
