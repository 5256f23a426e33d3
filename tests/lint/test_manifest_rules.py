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
    "what begins a group": (resource("/x(y"), "warning", "bad-character", "/resources/0/resource", 'has "(" in it'),
    "what ends a group": (resource("/x)"), "warning", "bad-character", "/resources/0/resource", "a regular expression"),
    "what repeats": (resource("/x*"), "warning", "bad-character", "/resources/0/resource", 'has "*" in it'),
    "what ends an expression": (resource("/x$"), "warning", "bad-character", "/resources/0/resource", 'has "$" in it'),
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
        resource("/x/#/y"),
        "warning",
        "wildcard-resource",
        "/resources/0/resource",
        '"/x/#/y" has # where',
    ),
    "a view of no wildcard": (
        resources(EXAMPLE, {"role": "view", "resource": "/x#/y"}),
        "warning",
        "wildcard-resource",
        "/resources/1/resource",
        '"/x#/y" has # where',
    ),
    "the gateway's own": (
        resource("/system/status"),
        "error",
        "overridden-resource",
        "/resources/0/resource",
        '"/system/status" is the gateway\'s own',
    ),
    "the gateway's own by another param": (
        resource("/network/wifi/:n"),
        "error",
        "overridden-resource",
        "/resources/0/resource",
        "takes requests for /network/wifi/:id",
    ),
    "one value of the gateway's own": (
        resource("/system/services/bundlekit"),
        "error",
        "overridden-resource",
        "/resources/0/resource",
        "takes requests for /system/services/:name",
    ),
    "a param for the gateway's own": (
        resource("/network/:what"),
        "error",
        "overridden-resource",
        "/resources/0/resource",
        "takes requests for /network/cellulars",
    ),
    "params alone": (resource("/:a/:b"), "error", "overridden-resource", "/resources/0/resource", "the gateway's own"),
    "a literal behind a param": (
        resources(
            {"methods": ["get", "put"], "resource": "/x/:id"}, {"methods": ["put", "get", "post"], "resource": "/x/all"}
        ),
        "warning",
        "overlapping-resources",
        "/resources/1/resource",
        '"/x/all" and "/x/:id" both answer get and put of "/x/all"',
    ),
    "a literal before a param": (
        resources({"methods": "get", "resource": "/x/all"}, {"methods": "get", "resource": "/x/:id"}),
        "warning",
        "overlapping-resources",
        "/resources/1/resource",
        'both answer get of "/x/all"',
    ),
    "params in different places": (
        resources({"methods": "get", "resource": "/x/:a/y"}, {"methods": "get", "resource": "/x/z/:b"}),
        "warning",
        "overlapping-resources",
        "/resources/1/resource",
        'both answer get of "/x/z/y"',
    ),
    "longer than REST waits": (
        {"ttl": 61},
        "warning",
        "unreasonable-ttl",
        "/ttl",
        "ttl is 61, expected at most 60 seconds",
    ),
    "a ttl without an end": ({"ttl": 1e300}, "warning", "unreasonable-ttl", "/ttl", "expected at most 60"),
    "half a second": ({"ttl": 0.5}, "warning", "unreasonable-ttl", "/ttl", "ttl is 0.5, expected at least 1 second"),
    "two numbers": (
        {"version": "1.2"},
        "info",
        "not-semantic-version",
        "/version",
        'version "1.2" is not a semantic version, expected a version such as "1.2.0"',
    ),
    "a letter before the version": (
        {"version": "v2.0.1"},
        "info",
        "not-semantic-version",
        "/version",
        'such as "2.0.1"',
    ),
    "a date": ({"version": "2024-01-05"}, "info", "not-semantic-version", "/version", 'such as "1.0.0"'),
    "zeros in front": ({"version": "2024.01.05"}, "info", "not-semantic-version", "/version", 'such as "2024.1.5"'),
    "four numbers": ({"version": "1.0.0.1"}, "info", "not-semantic-version", "/version", '"1.0.0.1"'),
    "an empty part of a pre-release": ({"version": "1.0.0-rc..1"}, "info", "not-semantic-version", "/version", "rc..1"),
    "a zero in front in a pre-release": (
        {"version": "1.0.0-rc.01"},
        "info",
        "not-semantic-version",
        "/version",
        "rc.01",
    ),
    "the vendor's licence": (
        {"license": "GPL"},
        "info",
        "unknown-licence",
        "/license",
        "write GPL-2.0-only, GPL-2.0-or-later, GPL-3.0-only or GPL-3.0-or-later",
    ),
    "a licence in words": ({"license": "The MIT License"}, "info", "unknown-licence", "/license", "write MIT"),
    "no licence": ({"license": "Proprietary"}, "info", "unknown-licence", "/license", "LicenseRef-Proprietary"),
    "a licence of nobody": ({"license": "Moxa EULA"}, "info", "unknown-licence", "/license", "spdx.org"),
    "a licence of many brackets": (
        {"license": "(" * 50_000},
        "info",
        "unknown-licence",
        "/license",
        "not a licence of SPDX",
    ),
    "some brackets": (
        {"license": "(" * 90 + "MIT)))))"},
        "info",
        "unknown-licence",
        "/license",
        "not a licence of SPDX",
    ),
    "no address": ({"email": "jo"}, "warning", "bad-email", "/email", 'e-mail address "jo" is not valid'),
    "a space in an address": ({"email": "jo @example.com"}, "warning", "bad-email", "/email", "jo @example.com"),
    "an address of ats": (
        {"email": "@" * 100_000},
        "warning",
        "bad-email",
        "/email",
        "is not valid",
    ),
    "an argument": ({"argument": "-v"}, "info", "reserved-field-used", "/argument", 'argument is "-v", expected ""'),
    "dependencies": ({"dependencies": {"a": "1"}}, "info", "reserved-field-used", "/dependencies", "beside index.py"),
    "a repository": (
        {"repository": "https://example.com"},
        "info",
        "reserved-field-used",
        "/repository",
        'expected ""',
    ),
    "an empty description": (
        {"description": ""},
        "warning",
        "empty-description",
        "/description",
        "expected a sentence",
    ),
    "a description of white space": (
        {"description": " \n"},
        "warning",
        "empty-description",
        "/description",
        "is empty",
    ),
}

