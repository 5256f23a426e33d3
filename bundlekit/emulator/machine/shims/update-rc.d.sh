#!/bin/sh
# What Debian's update-rc.d does for scripts without dependencies.
set -u
[ "${1:-}" = -f ] && shift
name=${1:-}
action=${2:-}
case $name in
'' | */* | .* | -*)
    echo 'usage: update-rc.d [-f] NAME defaults|enable|disable|remove' >&2
    exit 1
    ;;
esac
case $action in
defaults | enable)
    [ -e "/etc/init.d/$name" ] || {
        echo "update-rc.d: error: unable to read /etc/init.d/$name" >&2
        exit 1
    }
    for level in 0 1 6; do ln -sfn "../init.d/$name" "/etc/rc$level.d/K01$name" || exit 1; done
    for level in 2 3 4 5; do ln -sfn "../init.d/$name" "/etc/rc$level.d/S01$name" || exit 1; done
    ;;
disable | remove)
    for level in 0 1 2 3 4 5 6; do rm -f "/etc/rc$level.d/"[SK]??"$name" || exit 1; done
    ;;
*)
    echo "update-rc.d: error: unknown action '$action'" >&2
    exit 1
    ;;
esac
