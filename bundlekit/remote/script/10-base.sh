#!/bin/sh
# shellcheck disable=SC3043 # dash and busybox have `local`
# What bundlekit does on a gateway, as root. Plain POSIX sh (dash, busybox) and what every Debian has beside it;
# Python only to look at a bundle and to run it.
#
#   gateway.sh VERB [ARGUMENT...]
#
# Standard output is a line an event: a word, then fields, with tabs between them. The client reads nothing else; all words
# are in the table of vocabulary.py.
# A copy in $ROOT is what the service of a bundle runs, so this script has to do without the client.
#
#   $ROOT/gateway.sh                 that copy
#   $ROOT/programs-DIGEST.zip        the programs that it runs, see PROGRAMS
#   $ROOT/uploads/XXXXXX/            where a client may write, one folder a deploy, gone with it; or, where there are
#                                    signers, $ROOT/signed-uploads, and `uploads` is a file, see there
#   $ROOT/bundles/NAME/
#     releases/ID/                   a release, as unpacked; ID is version and start of the digest
#     releases/ID.info               what is known about it, `key=value` a line
#     current -> releases/ID         the release that runs, and that a boot starts
#     settings/                      data/*.json and *.json.backup of all releases: the user's
#     settings.for.ID/               the settings that take their place as soon as ID is current
#     kept/                          a copy of each data/*.json, as it was last seen to be valid; see there
#     mended                         when one of them was last needed
#     snapshots/ID/                  the settings as they were when ID was last left
#     log, log.1                     what the bundle printed; releases/ID.log is what a release printed that failed
#     running -> /run/bundlekit/NAME of the supervisor: its process, the bundle's, where in the log it starts
#     registered                     the process of the bundle that was last seen to register
#     lock                           whoever changes something holds it; says who that is; for root alone to open
#     journal                        the change that is under way, and how to undo it; see there
#     boots                          a line for each boot that found the journal
#     by-hand/                       what it takes to start the copy again that an adoption has stopped
#   $ROOT/history, history.1         a line for each change that was begun, once it has ended

set -u
umask 022
LC_ALL=C
export LC_ALL
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
# What a sudo that keeps much would hand on to tools that run as root.
unset CDPATH ENV BASH_ENV GZIP TAR_OPTIONS GREP_OPTIONS POSIXLY_CORRECT LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT \
    PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONUSERBASE PYTHONPLATLIBDIR PYTHONEXECUTABLE PYTHONPYCACHEPREFIX

