
# ---------------------------------------------------------------- what a verb that changes something is told

# As `key=value`, in any order: all keys of the verb, once each, for the script always comes with the client that calls it.
# A value is looked at before it becomes the variable `arg_KEY`, and nothing of it is ever read by the shell.

use_keys() { # VERB
    case $1 in
    deploy) keys=' release version identity upload replaces wait keep who lock-wait how list folder signature ' ;;
    rollback) keys=' release replaces wait who lock-wait settings how ' ;;
    start) keys=' wait who lock-wait how ' ;;
    restart) keys=' wait who lock-wait ' ;;
    stop) keys=' who lock-wait ' ;;
    remove) keys=' settings who lock-wait ' ;;
    mark) keys=' release mark who lock-wait ' ;;
    drop) keys=' release who lock-wait ' ;;
    room) keys=' keep who ' ;;
    esac
}

take_arguments() { # VERB KEY=VALUE...
    use_keys "$1"
    shift
    for argument in "$@"; do
        key=${argument%%=*}
        case $key in
        '' | "$argument" | *[!a-z-]*) die usage "$argument is no key=value" ;;
        esac
        case $keys in
        *" $key "*) keys="${keys%%" $key "*} ${keys#*" $key "}" ;;
        *) die usage "$key" ;;
        esac
        take_argument "$key" "${argument#*=}"
    done
    [ "$keys" = ' ' ] || die usage "without$keys"
}

take_argument() { # KEY VALUE
    case $2 in
    *[[:cntrl:]]*) die usage "$1=$2" ;;
    esac
    case $1 in
    release) check_id "$2" && arg_release=$2 ;;
    version) check_plain "$2" && arg_version=$2 ;;
    identity) check_plain "$2" && arg_identity=$2 ;;
    upload) check_upload "$2" && arg_upload=$2 ;;
    replaces) { [ -z "$2" ] || check_id "$2"; } && arg_replaces=$2 ;; # the release that is expected to be current
    wait) check_number "$2" && arg_wait=$2 ;;
    keep) check_number "$2" && arg_keep=$2 ;;
    who) check_plain "$2" && arg_who=$2 ;;
    lock-wait) check_number "$2" && arg_lock_wait=$2 ;;
    how) check_plain "$2" && arg_how=$2 ;;                               # see choose_how
    list) { [ -z "$2" ] || check_digest "$2"; } && arg_list=$2 ;;        # of a release of which only changes were uploaded
    signature) check_base64 "$2" && arg_signature=$2 ;;                  # of the archive, or of its list
    folder) arg_folder=$2 ;;                                             # of a copy that runs by hand and gives way
    settings) check_plain "$2" && arg_settings=$2 ;;
    mark) check_plain "$2" && arg_mark=$2 ;;
    esac
}

check_base64() {
    case $1 in
    *[!A-Za-z0-9+/=]*) die usage "$1" ;;
    esac
}

check_plain() {
    case $1 in
    *[!A-Za-z0-9@+:.,_~?\ -]*) die usage "$1" ;;
    esac
}
