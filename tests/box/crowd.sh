#!/bin/sh
# Runs in a booted box as root: boots small gateways in it, see crowd.py. Each has a file system and processes of its own,
# and an SSH server at a port of its own.
# usage: crowd.sh boot|off|run COMMAND|'' NUMBER:PORT...
set -eu
place=/crowd
verb=$1 command=$2
shift 2

# The first process of a gateway. Its end is a power cut: the kernel kills all others with it.
if [ "$verb" = init ]; then
    number=$1 port=$2
    cd "$place/$number"
    mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
    cd root
    mount -t proc proc proc
    mount --rbind /dev dev
    mount --rbind /sys sys
    mount -t tmpfs -o mode=755 tmpfs run
    mkdir run/sshd
    # shellcheck disable=SC2016 # for the shell in there
    exec chroot . /bin/sh -c '
        for script in /etc/rc2.d/S*bundlekit-*; do [ ! -x "$script" ] || "$script" start; done
        exec /usr/sbin/sshd -D -o MaxStartups=100 -p "$1"' sh "$port"
fi

mountpoint -q "$place" || { mkdir "$place" && mount -t tmpfs -o size=8g,mode=755 crowd "$place"; }
for gateway in "$@"; do
    number=${gateway%:*} port=${gateway#*:}
    case $verb in
    boot)
        mkdir -p "$place/$number/upper" "$place/$number/work" "$place/$number/root"
        unshare --mount --pid --fork sh "$0" init '' "$number" "$port" </dev/null >>"$place/$number/console" 2>&1 &
        echo $! >"$place/$number/pid"
        ;;
    off)
        read -r pid <"$place/$number/pid"
        pkill -KILL -P "$pid" || :
        while [ -d "/proc/$pid" ]; do sleep 0.01; done
        ;;
    run)
        read -r pid <"$place/$number/pid"
        nsenter --target="$(pgrep -P "$pid")" --mount --pid chroot "$place/$number/root" sh -c "$command"
        ;;
    esac
done
