"""A resource ends with a slash.

Why: Resources are matched as MQTT topics are: `/example/` is met by requests for `/example/` alone, and a request for
`/example` comes back with 403.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: with `/example/` declared, `GET /example` comes back with 403 and `GET
/example/` is answered. The original controller 1.6.2 tells the two apart as well.

Fix (unsafe): removes the slash. Requests with the slash come back with 403 then.

Bad:

    bundle.json
        "resources": [{"methods": "get", "resource": "/example/"}]

Good:

    bundle.json
        "resources": [{"methods": "get", "resource": "/example"}]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.edits import rewritten
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest, unsafe_fix
from bundlekit.quoting import quoted


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for declared in inspection.declared:
        path = declared.resource.path
        if path.endswith("/") and path.strip("/"):
            message = f"resource {quoted(path)} ends with a slash, expected {quoted(path.rstrip('/'))}"
            pointer = f"{declared.pointer}/resource"
            diagnostic = in_manifest(inspection, pointer, message, "remove the slash at the end")
            edits = rewritten(inspection.manifest, pointer, path, path.rstrip("/"))
            yield replace(diagnostic, correction=unsafe_fix(f"Write {quoted(path.rstrip('/'))}", edits))


RULE = Rule(code="BK118", name="trailing-slash", severity=Severity.WARNING, page=__doc__, check=check)
