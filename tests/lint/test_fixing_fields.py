"""Fields of bundle.json that are added or sorted, and a factory file that gets its name."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundlekit.bundle.files import Kind
from bundlekit.lint import check
from bundlekit.lint.fixing import fix
from bundlekit.lint.selection import Choice, selection, selector
from tests.lint.bundles import MANIFEST, bundle, keeper, source
from tests.rotation import examples

ORDER = list(MANIFEST)
FIELDS = ("BK101", "BK140", "BK141")
SAFE = {field: MANIFEST[field] for field in ("main", "role", "ttl", *ORDER[ORDER.index("argument") : -3])}


def mended(text: str, *rules: str) -> str:
    chosen = selection(Choice(select=tuple(map(selector, rules or FIELDS))))
    fixed = fix(bundle({"bundle.json": text}), chosen)
    after = fixed.contents.get("bundle.json", (b"", text.encode()))[1]
    assert fix(bundle({"bundle.json": after}), chosen).contents == {}
    return after.decode()


CASES = {
    "added behind the one that it follows": (
        'BK101', '{\n  "name": "a",\n  "main": "index.py",\n  "role": "model",\n  "resources": []\n}\n',
        '{\n  "name": "a",\n  "main": "index.py",\n  "role": "model",\n  "ttl": 60,\n  "resources": []\n}\n',
    ),
    "added in one line": (
        "BK101", '{"name":"a","role":"model","resources":[]}',
        '{"name":"a","main":"index.py","role":"model","ttl":60,"resources":[]}',
    ),
    "added to one field alone": ("BK101", '{ "role": "model" }', '{ "main": "index.py", "role": "model", "ttl": 60 }'),
    "added to one field alone, on lines of their own": (
        "BK101", '{\r\n\t"role" : "model"\r\n}',
        '{\r\n\t"main" : "index.py",\r\n\t"role" : "model",\r\n\t"ttl" : 60\r\n}',
    ),
    "added in front of all": (
        "BK140", '{\n  "role": "model",\n  "ttl": 60\n}',
        '{\n  "argument": "",\n  "priority": 99,\n  "hook": [],\n  "dependencies": {},\n  "repository": "",\n'
        '  "role": "model",\n  "ttl": 60\n}',
    ),
    "added where some are": (
        "BK140", '{"license": "MIT", "argument": "", "hook": [], "role": "model"}',
        '{"license": "MIT", "argument": "", "priority": 99, "hook": [], "dependencies": {}, "repository": "", '
        '"role": "model"}',
    ),
    "a comma in front of each": (
        "BK101", '{\n  "name": "a"\n, "role": "model"\n}',
        '{\n  "name": "a"\n, "main": "index.py"\n, "role": "model"\n, "ttl": 60\n}',
    ),
    "none invented": ("BK101", '{"main": "index.py", "role": "model", "ttl": 1}', None),
    "a slip of it is there": ("BK101", '{"name": "a", "mains": "index.py", "rol": "model", "TTL": 1}', None),
    "a reserved one under a slip": ("BK140", json.dumps(SAFE).replace("hook", "hooks"), None),
    "a field twice": ("BK101,BK140,BK141", '{"role": "model", "name": "a", "role": "model"}', None),
    "no object": ("BK101,BK140,BK141", '["role"]', None),
    "an empty one": ("BK101,BK140,BK141", "{}", None),
    "sorted": (
        "BK141", '{\n  "version": "1", "name": "a",\n\n  "ttl":  60,\n  "hook": [\n    1\n  ]\n}',
        '{\n  "name": "a", "version": "1",\n\n  "hook": [\n    1\n  ],\n  "ttl":  60\n}',
    ),
    "sorted with what stands in front": (
        "BK141", '{"$schema": "x", "ttl": 60, "//": "of the list", "name": "a", "x-last": 1}',
        '{"$schema": "x", "//": "of the list", "name": "a", "x-last": 1, "ttl": 60}',
    ),
    "sorted already": ("BK141", '{"x": 1, "name": "a", "y": 1, "ttl": 60, "z": 1}', None),
}  # fmt: skip


@pytest.mark.parametrize(("rules", "before", "after"), CASES.values(), ids=CASES)
def test_fields_are_put_where_they_belong_and_set_as_their_neighbours(
    rules: str, before: str, after: str | None
) -> None:
    assert mended(before, *rules.split(",")) == (before if after is None else after)


keys = st.permutations([*ORDER, "x-own", "$schema", "debug"]).flatmap(
    lambda names: st.integers(0, len(names)).map(lambda length: names[:length])
)


@settings(max_examples=examples(150), deadline=None)
@given(keys, st.sampled_from([None, 0, 2, "\t"]), st.sampled_from([None, (",", ":"), (" ,", " : ")]))
def test_any_manifest_has_what_is_safe_in_the_order_of_the_guide_and_nothing_lost(
    names: list[str], indent: int | str | None, separators: tuple[str, str] | None
) -> None:
    before = {name: MANIFEST.get(name, {"a": [1, {"b": 'c, "d": {'}]}) for name in names}
    after = json.loads(mended(json.dumps(before, indent=indent, separators=separators)))
    assert after == ({**SAFE, **before} if before else {})
    known = [ORDER.index(name) for name in after if name in ORDER]
    assert all(one < other for one, other in pairwise(known))


def test_one_finding_tells_an_order_that_is_wrong_all_over() -> None:
    (finding,) = check(bundle({"bundle.json": json.dumps(dict(reversed(MANIFEST.items())))}))
    assert (finding.rule, finding.severity.value, finding.pointer) == ("fields-out-of-order", "info", "/ttl")
    assert finding.other is not None
    assert "ttl stands behind resources" in finding.message


# The factory file


def renamed(files: dict[str, Any], **fields: Any) -> dict[str, str]:
    index = keeper(fields.get("name", "example"))
    checked = bundle({"data/example.json.factory": None, "index.py": index, **files}, **fields)
    fixed = fix(checked, selection())
    assert set(fixed.bundle.files.entries) == {fixed.renames.get(path, path) for path in checked.files.entries}
    for old, new in fixed.renames.items():
        assert fixed.bundle.files.read(new) == checked.files.read(old)
        assert "misnamed-factory" not in {one.rule for one in check(fixed.bundle)}
    return fixed.renames


WANTED = {"data/other.json.factory": "data/example.json.factory"}
MODEL = """import os
from sanji.core import Route, Sanji
from sanji.model_initiator import ModelInitiator
class Example(Sanji):
    def init(self, **kwargs):
        self.model = ModelInitiator({}, os.path.dirname(__file__))
