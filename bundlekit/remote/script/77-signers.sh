
# ---------------------------------------------------------------- who may sign what is deployed here

# Where there is a file of signers, only what one of them has signed is unpacked. A file that cannot be read, or is none,
# refuses all.
wants_signature() {
    [ -e "$SIGNERS" ] || [ -L "$SIGNERS" ]
}

# What is put together from an upload and from earlier releases is what its list says, and the list was signed. Leaves in
# `signer` who has. Says itself what is wrong.
check_signature() { # PLACE
    signer=
    wants_signature || return 0
    message="$1/archive.tar.gz archive"
    [ ! -e "$1/tree" ] || message="$1/list list"
    if find_python && signer=$(run_program signature check "$SIGNERS" "${message% *}" "${message##* }" "$arg_signature"); then
        return 0
    fi
    fail signature "${signer:-Python ended before it was known}"
    return 1
}

signers() { # list|add|remove [WHO [LINE|NAME|--all...]]
    verb=$1
    who=${2:-}
    check_plain "$who"
    [ $# -eq 1 ] || shift
    shift
    find_python || die no-python
    [ "$verb" = list ] || make_root # before anything is changed that could not be written down
    said=$(run_program signature "$verb" "$SIGNERS" "$@") || die signers "${said:-Python ended with an error}"
    if [ "$verb" = list ]; then
        [ -z "$said" ] || printf '%s\n' "$said"
    else
        now=$(date +%s)
        write_history "$now" '' "signers $verb" '' '' "$who" "${ACCOUNT:-}" "${ADDRESS:-}" "done" '' '' "$said" "$now.$$"
        make_root
    fi
    ! wants_signature || say signers yes
    say end
}
