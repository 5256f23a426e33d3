"""From a target, as a user names it, to a channel of SSH that is logged in. Knows no bundle."""
