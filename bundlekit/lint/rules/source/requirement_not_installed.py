"""An imported module is named in requirements.txt, but is not in the bundle.

Why: Nothing on a gateway, and no deploy, installs what requirements.txt names: a gateway usually has no access to a
package index. Unless the module was installed there by hand, the import fails. `bundlekit vendor` takes the packages
along, in `vendor/` of the bundle.

Evidence: Seen with Python 2.7.18: with requests in requirements.txt the start ends with "ImportError: No module named
requests". The vendor's guide has no step that installs anything, and `bundlekit deploy` has none.

Bad:

    requirements.txt
        requests==2.27.1
    index.py
        import requests
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

Good:

    requests.py
        VERSION = "as it was put here"
    index.py
        import requests
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.bundle.bundle import REQUIREMENTS
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable
from bundlekit.source.imports import missing_imports
from bundlekit.source.syntax import span_of


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    seen: set[str] = set()  # one finding for each of what is not installed, however often it is imported
    for one in missing_imports(inspection.bundle, inspection.modules_for_python_2):
        head = one.name.partition(".")[0]
        if one.required and head not in seen:
            seen.add(head)
            name = printable(one.name)[:60]
            message = f'"{name}" is named in {REQUIREMENTS}, from which a gateway installs nothing'
            hint = "run bundlekit vendor, which takes it along, unless the gateway has it"
            yield Diagnostic(one.module.path, span_of(one.module.text, one.node), message, hint)


RULE = Rule(code="BK311", name="requirement-not-installed", severity=Severity.INFO, page=__doc__, check=check)
