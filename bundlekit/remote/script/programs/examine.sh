# What `bundlekit doctor` looks at, with the script's functions around it: as root, or, where sudo does not work, as the
# one who logged in. It changes nothing. Each line is an event of the script.

say time "$(date +%s)"
say system "$(sed -n 's/^PRETTY_NAME="\{0,1\}\([^"]*\).*/\1/p' /etc/os-release 2>/dev/null)" "$(uname -m)"
if has_systemd; then say boot systemd; else say boot init; fi
for tool in tar gzip sha256sum scp mktemp find readlink sed tail; do
    command -v $tool >/dev/null 2>&1 || say missing $tool
done

folder=$ROOT
while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
say disk "$folder" "$(df -Pk "$folder" | sed -n '2s/^[^ ]* *[0-9]* *[0-9]* *\([0-9]*\).*/\1/p')" \
    "$(df -Pi "$folder" 2>/dev/null | sed -n '2s/^[^ ]* *[0-9-]* *[0-9-]* *\([0-9-]*\).*/\1/p')"
while read -r _ place _ options _; do
    case $folder/ in
    "${place%/}"/*)
        mount=$place # what is mounted last lies on top
        options_of_mount=$options
        ;;
    esac
done </proc/mounts
case ,${options_of_mount:-}, in
*,ro,*) say read-only "$mount" ;;
esac

if find_python; then
    say python "$PYTHON" "$(our_python -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null)"
    if has_sdk; then
        sdk=$(cd / && "$PYTHON" -sc '
import os
try:
    from importlib.util import find_spec
    place = list(find_spec("sanji").submodule_search_locations)[0]
except ImportError:
    from imp import find_module
    place = find_module("sanji")[1]
around = os.path.dirname(place)
print(around)
for name in sorted(os.listdir(around)):
    if name.lower().startswith("sanji") and name.endswith((".egg-info", ".dist-info")):
        for about in ("PKG-INFO", "METADATA", ""):
            try:
                lines = open(os.path.join(around, name, about) if about else os.path.join(around, name)).readlines()
            except (OSError, IOError):
                continue
            print([line.split()[1] for line in lines if line.startswith("Version:")][0])
            break
' 2>/dev/null)
        # shellcheck disable=SC2086 # a place, and a version if it is known
        say sdk $sdk
    fi
    say broker "$(our_python -c '
import socket
stream = socket.create_connection(("localhost", 1883), 5)
stream.settimeout(5)
stream.sendall(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00")
answer = bytearray(stream.recv(4))
stream.sendall(b"\xe0\x00")
print("open" if len(answer) == 4 and answer[0] == 32 and answer[3] == 0 else "refused")
' 2>/dev/null)"
fi
# The client judges it: the program that does so on a gateway may not be there yet.
if wants_signature; then
    state=ok
    if [ ! -e "$SIGNERS" ]; then
        state=broken # a link that leads nowhere
    elif [ ! -r "$SIGNERS" ]; then
        state=unreadable
    elif [ -n "$(find -H "$SIGNERS" "${SIGNERS%/*}" -maxdepth 0 \( -perm /022 -o ! -user 0 \) 2>/dev/null)" ]; then
        state=writable
    fi
    say signers $state "$(command -v openssl)"
    [ $state != ok ] || head -c 1048577 "$SIGNERS" | base64 | while IFS= read -r part; do say signers-part "$part"; done
fi
if [ -s /etc/mx-api-token ] || { [ -e /etc/mx-api-token ] && [ ! -r /etc/mx-api-token ]; }; then say token yes; else say token no; fi

(bundles_around '')
for folder in "$ROOT"/bundles/*; do
    [ -d "$folder" ] || continue
    (
        use_bundle "${folder##*/}"
        held=free
        if [ -s "$B/lock" ]; then
            held=broken-off
            if [ ! -r "$B/lock" ]; then held=hidden; elif is_locked; then held=locked; fi
        fi
        if [ -s "$B/journal" ] && [ $held = free ]; then held=broken-off; fi
        stranger=$(lock_stranger)
        [ -z "$stranger" ] || held=held
        # Of one that ends again and again, the process of the moment does not tell.
        runs=no
        starts=$(info "$B/running" starts)
        if ! supervisor_pid >/dev/null; then
            is_at_boot && runs=down
        elif ! bundle_pid >/dev/null; then
            runs=crashes
        elif has_registered; then
            runs=yes
        elif [ "${starts:-1}" -gt 1 ]; then
            runs=crashes
        else
            runs=mute
        fi
        say bundle "$NAME" "$(current_release)" $runs $held "$(info "$B/lock" what)" \
            "${stranger:-$(info "$B/lock" who)}" "$(info "$B/running" ended)" "$starts"
    )
done
