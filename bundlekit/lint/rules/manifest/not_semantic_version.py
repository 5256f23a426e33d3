"""The version is not a semantic version.

Why: The vendor's guide recommends semantic versioning: `MAJOR.MINOR.PATCH`, numbers without leading zeros, then
optionally a suffix such as `-rc.1`. It shows which of two versions is newer, and whether something changed on which
others rely. Nothing on the gateway depends on it.

Evidence: The vendor's guide recommends it; its sample is 0.0.1. SDK 1.1.2 and the original controller 1.6.2 do not read
the version: bundles with any version, and without a version, started.

Fix (unsafe): writes a semantic version with the same numbers and words, if the version begins with one to three
numbers. The release gets another name.

Bad:

    bundle.json
        "version": "1.0"

Good:

    bundle.json
        "version": "1.0.0-rc.1+build.7"
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bundlekit.bundle.manifest import VERSION
from bundlekit.lint.edits import rewritten
from bundlekit.lint.facts.fields import field_of
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.versions import semantic
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest, unsafe_fix
from bundlekit.quoting import quoted

_NUMBER = r"(?:0|[1-9][0-9]*)"
_PARTS = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-[0-9A-Za-z.-]*)?(\+[0-9A-Za-z.-]*)?")
_FEWER = re.compile(r"v?([0-9]{1,9})(?:\.([0-9]{1,9}))?(?:\.([0-9]{1,9}))?")


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    version = field_of(inspection, "version")
    if isinstance(version, str) and VERSION.fullmatch(version) and not _is_semantic(version):
        fewer = _FEWER.fullmatch(version)
        better = ".".join(str(int(number or "0")) for number in fewer.groups()) if fewer else "1.0.0"
        message = f"version {quoted(version)} is not a semantic version, expected a version such as {quoted(better)}"
        diagnostic = in_manifest(inspection, "/version", message, "three numbers with dots between them")
        written = semantic(version)
        edits = rewritten(inspection.manifest, "/version", version, written) if written and written != version else ()
        yield replace(diagnostic, correction=unsafe_fix(f"Write {quoted(written)}", edits))


def _is_semantic(version: str) -> bool:
    parts = _PARTS.fullmatch(version)
    if parts is None:
        return False
    release, build = (part[1:].split(".") if part else ["x"] for part in parts.groups())
    return "" not in release + build and not any(one.isdecimal() and one[0] == "0" and one != "0" for one in release)


RULE = Rule(code="BK125", name="not-semantic-version", severity=Severity.INFO, page=__doc__, check=check)
