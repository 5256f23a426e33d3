
# ---------------------------------------------------------------- another release in place of the one that runs

# The policy; wants a journal. A step arms its undos and keeps the journal before it begins. One that fails before anything
# was stopped or started has refused the change and told why. After that, what was done is rolled back for the `reason`
# that the step leaves.
take_over() { # ID WAIT
    record_before "$1" "$2"
    if can_hand_over; then
        prepare_candidate "$1" && ensure_service || return
        try_candidate "$1" "$2" && hand_over && switch_release "$1" && unite_settings "$1" && try_release "$1" "$2" && return
    else
        prepare_stop && ensure_service && stop_previous || return
        switch_release "$1" && try_release "$1" "$2" && return
    fi
    leave_if_going_down
    roll_back
    return 1
}

# Leaves in `previous` and `folder` what the journal says about them.
record_before() { # ID WAIT
    use_current
    previous=$current
    use_recorded folder
    folder=$value
    record id "$1"
    record wait "$2"
    record previous "$previous"
    use_state
    record before "$state"
}

prepare_stop() {
    arm ${folder:+by_hand} service start
    if [ -n "$previous$folder" ]; then say phase stop "${previous:-"what runs by hand in $folder"}"; fi
    record phase stop
    { keep_journal && reserve_room; } || refuse_trouble space "$ROOT"
}

# Whatever happens from here on, the next boot finds the journal.
ensure_service() {
    if ! install_service; then
        refuse_trouble service /etc
        return 1
    fi
    enable_service || :
}

# What runs may have lost its link.
stop_previous() {
    note_in_journal stopping yes
    if { [ -z "$previous" ] && ! supervisor_pid >/dev/null; } || stop_service; then
        stop_by_hand && arm switch settings failed stop && return
    fi
    leave_if_going_down
    refuse stop "$(why)"
    return 1
}

# Its undos are armed by then, and so are those of the start: by stop_previous, or by hand_over before it ends anything.
switch_release() { # ID
    say phase switch "$1"
    record phase switch
    put_in_place "$1" && return
    reason="trouble $(why)"
    return 1
}

use_state() {
    state=failing
    if ! supervisor_pid >/dev/null && ! is_at_boot; then
        state=stopped
    elif bundle_pid >/dev/null && has_registered; then
        state=running
    fi
}

put_in_place() { # ID
    if [ -n "$previous" ]; then
        collect_settings "$B/releases/$previous" || return 1
        tend_settings "$previous" mend || :
    fi
    [ ! -d "$B/beside" ] || decide_settings
    copy_snapshot || return 1
    use_recorded settings
    case $value in
    '') ;;
    by-hand) copy_by_hand || return 1 ;;
    *) copy_prepared "$1" || return 1 ;;
    esac
    [ -z "$value" ] || record prepared yes
    keep_journal name_copies "$1" && switch_to "$1" && bring_settings
}

name_copies() { # ID
    name_snapshot "${previous:-.none}" && { [ -z "$(recorded settings)" ] || name_prepared "$1"; }
}

# Of a script before this one, which switched first.
bring_late() {
    if [ -z "$(recorded settings)" ] || [ -n "$(recorded prepared)" ] || [ "$phase_before" != switch ]; then
        return 0
    fi
    stop_service && copy_prepared "$id" && fsync_disk && name_prepared "$id" && bring_settings
}

# Starts what is switched to. Fails with `reason`, and has told what it printed.
try_release() { # ID WAIT
    phase start
    start_service
    phase confirm "$2"
    if ! confirm "$1" "$2" 1; then
        last_lines 20
        return 1
    fi
    record committed yes
    keep_journal || say note "nothing can be written there, so a boot would see anew whether it comes up: $(why)"
    finish_good
}

# What follows once it is decided that a release stays.
finish_good() {
    use_recorded id
    release=$value
    use_recorded previous
    previous=$value
    use_recorded how
    case " $value " in
    *" mark-bad "*) mark "$previous" bad "$(recorded who)" ;;
    esac
    use_next_trail "$release" "$previous"
    mark_good "$release" "$trail"
    drop_aside
    if [ -f "$B/mended" ]; then
        say note "settings had been damaged, as a power cut leaves them, and were restored from a copy: $(info "$B/mended" files)"
        rm -f "$B/mended"
    fi
    say outcome up "$release" "$previous"
    use_recorded keep
    [ -z "$value" ] || prune "$value" "$previous"
    close_journal up
}

# On the disk before the journal goes, as all of a change is.
mark_good() { # ID [TRAIL]
    use_info "$B/releases/$1.info" state
    if [ "$value" != good ]; then
        set_info "$B/releases/$1.info" state good reason '' ${2:+trail "$2"}
    elif [ -n "${2:-}" ]; then
        set_info "$B/releases/$1.info" trail "$2"
    fi
    [ ! -f "$B/releases/$1.log" ] || rm -f "$B/releases/$1.log"
}

mark() { # ID STATE REASON
    set_info "$B/releases/$1.info" state "$2" && set_info "$B/releases/$1.info" reason "$3"
}

switch_to() { # ID
    use_current
    [ "$current" = "$1" ] && return 0
    link_at "$B/current" "releases/$1" && fsync_paths "$B"
}

# mv without -T, as old busybox has it, would move the link into the folder that the other one leads to.
rename() { # FROM TO
    mv -fT "$1" "$2" 2>/dev/null && return 0
    find_python && our_python -c 'import os, sys; os.rename(sys.argv[1], sys.argv[2])' "$1" "$2"
}

