
# ---------------------------------------------------------------- uploads of only what changed

# A list of all that a release will have comes first, a line each: `f` a file, `x` one that may be executed, or `d` a
# folder; the SHA-256 of what is in it, or `-`; its path. What some kept release has of it is copied, whatever its name
# was there, and the rest is told by the numbers of its lines.
compare() { # NAME PLACE DIGEST-OF-THE-LIST
    check_upload "$2"
    { is_place "$2" && is_file "$2/in/list.gz" && read_list "$2" "$3" <"$2/in/list.gz"; } || die digest
    take_what_is_there "$2" || die space "$ROOT"
    join -t "$tab" -v 1 "$2/wanted" "$2/there" | while IFS=$tab read -r _ number _; do
        say lacks "$number"
    done
    say end
}

read_list() { # PLACE DIGEST
    umask 077
    gzip -dc 2>/dev/null | head -c 20000000 >"$1/list"
    umask 022
    has_digest "$1/list" "$2" &&
        # It is us who sent it, but a path of it is about to be written to.
        ! sed 's/^[fxd] [^ ]* //' "$1/list" | grep -qE '^/|(^|/)\.\.(/|$)|^$'
}

# Leaves it in PLACE/had.
take_what_is_there() { # PLACE
    tab='	'
    [ ! -e "$1/had" ] || rm -rf "$1/had"
    mkdir "$1/had" || return 1
    number=0
    while IFS= read -r line; do
        number=$((number + 1))
        path=${line#* * }
        sum=${line#* }
        sum=${sum%% *}
        case $line in
        d*) mkdir -p "$1/had/$path" ;;
        *)
            printf '%s\t%s\t%s\n' "$sum" $number "$path" >&3
            # The list of checksums that each archive brings follows from ours.
            [ "$path" = SHA256SUMS ] || printf '%s  ./%s\n' "$sum" "$path"
            ;;
        esac
    done <"$1/list" >"$1/sums" 3>"$1/numbered"
    sort -t "$tab" -k 1,1 "$1/numbered" >"$1/wanted"
    find "$B"/releases/*/ "$1/sums" -type f ! -name '*.py[co]' -exec sha256sum {} + 2>/dev/null |
        sed -n "s/^\([0-9a-f]\{64\}\)  /\1$tab/p" | sort -u -t "$tab" -k 1,1 >"$1/there"
    join -t "$tab" "$1/wanted" "$1/there" | while IFS=$tab read -r _ _ path source; do
        cp -p "$source" "$1/had/$path" || exit
    done
}

# Of a small release, so that who sends the next one knows without asking: the checksums of what is in it.
say_what_is_there() { # ID
    use_info "$B/releases/$1.info" size
    # In kB, and with 200 files at most: it travels with the answer to the first look, which is to stay small.
    if [ -n "$value" ] && [ "$value" -le 512 ]; then
        find "$B/releases/$1" -type f ! -name '*.py[co]' -exec sha256sum {} + 2>/dev/null | head -n 200 |
            sed -n "s/^\([0-9a-f]\{64\}\)  .*/has	\1/p"
    fi
}

# Puts what arrived beside what was there. Nothing may be missing then, and nothing more be there than on the list.
complete_tree() { # PLACE
    list=$1/list
    tree=$1/tree
    tar -xzof "$1/archive.tar.gz" -C "$tree" || return 1
    # Before a mode is changed through a link.
    [ -z "$(find "$tree" -type f -exec chmod 644 {} + -o -type d -exec chmod 755 {} + -o -print)" ] || return 1
    sed -n 's/^x [0-9a-f]* //p' "$list" >"$1/programs"
    while IFS= read -r path; do chmod 755 "$tree/$path"; done <"$1/programs"
    sed -n 's/^[fx] \([0-9a-f]*\) /\1  .\//p' "$list" >"$1/sums"
    (cd "$tree" && sha256sum -c "$1/sums" >/dev/null && find . -mindepth 1 | sort) >"$1/found" &&
        sed 's/^[fxd] [^ ]* /.\//' "$list" | sort | cmp -s - "$1/found"
}
