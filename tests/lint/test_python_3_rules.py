"""Names and arguments that Python 2.7 does not know: cases, and their findings."""

from __future__ import annotations

import pytest

from bundlekit.bundle.files import Kind
from bundlekit.lint import check
from bundlekit.source.imports import python_2_modules
from bundlekit.source.python_3_names import BUILTINS, python_3_names
from tests.lint.bundles import MANIFEST, bundle, source

SOUND = source(MANIFEST)
Files = dict[str, bytes | str | Kind | None]

# how index.py begins, then what of it Python 2.7 does not know: line and a part of the message or hint
UNKNOWN: dict[str, tuple[str, list[tuple[int, str]]]] = {
    "attribute": ("import time\nx = time.monotonic()", [(2, "knows no time.monotonic")]),
    "attribute by another name": ("import time as t\nx = t . time_ns()", [(2, "knows no time.time_ns")]),
    "import": ("from shutil import which", [(1, "distutils.spawn.find_executable")]),
    "import among others": ("from itertools import chain, zip_longest as z", [(1, "itertools.izip_longest")]),
    "import of a module": ("from urllib import request", [(1, "Python 2.7 has urllib2")]),
    "attribute of a module of a package": ("import os.path\nos.path.commonpath([])", [(2, "os.path.commonpath")]),
    "attribute of an imported module": ("from os import path\npath.commonpath([])", [(2, "os.path.commonpath")]),
    "argument": ("import subprocess as s\nf(s.DEVNULL)", [(2, "open(os.devnull")]),
    "builtin": ("try:\n    f()\nexcept FileNotFoundError:\n    pass", [(3, "knows no FileNotFoundError")]),
    "several builtins": (
        "try:\n    f()\nexcept (PermissionError, BrokenPipeError) as e:\n    pass",
        [(3, "PermissionError"), (3, "BrokenPipeError")],
    ),
    "class of a builtin": ("class Lost(ConnectionError):\n    pass", [(1, "socket.error")]),
    "super without arguments": (
        "class A(object):\n    def f(self):\n        super().f()",
        [(3, "super(ClassName, self)")],
    ),
    "time-out of a command": ("import subprocess\nsubprocess.call(['x'], timeout=3)", [(2, '["timeout", "5", ...]')]),
    "text of a command": ("from subprocess import check_output as c\nc(['x'], text=True)", [(2, "communicate()")]),
    "time-out of a process": ("p.communicate(timeout=3)", [(1, "threading.Timer")]),
    "daemon": ("from threading import Thread\nThread(target=f, daemon=True)", [(2, "thread.daemon = True")]),
    "folder that exists": ("import os\nos.makedirs('x', exist_ok=True)", [(2, "os.path.isdir")]),
    "encoding of a file": ("open('x', encoding='utf-8')", [(1, "io.open")]),
    "default": ("max(x, default=1)", [(1, "max() with default")]),
    "text of bytes": ("str(b, 'utf-8')", [(1, "str() with 2 arguments")]),
    "bytes of text": ("bytes(b, encoding='utf-8')", [(1, "bytes() with encoding")]),
    "in an except of another fault": (
        "import time\ntry:\n    time.monotonic()\nexcept IOError:\n    pass",
        [(3, "time.")],
    ),
    "where the clause falls back": (
        "import time\ntry:\n    f()\nexcept Exception:\n    time.monotonic()",
        [(5, "time.monotonic")],
    ),
    # what Python 2.7 takes
    "names that both have": (
        "import time, os, subprocess, re\ntime.time(); os.rename('a', 'b'); subprocess.PIPE; re.I; os.path.join('a')",
        [],
    ),
    "import that falls back": ("try:\n    from shutil import which\nexcept ImportError:\n    which = None", []),
    "attribute that falls back": (
        "import time\ntry:\n    now = time.monotonic\nexcept AttributeError:\n    now = time.time",
        [],
    ),
    "attribute that is asked for": ("import time\nif hasattr(time, 'monotonic'):\n    time.monotonic()", []),
    "attribute that may be missing": ("import time\nnow = getattr(time, 'monotonic', time.time)", []),
    "by the version": ("import sys, time\nnow = time.monotonic() if sys.version_info[0] > 2 else time.time()", []),
    "by six": ("import six, time\nif six.PY3:\n    time.monotonic()", []),
    "parameter of a module's name": ("import socket\ndef f(socket):\n    socket.close()", []),
    "variable of a module's name": ("import socket\ndef f():\n    socket = g()\n    socket.close()", []),
    "attribute of a module's name": ("import socket\nself.socket.close()", []),
    "another module's name": (
        "from sanji.session import TimeoutError\ntry:\n    f()\nexcept TimeoutError:\n    pass",
        [],
    ),
    "builtin of the module's own": ("class TimeoutError(Exception):\n    pass\nraise TimeoutError()", []),
    "builtin that falls back": (
        "try:\n    FileNotFoundError\nexcept NameError:\n    FileNotFoundError = IOError\n"
        "try:\n    f()\nexcept FileNotFoundError:\n    pass",
        [],
    ),
    "builtin's name as an argument": ("f(ascii=True)", []),
    "builtin's name as an attribute": ("curses.ascii", []),
    "what all names may come from": (
        "from six.moves.builtins import *\nsuper().f\nascii(1)\nopen('x', encoding='u')",
        [],
    ),
    "comments and strings": ("import time\n# time.monotonic()\nx = 'time.monotonic() FileNotFoundError super()'", []),
    "super with arguments": ("class A(object):\n    def f(self):\n        super(A, self).f()", []),
    "super of the past": ("from builtins import super\nsuper().f", []),
    "open of io": ("from io import open\nopen('x', encoding='utf-8')", []),
    "open of others": ("import io, codecs\nio.open('x', encoding='u')\ncodecs.open('x', encoding='u')", []),
    "open of the module's own": ("def open(path, encoding):\n    pass\nopen('x', encoding='utf-8')", []),
    "time-outs that are there": ("event.wait(timeout=3)\nthread.join(timeout=3)\nqueue.get(timeout=1)", []),
    "commands": (
        "import subprocess\nsubprocess.Popen(['x'], shell=True, universal_newlines=True).communicate('x')",
        [],
    ),
    "commands by another module": ("import subprocess32 as subprocess\nsubprocess.call(['x'], timeout=3)", []),
    "largest of all": ("max(a, b)\nmax(a, key=len)\nstr(a)\nstr(*a)\nbytes()", []),
    "code that is half typed": ("import time\ntime.\n", []),
}


