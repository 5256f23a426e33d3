"""The schema and the rules are one: each constraint has its rule, and they agree on every manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from bundlekit.bundle.document import pointer_to
from bundlekit.bundle.manifest import METHODS, NAME, VERSION
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.rules import rules
from bundlekit.shipped import manifest_schema
from tests.lint.bundles import MANIFEST, bundle, codes
from tests.rotation import examples

SCHEMA: dict[str, Any] = json.loads(manifest_schema().read_text(encoding="utf-8"))
VALIDATOR = Draft7Validator(SCHEMA)
CLAIMS = [claim for rule in rules() for claim in rule.claims]

CONSTRAINTS = {"type", "required", "pattern", "not", "const", "enum", "exclusiveMinimum", "minItems", "uniqueItems"}
SAID_TO_EDITORS = {
    *("$schema", "$id", "title", "description", "default", "examples"),
    *("markdownDescription", "enumDescriptions", "defaultSnippets"),
}


def constraints(schema: dict[str, Any], way: tuple[str, ...] = ()) -> Iterator[str]:
    """Where the schema constrains, as pointers; a keyword that is not known here is a fault of this test."""
    for keyword, value in schema.items():
        if keyword in CONSTRAINTS:
            yield pointer_to([*way, keyword])
        elif keyword == "properties":
            for name, inner in value.items():
                yield from constraints(inner, (*way, keyword, name))
        elif keyword in {"items", "then", "else"}:
            yield from constraints(value, (*way, keyword))
        elif keyword != "if":
            assert keyword in SAID_TO_EDITORS, keyword


def schemas(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, inner in schema.get("properties", {}).items():
        yield name, inner
        yield from schemas(inner)
    if "items" in schema:
        yield from schemas(schema["items"])


def structural_faults(value: Any) -> list[str]:
    """What the rules that answer for the schema say of a manifest."""
    inspection = Inspection(bundle({"bundle.json": json.dumps(value)}))
    return [diagnostic.message for rule in rules() if rule.claims for diagnostic in rule.check(inspection)]


def test_schema_is_a_sound_draft_7_with_a_stable_id() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert SCHEMA["$id"] == "urn:bundlekit:schema:bundle:1"


def test_every_constraint_is_worded_by_a_rule() -> None:
    assert set(CLAIMS) == set(constraints(SCHEMA))


def test_schema_shows_an_editor_title_and_description_of_every_field() -> None:
    for name, field in schemas(SCHEMA):
        assert field["title"], name
        assert field["description"].endswith("."), name


def test_defaults_and_examples_of_the_schema_keep_to_it() -> None:
    for name, field in schemas(SCHEMA):
        given_values = [*field.get("examples", []), *([field["default"]] if "default" in field else [])]
        for value in given_values:
            assert Draft7Validator(field).is_valid(value), name


def everywhere(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in the schema."""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from everywhere(inner)
    if isinstance(value, dict):
        yield value


def test_markdown_of_the_schema_says_what_the_plain_words_say() -> None:
    marked = [schema for schema in everywhere(SCHEMA) if "markdownDescription" in schema]
    assert len(marked) >= 10
    for schema in marked:
        assert schema["markdownDescription"].replace("`", "") == schema["description"]


def test_every_choice_of_the_schema_is_described() -> None:
    choices = [schema for schema in everywhere(SCHEMA) if "enum" in schema]
    assert len(choices) == 4
    for schema in choices:
        assert len(schema["enumDescriptions"]) == len(schema["enum"])
        assert all(described.endswith(".") for described in schema["enumDescriptions"])


def typed(body: Any) -> Any:
    """What stands in the file when somebody takes a snippet as it is."""
    text = re.sub(r"\$\{\d+:([^}]*)\}", r"\1", json.dumps(body))
    return json.loads(re.sub(r"\$\d+", "", text))


def test_snippets_of_the_schema_are_sound_to_schema_and_rules() -> None:
    (whole,) = SCHEMA["defaultSnippets"]
    manifest = typed(whole["body"])
    items = [typed(one["body"]) for one in SCHEMA["properties"]["resources"]["items"]["defaultSnippets"]]
    assert manifest.keys() | {"concurrent"} == SCHEMA["properties"].keys()  # which the guide does not have
    for resources in ([item] for item in items):
        value = {**manifest, "resources": resources}
        assert VALIDATOR.is_valid(value)
        assert structural_faults(value) == []
    assert VALIDATOR.is_valid(manifest)
    assert structural_faults(manifest) == []


