
# ---------------------------------------------------------------- settings

# The runtime files live in settings/, and every release has links to them. Which ones: those that have a factory file.
link_settings() { # RELEASE-FOLDER
    [ ! -d "$1/data" ] || chmod 700 "$1/data" || return 1
    for factory in "$1"/data/*.json.factory; do
        [ -f "$factory" ] || continue
        file=${factory##*/}
        file=${file%.factory}
        rm -rf "$1/data/$file" "$1/data/$file.backup" &&
            ln -s "../../../settings/$file" "../../../settings/$file.backup" "$1/data/" || return 1
    done
}

# A bundle that writes a file anew and renames it has put a file where the link was: that file is the settings now.
collect_settings() { # RELEASE-FOLDER
    for factory in "$1"/data/*.json.factory; do
        file=${factory##*/}
        file=${file%.factory}
        for runtime in "$file" "$file.backup"; do
            if [ -f "$1/data/$runtime" ] && [ ! -L "$1/data/$runtime" ]; then
                put_settings "$1/data/$runtime" "$runtime" && link_at "$1/data/$runtime" "../../../settings/$runtime" || return 1
            fi
        done
    done
}

put_settings() { # FILE NAME
    cp -p "$1" "$B/settings/.$2.new" && fsync_paths "$B/settings/.$2.new" && mv -f "$B/settings/.$2.new" "$B/settings/$2"
}

# At once, whatever was there: without it, the SDK would make new settings.
link_at() { # LINK WHERE-TO
    { [ ! -e "$1.new" ] && [ ! -L "$1.new" ]; } || rm -f "$1.new"
    ln -s "$2" "$1.new" && rename "$1.new" "$1"
}

# As they are when the release is left. Under its name once it is whole and on the disk: a part of it must never be taken
# for them.
copy_snapshot() {
    rm -rf "$B/snapshots/.new" "$B/snapshots/.old"
    { [ -d "$B/snapshots" ] || mkdir -m 700 "$B/snapshots"; } && cp -pR "$B/settings" "$B/snapshots/.new"
}

name_snapshot() { # ID
    [ ! -d "$B/snapshots/$1" ] || mv "$B/snapshots/$1" "$B/snapshots/.old" || return 1
    mv "$B/snapshots/.new" "$B/snapshots/$1" && { [ ! -d "$B/snapshots/.old" ] || rm -rf "$B/snapshots/.old"; }
}

# The settings that a release is to find: all of a snapshot, or nothing. They become the settings once it is current,
# which is decided at once by the switch, and by that alone.
copy_prepared() { # SNAPSHOT
    rm -rf "$B"/settings.for.* "$B/.settings.new"
    [ -d "$B/snapshots/$1" ] && cp -pR "$B/snapshots/$1" "$B/.settings.new"
}

name_prepared() { # RELEASE|''
    mv "$B/.settings.new" "$B/settings.for.$1"
}

# When nothing runs; before each start, if need be. Somebody else may make the folder meanwhile, for it has to be there.
bring_settings() {
    set -- "$B"/settings.for.*
    [ -d "$1" ] || return 0
    use_current
    next=$B/settings.for.$current
    [ -d "$next" ] || return 0
    rm -rf "$B/kept" "$B/.settings.old"
    { [ ! -d "$B/settings" ] || mv "$B/settings" "$B/.settings.old"; } && rename "$next" "$B/settings" && fsync_paths "$B" || return 1
    rm -rf "$B/.settings.old"
}

# Has what a release that did not come up has made of the settings put back, by the switch to the release before; what
# it made of them is kept under its name.
restore_snapshot() {
    saved=$(recorded previous)
    saved=${saved:-.none}
    if [ ! -d "$B/snapshots/$saved" ] || diff -r "$B/settings" "$B/snapshots/$saved" >/dev/null 2>&1; then
        return 0
    fi
    if ! copy_prepared "$saved"; then
        say note "the settings could not be put back as they were; they are safe in $B/snapshots/$saved"
        return 1
    fi
    [ -n "$(recorded settings)" ] || copy_snapshot || rm -rf "$B/snapshots/.new"
    fsync_disk
    [ -n "$(recorded settings)" ] || say note "the release had changed the settings; they are as before again"
    [ ! -d "$B/snapshots/.new" ] || name_snapshot "$(recorded id)"
    name_prepared "$(recorded previous)"
}

