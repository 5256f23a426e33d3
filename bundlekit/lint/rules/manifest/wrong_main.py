"""The main file is not called index.py.

Why: The vendor's guide fixes the name, and starts `python index.py`, whatever is written here; so does `bundlekit
deploy`. Only sanji-bootstrap, which starts the bundles of the vendor's firmware, reads main and runs the file that it
names. That file is checked by all rules, as if it were index.py; index.py is checked where main names no file of the
bundle.

Evidence: The vendor's guide gives index.py as the fixed value. The source of sanji-bootstrap loads the file that main
names. Seen with SDK 1.1.2 on Python 2.7.18: the SDK itself does not read main, and of a bundle whose main is `app.py`
`python index.py` ran index.py.

Fix (safe or unsafe): writes `index.py`, if there is an index.py; safe if main names no file of the bundle.

Bad:

    bundle.json
        "main": "app.py"

Good:

    bundle.json
        "main": "index.py"
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bundlekit.bundle.bundle import MAIN
from bundlekit.lint.edits import revalued
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, safe_fix, structure_rule, unsafe_fix
from bundlekit.quoting import printable, quoted


def word(error: SchemaError, inspection: Inspection) -> Iterator[Diagnostic]:
    diagnostic = in_manifest(
        inspection,
        error.pointer,
        f'main is {quoted(error.value)}, expected "{error.expected}"',
        _hint(inspection),
    )
    correction = None
    if inspection.has(MAIN):
        offer = safe_fix if inspection.source.path == MAIN else unsafe_fix
        edits = revalued(inspection.manifest, error.pointer, error.value, f'"{MAIN}"')
        correction = offer(f'Write "{MAIN}"', edits)
    yield replace(diagnostic, correction=correction)


def _hint(inspection: Inspection) -> str:
    path = inspection.source.path
    if path != MAIN and inspection.has(MAIN):
        return f"{MAIN} is what a deploy starts, and {printable(path)[:200]} is what was checked here"
    if path != MAIN:
        return f"rename {printable(path)[:200]} to {MAIN} as well: {MAIN} is what a deploy starts"
    return f"{MAIN} is what a deploy starts"


RULE = structure_rule(
    code="BK105",
    name="wrong-main",
    severity=Severity.ERROR,
    page=__doc__,
    claims={"/properties/main/const"},
    word=word,
)
