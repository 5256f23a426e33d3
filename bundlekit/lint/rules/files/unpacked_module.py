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
from bundlekit.bundle.vendor_lock import has_lock, is_vendored
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.package_contents import package_contents
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import quoted
from bundlekit.source.imports import unguarded
from bundlekit.source.modules import imported_files
from bundlekit.source.syntax import span_of


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    if inspection.bundle.in_archive:
        return
    contents, vendored = package_contents(inspection), _vendored(inspection)
    if len(inspection.modules) + len(vendored) < 2:
        return
    imported = {*(one.path for one in inspection.modules), *vendored}
    left = {path for path in imported if not contents.goes_in(Entry(path, Kind.FILE))}
    if not left:
        return
    for module in inspection.modules:
        if module.path in left:
            continue
        for one in unguarded(module):
            found = imported_files(inspection.bundle.files, module, one)
            path = next((path for path in found if path in left), "")
            if path:
                left.discard(path)
                message = f"this imports {quoted(path)}, which stays out of the archive"
                hint = "take it out of .bundleignore, or put it into a folder that is not hidden"
                yield Diagnostic(module.path, span_of(module.text, one.node), message, hint)


def _vendored(inspection: Inspection) -> set[str]:
    """The files in `vendor/` that the modules import; see `imported_modules`."""
    files = inspection.bundle.files
    if not has_lock(files):
        return set()
    imports = ((module, one) for module in inspection.modules for one in unguarded(module))
    return {path for module, one in imports for path in imported_files(files, module, one) if is_vendored(path)}


RULE = Rule(code="BK217", name="unpacked-module", severity=Severity.ERROR, page=__doc__, check=check)