"""


def test_factory_file_gets_the_name_of_the_bundle() -> None:
    assert renamed({"data/other.json.factory": "{}"}) == WANTED
    assert renamed({"data/example.factory.json": "{}"}) == {"data/example.factory.json": "data/example.json.factory"}
    assert renamed({"data/other.json.factory": "{}", "index.py": source(MANIFEST)}) == {}, "nothing reads it"
    assert renamed({"data/other.json.factory": "{}", "index.py": MODEL.format('"example"')}) == WANTED


@pytest.mark.parametrize(
    "files",
    {
        "two of them": {"data/other.json.factory": "{}", "data/another.json.factory": "{}"},
        "a link": {"data/other.json.factory": Kind.LINK},
        "a folder": {"data/other.json.factory": Kind.FOLDER},
        "index.py goes by its name": {"data/other.json.factory": "{}", "index.py": MODEL.format('"other"')},
        "index.py makes a name": {"data/other.json.factory": "{}", "index.py": MODEL.format("name()")},
        "index.py reads it": {"data/other.json.factory": "{}", "index.py": keeper() + 'open("data/other.json")\n'},
        "index.py is missing": {"data/other.json.factory": "{}", "index.py": None},
        "something has the name": {"data/other.json.factory": "{}", "data/example.json.factory": Kind.FOLDER},
        "a name that git would quote": {'data/"x".json.factory': "{}"},
    }.items(),
    ids=lambda item: item[0],
)
def test_factory_file_that_may_be_meant_keeps_its_name(files: tuple[str, dict[str, Any]]) -> None:
    assert renamed(files[1]) == {}


@pytest.mark.parametrize("name", ["no_name", "a" * 300, "../x"])
def test_factory_file_gets_no_name_that_a_bundle_cannot_have(name: str) -> None:
    assert renamed({"data/other.json.factory": "{}"}, name=name) == {}
