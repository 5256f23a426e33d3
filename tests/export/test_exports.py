"""What goes into an export, and in which order a collection runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.manifest import METHODS, Manifest, Resource
from bundlekit.cli import main
from bundlekit.export.description import NOTHING, Description, describe, describe_api
from bundlekit.export.openapi import openapi
from bundlekit.export.postman import postman
from bundlekit.fuzz.boundaries import boundary_values
from bundlekit.source.contracts import Contracts
from bundlekit.source.routes import find_routes
from tests.lint.bundles import bundle
from tests.workstation import SAMPLE

NO_SOURCE = find_routes(b"")


def described(*resources: str, settings: Any = NOTHING, source: bytes = b"") -> Description:
    """Of resources as `PATH METHOD,METHOD`."""
    declared = tuple(Resource(path, tuple(methods.split(",")), "model") for path, methods in map(str.split, resources))
    return describe_api(Manifest("sample", "1.0.0", "", 60, declared), find_routes(source), settings)


def requests(description: Description) -> list[str]:
    """The run of the collection, a line a request: method, path, what is sent, stored and found."""
    lines = []
    for item in postman(description)["item"]:
        request = item["request"]
        stored = re.findall(r'Variables.set\("(\w+)"', "\n".join(item["event"][0]["script"]["exec"]))
        sent = request.get("body", {}).get("raw", "").strip("{}")
        path = "/" + "/".join(request["url"]["path"][2:])
        lines.append(
            " ".join([request["method"], path, *([f"<{sent}"] if sent else []), *(f">{one}" for one in stored)])
        )
    return lines


RUNS = {
    "settings": (["/a put,get"], ["GET /a >body_a", "PUT /a <body_a"]),
    "settings that are only written": (["/a put"], ["PUT /a <body_a"]),
    "settings that can be removed": (
        ["/a get,put,delete"],
        ["GET /a >body_a", "DELETE /a", "PUT /a <body_a"],
    ),
    "removed settings that nobody could read before": (["/a put,delete"], ["PUT /a <body_a", "DELETE /a"]),
    "a collection and its items": (
        ["/a/:id get,put,delete", "/a get,put,post"],
        [
            "GET /a >body_a",
            "PUT /a <body_a",
            "POST /a <item_a >id",
            "GET /a/{{id}} >body_a_id",
            "PUT /a/{{id}} <body_a_id",
            "DELETE /a/{{id}}",
        ],
    ),
    "an item that can be added again": (
        ["/a/:id get,post,delete"],
        ["GET /a/{{id}} >body_a_id", "DELETE /a/{{id}}", "POST /a/{{id}} <body_a_id"],
    ),
    "an item that cannot": (["/a/:id get,put,delete", "/b get"], [
        "GET /b >body_b",
        "GET /a/{{id}} >body_a_id",
        "PUT /a/{{id}} <body_a_id",
        "DELETE /a/{{id}}",
    ]),
    "items of two collections": (
        ["/a/:id get", "/b/:id get", "/a/:id/x get"],
        ["GET /a/{{id}} >body_a_id", "GET /b/{{id_2}} >body_b_id", "GET /a/{{id}}/x >body_a_id_x"],
    ),
    "parameters that are called as the variables are": (
        ["/a/:token get", "/b/:host get"],
        ["GET /a/{{token_2}} >body_a_token", "GET /b/{{host_2}} >body_b_host"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_collection_runs_in_an_order_that_gives_back_what_it_takes(name: str) -> None:
    resources, run = RUNS[name]
    assert requests(described(*resources)) == run


SETTINGS = {"rooms": {"7": {"limits": {"low": 1}}}, "doors": {}, "x": 0}

EXAMPLES: list[tuple[tuple[str, ...], Any, dict[str, Any]]] = [
    (("/a get",), SETTINGS, {"/a": SETTINGS}),
    (("/deep/a get",), SETTINGS, {"/deep/a": SETTINGS}),
    (("/rooms get", "/x get"), SETTINGS, {"/rooms": SETTINGS["rooms"], "/x": 0}),
    (("/a/rooms get", "/a/x get"), SETTINGS, {"/a/rooms": SETTINGS["rooms"], "/a/x": 0}),
    (
        ("/rooms get", "/rooms/:id/limits get"),
        SETTINGS["rooms"],
        {"/rooms": SETTINGS["rooms"], "/rooms/:id/limits": {"low": 1}},
    ),
    (("/doors/:id get", "/x/:id get"), SETTINGS, {"/doors/:id": NOTHING, "/x/:id": NOTHING}),
    (("/a get",), NOTHING, {"/a": NOTHING}),
    (("/a get",), [1], {"/a": [1]}),
    (("/a get", "/b get"), None, {"/a": NOTHING, "/b": NOTHING}),
]


@pytest.mark.parametrize(("resources", "settings", "examples"), EXAMPLES)
def test_examples_are_where_the_factory_settings_have_them(
    resources: tuple[str, ...], settings: Any, examples: dict[str, Any]
) -> None:
    description = described(*resources, settings=settings)
    assert {place.path(":", ""): place.example for place in description.places} == examples


def test_parameters_have_ids_that_the_settings_have() -> None:
    description = described("/rooms/:id get", "/doors/:id get", settings=SETTINGS)
    assert [place.parameters[0].example for place in description.places] == ["7", "1"]


def test_docstring_of_a_handler_becomes_its_summary_and_description() -> None:
    source = b'''
class Sample(Sanji):
    @Route(methods="get", resource="/rooms/:room")
    def get(self, message, response):
        """Tell what is
        in a room.

        All of it.
        """
    @Route(methods="put", resource="/rooms/:id")
    def put(self, message, response):
        pass
'''
    path = openapi(described("/rooms/:id get,put", source=source))["paths"]["/rooms/{id}"]
    assert path["get"]["summary"] == "Tell what is in a room"
    assert path["get"]["description"] == "Tell what is\nin a room.\n\nAll of it."
    assert path["put"]["summary"] == "Change /rooms/{id}"
    assert "description" not in path["put"]


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        ("/a/#", "it has a wildcard"),
        ("/a/+/b", "it has a wildcard"),
        ("/a/{id}", "it has braces, which mean a parameter there"),
        ("/a/:x/:x", "it has a parameter twice"),
        ("/a//b", "it has an empty part"),
        ("/first/:other", "it is the same as /first/:id"),
    ],
)
def test_what_cannot_be_said_is_left_out_and_told(resource: str, reason: str) -> None:
    description = described("/first/:id get", f"{resource} get")
    assert description.left_out == ((resource, reason),)
    assert list(openapi(description)["paths"]) == ["/first/{id}"]


def test_views_and_unknown_methods_are_no_part_of_it() -> None:
    resources = (
        Resource("/a", ("put",), "view"),
        Resource("/b", ("patch",), "model"),
        Resource("/c", ("GET",), "model"),
    )
    description = describe_api(Manifest("sample", "1.0.0", "", 60, resources), NO_SOURCE, NOTHING)
    assert {path: sorted(item) for path, item in openapi(description)["paths"].items()} == {"/c": ["get"]}


def test_resource_declared_twice_has_the_methods_of_both() -> None:
    (place,) = described("/a put", "/api/v1/a get").places
    assert [operation.method for operation in place.operations] == ["get", "put"]


def test_two_braces_in_the_settings_are_no_variable_of_postman() -> None:
    variables = postman(described("/a get", settings={"a": "{{token}}"}))["variable"]
    (body,) = [one["value"] for one in variables if one["key"] == "body_a"]
    assert "{{" not in body
    assert json.loads(body) == {"a": "{{token}}"}


segments = st.one_of(
    st.from_regex(r":?[a-z_]{1,3}", fullmatch=True), st.text("ab-_.~:%äé\x7f\u202e +#{}", min_size=0, max_size=4)
)
anything = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab1:{", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.tuples(st.lists(segments, min_size=1, max_size=3), st.sets(st.sampled_from(METHODS))), max_size=4),
    anything,
)
def test_whatever_a_bundle_declares_openapi_is_valid_and_a_collection_comes(
    declared: list[tuple[list[str], set[str]]], settings: Any
) -> None:
    resources = tuple(Resource("/" + "/".join(way), tuple(methods), "model") for way, methods in declared)
    description = describe_api(Manifest("sample", "1.0.0", "", 60, resources), NO_SOURCE, settings)
    document = openapi(description)
    OpenAPIV31SpecValidator(json.loads(json.dumps(document))).validate()
    collection = postman(description)
    known = {variable["key"] for variable in collection["variable"]}
    assert set(re.findall(r"\{\{(\w+)\}\}", json.dumps(collection["item"]))) <= known
    assert len(known) == len(collection["variable"])


def test_same_bundle_gives_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("openapi", "postman"):
        assert main(["export", form, str(SAMPLE)]) == 0
        first = capsys.readouterr()
        assert main(["export", form, str(SAMPLE), "-o", str(tmp_path / form)]) == 0
        assert (tmp_path / form).read_text() == first.out
        assert first.err == ""


def test_archive_gives_the_same_as_its_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pack", str(SAMPLE), "--output", str(tmp_path)]) == 0
    capsys.readouterr()
    assert main(["export", "openapi", str(tmp_path / "example-0.0.1.tar.gz")]) == 0
    assert json.loads(capsys.readouterr().out) == openapi(describe(Bundle.in_folder(SAMPLE)))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["openapi", "/"], 3, "is not a bundle"),
        (["swagger"], 2, "swagger"),
        (["openapi", str(SAMPLE), "-o", "/no/such/folder"], 3, "cannot write /no/such/folder"),
    ],
)
def test_what_cannot_be_exported_is_told(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", *arguments]) == code
    told = capsys.readouterr()
    assert (told.out, words in told.err) == ("", True)


SCHEMA = b"""
from sanji.core import Route, Sanji
from voluptuous import All, Any, Length, Optional, Range, Required, Schema

