
# ---------------------------------------------------------------- whether a release that has registered does what it has to

# Leaves in `reason` why it does not. What it says on the way is told to the client.
verify_release() { # ID
    [ -n "$1" ]
}
