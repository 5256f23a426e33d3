"""The version is not a semantic version.

Why: The vendor's guide recommends semantic versioning: `MAJOR.MINOR.PATCH`, numbers without leading zeros, then
optionally a suffix such as `-rc.1`. It shows which of two versions is newer, and whether something changed on which
others rely. Nothing on the gateway depends on it.

Evidence: The vendor's guide recommends it; its sample is 0.0.1. SDK 1.1.2 and the original controller 1.6.2 do not read
the version: bundles with any version, and without a version, started.

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

from bundlekit.bundle.manifest import VERSION
from bundlekit.lint.facts.fields import field_of
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
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
        yield in_manifest(inspection, "/version", message, "three numbers with dots between them")


def _is_semantic(version: str) -> bool:
    parts = _PARTS.fullmatch(version)
    if parts is None:
        return False
    release, build = (part[1:].split(".") if part else ["x"] for part in parts.groups())
    return "" not in release + build and not any(one.isdecimal() and one[0] == "0" and one != "0" for one in release)


RULE = Rule(code="BK125", name="not-semantic-version", severity=Severity.INFO, page=__doc__, check=check)
