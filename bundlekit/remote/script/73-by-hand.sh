
# ---------------------------------------------------------------- a copy of the bundle that runs by hand

# Its process, as long as it runs. A folder may have several.
by_hand() { # FOLDER
    tab=$(printf '\t')
    bundles_around "$NAME" | while IFS=$tab read -r word pid folder name _; do
        [ "$word $folder $name" != "by-hand $1 $NAME" ] || printf '%s\n' "$pid"
    done | head -n 1
}

# The folder of a release, or of a copy that runs by hand, in lines of base64.
fetch() { # NAME ID settings|sbom|'' [FOLDER]
    if [ $# -gt 3 ]; then
        [ -n "$(by_hand "$4")" ] || die no-copy "$NAME" "$4"
        set -- "$1" "$2" "$3" "$4" "$4/data"
    else
        check_id "$2"
        [ -d "$B/releases/$2" ] || die no-release "$2"
        set -- "$1" "$2" "$3" "$B/releases/$2" "$B/settings"
    fi
    find_python || die no-python
    say raw
    case $3 in
    sbom) run_program fetch "$4" '' .cdx.json ;;
    *) run_program fetch "$4" ${3:+"$5"} ;;
    esac
}

# ---------------------------------------------------------------- such a copy gives way to a release, or comes back

# Only one of root's: as root, it is what a release does. Somebody else's would become root by it.
may_adopt() { # FOLDER
    pid=$(by_hand "$1")
    if [ -z "$pid" ]; then
        fail no-copy "$NAME" "$1"
    elif ! [ -O "/proc/$pid" ]; then
        fail not-root "$pid" "$(stat -c %U "/proc/$pid")"
    else
        grep -lsF -e "$1" /etc/rc.local /etc/crontab /etc/cron.d/* /var/spool/cron/crontabs/* /etc/init.d/* \
            /etc/systemd/system/*.service | while IFS= read -r file; do
            say note "$file names $1: if it starts the copy at each boot, take that out of it"
        done
        case " $(recorded how) " in *" kept-settings "*) ;; *) record settings by-hand ;; esac
        remember_by_hand "$pid" || fail_to unpack
    fi
    [ -z "$FAILED" ]
}

# What it takes to start it again: where, by which words, with which variables and files.
remember_by_hand() { # PID
    rm -rf "$B/by-hand"
    (umask 077 && mkdir "$B/by-hand" && cd "/proc/$1" && [ -O . ] && cp -P cmdline environ cwd "$B/by-hand/" &&
        { cp -P fd/1 fd/2 "$B/by-hand/" || :; }) # it may have closed them
}

# And what its folder's other processes are. What starts it again is in the way.
stop_by_hand() {
    use_recorded folder
    folder=$value
    for _ in 1 2 3; do
        [ -n "$folder" ] && child=$(by_hand "$folder") && [ -n "$child" ] || return 0
        interrupt_child
        pauses=0
        while readlink "/proc/$child/exe" >/dev/null; do
            pause
            pauses=$((pauses + 1))
            case $pauses in
            $((STOP_SECONDS * 5))) kill -TERM "$child" ;;
            $((STOP_SECONDS * 5 + 10))) kill -KILL "$child" ;;
            $((STOP_SECONDS * 5 + 20))) break ;;
            esac
        done
        sleep 1
    done
    echo "something starts it again, or it does not end" >&2
    return 1
}

# Its settings, for the release to find; the snapshot has those that were kept.
copy_by_hand() {
    rm -rf "$B"/settings.for.* "$B/.settings.new"
    mkdir -m 700 "$B/.settings.new" || return 1
    for factory in "$B/releases/$(recorded id)/data"/*.json.factory; do
        file=${factory##*/}
        file=${file%.factory}
        for file in "$file" "$file.backup"; do
            file=$(recorded folder)/data/$file
            [ ! -f "$file" ] || cp -p "$file" "$B/.settings.new/" || return 1
        done
    done
}

undo_by_hand() {
    [ -L "$B/by-hand/cwd" ] || return 0
    folder=$(recorded folder)
    [ -z "$(recorded stopping)" ] || stop_by_hand
    [ -z "$(by_hand "$folder")" ] || return 0
    run_outside resume "$NAME"
    sleep 1
    [ -n "$(by_hand "$folder")" ]
}

RESUME='
import os, sys
place = sys.argv[1] + "/by-hand/"
def words(name):
    with open(place + name, "rb") as stream:
        return stream.read().split(b"\0")[:-1]
out = [os.open(os.devnull, os.O_RDWR)]
for name in "12":
    is_file = os.path.isfile(place + name)
    out.append(os.open(place + name, os.O_WRONLY | os.O_APPEND) if is_file else out[0])
for number in range(3):
    os.dup2(out[number], number)
os.chdir(place + "cwd")
command = words("cmdline")
os.execvpe(command[0], command, dict(word.split(b"=", 1) for word in words("environ") if b"=" in word))
'

resume() { # NAME
    find_python && our_python -c "$RESUME" "$B"
}