CLEAN: dict[str, dict[str, Any]] = {
    "comments": {"_comment": "x", "//": "y", "$schema": "z", "x-note": []},
    "comments in a resource": resources({**EXAMPLE, "x-summary": "", "_": 1}),
    "the longest ttl": {"ttl": 60},
    "the shortest ttl": {"ttl": 1},
    "a first version": {"version": "0.0.1"},
    "a pre-release": {"version": "10.20.30-rc.1.0-x.a1"},
    "a build": {"version": "1.0.0+001.-"},
    "both": {"version": "1.0.0-0+build.7"},
    "licences to choose from": {"license": "MIT OR (Apache-2.0 AND BSD-3-Clause)"},
    "an exception": {"license": "GPL-2.0-or-later WITH Classpath-exception-2.0"},
    "a licence in lower case": {"license": "mit"},
    "a licence by its older name": {"license": "GPL-2.0"},
    "a licence of one's own": {"license": "LicenseRef-Moxa"},
    "an empty licence": {"license": ""},
    "an empty address": {"email": ""},
    "a name and an address": {"email": "Jo Doe <jo@example.com>"},
    "two addresses": {"email": "jo@example.com, max@localhost"},
    "an address from elsewhere": {"email": "jö@größe.example"},
    "a priority and a hook": {"priority": 1.5, "hook": ["network"]},
    "views of wildcards at the end of levels": resources(
        EXAMPLE, {"role": "view", "resource": "/x#"}, {"role": "view", "resource": "/x+/y+"}
    ),
    "below the gateway's own": resource("/system/status/more"),
    "above the gateway's own": resource("/system"),
    "listening to the gateway's own": resources(EXAMPLE, {"role": "view", "resource": "/system/+"}),
    "different methods of a literal and a param": resources(
        {"methods": "get", "resource": "/x/:id"}, {"methods": "put", "resource": "/x/all"}
    ),
    "different depths": resources({"methods": "get", "resource": "/x/:id"}, {"methods": "get", "resource": "/x/:id/y"}),
    "different literals": resources(
        {"methods": "get", "resource": "/x/:id/y"}, {"methods": "get", "resource": "/x/:id/z"}
    ),
    "what no param of the SDK takes": resources(
        {"methods": "get", "resource": "/x/:id"}, {"methods": "get", "resource": "/x/a.b"}
    ),
    "the top": resource("/"),
    "all that a path may have": resource("/A-z_0.9~!&',;=@%20"),
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


def test_one_handler_for_two_declarations_is_no_overlap() -> None:
    declared = [{"methods": "get", "resource": "/x/:id"}, {"methods": "get", "resource": "/x/all"}]
    only = source({"resources": declared[:1]})
    assert found(bundle({"index.py": only}, resources=declared)) == []


def test_thousands_of_params_are_compared_in_no_time() -> None:
    declared = [{"methods": "get", "resource": f"/:a/{number}"} for number in range(3_000)]
    assert found(bundle(resources=declared))


VIEW = {"role": "view", "resource": "/listened"}

# name and resources, and whether the gateway does not register the bundle
NAMES: dict[str, tuple[dict[str, Any], bool]] = {
    "a name of the gateway": ({"name": "registration"}, True),
    "another name of the gateway": ({"name": "dependency"}, True),
    "a name that begins so": ({"name": "registrations"}, False),
    "a long name": ({"name": "a" * 31}, False),
    "a long name and a half that listens": ({"name": "a" * 31, **resources(EXAMPLE, VIEW)}, True),
    "a longer one": ({"name": "a" * 60, **resources(EXAMPLE, VIEW)}, True),
    "the longest one that works": ({"name": "a" * 30, **resources(EXAMPLE, VIEW)}, False),
    "one that only listens": ({"name": "a" * 31, **resources(VIEW)}, False),
}


@pytest.mark.parametrize(("fields", "is_told"), NAMES.values(), ids=NAMES)
def test_name_that_the_gateway_does_not_register(fields: dict[str, Any], is_told: bool) -> None:
    told = [(one.severity, one.pointer) for one in found(changed(fields)) if one.rule == "unregistrable-name"]
    assert told == [("error", "/name")] * is_told


# hook, and what is found in it
HOOKS: list[tuple[Any, list[tuple[str, str]]]] = [
    (["network", "/network"], [("hook-without-target", "/hook/1")]),
    (["example", "examples"], [("hook-without-target", "/hook/0")]),
    (["", 1, None, {}, "x"], [("bad-hook", f"/hook/{index}") for index in range(4)]),
    ("network", []),
    ({}, []),
]


@pytest.mark.parametrize(("hook", "expected"), HOOKS)
def test_hook_that_does_nothing(hook: Any, expected: list[tuple[str, str]]) -> None:
    told = [(one.rule, one.pointer) for one in found(changed({"hook": hook})) if one.rule.endswith(("hook", "target"))]
    assert told == expected