# ---------------------------------------------------------------- settings that a power cut has damaged

# The SDK cuts a file to nothing before it writes it anew, and takes its factory settings where it cannot read that. So the
# supervisor keeps a copy of each file in kept/, as it was last seen to be JSON: a few seconds after a change but once a
# minute at most, when it ends, and before another release takes over. Before a start, the copy takes the place of what
# a cut leaves: NULs, nothing, or the begin of what is JSON. Another file that is no JSON is none of ours.
JUDGE='
import json, sys
text = open(sys.argv[1], "rb").read()
try:
    good = isinstance(json.loads(text), (dict, list))
except Exception:
    good = False
if not good:
    sys.exit(3 if b"\0" in text or text.strip()[:1] in (b"", b"{", b"[") else 4)
'

# Fails if nothing had to be looked at.
#   glance    keep those that were changed, by their times
#   keep      keep those that were changed
#   mend      keep them, or put the copies in their place: nothing runs
#   unclean   and so with those that are gone: whatever ran had no time to end
tend_settings() { # RELEASE glance|keep|mend|unclean
    seen=
    mended=
    for live in "$B/releases/$1"/data/*.json.factory; do
        [ -f "$live" ] || continue
        live=${live%.factory}
        file=${live##*/}
        copy=$B/kept/$file
        # shellcheck disable=SC3013 # dash and busybox have it; of half a second they may know nothing
        if [ ! -e "$live" ]; then
            if [ "$2" = unclean ] && [ -f "$copy" ]; then
                mend_file
            elif [ "$2" != unclean ]; then
                rm -f "$copy"
            fi
        elif [ "$2" = glance ] && [ -e "$copy" ] && [ ! "$live" -nt "$copy" ] && [ ! "$live" -ot "$copy" ]; then
            :
        elif ! cmp -s "$live" "$copy"; then
            seen=yes
            keep_file "$2"
        fi
    done
    [ -z "$mended" ] || printf 'time=%s\nfiles=%s\nof=%s\n' "$(date +%s)" "$mended" "$of" >"$B/mended"
    [ -n "$seen" ]
}

# What is judged is what is kept, whoever writes meanwhile.
keep_file() { # glance|keep|mend|unclean
    find_python || return 0
    judged=$RUN_DIR/$NAME.kept/$1
    { [ -d "$RUN_DIR/$NAME.kept" ] || mkdir -m 700 "$RUN_DIR/$NAME.kept"; } && cp -p "$live" "$judged" || return 0
    our_python -Sc "$JUDGE" "$judged" 2>/dev/null 9>&-
    case $? in
    0)
        { [ -d "$B/kept" ] || mkdir -m 700 "$B/kept"; } && cp -p "$judged" "$B/kept/.$1" && fsync_paths "$B/kept/.$1" &&
            mv -f "$B/kept/.$1" "$copy"
        ;;
    3) case $1 in mend | unclean) [ ! -f "$copy" ] || mend_file ;; esac ;;
    4) rm -f "$copy" ;;
    esac
    rm -f "$judged"
}

mend_file() {
    mkdir -p "$B/snapshots/.damaged" && chmod go= "$B/snapshots" && cp -p "$live" "$B/snapshots/.damaged/" 2>/dev/null
    put_settings "$copy" "$file" && { [ -L "$live" ] || link_at "$live" "../../../settings/$file"; } || return 0
    mended="$mended${mended:+ }$file"
    of=$(date -r "$copy" +%s)
    (umask 077 && printf '%s\n' "--- $(date '+%Y-%m-%d %H:%M:%S') settings $file were damaged, and are as of $(date -r "$copy" '+%Y-%m-%d %H:%M:%S') again" >>"$B/log")
}
