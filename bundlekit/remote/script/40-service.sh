
# ---------------------------------------------------------------- the service of a bundle: systemd or an init script

# The programs first: a script that is there has its programs. Those of the version before may be in use still.
install_script() {
    if [ ! -f "$PROGRAMS" ]; then
        # shellcheck disable=SC2012 # their names are ours
        ls -t "$ROOT"/programs-*.zip 2>/dev/null | tail -n +2 | while IFS= read -r left; do rm -f "$left"; done
        put_file "$PROGRAMS" 644 <"${SELF%/*}/programs.zip" || return 1
    fi
    cmp -s "$SELF" "$ROOT/gateway.sh" || put_file "$ROOT/gateway.sh" 755 <"$SELF"
}

install_service() {
    if has_systemd; then
        file=/etc/systemd/system/$SERVICE.service
        has_text "$file" "$(unit)" || { unit | put_file "$file" 644 && systemctl daemon-reload; }
    else
        file=/etc/init.d/$SERVICE
        has_text "$file" "$(init_script)" || init_script | put_file "$file" 755
    fi
}

has_text() { # FILE TEXT
    local text='' line=''
    while IFS= read -r line; do text=$text$line$NEWLINE; done 2>/dev/null <"$1"
    [ "$text" = "$2$NEWLINE" ]
}

# Several may do so at once; what a power cut has left is taken away by the next one. A number may be another process's.
put_file() { # PATH MODE
    for left in "$1".[0-9]*; do
        case $(tr '\0' ' ' 2>/dev/null <"/proc/${left##*.}/cmdline") in
        *"gateway.sh supervise "*) rm -f "$left" ;;
        *gateway.sh*) ;;
        *) rm -f "$left" ;;
        esac
    done
    cat >"$1.$$" && chmod "$2" "$1.$$" && fsync_paths "$1.$$" && mv -f "$1.$$" "$1" && return
    rm -f "$1.$$"
    return 1
}

# It may be on another disk than the journal.
fsync_service() {
    sync -f /etc 2>/dev/null || sync
}

unit() {
    cat <<END
[Unit]
Description=ThingsPro bundle $NAME
After=network.target mosquitto.service

[Service]
ExecStart=/bin/sh $ROOT/gateway.sh supervise $NAME
Restart=always
RestartSec=2
KillMode=mixed
TimeoutStopSec=30

[Install]
WantedBy=multi-user.target
END
}

init_script() {
    cat <<END
#!/bin/sh
### BEGIN INIT INFO
# Provides:          $SERVICE
# Required-Start:    \$remote_fs \$network
# Required-Stop:     \$remote_fs \$network
# Should-Start:      mosquitto
# Should-Stop:       mosquitto
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: ThingsPro bundle $NAME
# Description:       Runs the bundle $NAME under its supervisor.
### END INIT INFO
case "\${1:-}" in
start | stop | restart | status) exec /bin/sh $ROOT/gateway.sh "init-\$1" $NAME ;;
force-reload) exec /bin/sh $ROOT/gateway.sh init-restart $NAME ;;
*)
    echo "usage: \$0 {start|stop|restart|force-reload|status}" >&2
    exit 2
    ;;
esac
END
}

# Without a reload, which takes a second on a gateway: what is at boot is read at boot.
enable_service() {
    is_at_boot && return 0
    if has_systemd; then
        systemctl -q --no-reload enable "$SERVICE.service" 2>/dev/null
    else
        at_boot defaults
    fi
    fsync_service
    is_at_boot || say note "nothing here takes a service for its boots: after one, the bundle has to be started by hand"
}

# Now and at each boot.
start_service() {
    enable_service
    if has_systemd; then
        systemctl start "$SERVICE.service" 2>/dev/null || { # it was started too often
            systemctl reset-failed "$SERVICE.service" 2>/dev/null
            systemctl start "$SERVICE.service"
        }
    else
        start_supervisor
    fi
}

# Now only: a boot in the middle of a change is to start what is current then. Fails while it still runs: what would
# follow must not happen then, least of all when systemd is gone because the machine is going down.
stop_service() {
    if has_systemd; then
        systemctl stop "$SERVICE.service" || ! supervisor_pid >/dev/null || return 1
    else
        stop_supervisor
    fi
    kill_orphan
}

disable_service() {
    if has_systemd; then
        systemctl -q --no-reload disable "$SERVICE.service" 2>/dev/null
    else
        at_boot remove
    fi
    fsync_service
}

remove_service() {
    disable_service
    if has_systemd; then
        rm -f "/etc/systemd/system/$SERVICE.service"
        systemctl daemon-reload
    else
        rm -f "/etc/init.d/$SERVICE"
        at_boot remove
    fi
    fsync_service
}

at_boot() { # defaults|remove
    if command -v update-rc.d >/dev/null 2>&1; then
        if [ "$1" = remove ]; then
            update-rc.d -f "$SERVICE" remove >/dev/null 2>&1
        else
            update-rc.d "$SERVICE" defaults >/dev/null 2>&1
        fi
        return
    fi
    for level in 2 3 4 5; do
        [ -d "/etc/rc$level.d" ] || continue
        if [ "$1" = remove ]; then
            rm -f "/etc/rc$level.d/S99$SERVICE"
        else
            ln -sf "../init.d/$SERVICE" "/etc/rc$level.d/S99$SERVICE"
        fi
    done
}

is_at_boot() {
    if has_systemd; then
        set -- "/etc/systemd/system/multi-user.target.wants/$SERVICE.service" # as our unit wants it
    else
        set -- "/etc/rc2.d/"S??"$SERVICE"
    fi
    [ -f "$1" ]
}

start_supervisor() {
    supervisor_pid >/dev/null && return 0
    run_detached "$ROOT/gateway.sh" supervise "$NAME" >/dev/null
}

stop_supervisor() {
    if ! pid=$(supervisor_pid); then
        kill_orphan
        return 0
    fi
    kill -TERM "$pid" 2>/dev/null
    tries=0
    while is_supervisor "$pid" && [ $tries -lt $(((STOP_SECONDS + 5) * 5)) ]; do
        pause
        tries=$((tries + 1))
    done
    is_supervisor "$pid" && kill -KILL "$pid" 2>/dev/null
    return 0
}
