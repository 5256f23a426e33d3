
# ---------------------------------------------------------------- whether a release is fit to run: asked of the unpacked folder, before anything is stopped

# Says itself what is wrong with it.
check_release() { # FOLDER
    problem=$(compile_main "$1") && return 0
    fail syntax "$problem"
    return 1
}

# By the gateway's own Python, since what that one takes is what counts. Prints the error.
compile_main() { # FOLDER
    find_python || return 1
    (cd "$1" && "$PYTHON" -c '
import sys
try:
    with open("index.py") as source:
        compile(source.read() + "\n", "index.py", "exec")
except SyntaxError as error:
    sys.stdout.write("index.py, line %s: %s" % (error.lineno, error.msg))
    sys.exit(1)
except (IOError, TypeError, ValueError) as error:
    sys.stdout.write("index.py: %s" % error)
    sys.exit(1)
') 2>/dev/null
}
