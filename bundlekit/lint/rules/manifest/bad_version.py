"""The version cannot be part of a file's name.

Why: The version becomes part of the archive's name and of the folder that a release lives in on the gateway, so it
has 100 characters at most. The vendor's guide recommends semantic versioning.

Evidence: `bundlekit pack` calls an archive NAME-VERSION.tar.gz, and a deploy makes a folder of that name. The SDK
(1.1.2) does not read the version: a bundle of version `1.0/beta 2` came up when it was started by hand.

Fix (unsafe): writes a semantic version with the same numbers and words, if the version begins with one to three
numbers. The release gets another name.

Bad:

    bundle.json
        "version": "1.0/beta 2"

Good:

    bundle.json
        "version": "1.0.0-beta.2"
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bundlekit.bundle.manifest import LONGEST
from bundlekit.lint.edits import rewritten
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.facts.versions import semantic
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, structure_rule, unsafe_fix
from bundlekit.quoting import quoted


def word(error: SchemaError, inspection: Inspection) -> Iterator[Diagnostic]:
    version = error.value
    strange = re.search("[^0-9A-Za-z.+_~-]", version)
    if strange:
        what = f"has {quoted(strange[0])} in it, expected letters, digits and . + _ ~ -"
    elif len(version) > LONGEST:
        what = f"has {len(version)} characters, expected {LONGEST} at most"
    else:
        what = f"begins with {quoted(version[0])}, expected a letter or digit" if version else "is empty"
    diagnostic = in_manifest(
        inspection, error.pointer, f"version {quoted(version)} {what}", "1.0.0 is a good first one"
    )
    better = semantic(version)
    edits = rewritten(inspection.manifest, error.pointer, version, better) if better else ()
    yield replace(diagnostic, correction=unsafe_fix(f"Write {quoted(better)}", edits))


RULE = structure_rule(
    code="BK104",
    name="bad-version",
    severity=Severity.ERROR,
    page=__doc__,
    claims={"/properties/version/pattern"},
    word=word,
)
