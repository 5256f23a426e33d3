
# ---------------------------------------------------------------- verbs that only look

probe() { # [NAME [IDENTITY DIGEST TOKEN]]; makes a place to upload what has the digest, unless it is current
    look_around
    bundles_around "${1:-}"
    if [ $# -gt 0 ]; then
        use_bundle "$1"
        if [ $# -gt 1 ]; then probe_bundle; else probe_bundle closely; fi
    else
        for folder in "$ROOT"/bundles/*; do
            [ -d "$folder" ] || continue
            (use_bundle "${folder##*/}" && probe_bundle closely)
        done
    fi
    if [ $# -gt 1 ] && ! is_current "$2"; then
        receive "$3" "$4"
    fi
    say end
}

# The same as whoever has logged in sees it. What was broken off is for root to finish, who is at work for root to read,
# and a place for root to make; and after a boot only root can read in the log that a bundle came up. Whether the release
# that is wanted runs is for root to say where others see no process of root: with hidepid, or on an emulated gateway,
# where root has another number for them.
look() { # NAME IDENTITY DIGEST TOKEN
    if [ ! -d "$B" ] || [ -f "$B/journal" ] || [ -s "$B/lock" ] || { [ ! -r "$B/log" ] && ! has_registered; }; then
        return 0
    fi
    if is_current "$2" && ! { is_alone && bundle_pid >/dev/null; }; then
        return 0
    fi
    look_around
    look_at_bundle
    if ! is_current "$2"; then
        say_what_is_there "$current"
        use_uploads
        say upload "$UPLOADS/$3-$4" 0
    fi
    say end
}

# Whether nothing runs that may be a copy by hand, as far as somebody can tell who is not root.
is_alone() {
    grep -ls 'index[.]py' /proc/[0-9]*/cmdline | while IFS= read -r process; do
        read -r _ _ _ _ _ session _ 2>/dev/null <"${process%cmdline}stat" || continue
        grep -qsx "bundle=$session" "$RUN_DIR"/* || exit 1
    done
}

is_current() { # IDENTITY
    use_current
    use_info "$B/releases/$current.info" digest
    [ "$value" = "$1" ]
}

look_around() {
    read -r name 2>/dev/null </proc/sys/kernel/hostname || name=$(uname -n)
    say gateway "$name"
    if has_systemd; then say boot systemd; else say boot init; fi
    for tool in tar gzip sha256sum; do
        command -v $tool >/dev/null 2>&1 || say missing $tool
    done
    if find_python; then
        say python "$PYTHON"
        has_sdk && say sdk yes
    fi
    ! wants_signature || say signers yes
    folder=$ROOT
    while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
    # shellcheck disable=SC2046 # seven words of a headline, then those of the disk
    set -- $(df -Pk "$folder")
    say free "${11:-}"
}

probe_bundle() { # [closely]
    [ ! -d "$B" ] || finish_broken_off
    look_at_bundle "$@"
}

look_at_bundle() { # [closely]: who holds the lock without a word, whom a change meets in any case
    stranger=
    say bundle "$NAME"
    [ -d "$B" ] || return 0
    use_current
    say current "$current"
    use_trail "$current"
    say trail "$kept"
    if bundle_pid >/dev/null; then
        registered=no
        has_registered && registered=yes
        say_running "$pid" $registered
    elif supervisor_pid >/dev/null && [ -n "$(info "$B/running" ended)" ]; then
        say crashed "$(info "$B/running" ended)"
    fi
    is_at_boot && say at-boot yes
    has_settings && say settings yes
    [ ! -f "$B/mended" ] || say mended "$(info "$B/mended" time)" "$(info "$B/mended" of)" "$(info "$B/mended" files)"
    if [ -s "$B/lock" ]; then
        held=broken-off
        is_locked && held=locked
        say $held "$(info "$B/lock" what)" "$(info "$B/lock" who)" "$(info "$B/lock" time)" "$(info "$B/lock" origin)" \
            "$(info "$B/journal" phase)"
        [ $held = broken-off ] || stranger=$(lock_stranger)
    elif [ $# -gt 0 ]; then
        stranger=$(lock_stranger)
    fi
    [ -z "$stranger" ] || say held "$stranger"
    use_releases
    for id in $releases; do
        say_release "$id"
    done
    say_history last "$NAME" 1
}

# Whatever begins with a dot is none.
has_settings() {
    set -- "$B/settings"/*
    [ -e "$1" ] || [ -L "$1" ]
}

say_running() { # PID yes|no
    local release='' since='' starts='' entry=''
    while IFS= read -r entry || [ -n "$entry" ]; do
        case $entry in
        release=*) release=${entry#*=} ;;
        since=*) since=${entry#*=} ;;
        starts=*) starts=${entry#*=} ;;
        esac
    done 2>/dev/null <"$B/running"
    say running "$1" "$release" "$since" "$starts" "$2"
}

say_release() { # ID
    local version='' digest='' time='' state='' who='' reason='' size='' signer='' entry=''
    while IFS= read -r entry || [ -n "$entry" ]; do
        case $entry in
        version=*) version=${entry#*=} ;;
        digest=*) digest=${entry#*=} ;;
        time=*) time=${entry#*=} ;;
        state=*) state=${entry#*=} ;;
        who=*) who=${entry#*=} ;;
        reason=*) reason=${entry#*=} ;;
        size=*) size=${entry#*=} ;;
        signer=*) signer=${entry#*=} ;;
        esac
    done 2>/dev/null <"$B/releases/$1.info"
    say release "$1" "$version" "$digest" "$time" "$state" "$who" "$reason" "$size" "$signer"
}

# Neither an argument of a program nor anywhere but on this connection.
token() {
    if value=$(cat /etc/mx-api-token 2>/dev/null) && [ -n "$value" ]; then
        printf 'token\t%s\n' "$value"
        for folder in "$ROOT"/bundles/*; do
            [ ! -e "$folder/current" ] || (use_bundle "${folder##*/}" && bundle_pid >/dev/null) || say down "${folder##*/}"
        done
        say end
    else
        die no-token /etc/mx-api-token
    fi
}

logs() { # NAME LINES once|follow [ID]
    check_number "$2"
    if [ $# -gt 3 ]; then
        check_id "$4"
        [ -d "$B/releases/$4" ] || die no-release "$4"
        say raw
        if [ -f "$B/releases/$4.log" ]; then cat "$B/releases/$4.log"; else release_log "$4"; fi | tail -n "$2"
        return 0
    fi
    [ -f "$B/log" ] || die no-log "$NAME"
    say raw
    if [ "$3" != follow ]; then
        cat "$B/log.1" "$B/log" 2>/dev/null | tail -n "$2"
        return 0
    fi
    # A connection that is gone is noticed by writing to it: a NUL now and then, which the client drops.
    trap '' PIPE
    tail -n "$2" -F "$B/log" 2>/dev/null &
    follower=$!
    trap 'kill $follower 2>/dev/null; exit 0' TERM INT HUP
    while sleep 5 && printf '\0' 2>/dev/null; do :; done
    kill $follower 2>/dev/null
}
