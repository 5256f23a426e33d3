
# ---------------------------------------------------------------- settings

# The runtime files live in settings/, and every release has links to them. Which ones: those that have a factory file.
link_settings() { # RELEASE-FOLDER
    [ ! -d "$1/data" ] || chmod 700 "$1/data" || return 1
    for factory in "$1"/data/*.json.factory; do
        [ -f "$factory" ] || continue
        file=${factory##*/}
        file=${file%.factory}
        for runtime in "$file" "$file.backup"; do
            rm -rf "$1/data/$runtime" && ln -s "../../../settings/$runtime" "$1/data/$runtime" || return 1
        done
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
    cp -p "$1" "$B/settings/.$2.new" && settle "$B/settings/.$2.new" && mv -f "$B/settings/.$2.new" "$B/settings/$2"
}

# At once, whatever was there: without it, the SDK would make new settings.
link_at() { # LINK WHERE-TO
    rm -f "$1.new"
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
    mv "$B/snapshots/.new" "$B/snapshots/$1" && rm -rf "$B/snapshots/.old"
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
    next=$B/settings.for.$(current_release)
    [ -d "$next" ] || return 0
    rm -rf "$B/.settings.old"
    { [ ! -d "$B/settings" ] || mv "$B/settings" "$B/.settings.old"; } && rename "$next" "$B/settings" && settle "$B" || return 1
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
    settle
    [ -n "$(recorded settings)" ] || say note "the release had changed the settings; they are as before again"
    [ ! -d "$B/snapshots/.new" ] || name_snapshot "$(recorded id)"
    name_prepared "$(recorded previous)"
}
