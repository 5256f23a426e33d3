
# ---------------------------------------------------------------- what is kept

# Keeps the newest KEEP good releases and the newest failed one; never takes the current one or the one before it.
prune() { # KEEP PREVIOUS
    current=$(current_release)
    good=0
    failed=0
    for id in $(list_releases); do
        if [ "$(info "$B/releases/$id.info" state)" = good ]; then
            good=$((good + 1))
            [ $good -le "$1" ] && continue
        else
            failed=$((failed + 1))
            [ $failed -le 1 ] && continue
        fi
        [ "$id" = "$current" ] || [ "$id" = "$2" ] && continue
        rm -rf "$B/releases/$id" "$B/releases/$id.info" "$B/snapshots/$id" "$B/snapshots/$id.failed"
        say pruned "$id"
    done
}
