
# ---------------------------------------------------------------- other bundles on this gateway

# One event each: `by-hand PID FOLDER NAME VERSION RESOURCE...` or `deployed NAME VERSION RESOURCE...`. With the folder of
# a release of NAME, tells instead which of them would get its requests too; status 3 if there are some.
bundles_around() { # NAME [FOLDER [force|'' [BUT]]]
    find_python && our_python -S - "$ROOT" "$@" 2>/dev/null 9>&- <<'END_OF_PROGRAM'
@around.py@
END_OF_PROGRAM
}

# Nobody could tell whose answer it is if another bundle had one of its resources.
check_resources() { # FOLDER
    use_recorded folder
    shared=$(bundles_around "$NAME" "$1" "$FORCE" "$value")
    status=$?
    [ -z "$shared" ] || printf '%s\n' "$shared"
    [ $status -eq 3 ] || return 0
    FAILED=$(printf '%s\n' "$shared" | sed -n '1s/^fail	//p' | tr '\t' ' ')
    return 1
}
