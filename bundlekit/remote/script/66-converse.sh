
# ---------------------------------------------------------------- the conversation with a client

# Runs as the one who logged in. Does a command a line until there are no more, each behind the token that only the
# client and we know; the same token ends each answer. Wants `folder`, which only its owner can enter, and `known`: empty
# where `password` was read already. Else it comes when the client has heard what was looked at: there is time before it.
# shellcheck disable=SC2154
converse() { # TOKEN
    token=$1
    see_way
    [ -z "$known" ] || IFS= read -r password
    # shellcheck disable=SC2034 # commands have it
    break='
'
    echo # after what the login shell may have printed without an end of line
    say hello "$PROTOCOL" "$token"
    while IFS= read -r command; do
        case $command in
        "$token "*) is_words "${command#"$token "}" && eval "set -- ${command#"$token "}" || exit 76 ;;
        *) exit 76 ;;
        esac
        status=0
        case $1 in
        password) password=$2 ;;
        # What it leaves unread is no command.
        put)
            case $2 in part | list.gz) set -- put "$folder/$2" ;; esac
            scp -t "$2" 2>"$folder/complaint" || status=$?
            ;;
        take) take "$2" "$3" || exit 73 ;;
        # What the client wants to know of a gateway whose sudo does not work.
        look) (examine "$folder") </dev/null 2>"$folder/complaint" || status=$? ;;
        *) as_root "$@" || status=$? ;;
        esac
        if [ $status -ne 0 ] && [ -s "$folder/complaint" ]; then
            tail -n 20 "$folder/complaint" | while IFS= read -r text || [ -n "$text" ]; do
                say complaint "$text"
            done
        fi
        say 'done' "$token" $status
        [ "$1" != put ] || [ $status -eq 0 ] || exit $status
    done
}

# Whether a line has words as the client quotes them and nothing that a shell would act on: plain characters, texts
# between single quotes, a single quote between double ones, and `"$break"`.
# shellcheck disable=SC2295 # a part of it is a pattern
is_words() { # LINE
    rest=$1
    plain='a-zA-Z0-9@%+=:,./_ -'
    while [ -n "$rest" ]; do
        case $rest in
        [$plain]*) rest=${rest#"${rest%%[!$plain]*}"} ;;
        \'*\'*)
            rest=${rest#\'}
            rest=${rest#*\'}
            ;;
        "\"'\""*) rest=${rest#"\"'\""} ;;
        "\"\$break\""*) rest=${rest#"\"\$break\""} ;;
        *) return 1 ;;
        esac
    done
}

# What the script needs besides, compressed; it follows the command. No scp: a gateway may have none.
take() { # NAME SIZE
    case $1 in programs.zip | examine.sh) ;; *) die usage "$1" ;; esac
    check_number "$2"
    { dd bs="$2" count=1 iflag=fullblock 2>/dev/null || head -c "$2"; } | gzip -dc >"$folder/$1"
}

examine() { # FOLDER
    # shellcheck disable=SC1091 # the client has sent it
    . "$1/examine.sh"
}

# `sudo -n` first: where sudo asks for nothing, a password line would be left over, and where it does, an empty
# line would count as a wrong password.
# shellcheck disable=SC2154
see_way() {
    use_owner $$
    if [ "$owner" = 0 ]; then
        way=direct
    elif sudo -n sh -c : 2>"$folder/refusal"; then
        way=free
    else
        way=
    fi
}

as_root() { # VERB ARGUMENT...
    address=${SSH_CONNECTION:-}
    set -- "$folder/gateway.sh" from "${address%% *}" "$@"
    if [ "$way" = direct ]; then
        sh "$@" </dev/null 2>"$folder/complaint"
    elif [ "$way" = free ]; then
        sudo -n sh "$@" </dev/null 2>"$folder/complaint"
    elif [ -n "$password" ]; then
        printf '%s\n' "$password" | sudo -S -p '' sh "$@" 2>"$folder/complaint"
    else
        cat "$folder/refusal" >"$folder/complaint"
        ! grep -q 'password is required' "$folder/refusal" || return 74
        return 1
    fi
}
