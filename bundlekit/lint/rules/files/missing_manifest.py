"""There is no bundle.json.

Why: bundle.json is what makes a folder a bundle: the SDK reads the name and the resources from it and stops without
it.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: the start ends with `BundleConfigError: Can't load file`.

Bad:

    bundle.json is missing

Good:

    bundle.json
        {
          "name": "example",
          "version": "1.0.0",
          "description": "Keeps one value and gives it back",
          "main": "index.py",
          "argument": "",
          "priority": 99,
          "hook": [],
          "dependencies": {},
          "repository": "",
          "role": "model",
          "ttl": 60,
          "resources": [{"methods": ["get", "put"], "resource": "/example"}]
        }
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.bundle.reading import ReadErrorKind
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for read_error in inspection.manifest.read_errors:
        if read_error.kind is ReadErrorKind.MISSING:
            path = inspection.manifest.path
            yield Diagnostic(
                path, read_error.span, f"{read_error.message}, expected it at the top", "bundlekit new makes a bundle"
            )


RULE = Rule(code="BK201", name="missing-manifest", severity=Severity.ERROR, page=__doc__, check=check)
