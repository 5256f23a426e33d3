#!/bin/sh
# What bundlekit does on a gateway, as root. Plain POSIX sh (dash, busybox) and what every Debian has beside it;
# Python only to look at a bundle and to run it.
#
#   gateway.sh VERB [ARGUMENT...]
#
# Standard output is a line an event: a word, then fields, with tabs between them. The client reads nothing else.
# A copy in $ROOT is what the service of a bundle runs, so this script has to do without the client.
#
#   $ROOT/gateway.sh                 that copy
#   $ROOT/uploads/XXXXXX/            where a client may write, one folder a deploy, gone with it
#   $ROOT/bundles/NAME/
#     releases/ID/                   a release, as unpacked; ID is version and start of the digest
#     releases/ID.info               what is known about it, `key=value` a line
#     current -> releases/ID         the release that runs, and that a boot starts
#     settings/                      data/*.json and *.json.backup of all releases: the user's
#     snapshots/ID/                  the settings as they were before ID took over
#     log, log.1                     what the bundle printed
#     running                        of the supervisor: its process, the bundle's, where in the log it starts
#     registered                     the process of the bundle that was last seen to register
#     lock                           whoever changes something holds it; says who that is

set -u
umask 022
LC_ALL=C
export LC_ALL
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH

PROTOCOL=1
ROOT=${BUNDLEKIT_ROOT:-/opt/bundlekit}
SELF=$0

# ---------------------------------------------------------------- events

say() {
    line=$1
    shift
    for field in "$@"; do
        line="$line	$(printf '%s' "$field" | tr '\t\r\n' '   ')"
    done
    printf '%s\n' "$line"
}

# The first word of a failure is what the client turns into an error of its own.
give_up() {
    say fail "$@"
    exit 9
}

# Tells a full disk and a read-only one from other trouble, by what a tool said.
trouble_word() { # MESSAGE OTHERWISE
    case $1 in
    *"No space left"* | *"Disk quota"*) echo space ;;
    *"Read-only file system"*) echo read-only ;;
    *) printf '%s\n' "$2" ;;
    esac
}

# ---------------------------------------------------------------- names

# Only what passes here is ever made part of a path.
use_bundle() {
    case $1 in
    '' | *[!A-Za-z-]*) give_up name "$1" ;;
    esac
    NAME=$1
    B=$ROOT/bundles/$NAME
    SERVICE=bundlekit-$NAME
}

check_id() {
    case $1 in
    '' | .* | -* | *[!A-Za-z0-9._+-]*) give_up id "$1" ;;
    esac
}

check_number() {
    case $1 in
    '' | *[!0-9]*) give_up usage "$1 is not a number" ;;
    esac
}

# ---------------------------------------------------------------- the machine

# Python 2.7, as a gateway has it; or a newer one that has the SDK, as an emulated gateway may.
find_python() {
    for PYTHON in python2.7 python2 python; do
        PYTHON=$(command -v "$PYTHON") || continue
        "$PYTHON" -c 'import sys; sys.exit(sys.version_info[:2] != (2, 7))' 2>/dev/null && return 0
    done
    for PYTHON in python python3; do
        PYTHON=$(command -v "$PYTHON") || continue
        has_sdk && return 0
    done
    return 1
}

# Without importing it: that takes a second on a gateway.
HAS_SDK='
import sys
try:
    from importlib.util import find_spec as find
except ImportError:
    from pkgutil import find_loader as find
sys.exit(find("sanji") is None)
'

has_sdk() {
    "$PYTHON" -c "$HAS_SDK" 2>/dev/null
}

has_systemd() {
    [ -d /run/systemd/system ]
}

# Seconds by a clock that nobody sets.
uptime_seconds() {
    cut -d . -f 1 /proc/uptime
}

nap() {
    sleep 0.2 2>/dev/null || sleep 1
}

make_root() {
    problem=$(
        {
            mkdir -p "$ROOT/bundles" "$ROOT/uploads" && chmod 755 "$ROOT" && chmod 711 "$ROOT/uploads" &&
                probe_file=$(mktemp "$ROOT/.probe.XXXXXX") && echo x >"$probe_file" && rm -f "$probe_file"
        } 2>&1
    ) || give_up "$(trouble_word "$problem" read-only)" "$ROOT" "$problem"
}

# A shell script in a session of its own, so that it outlives this connection. Prints its process id.
run_apart() { # SCRIPT ARGUMENT...
    if command -v setsid >/dev/null 2>&1; then
        setsid sh "$@" </dev/null >/dev/null 2>&1 9>&- &
    else
        (trap '' HUP && exec sh "$@") </dev/null >/dev/null 2>&1 9>&- &
    fi
    echo $!
}

# ---------------------------------------------------------------- `key=value` files

info() { # FILE KEY
    sed -n "s/^$2=//p" "$1" 2>/dev/null | tail -n 1
}

set_info() { # FILE KEY VALUE
    { grep -v "^$2=" "$1" 2>/dev/null || :; printf '%s=%s\n' "$2" "$3"; } >"$1.new" && mv -f "$1.new" "$1"
}
