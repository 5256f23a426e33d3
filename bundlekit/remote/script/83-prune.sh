
# ---------------------------------------------------------------- what is kept

# Keeps the newest KEEP good releases and the newest FAILED others, by default one; never takes the current one nor the
# one before it.
prune() { # KEEP PREVIOUS [FAILED]
    good=0
    failed=0
    use_releases
    for id in $releases; do
        use_info "$B/releases/$id.info" state
        if [ "$value" = good ]; then
            good=$((good + 1))
            [ $good -le "$1" ] && continue
        else
            failed=$((failed + 1))
            [ $failed -le "${3:-1}" ] && continue
        fi
        use_current
        [ "$id" = "$current" ] || [ "$id" = "$2" ] && continue
        drop_release "$id"
        say pruned "$id"
    done
}

# Its folder last: as long as that is there, the next prune finds it.
drop_release() { # ID
    rm -rf "$B/snapshots/$1"
    rm -rf "$B/releases/$1"
    rm -f "$B/releases/$1.info" "$B/releases/$1.log"
}

drop_aside() {
    { [ ! -e "$B/releases/.aside" ] && [ ! -e "$B/releases/.aside.info" ]; } || rm -rf "$B/releases/.aside" "$B/releases/.aside.info"
}

# Before an upload for which the disk has too little room. One of the good ones is to come, so one less stays.
change_room() {
    lock room "$arg_who" || return 0
    prune $((arg_keep > 1 ? arg_keep - 1 : 1)) '' 0
    fsync_disk
    say outcome room
}
