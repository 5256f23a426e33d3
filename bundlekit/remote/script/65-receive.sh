
# ---------------------------------------------------------------- uploads

# An upload is known by the digest of what is to arrive: whatever arrived of it before, over a link that broke, is the
# begin of it. Each conversation has a place of its own, which is root's:
#
#   uploads/DIGEST-TOKEN/start           what arrived before
#   uploads/DIGEST-TOKEN/in/part         the rest, written by the one who logged in, whose folder that is
#   uploads/DIGEST-TOKEN/archive.tar.gz  all of it; what is small is there at once, from the conversation's own folder
#   uploads/DIGEST-TOKEN/list, tree/     of a release that has changed little: what is in it, and what was there

check_digest() {
    case $1 in
    *[!0-9a-f]*) die usage "$1 is no digest" ;;
    esac
    [ ${#1} -eq 64 ] || die usage "$1 is no digest"
}

has_digest() { # FILE DIGEST
    case $(sha256sum <"$1") in
    "$2 "*) return 0 ;;
    *) return 1 ;;
    esac
}

check_upload() { # PLACE
    use_uploads
    case $1 in
    "$UPLOADS"/*[!A-Za-z0-9-]* | "$UPLOADS"/) die usage "$1" ;;
    "$UPLOADS"/*) ;;
    *) die usage "$1" ;;
    esac
}

# Makes a place for an upload, with all that is there already, and tells how much that is.
receive() { # DIGEST TOKEN [TOKEN-OF-A-CONNECTION-THAT-BROKE|'' [PLACE-WITH-WHAT-THE-RELEASE-HAD]]
    check_digest "$1"
    case $2${3:-} in
    '' | *[!0-9a-f]*) die usage "$2" ;;
    esac
    make_root
    drop_old_uploads "$1"
    [ -z "${3:-}" ] || end_upload "$UPLOADS/$1-$3"
    place=$UPLOADS/$1-$2
    if ! problem=$({ mkdir "$place" && chmod 711 "$place" && mkdir -m 700 "$place/in" &&
        chown "${SUDO_UID:-0}:${SUDO_GID:-0}" "$place/in" && (umask 077 && : >"$place/start"); } 2>&1); then
        die "$(trouble_word "$problem" read-only)" "$ROOT" "$problem"
    fi
    longest=
    most=0
    for other in "$UPLOADS/$1"-*; do
        size=$(size_uploaded "$other")
        if [ "$size" -gt "$most" ]; then
            longest=$other
            most=$size
        fi
    done
    [ -z "$longest" ] || cat_upload "$longest" >"$place/start" || : >"$place/start"
    for other in "$UPLOADS/$1"-*; do
        [ "$other" = "$place" ] || is_uploading "$other" "${3:-}" || rm -rf "$other"
    done
    if [ -n "${4:-}" ]; then
        check_upload "$4"
        mv "$4/list" "$place/list" || die usage "$4"
        mv "$4/had" "$place/tree" || die usage "$4"
        rm -rf "$4"
    fi
    say upload "$place" "$(wc -c <"$place/start")"
}

# What came over this very conversation, and is small enough to be sent anew where that breaks.
take_part() { # PLACE-FOR-IT
    check_upload "$1"
    part=${SELF%/*}/part
    if [ -e "$1" ] || ! is_file "$part"; then
        return 0
    fi
    problem=$({ mkdir -m 700 "$1" && (umask 077 && cat "$part" >"$1/archive.tar.gz") && take_list "$1"; } 2>&1) ||
        die "$(trouble_word "$problem" read-only)" "$ROOT" "$problem"
    place=${1##*/}
    drop_old_uploads "${place%-*}"
}

take_list() { # PLACE
    ! is_file "${SELF%/*}/list.gz" || cat "${SELF%/*}/list.gz" >"$1/list.gz"
}

cat_upload() { # PLACE
    is_place "$1" || return 0
    for file in "$1/start" "$1/in/part"; do
        if is_file "$file"; then cat "$file" || return 1; fi
    done
}

size_uploaded() { # PLACE
    total=0
    for file in "$1/start" "$1/in/part"; do
        if is_place "$1" && is_file "$file"; then total=$((total + $(wc -c <"$file"))); fi
    done
    echo $total
}

