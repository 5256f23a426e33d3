
# ---------------------------------------------------------------- a copy of the bundle that runs by hand

# Its process, as long as it runs. A folder may have several.
by_hand() { # FOLDER
    tab=$(printf '\t')
    bundles_around "$NAME" | while IFS=$tab read -r word pid folder name _; do
        [ "$word $folder $name" != "by-hand $1 $NAME" ] || printf '%s\n' "$pid"
    done | head -n 1
}

# The folder of a release, or of a copy that runs by hand, in lines of base64.
fetch() { # NAME ID settings|'' [FOLDER]
    if [ $# -gt 3 ]; then
        [ -n "$(by_hand "$4")" ] || give_up no-copy "$NAME" "$4"
        set -- "$1" "$2" "$3" "$4" "$4/data"
    else
        check_id "$2"
        [ -d "$B/releases/$2" ] || give_up no-release "$2"
        set -- "$1" "$2" "$3" "$B/releases/$2" "$B/settings"
    fi
    find_python || give_up no-python
    say raw
    our_python - "$4" ${3:+"$5"} <<'END_OF_PROGRAM'
@fetch.py@
END_OF_PROGRAM
}
