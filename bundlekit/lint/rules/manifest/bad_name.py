"""The name of the bundle has something else in it than letters and hyphens.

Why: The vendor's guide gives `[A-Za-z-]+` as the form of a name. The gateway registers the bundle under it, and its
settings, its archive and its folder on the gateway are called after it; so that its archive can be, it has 100
characters at most. The gateway's controller knows the first 31 of them alone: a bundle that also listens, as NAME-view,
has to have a name of 30 at most, or one of its halves takes the other one away.

Evidence: The vendor's guide gives the form, and asks for a factory file of the same name. SDK 1.1.2 itself takes any
name: bundles called `a_b2` and `a b/c` came up, and only an empty one was refused, with 400 by the emulated gateway.
Seen with the original controller 1.6.2: names are cut to 31 characters where bundles register and deregister, so that a
name of 31 and its view half are the same to it.

Fix (unsafe): puts hyphens in the place of everything else, if the bundle keeps no settings and no code has the name in
it. A gateway takes a bundle with another name for another bundle.

Bad:

    bundle.json
        "name": "door_lock2"

Good:

    bundle.json
        "name": "door-lock"
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bundlekit.bundle.manifest import LONGEST
from bundlekit.lint.edits import rewritten
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, structure_rule, unsafe_fix
from bundlekit.quoting import quoted


def word(error: SchemaError, inspection: Inspection) -> Iterator[Diagnostic]:
    name = error.value
    strange = re.search("[^A-Za-z-]", name)
    expected = "the letters A to Z and a to z and hyphens"
    if strange or not name:
        what = f"has {quoted(strange[0])} in it" if strange else "is empty"
    else:
        what, expected = f"has {len(name)} characters", f"{LONGEST} at most"
    better = re.sub("[^A-Za-z]+", "-", name[:100]).strip("-")
    diagnostic = in_manifest(
        inspection,
        error.pointer,
        f"name {quoted(name)} {what}, expected {expected}",
        f'"{better}" would do; data/{better}.json.factory goes with it' if better else "",
    )
    correction = None
    if better and not _is_used(inspection, name):
        correction = unsafe_fix(f'Write "{better}"', rewritten(inspection.manifest, error.pointer, name, better))
    yield replace(diagnostic, correction=correction)


def _is_used(inspection: Inspection, name: str) -> bool:
    """Whether something in the bundle may go by its name, so that more would have to change."""
    modules = inspection.modules
    return not modules or bool(inspection.model_names) or any(name in module.text.content for module in modules)


RULE = structure_rule(
    code="BK103",
    name="bad-name",
    severity=Severity.ERROR,
    page=__doc__,
    claims={"/properties/name/pattern"},
    word=word,
)
