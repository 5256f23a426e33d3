"""A word on why a bundle did not come up, from what it printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bundlekit.quoting import printable
from bundlekit.source.syntax import parse

_GONE = "unicode xrange basestring raw_input unichr long reduce execfile file cmp reload"
_MOVED = (
    "BaseHTTPServer ConfigParser Cookie HTMLParser Queue SocketServer StringIO Tkinter __builtin__ cPickle cStringIO "
    "commands cookielib copy_reg dummy_thread httplib md5 sets sha thread urllib2 urlparse xmlrpclib"
)
_FILE = re.compile(r'\s*File "(.+)", line (\d+)')
_NOT_DEFINED = re.compile(r"NameError: name '(\w+)' is not defined")
_NO_MODULE = re.compile(r"(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)'?")


def explain(lines: Sequence[str], folder: Path, option: str = "--python") -> str | None:
    """What the traceback at the end of a bundle's lines means, where that is more than it says; None where not.

    Args:
        lines: that the bundle printed, the last one last.
        folder: the bundle's, as its tracebacks name it.
        option: by which the user chooses the interpreter.
    """
    python_2 = f"give {option} python2.7"
    last = next((line for line in reversed(lines) if line.strip()), "")
    if last.startswith(("SyntaxError: ", "TabError: ")):
        return _explain_syntax(lines, folder, python_2)
    if (found := _NOT_DEFINED.match(last)) and found[1] in _GONE.split():
        return f"this bundle is Python 2, which has {found[1]}; {python_2}"
    if found := _NO_MODULE.match(last):
        if found[1].partition(".")[0] in _MOVED.split():
            return f"this bundle is Python 2, which has a module {found[1]}; {python_2}"
        return f"{printable(found[1])} is not installed for this Python; {option} chooses another one"
    return None


def _explain_syntax(lines: Sequence[str], folder: Path, python_2: str) -> str | None:
    places = [found for line in lines if (found := _FILE.match(line))]
    if not places:
        return None
    file = folder / places[-1][1]
    if not file.is_relative_to(folder):
        return (
            f"{printable(str(file))} is not a file of the bundle: another version of that package may suit this Python"
        )
    try:
        source = file.read_bytes()
    except OSError:
        return None
    if parse(source).error is not None:
        return None  # wrong in either
    try:
        compile(source, "", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return f"this bundle is Python 2; {python_2}"
    return "this bundle needs a Python 3, and a gateway has 2.7"
