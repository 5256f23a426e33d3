
# ---------------------------------------------------------------- the history

HISTORY_LIMIT=200000 # bytes, and again for the one before

# A line a change, fields with tabs between them: when it ended and began, bundle, verb, release, the release before,
# who says to have done it, the account and the address that it came from, how it ended and why, who ended it if it was
# broken off, who has signed the release, and a key. A change of the signers is of no bundle, and its signer is whom it
# was about. A power cut may leave the file longer than what was written to it, with NULs, or with half a line: a line
# counts if it is whole, and half of one is marked before another one follows it.
add_history() { # OUTCOME REASON
    local outcome="$1" reason="$2" key=''
    set --
    for key in began verb id previous who account address by signer key; do
        use_recorded "$key"
        set -- "$@" "$value"
    done
    # Only a recovery may find it there already.
    if [ -n "$8" ] && whole_lines '[A-Za-z-]*' 20 "$ROOT/history" | grep -qF "	$value"; then
        return 0
    fi
    write_history "$1" "$NAME" "$2" "$3" "$4" "$5" "$6" "$7" "$outcome" "$reason" "$8" "$9" "$value"
}

write_history() { # FIELD...
    size=$(wc -c 2>/dev/null <"$ROOT/history")
    [ "${size:-0}" -le $HISTORY_LIMIT ] || mv -f "$ROOT/history" "$ROOT/history.1"
    line=$(say "$(date +%s)" "$@")
    [ -z "$(tail -c 1 "$ROOT/history" 2>/dev/null | tr '\0' x)" ] || line=$(printf '\001')$NEWLINE$line
    printf '%s\n' "$line" >>"$ROOT/history" || { spare_room && printf '%s\n' "$line" >>"$ROOT/history"; }
    fsync_disk
}

whole_lines() { # PATTERN-OF-BUNDLES COUNT FILE...
    local pattern="$1" count="$2"
    shift 2
    DAMAGED=$(printf '\001')
    # The last one may have no end.
    { cat "$@" 2>/dev/null; echo "$DAMAGED"; } | tr '\0' "$DAMAGED" |
        grep -a "^[0-9]*	[0-9]*	$pattern	[^$DAMAGED]*	[0-9.]*\$" | tail -n "$count"
}

# The newest last. `*` stands for all bundles.
list_history() { # NAME COUNT
    if [ "$1" = '*' ]; then set -- '[A-Za-z-]*' "$2"; fi
    whole_lines "$@" "$ROOT/history.1" "$ROOT/history"
}

say_history() { # WORD NAME COUNT
    list_history "$2" "$3" | while IFS= read -r line; do
        printf '%s\t%s\n' "$1" "${line%	*}"
    done
}

history() { # NAME|* COUNT
    check_number "$2"
    say_history act "$1" "$2"
    say end
}
