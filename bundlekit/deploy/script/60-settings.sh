
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
                cp -p "$1/data/$runtime" "$B/settings/.$runtime.new" && settle "$B/settings/.$runtime.new" && mv -f "$B/settings/.$runtime.new" "$B/settings/$runtime" &&
                    ln -sf "../../../settings/$runtime" "$1/data/$runtime" || return 1
            fi
        done
    done
}

# As they are when the release is left. Under its name once it is whole: a part of it must never be taken for them.
take_snapshot() { # ID
    rm -rf "$B/snapshots/.new" "$B/snapshots/.old"
    { [ -d "$B/snapshots" ] || mkdir -m 700 "$B/snapshots"; } && cp -pR "$B/settings" "$B/snapshots/.new" || return 1
    [ ! -d "$B/snapshots/$1" ] || mv "$B/snapshots/$1" "$B/snapshots/.old" || return 1
    mv "$B/snapshots/.new" "$B/snapshots/$1" && rm -rf "$B/snapshots/.old"
}

# Makes the settings what they are in a snapshot, file by file.
bring_settings() { # ID
    [ -d "$B/snapshots/$1" ] || return 1
    brought=0
    for file in "$B"/settings/* "$B"/settings/.[!.]*; do
        [ -e "$B/snapshots/$1/${file##*/}" ] || rm -f "$file"
    done
    for file in "$B/snapshots/$1"/*; do
        [ -f "$file" ] || continue
        cp -p "$file" "$B/settings/.new" && mv -f "$B/settings/.new" "$B/settings/${file##*/}" || brought=1
    done
    return $brought
}

# Puts back what a release that did not come up has made of the settings; what it made of them is kept under its name.
restore_snapshot() {
    saved=$(recorded previous)
    saved=${saved:-.none}
    if [ ! -d "$B/snapshots/$saved" ] || diff -r "$B/settings" "$B/snapshots/$saved" >/dev/null 2>&1; then
        return 0
    fi
    [ -n "$(recorded settings)" ] || take_snapshot "$(recorded id)"
    if bring_settings "$saved"; then
        settle
        [ -n "$(recorded settings)" ] || say note "the release had changed the settings; they are as before again"
    else
        settle
        say note "the settings could not be put back as they were; they are safe in $B/snapshots/$saved"
        return 1
    fi
}
