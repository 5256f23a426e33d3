"""An imported module is not packed.

Why: `.bundleignore`, or a hidden folder, excludes the file, so the import fails on the gateway. An import in a `try`
with an `except`, or under an `if`, is not reported.

Evidence: the list of `bundlekit pack --list`, which is made in the same way.

Bad:

    .bundleignore
        tools/
    index.py
        from sanji.core import Route, Sanji

        import tools


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data=tools.value())
    tools/__init__.py
        def value():
            return {}

Good:

    .bundleignore
        tests/
    index.py
        from sanji.core import Route, Sanji

        import tools


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data=tools.value())
    tools/__init__.py
        def value():
            return {}
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.bundle.files import Entry, Kind
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.package_contents import package_contents
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import quoted
from bundlekit.source.imports import unguarded
from bundlekit.source.modules import imported_files
from bundlekit.source.syntax import span_of


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    if len(inspection.modules) < 2 or inspection.bundle.in_archive:
        return
    contents = package_contents(inspection)
    left = {one.path for one in inspection.modules if not contents.goes_in(Entry(one.path, Kind.FILE))}
    if not left:
        return
    for module in inspection.modules:
        if module.path in left:
            continue
        for one in unguarded(module):
            paths = imported_files(inspection.bundle.files, module, one)
            path = next((path for path in paths if path in left), "")
            if path:
                left.discard(path)
                message = f"this imports {quoted(path)}, which stays out of the archive"
                hint = "take it out of .bundleignore, or put it into a folder that is not hidden"
                yield Diagnostic(module.path, span_of(module.text, one.node), message, hint)


RULE = Rule(code="BK217", name="unpacked-module", severity=Severity.ERROR, page=__doc__, check=check)
