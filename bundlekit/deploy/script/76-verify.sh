
# ---------------------------------------------------------------- whether a release that has registered does what it has to

# How a change is to be made, in words; it is kept in the journal for who goes on with it.
choose_how() { # WORDS
    : "$1"
}

# Leaves in `reason` why it does not. What it says on the way is told to the client.
verify_release() { # ID
    [ -n "$1" ]
}
