
# ---------------------------------------------------------------- a deploy

change_deploy() { # NAME ID VERSION DIGEST UPLOAD EXPECTED WAIT KEEP WHO
    check_id "$2"
    check_number "$7"
    check_number "$8"
    check_upload "$5"
    if lock "deploy of $2" "$9"; then
        if unpack "$@"; then
            take_over "$2" "$7"
            prune "$8" "$6"
        fi
        rm -rf "$B/releases/.staging" "$B/releases/.staging.info"
    fi
    rm -rf "$5"
}

unpack() { # as change_deploy
    if [ "$(current_release)" != "$6" ] || [ "$6" = "$2" ]; then
        say fail changed "$(current_release)"
        return 1
    fi
    say phase check
    verify_upload "$5" "$4" || return 1
    say phase unpack
    staging=$B/releases/.staging
    rm -rf "$staging"
    if ! { unpack_upload "$5" "$staging" && link_settings "$staging"; }; then
        say fail "$(trouble_word "$(cat "$errors")" unpack)" "$(why)"
        return 1
    fi
    check_release "$staging" || return 1
    rm -rf "$B/releases/$2" "$B/releases/$2.info"
    if ! {
        printf 'version=%s\ndigest=%s\nnumber=%s\ntime=%s\nwho=%s\nstate=new\n' "$3" "$4" "$(next_number)" "$(date +%s)" "$9" \
            >"$staging.info" && sync && mv "$staging.info" "$B/releases/$2.info" && mv "$staging" "$B/releases/$2"
    }; then
        say fail "$(trouble_word "$(cat "$errors")" unpack)" "$(why)"
        return 1
    fi
}
