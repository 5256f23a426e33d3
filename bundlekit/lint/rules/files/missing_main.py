"""There is no index.py.

Why: index.py is what the vendor's guide and `bundlekit deploy` start. If main names another file of the bundle,
`wrong-main` reports that instead of this rule.

Evidence: The vendor's guide starts a bundle with `python index.py`. Python 2.7.18 ends with "can't open file
'index.py'".

Bad:

    index.py is missing

Good:

    index.py
        from sanji.connection.mqtt import Mqtt
        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={})

            @Route(methods="put", resource="/example")
            def put(self, message, response):
                return response(code=200, data=message.data)


        if __name__ == "__main__":
            Example(connection=Mqtt()).start()
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.bundle.reading import ReadErrorKind
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    read_error = inspection.source.read_error
    if read_error is not None and read_error.kind is ReadErrorKind.MISSING:
        path = inspection.source.path
        yield Diagnostic(path, read_error.span, f"{read_error.message}, expected it beside bundle.json")


RULE = Rule(code="BK202", name="missing-main", severity=Severity.ERROR, page=__doc__, check=check)
