"""A Python file is packed, but nothing imports it.

Why: It is probably left over, or only for the developer, and takes space on every gateway. `.bundleignore` excludes
files from the archive. Nothing is reported if modules are imported by computed names, for a file whose name occurs in
another file, which may run it, and for tests.

Evidence: the imports are followed from index.py on, in the order in which Python 2.7 looks for a module.

Bad:

    helper.py
        LIMIT = 5

Good:

    index.py
        from sanji.core import Route, Sanji

        import helper


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={"limit": helper.LIMIT})
    helper.py
        LIMIT = 5
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from bundlekit.bundle.bundle import MAIN
from bundlekit.bundle.files import Kind
from bundlekit.bundle.text import BEGINNING
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.package_contents import package_contents
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.source.imports import looks_elsewhere

_MOST = 50  # reports
_MOST_MODULES = 100  # beyond which not all imports are followed, so that nothing is known to be unused
_COMPUTES = re.compile(rb"__import__|\bimportlib\b|\bpkgutil\b|\bimp\b|\bexecfile\b|\brunpy\b|\bglob\b|\bsetuptools\b")
_OWN_WAYS = re.compile(r"(?:.*/)?(?:tests?/.*|test_[^/]*|[^/]*_test\.py|conftest\.py|setup\.py|[^/]*\.cfg|docs?/.*)")


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    main, modules = inspection.source.module, inspection.modules
    if main is None or main.python.error is not None or len(modules) > _MOST_MODULES:
        return
    # index.py runs whatever main names; and of a package of which some is used, the rest may be as well.
    told = {MAIN, *(_top(one.path) for one in modules)}
    contents = package_contents(inspection)
    files = (one for one in contents.entries if one.kind is Kind.FILE and one.path.endswith(".py"))
    others = list(islice((one for one in files if not _OWN_WAYS.fullmatch(one.path)), _MOST))
    if told.issuperset(_top(one.path) for one in others):
        return
    if inspection.has("exec") or any(_COMPUTES.search(one.content) for one in modules) or looks_elsewhere(modules):
        return
    for entry in others:
        path, top = entry.path, _top(entry.path)
        name = re.compile(rf"\b{re.escape(top.removesuffix('.py'))}\b")
        if top not in told and contents.goes_in(entry) and not any(name.search(one.text.content) for one in modules):
            told.add(top)
            message = "nothing that runs imports this, which goes to the gateway"
            yield Diagnostic(path, BEGINNING, message, ".bundleignore keeps files out of the archive")


def _top(path: str) -> str:
    """The folder at the top of the bundle in which a file lies, or the file."""
    return path.partition("/")[0]


RULE = Rule(code="BK218", name="unused-module", severity=Severity.INFO, page=__doc__, check=check)
