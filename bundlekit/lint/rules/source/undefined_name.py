"""index.py, or a module beside it that it imports, uses a name that is not defined.

Why: The program fails with a `NameError` when it comes to that line, and not before: the bundle starts, and the request
whose handler has the line is answered with 500. Names are looked for where Python 2.7 looks for them, and its builtins
are known. Nothing is reported for a module with `import *`, `exec` or `globals()`, for a name with an `except
NameError`, and if the module checks the version of Python.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: the bundle registers, `GET /example` is answered with 200, and
`PUT /example` with 500 and "global name 'dta' is not defined".

Fix (safe or unsafe): imports a module of Python's library that is used as one. Or writes the name that it is a slip of,
which is a guess and unsafe.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def show(self, message, response):
                return response(code=200, data={})

            @Route(methods="put", resource="/example")
            def change(self, message, response):
                data = dict(message.data)
                return response(code=200, data=dta)

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def show(self, message, response):
                return response(code=200, data={})

            @Route(methods="put", resource="/example")
            def change(self, message, response):
                data = dict(message.data)
                return response(code=200, data=data)
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.code_edits import new_import, replaced
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import alike
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, safe_fix, unsafe_fix
from bundlekit.quoting import printable
from bundlekit.source.imports import python_2_modules
from bundlekit.source.modules import Beside, Module, beside
from bundlekit.source.syntax import span_of, text_of
from bundlekit.source.undefined_names import Undefined, names_put_elsewhere, undefined_names, visible_names

# what nobody gives another meaning; of others, such as user or code, a variable may be meant
_LIBRARY = frozenset(
    {
        *("base64", "collections", "copy", "csv", "datetime", "errno", "functools", "glob", "hashlib", "itertools"),
        *("json", "logging", "math", "os", "random", "re", "select", "shutil", "socket", "struct", "subprocess"),
        *("sys", "tempfile", "threading", "time", "traceback", "urllib", "urllib2", "urlparse", "uuid", "zlib"),
    }
)
_OF_DATETIME = frozenset({"MAXYEAR", "MINYEAR", "date", "datetime", "time", "timedelta", "tzinfo"})
"""What the module has; of anything else, such as `now`, the class of the same name is meant."""


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    given = names_put_elsewhere(inspection.modules)
    for module in inspection.modules_for_python_2:
        for one in undefined_names(module, given):
            name = printable(text_of(one.node))[:60]
            message = f"{name} is not defined; when this line runs, it raises a NameError"
            correction = _correction(inspection, module, one)
            yield Diagnostic(module.path, span_of(module.text, one.node), message, _hint(one), correction=correction)


def _correction(inspection: Inspection, module: Module, one: Undefined) -> Correction | None:
    """The import of a module of Python's library that is used as one, or else the name that it is a slip of."""
    name, around = text_of(one.node), one.node.parent
    is_module = name in _LIBRARY and around is not None and around.type == "attribute"
    if is_module and around is not None and around.child_by_field_name("object") == one.node:
        is_class = name == "datetime" and text_of(around.child_by_field_name("attribute")) not in _OF_DATETIME
        if is_class or beside(inspection.bundle.files, module, name) is Beside.THERE:
            return None
        return safe_fix(f"Import {name}", new_import(module, name, one.node))
    close = alike(name, visible_names(one.scope))
    return unsafe_fix(f"Write {printable(close)}", [replaced(module, one.node, close)]) if close is not None else None


def _hint(one: Undefined) -> str:
    name = text_of(one.node)
    close = alike(name, visible_names(one.scope))
    if close is not None:
        return f"did you mean {printable(close)}?"
    return f"import {name} defines it" if name in python_2_modules() else ""


RULE = Rule(code="BK327", name="undefined-name", severity=Severity.ERROR, page=__doc__, check=check)