# Waits until the release has registered, lives still a moment later, and does what it has to. Leaves in `reason` why it
# did not.
confirm() { # ID SECONDS STARTS-SO-FAR [as-before]
    local starts=
    use_uptime
    deadline=$((uptime + $2))
    while :; do
        use_info "$B/running" release
        if [ "$value" = "$1" ]; then
            use_info "$B/running" starts
            starts=$value
            use_info "$B/running" ended
            if [ "$starts" -gt "$3" ]; then
                reason="died $(info "$B/running" before)"
                return 1
            elif [ -n "$value" ]; then
                reason="died $value"
                return 1
            elif has_registered; then
                sleep 1
                use_info "$B/running" ended
                if [ -z "$value" ] && bundle_pid >/dev/null; then
                    [ -z "$VERIFY" ] || [ "${4:-}" = as-before ] || verify_release "$1"
                    return
                fi
            fi
        fi
        use_uptime
        if [ "$uptime" -ge $deadline ]; then
            reason="silent $2"
            supervisor_pid >/dev/null || reason="trouble its service does not run"
            return 1
        fi
        pause
    done
}

# ---------------------------------------------------------------- the way back

# Something is in the way before anything was started: says what, and leaves all as it was.
refuse() { # WORD TEXT...
    fail "$@"
    record reason "refused $FAILED"
    undo_all
    close_journal refused "$FAILED"
}

# By what a tool has said. Fails, as what it ends.
refuse_trouble() { # WORD PLACE
    refuse "$(trouble_word "$(cat "$errors")" "$1")" "$2" "$(why)"
    return 1
}

# Boot goes on from the journal: to take back what ended because the machine goes down would be wrong.
leave_if_going_down() {
    if is_going_down; then
        exit 0
    fi
}

# Wants `reason`, unless it is in the journal.
roll_back() {
    [ -n "$(recorded reason)" ] || record reason "$reason"
    use_recorded reason
    reason=$value
    use_recorded id
    release=$value
    use_recorded previous
    previous=$value
    say phase take-back "$previous"
    record phase take-back
    keep_journal
    if ! undo_all; then
        say outcome stuck "$release" "$reason" "$previous" "$NOT_UNDONE"
        end=stuck
    elif [ -n "$(recorded folder)" ]; then
        say outcome by-hand "$release" "$reason"
        end=by-hand
    elif [ -n "$previous" ]; then
        say outcome back "$release" "$reason" "$previous" "$(recorded before)"
        end=back
    else
        say outcome down "$release" "$reason"
        end=down
    fi
    [ -z "$(recorded keep)" ] || prune "$(recorded keep)" "$previous"
    close_journal $end "$reason"
}

# The undos. What they need to know is in the journal.

# Of the folder in which a release is put together.
undo_staging() {
    rm -rf "$B/releases/.staging" "$B/releases/.staging.info"
}

# Of a release that was put among the others. One that failed is kept for its log; what never ran is of no use.
undo_unpacked() {
    release=$(recorded id)
    if [ "$(info "$B/releases/$release.info" state)" = failed ]; then
        drop_aside
        return
    fi
    if [ -d "$B/releases/.aside" ] || [ "$(info "$B/releases/$release.info" state)" = new ]; then
        rm -rf "$B/releases/$release" "$B/releases/$release.info"
    fi
    if [ -d "$B/releases/.aside" ]; then
        mv "$B/releases/.aside" "$B/releases/$release"
    fi
    if [ -f "$B/releases/.aside.info" ]; then
        mv -f "$B/releases/.aside.info" "$B/releases/$release.info"
    fi
}

# Of a service that was made, or made to start at boot.
undo_service() {
    if [ -z "$(recorded previous)" ]; then
        stop_service
        remove_service
    elif [ "$(recorded before)" = stopped ]; then
        disable_service
    fi
}

WAY_BACK_SECONDS=60 # at least: what came up before will do so again, on a gateway that is as busy as it may be

# Of the stop of the release before. One that was stopped may have been started by a boot meanwhile.
undo_start() {
    previous=$(recorded previous)
    [ -n "$previous" ] || return 0
    if [ "$(recorded before)" = stopped ]; then
        stop_service
        return
    fi
    [ "$(current_release)" = "$previous" ] || return 1
    # Without systemd, one that is about to end would pass for one that runs.
    [ -z "$(recorded stopping)" ] || stop_service
    starts=1
    if bundle_pid >/dev/null; then
        [ "$(info "$B/running" release)" = "$previous" ] || return 1
        starts=$(info "$B/running" starts)
    fi
    start_service
    [ "$(recorded before)" != failing ] || return 0
    seconds=$(patience)
    [ "$seconds" -ge $WAY_BACK_SECONDS ] || seconds=$WAY_BACK_SECONDS
    confirm "$previous" "$seconds" "$starts" as-before
}

# Of the switch. Before the release before can start, the disk knows that it is the one.
undo_switch() {
    if [ -n "$(recorded previous)" ]; then
        switch_to "$(recorded previous)" || return 1
    else
        rm -f "$B/current"
        fsync_paths "$B"
    fi
    supervisor_pid >/dev/null || bring_settings
}

# Of what the release has made of the settings; as long as it is the current one it may have.
undo_settings() {
    [ "$(current_release)" = "$(recorded id)" ] || return 0
    ! supervisor_pid >/dev/null || return 1
    restore_snapshot
}

# Not really an undo: so that nobody goes back to it.
undo_failed() {
    release=$(recorded id)
    [ "$(current_release)" = "$release" ] || return 0
    (umask 077 && release_log "$release" | tail -c 100000 >"$B/releases/$release.log")
    set_info "$B/releases/$release.info" state failed reason "$(recorded reason)"
}

# Of the start of the release.
undo_stop() {
    [ "$(current_release)" = "$(recorded id)" ] || return 0
    stop_service && shorten_log
}