LIMITS = Schema({Required("low"): All(int, Range(min=1, max=9)), Optional("name", default="a"): All(str, Length(1, 4))})


class Sample(Sanji):
    @Route(methods="put", resource="/limits", schema=LIMITS)
    def put(self, message, response):
        return response(data={"saved": True, "count": len(self.model.db)})

    @Route(methods="post", resource="/limits")
    def post(self, message, response):
        if message.data.get("mode") not in ("auto", "off"):
            return response(code=400, data={"message": "no such mode"})
        return response(code=201)
"""


def described_with_code(settings: Any = NOTHING) -> Description:
    manifest = Manifest("sample", "1.0.0", "", 60, (Resource("/limits", ("put", "post"), "model"),))
    source = find_routes(SCHEMA)
    return describe_api(manifest, source, settings, Contracts(bundle({"index.py": SCHEMA}), source))


def test_schema_of_a_route_is_the_body_in_openapi() -> None:
    document = openapi(described_with_code({"low": 5, "old": 1}))
    OpenAPIV31SpecValidator(json.loads(json.dumps(document))).validate()
    put, post = (document["paths"]["/limits"][method] for method in ("put", "post"))
    body = put["requestBody"]
    assert body["required"]
    assert body["content"]["application/json"] == {
        "schema": {
            "type": "object",
            "properties": {
                "low": {"type": ["integer", "boolean"], "minimum": 1, "maximum": 9, "not": {"const": False}},
                "name": {"type": "string", "minLength": 1, "maxLength": 4, "default": "a"},
            },
            "required": ["low"],
            "additionalProperties": False,
        },
        "example": {"low": 5, "name": "a"},
    }
    answer = put["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer["properties"] == {"saved": {"type": "boolean"}, "count": {"type": "integer"}}
    assert post["requestBody"]["content"]["application/json"]["example"] == {"mode": "auto"}


HUGE = "9**64 * 9**64 * 9**64 * 9**64 * 9**64 * 9**64 * 9**64"
HOSTILE = {
    "the first numbers are not allowed": "Schema(NotIn([0, 1, 2]))",
    "no text is found for a pattern": "Schema(ExactSequence([{Required('a'): Match('^zzz$')}]))",
    "no text is found for an item": "Schema(All([{Required('a'): Match('^zzz$')}], Length(min=1)))",
    "text that fills the memory": "Schema({Required('a'): All(str, Length(min=10**15))})",
    "a list that fills the memory": "Schema({Required('a'): All([int], Length(min=10**15))})",
    "no end of a range": "Schema({Required('a'): Range(min=1, max=1e999)})",
    "a number that no float holds": f"Schema({{Required('a'): Range(min=0.5, max={HUGE})}})",
    "an infinite default": "Schema({Optional('a', default=1e200 * 1e200): float})",
    "a list without end": "Schema({Required('a'): In(range(10**30))})",
    "a negative length": "Schema({Optional('a'): Length(max=-1)})",
}
HOSTILE_CHECKS = {
    "a length of at least 0 is refused": "len(message.data) >= 0",
    "a length above a negative number is refused": "len(message.data['a']) > -2",
    "a bound that no float holds": f"message.data['a'] > {HUGE}",
}


@pytest.mark.parametrize("name", [*HOSTILE, *HOSTILE_CHECKS])
def test_hostile_schema_gives_valid_documents(name: str) -> None:
    head = "from sanji.core import Route, Sanji\nfrom voluptuous import *\n\n\nclass Sample(Sanji):\n"
    schema = f", schema={HOSTILE[name]}" if name in HOSTILE else ""
    check = HOSTILE_CHECKS.get(name, "False")
    code = (
        f'{head}    @Route(methods="put", resource="/a"{schema})\n    def put(self, message, response):\n'
        f"        if {check}:\n            return response(code=400)\n        return response(data=message.data)\n"
    ).encode()
    source = find_routes(code)
    contracts = Contracts(bundle({"index.py": code}), source)
    manifest = Manifest("sample", "1.0.0", "", 60, (Resource("/a", ("put",), "model"),))
    description = describe_api(manifest, source, NOTHING, contracts)
    OpenAPIV31SpecValidator(json.loads(json.dumps(openapi(description), allow_nan=False))).validate()
    json.dumps(postman(description), allow_nan=False)
    body = contracts.of("put", "/a").body
    Draft202012Validator.check_schema(body.schema())
    for value in boundary_values(body):
        assert len(json.dumps(value, allow_nan=False)) < 10_000


def test_collection_sends_what_the_schema_lets_through() -> None:
    collection = postman(described_with_code({"low": 77}))
    variables = {one["key"]: one["value"] for one in collection["variable"]}
    assert json.loads(variables["body_limits"]) == {"low": 1, "name": "a"}
    scripts = ["\n".join(item["event"][0]["script"]["exec"]) for item in collection["item"]]
    assert any("jsonSchema(schema)" in script for script in scripts)
