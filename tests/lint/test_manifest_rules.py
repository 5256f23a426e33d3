"""What is told of a manifest beyond its schema, and above all what is not: cases as data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.lint import Finding
from tests.lint.bundles import MANIFEST, bundle, found, source

EXAMPLE = {"methods": ["get", "put"], "resource": "/example"}
GONE = object()
"""In place of the value of a field: it is not there."""


def changed(fields: dict[str, Any]) -> Bundle:
    """The sound bundle with some fields changed or taken away."""
    value = {key: field for key, field in {**MANIFEST, **fields}.items() if field is not GONE}
    return bundle({"bundle.json": json.dumps(value, indent=2), "index.py": source(value)})


def resources(*items: Any) -> dict[str, Any]:
    return {"resources": list(items)}


def resource(path: str, methods: Any = "get", **fields: Any) -> dict[str, Any]:
    return resources({"methods": methods, "resource": path, **fields})


# fields of bundle.json, then severity, rule, pointer, and a part of the message or hint of the only finding
TOLD: dict[str, tuple[dict[str, Any], str, str, str, str]] = {
    "a slip at the top": (
        {"licens": "MIT", "license": GONE},
        "warning",
        "misspelled-field",
        "/licens",
        'field "licens" is unknown, expected "license"',
    ),
    "upper case at the top": (
        {"Author": "A", "author": GONE},
        "warning",
        "misspelled-field",
        "/Author",
        'did you mean "author"?',
    ),
    "a slip in a resource": (
        resources({**EXAMPLE, "rolle": "model"}),
        "warning",
        "misspelled-field",
        "/resources/0/rolle",
        'field "rolle" in resource 1 is unknown, expected "role"',
    ),
    "a slip of what is there": ({"names": "x"}, "info", "unknown-field", "/names", 'field "names" is unknown'),
    "a field of somebody else": ({"homepage": "x"}, "info", "unknown-field", "/homepage", "is unknown"),
    "a field with a slash": ({"a/b~": "x"}, "info", "unknown-field", "/a~1b~0", 'field "a/b~" is unknown'),
    "an unknown field of a resource": (
        resources(EXAMPLE, {"methods": "get", "resource": "/x", "summary": ""}),
        "info",
        "unknown-field",
        "/resources/1/summary",
        'field "summary" in resource 2 is unknown',
    ),
    "one method in upper case": (
        resource("/x", "GET"),
        "error",
        "upper-case-method",
        "/resources/0/methods",
        'write "get"',
    ),
    "one method in mixed case": (
        resource("/x", ["get", "Delete"]),
        "error",
        "upper-case-method",
        "/resources/0/methods/1",
        'expected "delete"',
    ),
    "a method with a space": (
        resource("/x", ["get", "put "]),
        "error",
        "unknown-method",
        "/resources/0/methods/1",
        'write "put"',
    ),
    "a slash at the end": (
        resource("/x/"),
        "warning",
        "trailing-slash",
        "/resources/0/resource",
        'ends with a slash, expected "/x"',
    ),
    "slashes at the end": (
        resource("/x/:id//"),
        "warning",
        "trailing-slash",
        "/resources/0/resource",
        'expected "/x/:id"',
    ),
    "a space": (
        resource("/living room"),
        "warning",
        "bad-character",
        "/resources/0/resource",
        '"/living room" has " " in it',
    ),
    "a line end": (resource("/x\n"), "warning", "bad-character", "/resources/0/resource", 'has "\\n" in it'),
    "a letter from elsewhere": (
        resource("/größe"),
        "warning",
        "bad-character",
        "/resources/0/resource",
        'has "ö" in it',
    ),
    "a query": (resource("/x?y=1"), "warning", "bad-character", "/resources/0/resource", "message.query"),
    "braces": (resource("/x/{id}"), "warning", "bad-character", "/resources/0/resource", "is written :name"),
    "a param without a name": (
        resource("/x/:"),
        "error",
        "bad-param",
        "/resources/0/resource",
        'has ":" in it: the name is missing',
    ),
    "a param inside of a segment": (
        resource("/x/a:b"),
        "error",
        "bad-param",
        "/resources/0/resource",
        'has "a:b" in it: a colon is inside',
    ),
    "two params in a segment": (resource("/x/:a:b"), "error", "bad-param", "/resources/0/resource", 'has ":a:b" in it'),
    "a param that begins with a digit": (
        resource("/x/:9"),
        "error",
        "bad-param",
        "/resources/0/resource",
        "begins with a digit",
    ),
    "a param with a hyphen": (resource("/x/:a-b"), "error", "bad-param", "/resources/0/resource", "expected letters"),
    "a param of letters from elsewhere": (
        resource("/x/:größe"),
        "error",
        "bad-param",
        "/resources/0/resource",
        "expected letters",
    ),
    "the SDK's own param": (
        resource("/x/:querystring"),
        "error",
        "bad-param",
        "/resources/0/resource",
        "the SDK needs this name itself",
    ),
    "a param twice": (
        resource("/x/:id/y/:id"),
        "error",
        "repeated-param",
        "/resources/0/resource",
        'has ":id" more than once',
    ),
    "a wildcard for one segment": (
        resource("/x/+"),
        "warning",
        "wildcard-resource",
        "/resources/0/resource",
        '"/x/+" is a wildcard',
    ),
    "a wildcard for the rest": (
        resource("/x/#"),
        "warning",
        "wildcard-resource",
        "/resources/0/resource",
        '"/x/#" is a wildcard',
    ),
    "a wildcard inside of a segment": (
        resource("/x/a+b"),
        "warning",
        "wildcard-resource",
        "/resources/0/resource",
        '"/x/a+b" has + where',
    ),
    "a wildcard before the end": (
        resource("/#/x"),
        "warning",
        "wildcard-resource",
        "/resources/0/resource",
        '"/#/x" has # where',
    ),
    "a view of no wildcard": (
        resources(EXAMPLE, {"role": "view", "resource": "/x#"}),
        "warning",
        "wildcard-resource",
        "/resources/1/resource",
        '"/x#" has # where',
    ),
}

CLEAN: dict[str, dict[str, Any]] = {
    "comments": {"_comment": "x", "//": "y", "$schema": "z", "x-note": []},
    "comments in a resource": resources({**EXAMPLE, "x-summary": "", "_": 1}),
    "the top": resource("/"),
    "all that a path may have": resource("/A-z_0.9~!$&'()*,;=@%20"),
    "params": resource("/x/:id/:_id2/y/:a"),
    "a param of a longer name": resource("/x/:querystring2/:id/:ids"),
    "views of wildcards": resources(
        EXAMPLE, {"role": "view", "resource": "/#"}, {"role": "view", "resource": "/x/+/y"}
    ),
    "a role of its own": resources({**EXAMPLE, "role": "model"}),
}


def of_manifest(checked: Bundle) -> list[Finding]:
    """What is found in a manifest, leaving out how it meets index.py."""
    return [finding for finding in found(checked) if not finding.code.startswith("BK3")]


@pytest.mark.parametrize(("fields", "severity", "rule", "pointer", "words"), TOLD.values(), ids=TOLD)
def test_told(fields: dict[str, Any], severity: str, rule: str, pointer: str, words: str) -> None:
    (finding,) = of_manifest(changed(fields))
    assert (finding.severity, finding.rule, finding.pointer) == (severity, rule, pointer)
    assert words in finding.message + finding.hint
    assert finding.file == "box/bundle.json"


@pytest.mark.parametrize("fields", CLEAN.values(), ids=CLEAN)
def test_clean(fields: dict[str, Any]) -> None:
    assert of_manifest(changed(fields)) == []


def test_unknown_field_is_told_at_its_key() -> None:
    (finding,) = found(changed({"homepage": "x"}))
    assert finding.excerpt[finding.column - 1 : finding.end_column - 1] == '"homepage"'


def test_tens_of_thousands_of_fields_are_cut_off() -> None:
    findings = found(changed({f"nam{number}": 0 for number in range(15_000)}))
    assert {one.rule for one in findings} == {"unknown-field"}
    assert len(findings) == 1000
