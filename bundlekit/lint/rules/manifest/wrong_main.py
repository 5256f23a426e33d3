"""The main file is called something else than index.py.

Why: The vendor's guide fixes the name: the gateway starts index.py, whatever is written here.

Evidence: The vendor's guide gives index.py as the fixed value, and starts a bundle with `python index.py`. Seen with
SDK 1.1.2 on Python 2.7.18: main is never read, and of a bundle whose main is `app.py` it was index.py that ran.

Bad:

    bundle.json
        "main": "app.py"

Good:

    bundle.json
        "main": "index.py"
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.structure import Violation
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, structure_rule
from bundlekit.quoting import quoted


def word(violation: Violation, inspection: Inspection) -> Iterator[Diagnostic]:
    yield in_manifest(
        inspection,
        violation.pointer,
        f'main is {quoted(violation.value)}, expected "{violation.expected}"',
        f"{violation.expected} is what the gateway starts; a file of another name has to be renamed as well",
    )


RULE = structure_rule(
    code="BK105",
    name="wrong-main",
    severity=Severity.ERROR,
    page=__doc__,
    claims={"/properties/main/const"},
    word=word,
)
