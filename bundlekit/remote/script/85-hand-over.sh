
# ---------------------------------------------------------------- a hand-over: the new release is there before the old one goes

# Up to the switch, the release before is what a boot starts. Both write settings of their own: the candidate has a copy of
# them, which becomes the settings when the release before has ended without a change of its own; else the candidate is
# started once more, with what the release before has written.

# Whether what runs is to hand over, and can; says why not.
can_hand_over() {
    { [ -n "$HAND_OVER" ] && [ -n "$previous" ] && [ -z "$(recorded settings)" ]; } || return 1
    if [ "$(recorded before)" != running ]; then
        say note "nothing runs well that could hand over; stopped and started instead"
    elif [ "$(info "$B/running" orders)" != yes ]; then
        say note "what runs was started by an older bundlekit and cannot hand over yet; stopped and started instead"
    else
        return 0
    fi
    return 1
}

prepare_candidate() { # ID
    arm service start beside
    say phase beside "$1"
    record phase beside
    { copy_settings "$1" && keep_journal && reserve_room; } || refuse_trouble space "$ROOT"
}

try_candidate() { # ID WAIT
    reason="trouble its supervisor does not answer"
    send_command beside "$1" && await_candidate "$1" "$2"
}

# Ends the release before.
hand_over() {
    arm switch settings failed stop
    phase stop "$previous"
    reason="trouble its supervisor does not answer"
    keep_journal && send_command promote
}

copy_settings() { # ID
    rm -rf "$B/beside" "$B/order"
    mkdir -m 700 "$B/beside" && cp -pR "$B/settings" "$B/beside/settings" && cp -pR "$B/settings" "$B/beside/seen" && printf 'id=%s\n' "$1" >"$B/beside/release" || return 1
    for file in "$B/releases/$previous/data"/*.json "$B/releases/$previous/data"/*.json.backup; do
        [ -f "$file" ] || continue
        cp -p "$file" "$B/beside/seen/" && cp -p "$file" "$B/beside/settings/" || return 1
    done
    link_to_settings "$1" beside/
}

# Links that are there lead somewhere else, at once.
link_to_settings() { # ID [beside/]
    for link in "$B/releases/$1/data"/*.json "$B/releases/$1/data"/*.json.backup; do
        [ ! -L "$link" ] || link_at "$link" "../../../${2:-}settings/${link##*/}" || return 1
    done
}

# A file that is open for writing goes on under its new name. As often as it takes, once that is decided.
adopt_settings() { # [new]
    fsync_paths "$B/beside/settings"/*
    for file in "$B/beside/settings"/*; do
        [ -f "$file" ] || continue
        [ -z "${1:-}" ] || [ ! -e "$B/settings/${file##*/}" ] || continue
        new=$B/settings/.${file##*/}.new
        rm -f "$new"
        { ln "$file" "$new" 2>/dev/null || cp -p "$file" "$new"; } && mv -f "$new" "$B/settings/${file##*/}" || return 1
        rm -f "$new"
    done
}

# Whether settings were written since they were copied. Their backups follow from them.
are_changed() { # FOLDER
    for file in "$1"/*.json; do
        [ ! -f "$file" ] || cmp -s "$file" "$B/beside/seen/${file##*/}" || return 0
    done
    return 1
}

# The release before has ended, and has changed nothing: only then do the settings of the new one count.
whose_settings() { # RELEASE-BEFORE
    if [ -e "$B/beside/again" ] || are_changed "$B/releases/$1/data"; then echo before; else echo new; fi
}

# Once for all. The one place where it is: with the journal it gets to the disk before the switch does, and everybody
# obeys. `again` is what a script before this one has left in its place.
decide_settings() {
    [ -n "$(recorded whose)" ] || record whose "$(whose_settings "$(recorded previous)")"
}