@settings(max_examples=examples(100), deadline=None)
@given(st.data())
def test_words_for_editors_constrain_nothing(data: st.DataObject) -> None:
    """The schema without all that is said to editors judges alike."""

    def bare(value: Any, is_schema: bool = True) -> Any:
        if isinstance(value, list):
            return [bare(item) for item in value]
        if not isinstance(value, dict):
            return value
        kept = {key: item for key, item in value.items() if not is_schema or key not in SAID_TO_EDITORS}
        return {key: bare(item, key != "properties" or not is_schema) for key, item in kept.items()}

    value = data.draw(manifests)
    assert Draft7Validator(bare(SCHEMA)).is_valid(value) is VALIDATOR.is_valid(value)


def test_unknown_keys_are_allowed_and_mentioned() -> None:
    manifest = {**MANIFEST, "$schema": "x", "homepage": [], "resources": [{**MANIFEST["resources"][0], "x-note": 1}]}
    assert codes(bundle({"bundle.json": json.dumps(manifest)})) == ["unknown-field"]


NAMES = [
    "a",
    "-rf",
    "door-lock",
    "A",
    "",
    "a\n",
    "\na",
    "a\r",
    "a b",
    "ä",
    "a1",
    "a_b",
    "a\u2028",
    "\uff41",
    "a\0",
    "K",
]
VERSIONS = [
    "1",
    "1.0.0",
    "1.0.0-rc.1+b~_",
    "v1",
    "",
    "-1",
    ".",
    "..",
    "1/2",
    "../1",
    "1\n",
    "1 ",
    "$(reboot)",
    "1\u0661",
]


@pytest.mark.parametrize("name", NAMES)
def test_name_is_judged_alike_by_schema_and_manifest(name: str) -> None:
    ok = bool(NAME.fullmatch(name))
    assert Draft7Validator(SCHEMA["properties"]["name"]).is_valid(name) is ok
    assert ok is (name != "" and all(one.isascii() and (one.isalpha() or one == "-") for one in name))


@pytest.mark.parametrize("version", VERSIONS)
def test_version_is_judged_alike_by_schema_and_manifest(version: str) -> None:
    assert Draft7Validator(SCHEMA["properties"]["version"]).is_valid(version) is bool(VERSION.fullmatch(version))


def test_methods_are_the_same_in_schema_and_manifest() -> None:
    methods = SCHEMA["properties"]["resources"]["items"]["properties"]["methods"]
    assert tuple(methods["then"]["items"]["enum"]) == tuple(methods["else"]["then"]["enum"]) == METHODS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
method_lists = st.lists(st.sampled_from([*METHODS, "GET", "patch", "", 1, 1.0, True, None]), max_size=5)
resource_items = json_values | st.fixed_dictionaries(
    {},
    optional={
        "resource": json_values
        | st.sampled_from(["/example", "/x/:id", "x", "", "/api/v1", "/api/v1/x", "/api/v1x", "/#"]),
        "methods": json_values | method_lists | st.sampled_from([*METHODS, "GET"]),
        "role": json_values | st.sampled_from(["model", "view"]),
    },
)
manifests = json_values | st.fixed_dictionaries(
    {},
    optional={
        **{field: st.just(value) | json_values for field, value in MANIFEST.items()},
        "name": st.just("example") | json_values | st.sampled_from(NAMES),
        "version": st.just("1.0.0") | json_values | st.sampled_from(VERSIONS),
        "ttl": st.just(60) | json_values | st.sampled_from([0, -0.0, 1e-9, -1, True, 10**400]),
        "resources": st.lists(resource_items, max_size=3) | json_values,
    },
)


@settings(max_examples=examples(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(manifests)
def test_rules_find_something_exactly_where_the_schema_does(value: Any) -> None:
    assert bool(structural_faults(value)) is not VALIDATOR.is_valid(value)


@settings(max_examples=examples(200), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(manifests)
def test_every_violation_of_the_schema_is_worded(value: Any) -> None:
    inspection = Inspection(bundle({"bundle.json": json.dumps(value)}))
    for error in inspection.schema_errors:
        claiming = [rule for rule in rules() if error.claim in rule.claims]
        pointers = [diagnostic.pointer or "" for rule in claiming for diagnostic in rule.check(inspection)]
        assert any(pointer == error.pointer or pointer.startswith(error.pointer + "/") for pointer in pointers)


@settings(max_examples=examples(100), deadline=None)
@given(st.permutations(list(MANIFEST.items())))
def test_order_of_the_fields_is_at_most_an_info(items: list[tuple[str, Any]]) -> None:
    is_sorted = [name for name, _ in items] == list(MANIFEST)
    told = codes(bundle({"bundle.json": json.dumps(dict(items))}))
    assert told == ([] if is_sorted else ["fields-out-of-order"])
