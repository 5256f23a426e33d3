
# ---------------------------------------------------------------- a deploy

# With a folder, a copy that runs by hand there gives way, and is started again if the release does not come up.
# change_deploy NAME ID VERSION IDENTITY UPLOAD EXPECTED WAIT KEEP WHO [LOCK-WAIT [HOW [DIGEST-OF-THE-LIST [FOLDER]]]]
change_deploy() {
    check_id "$2"
    check_number "$7"
    check_number "$8"
    check_number "${10:-0}"
    check_upload "$5"
    choose_how "${11:-}"
    verb=deploy
    [ -z "${13:-}" ] || verb=adopt
    if lock "$verb of $2" "$9" "${10:-0}"; then
        begin $verb "$9"
        record folder "${13:-}"
        record id "$2"
        record keep "$8"
        record upload "$5"
        record how "${11:-}"
        [ -n "$(current_release)" ] || arm service
        arm staging unpacked
        record phase begin
        if ! write_journal; then
            fail_to unpack
        elif watch_boots && unpack "$@"; then
            take_over "$2" "$7"
            return
        fi
        refuse_deploy
    else
        rm -rf "$5"
    fi
}

# Where nothing runs yet, the next boot would not find the journal.
watch_boots() {
    [ -z "$(current_release)" ] || return 0
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
unpack() { # as change_deploy
    # Who has waited for somebody else's change knows that there was one.
    if { [ "$(current_release)" != "$6" ] && [ -z "$waited" ]; } || [ "$(current_release)" = "$2" ]; then
        fail changed "$(current_release)"
        return 1
    fi
    [ -z "${13:-}" ] || may_adopt "${13}" || return 1
    phase unpack
    verify_upload "$5" "${12:-}" || return 1
    staging=$B/releases/.staging
    rm -rf "$staging"
    if ! { unpack_upload "$5" "$staging" && link_settings "$staging"; }; then
        fail_to unpack
        return 1
    fi
    phase check
    check_release "$staging" && check_resources "$staging" || return 1
    if ! {
        {
            printf 'version=%s\ndigest=%s\nnumber=%s\ntime=%s\n' "$3" "$4" "$(next_number)" "$(date +%s)"
            printf 'size=%s\nwho=%s\nstate=new\n' "$(du -sk "$staging" | cut -f 1)" "$9"
        } >"$staging.info" && fsync_disk && put_among_releases "$2"
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
