"""What is found in a bundle: cases, each the fields or files that it changes in a sound one, and its findings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bundlekit.bundle.files import Kind
from bundlekit.lint import Severity
from tests.lint.bundles import MANIFEST, bundle, codes, found, keeper

EXAMPLE = {"methods": ["get", "put"], "resource": "/example"}
VIEWS = [{"role": "view", "resource": "/network/interfaces"}, {"role": "view", "methods": [], "resource": "/x"}]


def resources(*items: Any) -> dict[str, Any]:
    return {"resources": list(items)}


def bundle_json_without(field: str) -> str:
    return json.dumps({key: value for key, value in MANIFEST.items() if key != field})


# fields of bundle.json, then rule, pointer, and a part of the message for each finding
FIELDS: dict[str, tuple[dict[str, Any], list[tuple[str, str, str]]]] = {
    "underscore in the name": ({"name": "a_b"}, [("bad-name", "/name", '"a_b" has "_" in it')]),
    "long name": ({"name": "x" * 101}, [("bad-name", "/name", "has 101 characters")]),
    "long version": ({"version": "1" * 101}, [("bad-version", "/version", "has 101 characters")]),
    "empty name": ({"name": ""}, [("bad-name", "/name", "is empty")]),
    "line end behind the name": ({"name": "example\n"}, [("bad-name", "/name", '"example\\n" has "\\n" in it')]),
    "name of letters from elsewhere": ({"name": "exämple"}, [("bad-name", "/name", 'has "ä"')]),
    "name that is an option": ({"name": "-rf"}, []),
    "name that is a number": ({"name": 5}, [("wrong-type", "/name", "name is 5, expected a string")]),
    "version with a slash": ({"version": "../1"}, [("bad-version", "/version", 'has "/" in it')]),
    "version that begins with a dot": ({"version": ".1"}, [("bad-version", "/version", 'begins with "."')]),
    "empty version": ({"version": ""}, [("bad-version", "/version", "is empty")]),
    "version that is a number": ({"version": 1.0}, [("wrong-type", "/version", "version is 1.0, expected a string")]),
    "another main": ({"main": "app.py"}, [("wrong-main", "/main", 'main is "app.py", expected "index.py"')]),
    "main that is nothing": ({"main": None}, [("wrong-main", "/main", "main is null")]),
    "another role": ({"role": "views"}, [("wrong-role", "/role", 'role is "views", expected "model" or "view"')]),
    "the role of a view, without methods": ({"role": "view", "resources": VIEWS}, []),
    "ttl of zero": ({"ttl": 0}, [("ttl-not-positive", "/ttl", "ttl is 0, expected a positive number")]),
    "negative ttl": ({"ttl": -0.5}, [("ttl-not-positive", "/ttl", "ttl is -0.5")]),
    "ttl of a second and a half": ({"ttl": 1.5}, []),
    "ttl in quotes": ({"ttl": "60"}, [("wrong-type", "/ttl", 'ttl is "60", expected a number')]),
    "ttl that is true": ({"ttl": True}, [("wrong-type", "/ttl", "ttl is true, expected a number")]),
    "author that is an object": ({"author": {}}, [("wrong-type", "/author", "author is an object")]),
    "hook that is an object": ({"hook": {}}, [("wrong-type", "/hook", "hook is an object, expected an array")]),
    "dependencies as a list": ({"dependencies": []}, [("wrong-type", "/dependencies", "expected an object")]),
    "priority in quotes": ({"priority": "99"}, [("wrong-type", "/priority", "expected a number")]),
    "resources as an object": ({"resources": {}}, [("wrong-type", "/resources", "expected an array")]),
    "no resources": (resources(), [("no-resources", "/resources", "is empty")]),
    "a resource that is a string": (
        resources(EXAMPLE, "/x"),
        [("wrong-type", "/resources/1", 'resource 2 is "/x", expected an object')],
    ),
    "a resource without its path": (
        resources({"methods": "get"}),
        [("missing-field", "/resources/0", '"resource" is missing in resource 1')],
    ),
    "a path that is a number": (
        resources({"methods": "get", "resource": 1}),
        [("wrong-type", "/resources/0/resource", "resource of resource 1 is 1, expected a string")],
    ),
    "one method": (resources({"methods": "delete", "resource": "/example"}), []),
    "unknown method": (
        resources({"methods": "patch", "resource": "/x"}),
        [("unknown-method", "/resources/0/methods", 'method "patch" of "/x" is unknown')],
    ),
    "methods in upper case": (
        resources({"methods": ["get", "PUT"], "resource": "/x"}),
        [("upper-case-method", "/resources/0/methods/1", 'method "PUT" of "/x" is in upper case, expected "put"')],
    ),
    "a method that is a number": (
        resources({"methods": ["get", 1], "resource": "/x"}),
        [("unknown-method", "/resources/0/methods/1", "method 1 of")],
    ),
    "methods that are a number": (
        resources({"methods": 1, "resource": "/x"}),
        [("wrong-type", "/resources/0/methods", 'methods of "/x" is 1, expected a string or an array')],
    ),
    "a method thrice": (
        resources({"methods": ["get", "put", "get", "get"], "resource": "/x"}),
        [
            ("repeated-method", "/resources/0/methods/2", 'method "get" of "/x" is listed twice'),
            ("repeated-method", "/resources/0/methods/3", 'method "get" of "/x" is listed twice'),
        ],
    ),
    "no methods": (resources({"resource": "/x"}), [("no-methods", "/resources/0", '"/x" has no methods')]),
    "an empty list of methods": (
        resources({"methods": [], "resource": "/x"}),
        [("no-methods", "/resources/0/methods", '"/x" has no methods')],
    ),
    "a view without methods": (resources({"role": "view", "resource": "/network/#"}), []),
    "a view with methods": (resources({"role": "view", "methods": ["put"], "resource": "/network/dns"}), []),
    "a model without methods": (
        resources({"role": "model", "resource": "/x"}),
        [("no-methods", "/resources/0", '"/x" has no methods')],
    ),
    "a resource of another role": (
        resources({"role": "views", "methods": "get", "resource": "/x"}),
        [("wrong-role", "/resources/0/role", 'role of "/x" is "views", expected "model" or "view"')],
    ),
    "no slash": (
        resources({"methods": "get", "resource": "x"}),
        [
            (
                "resource-without-slash",
                "/resources/0/resource",
                'resource "x" does not start with a slash, expected "/x"',
            )
        ],
    ),
    "an empty resource": (
        resources({"methods": "get", "resource": ""}),
        [("resource-without-slash", "/resources/0/resource", "expected a path such as")],
    ),
    "the prefix": (
        resources({"methods": "get", "resource": "/api/v1/x"}),
        [("resource-with-prefix", "/resources/0/resource", 'carries the prefix /api/v1, expected "/x"')],
    ),
    "the prefix alone": (
        resources({"methods": "get", "resource": "/api/v1"}),
        [("resource-with-prefix", "/resources/0/resource", "expected a path of its own")],
    ),
    "neither slash nor its own prefix": (
        resources({"methods": "get", "resource": "api/v1/x"}),
        [
            ("resource-without-slash", "/resources/0/resource", "slash"),
            ("resource-with-prefix", "/resources/0/resource", "prefix"),
        ],
    ),
    "what only begins like the prefix": (resources({"methods": "get", "resource": "/api/v10/x"}), []),
    "twice": (
        resources(EXAMPLE, {"methods": "delete", "resource": "/example"}),
        [("resource-declared-twice", "/resources/1/resource", '"/example" is declared twice')],
    ),
    "twice by another name of a param": (
        resources({"methods": "get", "resource": "/x/:a"}, {"methods": "put", "resource": "/x/:b"}),
        [("resource-declared-twice", "/resources/1/resource", 'twice, the first time as "/x/:a"')],
    ),
    "param and literal": (
        resources({"methods": "get", "resource": "/x/:a"}, {"methods": "put", "resource": "/x/all"}),
        [],
    ),
    "answered and listened to": (resources(EXAMPLE, {"role": "view", "resource": "/example"}), []),
    "the rest of a resource": (resources({"role": "view", "resource": "/x/#"}, EXAMPLE), []),
}


@pytest.mark.parametrize(("fields", "expected"), FIELDS.values(), ids=FIELDS)
def test_fields_of_the_manifest(fields: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    findings = found(bundle(**fields))
    assert [(one.rule, one.pointer) for one in findings] == [(rule, pointer) for rule, pointer, _ in expected]
    for finding, (_, _, message) in zip(findings, expected, strict=True):
        assert message in finding.message
        assert finding.file == "box/bundle.json"
        works_all_the_same = finding.rule in {"no-methods", "repeated-method", "resource-declared-twice"}
        assert finding.severity is (Severity.WARNING if works_all_the_same else Severity.ERROR)


def index(*routes: str, base: str = "Sanji", before: str = "") -> str:
    lines = ["from sanji.core import Route, Sanji", before, f"class Example({base}):"]
    lines += ["    def init(self, **kwargs): pass"]
    for number, route in enumerate(routes):
        lines += [f"    @Route({route})", f"    def handler_{number}(self, message, response): response()"]
    return "\n".join(lines) + "\n"


GET = 'methods="get", resource="/example"'
PUT = 'methods="put", resource="/example"'

# declared resources, index.py, then for each finding rule, file, pointer or line, and a part of
# the message
ROUTES: dict[str, tuple[list[Any], str, list[tuple[str, str, int | str, str]]]] = {
    "one function a method": ([EXAMPLE], index(GET, PUT), []),
    "one method without a handler": (
        [EXAMPLE],
        index(GET),
        [("route-without-handler", "bundle.json", "/resources/0/methods", 'no handler for put of "/example"')],
    ),
    "no handler at all": (
        [EXAMPLE],
        index(),
        [("route-without-handler", "bundle.json", "/resources/0/methods", 'no handler for get and put of "/example"')],
    ),
    "an empty index.py": (
        [EXAMPLE],
        "",
        [("route-without-handler", "bundle.json", "/resources/0/methods", 'no handler for get and put of "/example"')],
    ),
    "slashes at the end of the handler's": ([EXAMPLE], index('"example/"'), [("undeclared-method", "index.py", 5, "")]),
    "another name of a param": (
        [{"methods": "get", "resource": "/x/:id"}],
        index('methods="get", resource="/x/:name"'),
        [],
    ),
    "a handler for one value of a param": (
        [{"methods": "get", "resource": "/x/:id"}],
        index('methods="get", resource="/x/all"'),
        [("route-without-handler", "bundle.json", "/resources/0/methods", 'get of "/x/:id"')],
    ),
    "a handler of all values for one": (
        [{"methods": "get", "resource": "/x/all"}],
        index('methods="get", resource="/x/:id"'),
        [],
    ),
    "a handler below a wildcard": (
        [{"methods": "get", "resource": "/x/#"}],
        index('methods="get", resource="/x/y/:id"'),
        [("wildcard-resource", "bundle.json", "/resources/0/resource", "")],
    ),
    "a handler beside a wildcard": (
        [{"methods": "get", "resource": "/x/#"}],
        index('methods="get", resource="/y/z"'),
        [
            ("route-without-handler", "bundle.json", "/resources/0/methods", ""),
            ("wildcard-resource", "bundle.json", "/resources/0/resource", ""),
            ("undeclared-resource", "index.py", 5, '"/y/z"'),
        ],
    ),
    "a handler that nobody declared": (
        [EXAMPLE],
        index(GET, PUT, 'methods="get", resource="/exampel"'),
        [("undeclared-resource", "index.py", 9, 'does not declare "/exampel"')],
    ),
    "methods that nobody declared": (
        [{"methods": "get", "resource": "/example"}],
        index('methods=["get", "put", "delete"], resource="/example"'),
        [("undeclared-method", "index.py", 5, 'does not declare put and delete of "/example"')],
    ),
    "a handler of events": (
        [EXAMPLE, {"role": "view", "resource": "/network/dns"}],
        index(GET, PUT, 'methods="put", resource="/network/dns"').replace(
            "handler_2(self, message, response)", "x(self, m)"
        ),
        [],
    ),
    "methods of a view": (
        [{"role": "view", "methods": ["put", "post"], "resource": "/x"}],
        index('methods="put", resource="/x"'),
        [("wrong-handler-signature", "index.py", 6, "expected (self, message)")],
    ),
    "the prefix on one side": (
        [{"methods": "get", "resource": "/api/v1/example"}],
        index(GET),
        [("resource-with-prefix", "bundle.json", "/resources/0/resource", "")],
    ),
    "a resource that is computed": (
        [EXAMPLE],
        index(GET, "resource=make()"),
        [
            ("unresolved-route", "bundle.json", "/resources/0/methods", 'no handler for put of "/example" can be seen'),
            ("unresolved-route", "index.py", 7, "which resource this is cannot be seen"),
        ],
    ),
    "a computed resource of another method": (
        [EXAMPLE],
        index(GET, 'methods="get", resource=make()'),
        [
            ("route-without-handler", "bundle.json", "/resources/0/methods", 'no handler for put of "/example"'),
            ("unresolved-route", "index.py", 7, "which resource"),
        ],
    ),
    "methods that are computed": (
        [EXAMPLE],
        index('methods=make(), resource="/example"'),
        [("unresolved-route", "index.py", 5, "which methods these are cannot be seen")],
    ),
    "a base class from elsewhere": (
        [EXAMPLE],
        index(GET, base="Base, Sanji"),
        [("unresolved-route", "bundle.json", "/resources/0/methods", 'no handler for put of "/example" can be seen')],
    ),
    "a base class from elsewhere that is not needed": ([EXAMPLE], index(GET, PUT, base="Base, Sanji"), []),
    "a constant": ([EXAMPLE], index('R, ["get", "put"]', before='R = "/example"'), []),
    "stacked": (
        [EXAMPLE],
        index(f"{GET})\n    @Route({PUT}"),
        [("stacked-routes", "index.py", 6, "handler_0 has a second @Route")],
    ),
    "methods in upper case": (
        [EXAMPLE],
        index('methods=["GET", "put"], resource="/example"'),
        [("unknown-handler-method", "index.py", 5, 'method "GET" is unknown to the SDK')],
    ),
    "a method that is unicode": (
        [EXAMPLE],
        index("methods=u'get', resource='/example'", PUT),
        [("unknown-handler-method", "index.py", 5, "u'get' is unicode to Python 2.7, expected a list")],
    ),
    "a method that a future import makes unicode": (
        [EXAMPLE],
        index(
            GET, 'methods=["put"], resource="/example"', before="from __future__ import (division,\n unicode_literals)"
        ),
        [("unknown-handler-method", "index.py", 6, '"get" is unicode to Python 2.7')],
    ),
    "methods that are unicode in a list": ([EXAMPLE], index('methods=[u"get", "put"], resource="/example"'), []),
    "bytes in spite of a future import": (
        [EXAMPLE],
        index(
            'methods=["get"], resource="/example"',
            'methods=b"put", resource="/example"',
            before="from __future__ import unicode_literals",
        ),
        [],
    ),
    "the method that never comes": (
        [EXAMPLE],
        index(GET, PUT, 'methods="all", resource="/example"'),
        [("unknown-handler-method", "index.py", 9, 'method "all"')],
    ),
}


@pytest.mark.parametrize(("declared", "source", "expected"), ROUTES.values(), ids=ROUTES)
def test_routes(declared: list[Any], source: str, expected: list[tuple[str, str, int | str, str]]) -> None:
    findings = found(bundle({"index.py": source}, resources=declared))
    findings = [one for one in findings if one.rule != "undefined-name"]  # cases have names that stand for anything
    where = [(one.rule, one.file, one.line if one.pointer is None else one.pointer) for one in findings]
    assert where == [(rule, f"box/{file}", place) for rule, file, place, _ in expected]
    for finding, (_, _, _, message) in zip(findings, expected, strict=True):
        assert message in finding.message


# files, then the rules that find something
FILES: dict[str, tuple[dict[str, bytes | str | Kind | None], list[str]]] = {
    "no manifest": ({"bundle.json": None}, ["missing-manifest"]),
    "no index.py": ({"index.py": None}, ["missing-main"]),
    "no factory file": ({"data/example.json.factory": None, "index.py": keeper()}, ["missing-factory"]),
    "no factory file, and no model": ({"data/example.json.factory": None}, []),
    "factory file with an array": ({"data/example.json.factory": "[]"}, []),
    "factory file with a string": ({"data/example.json.factory": '"x"'}, ["factory-not-a-container"]),
    "factory file with nothing": ({"data/example.json.factory": "null"}, ["factory-not-a-container"]),
    "empty factory file": ({"data/example.json.factory": ""}, ["not-json"]),
    "factory file with a mark": ({"data/example.json.factory": b"\xef\xbb\xbf{}"}, ["byte-order-mark"]),
    "factory file with a key twice": ({"data/example.json.factory": '{"a": 1, "a": 1}'}, ["duplicate-key"]),
    "factory file that is a folder": ({"data/example.json.factory": Kind.FOLDER}, ["unreadable-file"]),
    "manifest that is a link": ({"bundle.json": Kind.LINK}, ["unreadable-file"]),
    "manifest that is a pipe": ({"bundle.json": Kind.OTHER}, ["unreadable-file"]),
    "index.py that is a link": ({"index.py": Kind.LINK}, ["unreadable-file"]),
    "empty manifest": ({"bundle.json": ""}, ["not-json"]),
    "manifest that is null": ({"bundle.json": "null"}, ["wrong-type"]),
    "manifest that is an array": ({"bundle.json": "[]"}, ["wrong-type"]),
    "manifest in latin-1": ({"bundle.json": b'{"name": "\xe9"}'}, ["not-utf8"]),
    "manifest that is too large": ({"bundle.json": b" " * (256 * 1024 + 1)}, ["too-large"]),
    "manifest as large as it can be": ({"bundle.json": b" " * (256 * 1024)}, ["not-json"]),
    "index.py that is too large": ({"index.py": b"#" * (512 * 1024 + 1)}, ["too-large"]),
    "nothing": (
        dict.fromkeys(("bundle.json", "index.py", "data/example.json.factory")),
        ["missing-manifest", "missing-main"],
    ),
}


@pytest.mark.parametrize(("files", "expected"), FILES.values(), ids=FILES)
def test_files(files: dict[str, bytes | str | Kind | None], expected: list[str]) -> None:
    assert codes(bundle(files)) == expected


def test_factory_file_under_another_name_is_pointed_at() -> None:
    (finding,) = found(bundle({"data/example.json.factory": None, "data/old.json.factory": "{}", "index.py": keeper()}))
    assert finding.rule == "misnamed-factory"
    assert finding.hint == "rename data/old.json.factory"
    assert (finding.pointer, finding.excerpt) == ("/name", '  "name": "example",')


def test_main_under_another_name_is_pointed_at() -> None:
    findings = found(bundle({"index.py": None, "app.py": "x = 1"}, main="app.py", resources=VIEWS))
    assert [one.rule for one in findings] == ["missing-bundle-class", "wrong-main"]
    assert "rename app.py" in findings[1].hint


@pytest.mark.parametrize("name", ["../example", "/etc/passwd", "a/b", "a\\b", "\0", "..", "\ud800", "x" * 300])
def test_name_that_leads_elsewhere_is_only_a_bad_name(name: str) -> None:
    assert set(codes(bundle({"data/example.json.factory": "{}"}, name=name))) <= {"bad-name", "misnamed-factory"}


def test_missing_field_is_told_at_the_opening_bracket_with_what_to_add() -> None:
    (finding,) = found(bundle({"bundle.json": bundle_json_without("ttl")}))
    assert (finding.line, finding.column, finding.end_column, finding.pointer) == (1, 1, 2, "")
    assert finding.message == '"ttl" is missing'
    assert finding.hint == 'add "ttl": 60'


@pytest.mark.parametrize("field", ["name", "version", "description", "main", "role", "ttl", "resources"])
def test_every_field_that_the_gateway_needs_is_asked_for(field: str) -> None:
    assert "missing-field" in codes(bundle({"bundle.json": bundle_json_without(field)}))


@pytest.mark.parametrize("field", ["author", "email", "license"])
def test_other_fields_may_be_left_out(field: str) -> None:
    assert codes(bundle({"bundle.json": bundle_json_without(field)})) == []


@pytest.mark.parametrize("field", ["argument", "priority", "hook", "dependencies", "repository"])
def test_reserved_fields_that_are_left_out_are_an_info_alone(field: str) -> None:
    (finding,) = found(bundle({"bundle.json": bundle_json_without(field)}))
    assert (finding.rule, finding.severity) == ("missing-reserved-field", Severity.INFO)
    assert f"the reserved {field} is missing" in finding.message


def test_both_places_of_a_pair_are_told() -> None:
    (finding,) = found(bundle(resources=[EXAMPLE, EXAMPLE]))
    assert finding.other is not None
    assert (finding.line, finding.other.line, finding.other.note) == (29, 22, "the first one")
    assert finding.other.file == "box/bundle.json"


def test_findings_come_in_the_order_of_the_files() -> None:
    findings = found(bundle({"index.py": index("make()"), "data/example.json.factory": "1"}, ttl=0, name="example"))
    places = [(one.file, one.line, one.column, one.code) for one in findings]
    assert places == sorted(places)
    assert len({file for file, *_ in places}) == 3
    assert findings == found(bundle({"index.py": index("make()"), "data/example.json.factory": "1"}, ttl=0))


def test_severities_tell_what_breaks_from_what_is_likely_wrong() -> None:
    source = index(GET, PUT, "make()", 'methods="delete", resource="/example"', '"/other", "get"')
    assert {one.rule: one.severity for one in found(bundle({"index.py": source}))} == {
        "unresolved-route": Severity.INFO,
        "undefined-name": Severity.ERROR,
        "undeclared-method": Severity.WARNING,
        "undeclared-resource": Severity.WARNING,
    }
