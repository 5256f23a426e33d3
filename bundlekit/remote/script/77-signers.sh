
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

signers() { # list|add|remove [LINE|NAME|--all...]
    verb=$1
    shift
    find_python || die no-python
    said=$(run_program signature "$verb" "$SIGNERS" "$@") || die signers "${said:-Python ended with an error}"
    [ -z "$said" ] || printf '%s\n' "$said"
    [ "$verb" = list ] || make_root
    ! wants_signature || say signers yes
    say end
}