@pytest.mark.parametrize(("begin", "expected"), UNKNOWN.values(), ids=UNKNOWN)
def test_names_and_arguments_of_python_3(begin: str, expected: list[tuple[int, str]]) -> None:
    findings = [one for one in check(bundle({"index.py": begin + "\n" + SOUND})) if one.rule in RULES]
    assert [one.line for one in findings] == [line for line, _ in expected]
    for finding, (_, part) in zip(findings, expected, strict=True):
        assert part in f"{finding.message}\n{finding.hint}"


RULES = {"python-3-name", "python-3-call"}
BESIDE: dict[str, tuple[str, Files, list[str]]] = {
    "module that is imported": (
        "import helper\n",
        {"helper.py": "import time\ntime.monotonic()\nopen('x', newline='')\n"},
        ["box/helper.py", "box/helper.py"],
    ),
    "module that is not imported": ("", {"helper.py": "import time\ntime.monotonic()\n"}, []),
    "module of the bundle with the library's name": (
        "import glob\nglob.escape('x')\nfrom random import choices\n",
        {"glob.py": "", "random.py": ""},
        [],
    ),
}


@pytest.mark.parametrize(("begin", "files", "expected"), BESIDE.values(), ids=BESIDE)
def test_names_of_python_3_in_modules_beside(begin: str, files: Files, expected: list[str]) -> None:
    findings = check(bundle({"index.py": begin + SOUND, **files}))
    assert [one.file for one in findings if one.rule in RULES] == expected


def test_names_are_of_modules_that_python_2_has() -> None:
    names = python_3_names()
    assert names.keys() - {BUILTINS} <= python_2_modules()
    assert "FileNotFoundError" in names[BUILTINS]
    assert not names[BUILTINS] & {"IOError", "exec", "print"}
    assert not {"DEVNULL", "run"} - names["subprocess"]
    assert not names["os"] & {"path", "rename"}


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "line", ["time.monotonic()\n", "f(" * 100 + "time.monotonic()" + ")" * 100 + "\n", "super()\n"]
)
def test_many_names_of_python_3_do_not_take_long(line: str) -> None:
    check(bundle({"index.py": "import time\n" + line * (100_000 // len(line)) + SOUND}))
