"""The factory file has another name than the bundle.

Why: The vendor's guide asks for `data/NAME.json.factory`, named like the bundle. The SDK's `ModelInitiator` looks for
the file under the name that index.py gives it, and raises an error where it finds none.

Evidence: The vendor's guide: the file's name must be the name in bundle.json. Seen with SDK 1.1.2 on Python 2.7.18:
`ModelInitiator` ends the start with `RuntimeError: No *.json.factory file`, however alike the other file's name is.

Bad:

    data/example.json.factory is missing

    data/exampel.json.factory
        {"key": "value"}

Good:

    data/example.json.factory
        {"key": "value"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bundlekit.bundle.files import Kind
from bundlekit.bundle.manifest import NAME
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.models import models
from bundlekit.lint.facts.package_contents import misnamed_factories
from bundlekit.lint.finding import Rename, Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import printable, quoted

_PLAIN = re.compile(r"[A-Za-z0-9_. -]+")
_LONGEST = 200


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    others = misnamed_factories(inspection)
    if others:
        message = (
            f"the factory file is not called {quoted(inspection.name)} as the bundle is, "
            f"expected data/{printable(inspection.name or '')[:100]}.json.factory"
        )
        fault = in_manifest(inspection, "/name", message, f"rename {printable(others[0])[:200]}")
        yield replace(fault, rename=_rename(inspection, others))


def _rename(inspection: Inspection, others: tuple[str, ...]) -> Rename | None:
    """What to rename: the one file that it can be, if it is a file, and nothing in the bundle goes by its name."""
    entry = inspection.bundle.files.entries.get(others[0])
    name = others[0].removeprefix("data/").removesuffix(".json.factory")
    are_plain = _PLAIN.fullmatch(name) is not None and NAME.fullmatch(inspection.name or "") is not None
    if len(others) > 1 or not are_plain or len(inspection.name or "") > _LONGEST or inspection.source.module is None:
        return None
    if entry is None or entry.kind is not Kind.FILE:
        return None
    for module in inspection.modules:
        names = [model.name for model in models(module)]
        if f"{name}.json" in module.text.content or name in names or None in names:
            return None
    return Rename(others[0], f"data/{inspection.name}.json.factory")


RULE = Rule(code="BK212", name="misnamed-factory", severity=Severity.ERROR, page=__doc__, check=check)
