
# ---------------------------------------------------------------- a deploy

# With a folder, a copy that runs by hand there gives way, and is started again if the release does not come up.
change_deploy() {
    choose_how "$arg_how"
    verb=deploy
    [ -z "$arg_folder" ] || verb=adopt
    if lock "$verb of $arg_release" "$arg_who" "$arg_lock_wait"; then
        begin $verb "$arg_who"
        record folder "$arg_folder"
        record id "$arg_release"
        record keep "$arg_keep"
        record upload "$arg_upload"
        record how "$arg_how"
        use_current
        [ -n "$current" ] || arm service
        arm staging unpacked
        record phase begin
        if ! write_journal; then
            fail_to unpack
        elif watch_boots && unpack; then
            take_over "$arg_release" "$arg_wait"
            return
        fi
        refuse_deploy
    else
        rm -rf "$arg_upload"
    fi
}

# Where nothing runs yet, the next boot would not find the journal.
watch_boots() {
    [ -z "$current" ] || return 0
    if ! install_service; then
        fail "$(trouble_word "$(cat "$errors")" service)" /etc "$(why)"
        return 1
    fi
    enable_service
}

# What was wrong has been told.
refuse_deploy() {
    undo_all
    close_journal refused "${FAILED:-unfit}"
}

# Fails with what is wrong told.
unpack() {
    # Who has waited for somebody else's change knows that there was one.
    if { [ "$current" != "$arg_replaces" ] && [ -z "$waited" ]; } || [ "$current" = "$arg_release" ]; then
        fail changed "$current"
        return 1
    fi
    [ -z "$arg_folder" ] || may_adopt "$arg_folder" || return 1
    phase unpack
    verify_upload "$arg_upload" "$arg_list" && check_signature "$arg_upload" || return 1
    note_in_journal signer "$signer"
    staging=$B/releases/.staging
    [ ! -e "$staging" ] || rm -rf "$staging"
    if ! { unpack_upload "$arg_upload" "$staging" && link_settings "$staging"; }; then
        fail_to unpack
        return 1
    fi
    phase check
    check_release "$staging" && check_resources "$staging" || return 1
    if ! {
        use_releases
        size=$(du -sk "$staging")
        {
            printf 'version=%s\ndigest=%s\nnumber=%s\ntime=%s\n' "$arg_version" "$arg_identity" $((last + 1)) "$(date +%s)"
            printf 'size=%s\nwho=%s\nstate=new\nsigner=%s\n' "${size%%	*}" "$arg_who" "$signer"
        } >"$staging.info" && fsync_disk && put_among_releases "$arg_release"
    }; then
        fail_to unpack
        return 1
    fi
}

fail_to() { # WORD
    fail "$(trouble_word "$(cat "$errors")" "$1")" "$(why)"
}

# One of the same name is the same release, and good perhaps.
put_among_releases() { # ID
    drop_aside
    if [ -d "$B/releases/$1" ]; then
        mv "$B/releases/$1.info" "$B/releases/.aside.info"
        mv "$B/releases/$1" "$B/releases/.aside" || return 1
    fi
    mv "$B/releases/.staging.info" "$B/releases/$1.info" && mv "$B/releases/.staging" "$B/releases/$1"
}