PROTOCOL=1
ROOT=${BUNDLEKIT_ROOT:-/opt/bundlekit}
SIGNERS=${BUNDLEKIT_ROOT:-/etc/bundlekit}/signers
case $0 in
/*) SELF=$0 ;;
*) SELF=$PWD/$0 ;;
esac
# Where only root puts files: Python takes modules from the folder where it is.
cd / || exit

# ---------------------------------------------------------------- events

# A process is some milliseconds on a gateway. So hardly a field gets one to have its breaks replaced; and what is called
# use_... leaves what it finds in a variable, for a `$(...)` is a process.
say() {
    line=$1
    shift
    for field in "$@"; do
        case $field in
        *[[:cntrl:]]*) field=$(printf '%s' "$field" | tr '\t\r\n' '   ') ;;
        esac
        line="$line	$field"
    done
    printf '%s\n' "$line"
}

# The first word of a failure is what the client turns into an error of its own.
die() {
    say fail "$@"
    exit 9
}

# The same for a change, which has to end in order. The first one stays the headline.
FAILED=
fail() {
    FAILED=${FAILED:-"$*"}
    say fail "$@"
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
    '' | *[!A-Za-z-]*) die name "$1" ;;
    esac
    NAME=$1
    B=$ROOT/bundles/$NAME
    SERVICE=bundlekit-$NAME
}

check_id() {
    case $1 in
    '' | .* | -* | *[!A-Za-z0-9._+-]*) die id "$1" ;;
    esac
}

check_number() {
    case $1 in
    '' | *[!0-9]* | 0?* | ????????*) die usage "$1 is not a number below ten million" ;;
    esac
}

# ---------------------------------------------------------------- the machine

# A program of ours: no module comes from the folder where we are (the supervisor is in that of a release), from a home
# or from where a variable leads. Python 2.7 has no -I.
our_python() { # ARGUMENT...
    (cd / && exec "$PYTHON" -Es "$@")
}

# Python 2.7, as a gateway has it; or a newer one that has the SDK, as an emulated gateway may. Looked for once. Debian's is
# not asked for its version: most of our programs take hardly longer than the start of a Python. Any other is: an emulated
# gateway without Python 2.7 has a program of this name that only says so, in front of that of its host.
PYTHON=
find_python() {
    [ -z "$PYTHON" ] || return 0
    for PYTHON in python2.7 python2 python; do
        use_path "$PYTHON" || continue
        PYTHON=$path
        [ "$PYTHON" != /usr/bin/python2.7 ] || return 0
        our_python -Sc 'import sys; sys.exit(sys.version_info[:2] != (2, 7))' 2>/dev/null && return 0
    done
    for PYTHON in python python3; do
        use_path "$PYTHON" || continue
        PYTHON=$path
        has_sdk && return 0
    done
    PYTHON=
    return 1
}

use_path() { # PROGRAM
    local IFS=:
    for path in $PATH; do
        path=$path/$1
        [ ! -f "$path" ] || [ ! -x "$path" ] || return 0
    done
    return 1
}

# Without importing it: that takes a second on a gateway. Variables of the login's are unset by now; an emulated
# gateway's Python sets one by which it has the SDK.
HAS_SDK='
import sys
try:
    from importlib.util import find_spec as find
except ImportError:
    from pkgutil import find_loader as find
sys.exit(find("sanji") is None)
'

has_sdk() {
    if [ "$PYTHON" = /usr/bin/python2.7 ]; then
        for place in /usr/lib /usr/local/lib; do # where Debian's looks
            [ ! -f $place/python2.7/dist-packages/sanji/__init__.py ] || return 0
        done
    fi
    (cd / && exec "$PYTHON" -sc "$HAS_SDK") 2>/dev/null
}

# The programs that have no place in the script. The client sends them once, and with a command that may need them.
PROGRAMS=$ROOT/programs-@PROGRAMS@.zip

run_program() { # NAME ARGUMENT...
    [ -f "$PROGRAMS" ] || PROGRAMS=${SELF%/*}/programs.zip
    our_python "$PROGRAMS" "$@" 9>&-
}

has_systemd() {
    [ -d /run/systemd/system ]
}

# Seconds by a clock that nobody sets, in `uptime`.
use_uptime() {
    read -r uptime _ </proc/uptime
    uptime=${uptime%%.*}
}

pause() {
    sleep 0.2 2>/dev/null || sleep 1
}

# To the disk itself: files and folders by name, or all of the file system that has our own. A `sync` that is too old to
# know either syncs everything. Not by the name of `fsync` alone, which is a command of busybox.
fsync_paths() { # PATH...
    sync -- "$@" 2>/dev/null || sync
}

fsync_disk() {
    sync -f "$ROOT" 2>/dev/null || sync
}

# Whether the machine is about to stop: what ends now is no fault of a release, and what starts now would not last.
is_going_down() {
    if has_systemd; then
        case $(systemctl is-system-running 2>/dev/null) in
        stopping) return 0 ;;
        '') ! systemctl show >/dev/null 2>&1 && return 0 ;; # it is gone already; or too old to say
        esac
    else
        case $(tr '\0' ' ' 2>/dev/null </proc/1/cmdline) in
        'init [0]'* | 'init [6]'*) return 0 ;;
        esac
    fi
    return 1
}

# Who is logged in, and from where, by what the SSH server told the log-in shell.
use_origin() { # ADDRESS|''
    case $1 in
    *[!0-9A-Za-z.:%]*) die usage "$1 is no address" ;;
    esac
    ACCOUNT=${SUDO_USER:-$(id -un)}
    ADDRESS=$1
    export ACCOUNT ADDRESS
}

# A client that knows nothing of signers has a script of that kind along. It makes a folder of this name before it deploys
# or rolls back, and where it cannot, it does neither.
use_uploads() {
    UPLOADS=$ROOT/uploads
    if wants_signature; then UPLOADS=$ROOT/signed-uploads; fi
}

guard_uploads() {
    use_uploads
    if [ -d "$UPLOADS" ] && { [ "$UPLOADS" = "$ROOT/uploads" ] || [ -f "$ROOT/uploads" ]; }; then
        return 0
    fi
    if [ "$UPLOADS" = "$ROOT/uploads" ]; then
        rm -f "$UPLOADS" 2>/dev/null # a file; the folder of another first deploy, made meanwhile, stays
    else
        rm -rf "$ROOT/uploads" || return 1
    fi
    mkdir -p "$UPLOADS" && chmod 711 "$UPLOADS" || return 1
    [ -d "$ROOT/uploads" ] || {
        echo "Only signed bundles are deployed here. Use a bundlekit that has the verb \`sign\`." >"$ROOT/uploads" &&
            fsync_paths "$ROOT/uploads" "$ROOT"
    }
}

make_root() {
    for left in "$ROOT"/.probe.*; do # of one whose power was cut
        [ ! -f "$left" ] || rm -f "$left"
    done
    problem=$(
        {
            { [ -d "$ROOT/bundles" ] || { mkdir -p "$ROOT/bundles" && chmod 755 "$ROOT"; }; } && guard_uploads &&
                probe_file=$ROOT/.probe.$$ && { head -c 1 /dev/zero >"$probe_file" || ! rm -f "$probe_file"; } &&
                rm -f "$probe_file"
        } 2>&1
    ) || die "$(trouble_word "$problem" read-only)" "$ROOT" "$problem"
    use_uploads
}

# A shell script in a session of its own, so that it outlives this connection. Prints its process id.
run_detached() { # SCRIPT ARGUMENT...
    if command -v setsid >/dev/null 2>&1; then
        setsid sh "$@" </dev/null >/dev/null 2>&1 9>&- &
    else
        (trap '' HUP && exec sh "$@") </dev/null >/dev/null 2>&1 9>&- &
    fi
    echo $!
}

# ---------------------------------------------------------------- `key=value` files

# In `value`.
use_info() { # FILE KEY
    local entry=
    value=
    [ -f "$1" ] || return 0
    while IFS= read -r entry || [ -n "$entry" ]; do
        case $entry in
        "$2="*) value=${entry#*=} ;;
        esac
    done 2>/dev/null <"$1"
}

info() { # FILE KEY
    use_info "$@"
    printf '%s\n' "$value"
}

set_info() { # FILE KEY VALUE [KEY VALUE [KEY VALUE]]
    {
        { [ ! -f "$1" ] || grep -v -e "^$2=" ${4:+-e "^$4="} ${6:+-e "^$6="} "$1" || [ $? -eq 1 ]; } && printf '%s=%s\n' "$2" "$3" ${4:+"$4" "$5"} ${6:+"$6" "$7"}
    } >"$1.new" && fsync_paths "$1.new" && mv -f "$1.new" "$1"
}
