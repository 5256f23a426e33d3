"""A field of bundle.json has a value of another type than the vendor's guide gives it.

Why: The whole of bundle.json goes to the gateway's controller with the registration, which takes the fields for what
the guide says they are. A resource that is no object already makes the SDK fail before that.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: a bundle.json that is an array ends the start with a TypeError; a
resource that is a string, or whose path is a number, ends the thread that registers, and the program stays up unheard.
A number for `methods` changed nothing. What the original controller makes of `"60"` for the ttl was not seen.

Fix (safe): takes the quotes from a number, or puts a number that is a text in quotes: a version, an author, a
description or a licence.

Bad:

    bundle.json
        "ttl": "60"

Good:

    bundle.json
        "ttl": 60
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bundlekit.lint.edits import revalued
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import called, listed
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, in_manifest, safe_fix, structure_rule
from bundlekit.quoting import quoted

_TYPES = {"string": "a string", "number": "a number", "array": "an array", "object": "an object"}
_PLAIN = (
    "name",
    "version",
    "author",
    "email",
    "description",
    "license",
    "argument",
    "priority",
    "hook",
    "dependencies",
    "repository",
    "ttl",
    "resources",
)
_TEXTS = frozenset({"/version", "/author", "/description", "/license"})  # those that may be any text
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,9})?")
_RESOURCE = "/properties/resources/items"


def word(error: SchemaError, inspection: Inspection) -> Iterator[Diagnostic]:
    expected = [error.expected] if isinstance(error.expected, str) else error.expected
    wanted = listed(tuple(_TYPES[one] for one in expected))
    message = f"{called(inspection, error.pointer)} is {quoted(error.value)}, expected {wanted}"
    diagnostic = in_manifest(inspection, error.pointer, message, _hint(expected, error.value))
    yield replace(diagnostic, correction=_correction(inspection, expected, error))


def _correction(inspection: Inspection, expected: list[str], error: SchemaError) -> Correction | None:
    """A number without its quotes, or a text in quotes, where that is all that is wrong."""
    manifest, value = inspection.manifest, error.value
    if expected == ["number"] and isinstance(value, str) and _NUMBER.fullmatch(value):
        return safe_fix(f"Write {value[:60]} without quotes", revalued(manifest, error.pointer, value, value))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if expected == ["string"] and is_number and error.pointer in _TEXTS:
        written = f'"{manifest.text.between(manifest.position(error.pointer))}"'
        return safe_fix(f"Write {written[:60]}", revalued(manifest, error.pointer, value, written))
    return None


def _hint(expected: list[str], value: object) -> str:
    if expected == ["number"] and isinstance(value, str) and value.replace(".", "", 1).isdecimal():
        return f"write {value} without quotes"
    if expected == ["string"] and isinstance(value, int | float) and not isinstance(value, bool):
        return f'write "{value}", in quotes'
    return ""


RULE = structure_rule(
    code="BK102",
    name="wrong-type",
    severity=Severity.ERROR,
    page=__doc__,
    claims={
        "/type",
        *(f"/properties/{field}/type" for field in _PLAIN),
        f"{_RESOURCE}/type",
        f"{_RESOURCE}/properties/resource/type",
        f"{_RESOURCE}/properties/methods/type",
    },
    word=word,
)
