"""The fields of bundle.json are in another order than in the sample of the vendor's guide.

Why: No gateway depends on the order, but people do: in many bundles they find a field at its usual place, and similar
manifests look similar in a diff. Fields that are not in the guide may be anywhere.

Evidence: The sample in the vendor's guide; JSON itself gives no meaning to an order, so it is reported as info.

Fix (safe): sorts the fields. Text in front of them that is no field of the guide moves with them.

Bad:

    bundle.json
        {
          "version": "1.0.0",
          "name": "example",
          "author": "A",
          "email": "a@example.com",
          "description": "Keeps one value and gives it back",
          "license": "MIT",
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

Good:

    bundle.json
        {
          "name": "example",
          "version": "1.0.0",
          "author": "A",
          "email": "a@example.com",
          "description": "Keeps one value and gives it back",
          "license": "MIT",
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
from dataclasses import replace

from bundlekit.bundle.document import pointer_to
from bundlekit.lint.edits import reordered
from bundlekit.lint.facts.fields import field_order
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest, safe_fix


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    """One fault for all of it: the first field that stands behind one that it goes before."""
    manifest = inspection.manifest
    ranks = {name: rank for rank, name in enumerate(field_order())}
    before: list[str] = []
    for name in manifest.value if isinstance(manifest.value, dict) else ():
        if name not in ranks:
            continue
        later = next((one for one in before if ranks[one] > ranks[name]), None)
        if later is not None:
            message = f"{name} stands behind {later}, expected it before, as in the sample of the vendor's guide"
            diagnostic = in_manifest(
                inspection, pointer_to([name]), message, "bundlekit validate --fix sorts the fields"
            )
            yield replace(
                diagnostic,
                span=manifest.key_position(pointer_to([name])),
                other=(manifest.path, manifest.key_position(pointer_to([later])), f"{later} stands here"),
                correction=safe_fix("Sort the fields", reordered(manifest, field_order())),
            )
            return
        before.append(name)


RULE = Rule(code="BK141", name="fields-out-of-order", severity=Severity.INFO, page=__doc__, check=check)
