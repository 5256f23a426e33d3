#!/bin/sh
# Installs the Debian packages that the tests need and that are not there yet, and sees that sudo will let the tests
# become root without asking in between. Says in one line what it does; does nothing, at once, when all is there.
set -eu

if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
    echo "the tests boot gateways on this machine, and for that they need root: sudo asks for your password" >&2
    sudo -v
fi

needed='
    busybox-static
    chromium
    curl
    debian-archive-keyring
    mmdebstrap
    e2fsprogs
    fish
    fuse3
    git
    insserv
    iproute2
    mosquitto
    mosquitto-clients
    neovim
    openssh-client
    openssh-server
    procps
    shellcheck
    sudo
    systemd-container
    tcsh
    tmux
    util-linux
    zsh
'

missing=
for package in $needed; do
    case $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || :) in
        installed) ;;
        *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

[ "$(id -u)" -eq 0 ] || exec sudo sh "$0"

echo "installing what the tests need:$missing"

# The tests start a broker and an sshd of their own; apt is not to start any on this machine.
log=$(mktemp)
policy=
trap 'rm -f -- "$log" ${policy:+"$policy"}' EXIT
trap 'exit 1' HUP INT TERM
if [ ! -e /usr/sbin/policy-rc.d ]; then
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # one word a package
if ! { apt-get -q update && apt-get -q -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends $missing; } >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