send_command() { # WORD...
    if ! { printf '%s\n' "$*" >"$B/order.new" && mv -f "$B/order.new" "$B/order"; }; then
        rm -f "$B/order.new"
        return 1
    fi
    tries=0
    while [ -f "$B/order" ]; do
        # 150 pauses are half a minute; a supervisor that lives looks sooner.
        if ! pid=$(supervisor_pid) || [ $tries -ge 150 ]; then
            rm -f "$B/order"
            return 1
        fi
        kill -USR1 "$pid" 2>/dev/null
        pause
        tries=$((tries + 1))
    done
}

# It has its own of what a bundle has.
use_candidate() {
    B=$B/beside
}

is_candidate() {
    pid=$(info "$B/beside/running" bundle)
    # One that has ended, and that nobody has asked about yet, still has a number.
    [ -n "$pid" ] && readlink "/proc/$pid/exe" >/dev/null
}

# As `confirm`, of the candidate.
await_candidate() { # ID SECONDS
    phase confirm "$2"
    use_uptime
    deadline=$((uptime + $2))
    reason=
    while [ -z "$reason" ]; do
        use_uptime
        if ! is_candidate; then
            send_command drop
            reason="died $(info "$B/beside/running" ended)"
        elif (use_candidate && has_registered); then
            break
        elif [ "$uptime" -ge $deadline ]; then
            reason="silent $2"
        else
            pause
        fi
    done
    if [ -z "$reason" ]; then
        note_in_journal registered yes
        sleep 1
        if ! is_candidate; then
            send_command drop
            reason="died $(info "$B/beside/running" ended)"
        else
            [ -z "$VERIFY" ] || verify_release "$1" candidate || :
        fi
    fi
    [ -n "$reason" ] || return 0
    (use_candidate && last_lines 20)
    return 1
}

# The release before has ended, and the new one is current: one set of settings from here on.
unite_settings() { # ID
    if [ "$(recorded whose)" = new ]; then
        VERIFY= # it was asked, and is the same
        adopt_settings && link_to_settings "$1" && adopt_settings new && fsync_disk && rm -rf "$B/beside" && return 0
        reason="trouble $(why)"
        return 1
    fi
    say note "the release before has written its settings meanwhile; the new one is started once more to know them"
    if are_changed "$B/beside/settings"; then
        rm -rf "$B/snapshots/.beside"
        cp -pR "$B/beside/settings" "$B/snapshots/.beside" &&
            say note "what the new one had written is in $B/snapshots/.beside"
    fi
    : >"$B/beside/again" # for a supervisor that was started by a script before this one
    send_command again && return 0
    reason="trouble its supervisor does not answer"
    return 1
}

# A hand-over that was broken off between the switch and one set of settings: the next start of the service makes one.
stop_unsettled() {
    [ -d "$B/beside" ] || return 0
    if [ -z "$(recorded whose)" ]; then
        decide_settings
        keep_journal || return 1
    fi
    stop_service
}

# That the candidate had not registered follows from no line of its log: the disk may have been full, or it did so in its
# last moment. So the release before is asked; nothing is written to it.
never_noticed() { # PREVIOUS
    ! (use_candidate && has_registered) && (WRITE= && verify_release "$1") >/dev/null
}

# Of the candidate, whose undo has its name in journals. As long as it had not registered, the release before goes on.
undo_beside() {
    [ -d "$B/beside" ] || return 0
    release=$(recorded id)
    if [ -z "$(recorded registered)" ] && bundle_pid >/dev/null && [ "$(info "$B/running" release)" = "$(recorded previous)" ] &&
        send_command drop && never_noticed "$(recorded previous)"; then
        record before untouched
    else
        stop_service || return 1
    fi
    case $(recorded reason) in
    broken-off*) ;;
    *)
        if [ "$(info "$B/releases/$release.info" state)" = new ] && [ -s "$B/beside/log" ]; then
            (umask 077 && tail -c 100000 "$B/beside/log" >"$B/releases/$release.log")
            set_info "$B/releases/$release.info" state failed reason "$(recorded reason)"
        fi
        ;;
    esac
    link_to_settings "$release"
    rm -rf "$B/beside"
}
