
# ---------------------------------------------------------------- releases

current_release() {
    link=$(readlink "$B/current" 2>/dev/null) || link=
    printf '%s\n' "${link#releases/}"
}

# The newest first, by the order in which they were deployed: a gateway's clock may have been anywhere.
list_releases() {
    for file in "$B"/releases/*.info; do
        [ -d "${file%.info}" ] || continue
        id=${file##*/}
        printf '%s\t%s\n' "$(info "$file" number)" "${id%.info}"
    done | sort -rn | cut -f 2
}

next_number() {
    set -- "$(list_releases | head -n 1)"
    last=
    [ -n "$1" ] && last=$(info "$B/releases/$1.info" number)
    echo $((${last:-0} + 1))
}

# ---------------------------------------------------------------- is it running?

# `running` is written by the supervisor; the number in it counts only if that process is the supervisor still.
supervisor_pid() {
    pid=$(info "$B/running" supervisor)
    [ -n "$pid" ] && is_supervisor "$pid" && printf '%s\n' "$pid"
}

is_supervisor() { # PID
    case $(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline") in
    *"gateway.sh supervise $NAME ") is_of "$1" 0 ;;
    *) return 1 ;;
    esac
}

# By who has started it, which no set-user-id changes. Anybody can give a process any name.
is_of() { # PID USER-ID
    use_owner "$1"
    [ "$owner" = "$2" ]
}

use_owner() { # PID
    while read -r word owner _; do
        [ "$word" != Uid: ] || return 0
    done 2>/dev/null <"/proc/$1/status"
    owner=
}

bundle_pid() {
    supervisor_pid >/dev/null || return 1
    pid=$(info "$B/running" bundle)
    [ -n "$pid" ] && [ -d "/proc/$pid" ] && printf '%s\n' "$pid"
}

# What the bundle printed since its last start, as far as the log has it still.
log_since_start() {
    offset=$(info "$B/running" offset)
    size=$(wc -c <"$B/log" 2>/dev/null) || return 0
    [ "${offset:-0}" -le "$size" ] || offset=0
    tail -c "+$((${offset:-0} + 1))" "$B/log"
}

# What a release printed at all its starts, as far as the log has it still.
release_log() { # ID
    begins="^--- [-0-9 :]* release $(printf '%s' "$1" | sed 's/\./\\./g') starts\$"
    cat "$B/log.1" "$B/log" 2>/dev/null | sed -n -e ':skip' -e "/$begins/!{" -e n -e 'b skip' -e '}' \
        -e ':show' -e p -e n -e '/^--- [-0-9 :]* release .* starts$/b skip' -e 'b show'
}

# The words come from the SDK; `Deregister successfully` is another line of it.
has_registered() {
    see_registered 2>/dev/null
}

# What was seen is kept, by root: somebody else sees it all the same.
see_registered() {
    pid=$(info "$B/running" bundle)
    [ -n "$pid" ] || return 1
    [ "$(cat "$B/registered" 2>/dev/null)" = "$pid" ] && return 0
    if log_since_start | grep -qF -e "Register successfully $NAME tunnel:"; then
        echo "$pid" >"$B/registered" || :
    # One that only listens registers as a view alone, and the SDK says that first.
    elif log_since_start | grep -qF -e " $NAME no need to register due to no resources" &&
        log_since_start | grep -qF -e "Register successfully $NAME-view tunnel:"; then
        echo "$pid" >"$B/registered" || :
    else
        return 1
    fi
}

last_lines() { # COUNT
    {
        [ "$(wc -c <"$B/log")" -ge "$(info "$B/running" offset)" ] || cat "$B/log.1"
        log_since_start
    } 2>/dev/null | tail -n "$1" | while IFS= read -r text || [ -n "$text" ]; do
        say log "$text"
    done
}