# Nothing that somebody else has put there counts, and no link.
is_place() {
    [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] && [ ! -L "$1/in" ]
}

is_file() {
    [ -f "$1" ] && [ ! -L "$1" ]
}

# Whether somebody is at work on it: its client is connected, unless that is the one that broke off; or a deploy uses it.
# Anybody can give a process any name, so it has to be root's or of the one whose upload it is.
# A place that is just being made does not tell yet whose it is.
is_uploading() { # PLACE [TOKEN-OF-A-CONNECTION-THAT-BROKE]
    [ -e "$1/start" ] || [ -e "$1/archive.tar.gz" ] || [ -n "$(find "$1" -maxdepth 0 -mmin +1)" ] || return 0
    for process in $(
        grep -ls "[u]ploads/${1##*/}" /proc/[0-9]*/cmdline
        [ "${1##*-}" = "${2:-}" ] || grep -ls "[c]onverse ${1##*-};" /proc/[0-9]*/cmdline
    ); do
        process=${process#/proc/}
        process=${process%/*}
        { is_of "$process" 0 || is_of "$process" "$(stat -c %u "$1/in" 2>/dev/null)"; } && return 0
    done
    return 1
}

# A link that broke in one direction leaves a scp that waits for ever.
end_upload() { # PLACE
    grep -ls "[u]ploads/${1##*/}/in/" /proc/[0-9]*/cmdline | while IFS=/ read -r _ _ process _; do
        kill "$process" 2>/dev/null
    done
}

# Of other archives: what has lain there for days, and what is soon sent again.
drop_old_uploads() { # DIGEST-THAT-STAYS
    for other in "$UPLOADS"/*; do
        case ${other##*/} in
        "$1"-* | '*') continue ;;
        esac
        if [ "$(size_uploaded "$other")" -le 65536 ] || [ -n "$(find "$other" -maxdepth 0 -mtime +3)" ]; then
            is_uploading "$other" || rm -rf "$other"
        fi
    done
}

# Puts an upload together where only root can change it, and holds it against its digest, which its place is named by.
verify_upload() { # PLACE [DIGEST-OF-THE-LIST]
    archive=$1/archive.tar.gz
    if [ -e "$1/list.gz" ]; then
        if ! { read_list "$1" "$2" <"$1/list.gz" && take_what_is_there "$1" && mv "$1/had" "$1/tree"; }; then
            rm -rf "$1"
            fail "$(trouble_word "$(cat "$errors")" digest)" "$(why)"
            return 1
        fi
    fi
    set -- "$1" "${1##*/}"
    set -- "$1" "${2%-*}"
    if [ ! -e "$archive" ]; then
        # From here on its owner changes nothing any more: no file becomes a link to one that only root can read.
        [ -L "$1/in" ] || { chown 0:0 "$1/in" && chmod 700 "$1/in"; } 2>/dev/null
        if ! (umask 077 && cat_upload "$1" >"$archive"); then
            fail "$(trouble_word "$(cat "$errors")" unpack)" "$(why)"
            return 1
        fi
    fi
    if [ -L "$archive" ] || ! has_digest "$archive" "$2" ||
        { [ -e "$1/tree" ] && ! complete_tree "$1"; }; then
        rm -rf "$1"
        for other in "$UPLOADS/$2"-*; do
            is_uploading "$other" || rm -rf "$other"
        done
        fail "$(trouble_word "$(cat "$errors")" digest)" "$(why)"
        return 1
    fi
}

unpack_upload() { # PLACE FOLDER
    if [ -e "$1/tree" ]; then
        mv "$1/tree" "$2"
        return
    fi
    # Closed as long as modes of the archive may be in force by which others write, or become root.
    [ ! -e "$1/closed" ] || rm -rf "$1/closed"
    mkdir -m 700 "$1/closed" "$1/closed/tree" && tar -xzof "$1/archive.tar.gz" -C "$1/closed/tree" &&
        find "$1/closed/tree" -type f ! -perm -100 -exec chmod 00644 {} + -o \( -type f -o -type d \) -exec chmod 00755 {} + &&
        mv "$1/closed/tree" "$2"
}
