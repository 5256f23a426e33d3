
# ---------------------------------------------------------------- settings

# The runtime files live in settings/, and every release has links to them. Which ones: those that have a factory file.
link_settings() { # RELEASE-FOLDER
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
                cp -p "$1/data/$runtime" "$B/settings/.$runtime.new" && mv -f "$B/settings/.$runtime.new" "$B/settings/$runtime" &&
                    ln -sf "../../../settings/$runtime" "$1/data/$runtime" || return 1
            fi
        done
    done
}

# Under its name once it is whole: a part of it must never be taken for the settings.
take_snapshot() { # ID
    rm -rf "$B/snapshots/$1" "$B/snapshots/$1.new"
    mkdir -p "$B/snapshots" && cp -pR "$B/settings" "$B/snapshots/$1.new" && mv "$B/snapshots/$1.new" "$B/snapshots/$1"
}

# Puts back what a release that did not come up has made of the settings, file by file; what it made of them is kept.
restore_snapshot() { # ID
    saved=$B/snapshots/$1
    [ -d "$saved" ] || return 0
    diff -r "$B/settings" "$saved" >/dev/null 2>&1 && return 0
    rm -rf "$saved.failed"
    cp -pR "$B/settings" "$saved.failed"
    restored=yes
    for file in "$B"/settings/*; do
        [ -e "$saved/${file##*/}" ] || rm -f "$file"
    done
    for file in "$saved"/*; do
        [ -f "$file" ] || continue
        cp -p "$file" "$B/settings/.new" && mv -f "$B/settings/.new" "$B/settings/${file##*/}" || restored=
    done
    sync
    if [ -n "$restored" ]; then
        say note "the release had changed the settings; they are as before again"
    else
        say note "the release had changed the settings, and they could not be put back; they are safe in $saved"
    fi
}
