"""index.py, or a module beside it that it imports, uses a name that only Python 3 has.

Why: A gateway runs bundles under Python 2.7. There a `from x import y` of such a name fails at the start, and another
use when the program comes to it, often in an `except` that was never tested. Nothing is reported if a module redefines
the name, checks the version, or continues without it.

Evidence: the names are the difference between the `dir()` of Python 2.7.18 and that of Pythons 3.6 to 3.13, for the
modules that both have.

Fix (safe or unsafe): writes the name that Python 2.7 has for the same: `os.rename`, `ValueError`, `ImportError`,
`repr`, `intern` and those of itertools. For a clock it writes `time.time`, which is unsafe, because that can be set.

Bad:

    index.py
        import subprocess

        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                done = subprocess.run(["timeout", "5", "uptime"], stdout=subprocess.PIPE)
                return response(code=200, data={"uptime": done.stdout})

Good:

    index.py
        import subprocess

        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                uptime = subprocess.check_output(["timeout", "5", "uptime"])
                return response(code=200, data={"uptime": uptime})
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.code_edits import replaced
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, safe_fix, unsafe_fix
from bundlekit.source.modules import Module
from bundlekit.source.python_3_names import Unknown, bound_names, unknown_names
from bundlekit.source.syntax import span_of

_INSTEAD = {
    "subprocess.run": "subprocess.check_output or subprocess.call",
    "subprocess.DEVNULL": 'open(os.devnull, "w")',
    "subprocess.getoutput": "commands.getoutput",
    "subprocess.getstatusoutput": "commands.getstatusoutput",
    "shutil.which": "distutils.spawn.find_executable",
    "time.monotonic": "time.time",
    "time.perf_counter": "time.time",
    "os.replace": "os.rename",
    "os.scandir": "os.listdir",
    "os.cpu_count": "multiprocessing.cpu_count",
    "json.JSONDecodeError": "ValueError",
    "itertools.zip_longest": "itertools.izip_longest",
    "itertools.filterfalse": "itertools.ifilterfalse",
    "urllib.parse": "urlparse",
    "urllib.request": "urllib2",
    "urllib.error": "urllib2",
    "threading.get_ident": "thread.get_ident",
    "sys.intern": "intern",
    "FileNotFoundError": "IOError or OSError, and its errno",
    "PermissionError": "IOError or OSError, and its errno",
    "FileExistsError": "OSError, and its errno",
    "ProcessLookupError": "OSError, and its errno",
    "ConnectionError": "socket.error",
    "ConnectionRefusedError": "socket.error",
    "ConnectionResetError": "socket.error",
    "BrokenPipeError": "socket.error or IOError",
    "TimeoutError": "socket.timeout, or sanji.session.TimeoutError",
    "ModuleNotFoundError": "ImportError",
    "ascii": "repr",
}

_BUILTINS = {"json.JSONDecodeError": "ValueError", "sys.intern": "intern"}
_SAME = {
    **_BUILTINS,
    "ModuleNotFoundError": "ImportError",
    "ascii": "repr",
    "itertools.filterfalse": "ifilterfalse",
    "itertools.zip_longest": "izip_longest",
    "os.replace": "rename",
}
_NEARLY = {"time.monotonic": "time", "time.perf_counter": "time"}


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for module in inspection.modules_for_python_2:
        for one in unknown_names(inspection.bundle.files, module):
            instead = _INSTEAD.get(one.whole) or _INSTEAD.get(one.whole.rpartition(".")[0], "")
            hint = f"Python 2.7 has {instead}" if instead else ""
            message = f"Python 2.7 knows no {one.whole}"
            correction = _correction(module, one)
            yield Diagnostic(module.path, span_of(module.text, one.node), message, hint, correction=correction)


def _correction(module: Module, one: Unknown) -> Correction | None:
    """The name that Python 2.7 has for the same, or for nearly the same."""
    new, last = _SAME.get(one.whole) or _NEARLY.get(one.whole, ""), one.node.child_by_field_name("attribute")
    is_builtin = one.node.type == "identifier" or one.whole in _BUILTINS
    place = one.node if is_builtin else last
    if not new or place is None or place.type not in ("identifier", "attribute"):
        return None  # such as `from json import JSONDecodeError`, whose name is used elsewhere
    if is_builtin and (new in module.python.module.bindings or bound_names(module, {new})):
        return None
    edits = [replaced(module, place, new)]
    return (safe_fix if one.whole in _SAME else unsafe_fix)(f"Write {new}", edits)


RULE = Rule(code="BK322", name="python-3-name", severity=Severity.ERROR, page=__doc__, check=check)
