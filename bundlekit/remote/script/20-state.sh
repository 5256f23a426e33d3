
# ---------------------------------------------------------------- releases

use_current() {
    current=
    [ -L "$B/current" ] || return 0
    if cd -P "$B/current" 2>/dev/null; then # the shell's own, unlike `readlink`
        current=${PWD##*/}
        cd /
    else
        current=$(readlink "$B/current")
        current=${current#releases/}
    fi
}

current_release() {
    local current=
    use_current
    printf '%s\n' "$current"
}

# The newest first, by the order in which they were deployed: a gateway's clock may have been anywhere.
# Leaves them in `releases`, and the highest number in `last`.
use_releases() {
    local file='' sorted=''
    for file in "$B"/releases/*.info; do
        [ -d "${file%.info}" ] || continue
        use_info "$file" number
        # shellcheck disable=SC2086 # no id has a space
        set -- $sorted
        sorted=
        while [ $# -gt 0 ] && [ "${1%%/*}" -gt "${value:-0}" ]; do
            sorted="$sorted $1"
            shift
        done
        file=${file##*/}
        sorted="$sorted ${value:-0}/${file%.info} $*"
    done
    last=0
    releases=
    for file in $sorted; do
        releases="$releases ${file#*/}"
        [ "$last" -ge "${file%%/*}" ] || last=${file%%/*}
    done
}

# In `kept`, the trail of the current release: `-`, then the releases that were replaced one after the other, its own predecessor
# last. A deploy adds to it, and so does a rollback to a named release; a rollback that undoes a change takes away.
use_trail() { # ID
    use_info "$B/releases/$1.info" trail
    kept=$value
    [ -z "$kept" ] || return 0
    # Of a script that kept none: from the history.
    # 200 changes: those before them led to releases that are long gone.
    kept=$(list_history "$NAME" 200 | cut -f 4-6,10 | tr '\t' '|' | {
        kept=-
        while IFS='|' read -r verb id previous outcome; do
            case $verb.$outcome in
            remove.removed) kept=- ;;
            deploy.up) kept="${previous:+$kept }${previous:--}" ;;
            rollback.up) kept=$(is_in_trail "$id" "$kept" && cut_trail "$id" "$kept" || printf '%s' "$kept $previous") ;;
            esac
        done
        printf '%s\n' "$kept"
    })
}

is_in_trail() { # ID TRAIL
    case "$2 " in
    *" $1 "*) return 0 ;;
    *) return 1 ;;
    esac
}

# What was before a release, the last time that it stands there.
cut_trail() { # ID TRAIL
    set -- "$1" "$2 "
    printf '%s\n' "${2%" $1 "*}"
}

# In `trail`, that of the release that has just replaced another one; nothing if it is the same. May be done twice.
use_next_trail() { # ID PREVIOUS
    trail=
    [ "$1" != "$2" ] || return 0
    if [ -n "$2" ]; then
        use_trail "$2"
        use_recorded how
        case " $value " in
        *" undo "*) trail=$(cut_trail "$1" "$kept") ;;
        *) trail="${kept% "$2"} $2" ;; # where the history tells of this change already
        esac
    fi
    kept=$trail
    trail=-
    for id in $kept; do
        [ ! -d "$B/releases/$id" ] || trail="$trail $id"
    done
    # Some dozens of ids; more releases are not kept.
    while [ ${#trail} -gt 2000 ]; do trail="- ${trail#- * }"; done
}

# ---------------------------------------------------------------- is it running?

# `running` is written by the supervisor; the number in it counts only if that process is the supervisor still.
supervisor_pid() {
    use_info "$B/running" supervisor
    pid=$value
    [ -n "$pid" ] && is_supervisor "$pid" && printf '%s\n' "$pid"
}

is_supervisor() { # PID
    local words=
    read -r words 2>/dev/null <"/proc/$1/cmdline" # which leaves out the NULs between them
    case $words in
    *"gateway.shsupervise$NAME") is_of "$1" 0 ;;
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
    use_info "$B/running" bundle
    pid=$value
    [ -n "$pid" ] && [ -d "/proc/$pid" ] && printf '%s\n' "$pid"
}

# Where in the log begins what the bundle printed since its last start, as far as it is there still: in `start`, of `size`.
use_start() {
    use_info "$B/running" offset
    size=$(wc -c <"$B/log" 2>/dev/null) || return
    [ "${value:-0}" -le "$size" ] || value=0
    start=$((${value:-0} + 1))
}

log_since_start() {
    ! use_start || tail -c "+$start" "$B/log"
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
    local known=
    use_info "$B/running" bundle
    pid=$value
    [ -n "$pid" ] || return 1
    read -r known <"$B/registered"
    [ "$known" = "$pid" ] && return 0
    use_start || return 1
    [ "$pid $size" != "${looked:-}" ] || return 1 # it has printed nothing since
    # One that only listens registers as a view alone, and the SDK says before that it has no resources.
    case $(tail -c "+$start" "$B/log" | grep -aoF -e "Register successfully $NAME tunnel:" \
        -e " $NAME no need to register due to no resources" -e "Register successfully $NAME-view tunnel:") in
    *" $NAME tunnel:"* | *" due to no resources"*"-view tunnel:"*) echo "$pid" >"$B/registered" || : ;;
    *)
        looked="$pid $size"
        return 1
        ;;
    esac
}

last_lines() { # COUNT
    {
        [ "$(wc -c <"$B/log")" -ge "$(info "$B/running" offset)" ] || cat "$B/log.1"
        log_since_start
    } 2>/dev/null | tail -n "$1" | while IFS= read -r text || [ -n "$text" ]; do
        say log "$text"
    done
}
