"""What an editor shows and completes: pages, fields, resources, and the ways between bundle.json and index.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bundlekit.lsp.json_cursor import json_cursor
from bundlekit.lsp.uris import uri_of
from tests.lint.bundles import MANIFEST
from tests.lsp.conftest import write_bundle
from tests.lsp.editor import Editor
from tests.lsp.test_diagnostics import with_undeclared
from tests.lsp.texts import edited, position, split

INDEX = """from sanji.core import Route, Sanji


class Example(Sanji):
    @Route(methods="get", resource="/example")
    def read(self, message, response):
        return response(code=200, data={})

    @Route(methods="put", resource="/example")
    def write(self, message, response):
        return response(code=200, data={})

    @Route(resource="/example/:id")
    def item(self, message, response):
        return response(code=200, data={})
"""
RESOURCES: list[dict[str, Any]] = [
    {"methods": ["get", "put", "post"], "resource": "/example"},
    {"methods": "get", "resource": "/example/:name"},
]


@pytest.fixture
def routed(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "example", {"index.py": INDEX}, resources=RESOURCES)


def lines(places: list[dict[str, Any]], path: Path) -> list[int]:
    """The lines of the places in a file."""
    return [one["range"]["start"]["line"] for one in places if one["uri"] == uri_of(path)]


def at(editor: Editor, method: str, uri: str, text: str, word: str, **params: Any) -> Any:
    """What the server answers about a word of a text."""
    where = position(text, text.index(word) + 1)
    return editor.ask(f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": where, **params})


def test_page_of_a_rule_is_shown(editor: Editor, folder: Path) -> None:
    text = with_undeclared(folder)
    uri = editor.open(folder / "index.py", text)
    shown = at(editor, "hover", uri, text, '"/other"')["contents"]["value"]
    assert "BK302.md) undeclared-resource** (warning)" in shown
    assert "The gateway sends a bundle only what its declared resources match" in shown
    assert at(editor, "hover", uri, text, "from ") is None


def test_handlers_of_a_resource_are_shown(editor: Editor, routed: Path) -> None:
    text = (routed / "bundle.json").read_text()
    uri = editor.open(routed / "bundle.json")
    shown = at(editor, "hover", uri, text, '"/example"')["contents"]["value"]
    assert f"- get: [index.py:6]({uri_of(routed / 'index.py')}#L6) `read`" in shown
    assert "- put: [index.py:10]" in shown
    assert "- post: no handler" in shown
    assert "`resources/0/resource`: Begins with a slash." in shown


def test_field_is_explained_while_the_rest_is_no_json(editor: Editor, folder: Path) -> None:
    text = '{"ttl": 60, "name": '
    uri = editor.open(folder / "bundle.json", text)
    assert "Seconds in which the bundle promises" in at(editor, "hover", uri, text, '"ttl"')["contents"]["value"]


@pytest.mark.parametrize(
    ("word", "found"), [('"/example"', [5, 9]), ('"put"', [9]), ('"post"', []), ('"/example/:name"', [13])]
)
def test_resource_leads_to_its_handlers(editor: Editor, routed: Path, word: str, found: list[int]) -> None:
    text = (routed / "bundle.json").read_text()
    uri = editor.open(routed / "bundle.json")
    assert lines(at(editor, "definition", uri, text, word), routed / "index.py") == found


@pytest.mark.parametrize(("word", "pointer"), [('"/example")', 0), ("read(self", 0), ("Route(resource", 1)])
def test_handler_leads_to_its_resource(editor: Editor, routed: Path, word: str, pointer: int) -> None:
    uri = editor.open(routed / "index.py")
    [place] = at(editor, "definition", uri, INDEX, word)
    text = (routed / "bundle.json").read_text().split("\n")[place["range"]["start"]["line"]]
    span = slice(*(place["range"][side]["character"] for side in ("start", "end")))
    assert place["uri"] == uri_of(routed / "bundle.json")
    assert json.loads(text[span]) == RESOURCES[pointer]["resource"]


@pytest.mark.parametrize("with_declaration", [True, False])
def test_references_are_on_both_sides(editor: Editor, routed: Path, with_declaration: bool) -> None:
    uri = editor.open(routed / "index.py")
    context = {"includeDeclaration": with_declaration}
    places = at(editor, "references", uri, INDEX, "read(self", context=context)
    assert lines(places, routed / "index.py") == [4, 8]
    assert len(lines(places, routed / "bundle.json")) == with_declaration


COMPLETED = [
    ('{"ver\u2038"}', "version", '{"version": "${1:0.1.0}"}'),
    ('{"name": "a",\n  \u2038\n}', "ttl", '{"name": "a",\n  "ttl": ${1:60}\n}'),
    ('{"ro\u2038": "model"}', "role", '{"role": "model"}'),
    ('{"role": "\u2038', "view", '{"role": "view"'),
    ('{"role": \u2038}', "model", '{"role": "model"}'),
    ('{"main": "\u2038"}', "index.py", '{"main": "index.py"}'),
    ('{"resources": [{"\u2038', "methods", '{"resources": [{"methods": ${1:["get", "put"]}'),
    ('{"resources": [{"methods": ["get", "\u2038"]}]}', "post", '{"resources": [{"methods": ["get", "post"]}]}'),
    ('{"resources": [{"methods": [\u2038', "delete", '{"resources": [{"methods": ["delete"'),
    ('{"resources": [{"resource": "\u2038"}]}', "/example", '{"resources": [{"resource": "/example"}]}'),
    (
        '{"resources": [{"resource": "/sys\u2038", "role": "view"}]}',
        "/system/time",
        '{"resources": [{"resource": "/system/time", "role": "view"}]}',
    ),
    ('{"hook": ["\u2038"]}', "door-lock", '{"hook": ["door-lock"]}'),
]


@pytest.mark.parametrize(("text", "label", "after"), COMPLETED, ids=lambda value: str(value)[:30])
def test_manifest_is_completed(editor: Editor, tmp_path: Path, text: str, label: str, after: str) -> None:
    folder = write_bundle(tmp_path / "example")
    write_bundle(tmp_path / "other", name="door-lock")
    text, where = split(text)
    uri = editor.open(folder / "bundle.json", text)
    items = editor.ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": where})
    item = next(one for one in items if one["label"] == label)
    assert edited(text, [item["textEdit"]]) == after


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ('{"resources": [{"methods": ["get", "\u2038", "put"]}]}', ["post", "delete"]),
        ('{"resources": [{"role": "view", "\u2038", "methods": []}]}', ["resource"]),
        ('\u2038{"name": 1}', []),
        ('{"name": "\u2038"}', ["thermostat", "door-lock"]),
        ('{"x": {"\u2038"}}', []),
    ],
)
def test_nothing_is_offered_twice_or_out_of_place(editor: Editor, folder: Path, text: str, labels: list[str]) -> None:
    text, where = split(text)
    uri = editor.open(folder / "bundle.json", text)
    items = editor.ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": where})
    assert [one["label"] for one in items] == labels


@pytest.mark.parametrize(
    ("call", "labels"),
    [
        ('@Route(resource="\u2038")', ["/example", "/example/:name"]),
        ('@Route("/ex\u2038', ["/example", "/example/:name"]),
        ('@Route(resource="/example", methods="\u2038")', ["get", "put", "post", "delete"]),
        ('@Route(methods=["get", "\u2038"], resource="/example")', ["put", "post", "delete"]),
        ("@Route(resource='/example/:id', methods='\u2038", ["get", "put", "post", "delete"]),
        ('@Route(resource="/example", m\u2038)', ["methods="]),
        ('x = "\u2038"', []),
    ],
)
def test_route_is_completed(editor: Editor, routed: Path, call: str, labels: list[str]) -> None:
    text, where = split(f"{INDEX}\n    {call}\n")
    uri = editor.open(routed / "index.py", text)
    items = editor.ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": where})
    assert [one["label"] for one in items] == labels
    for item in items:
        assert item["label"] in edited(text, [item["textEdit"]])


def test_requests_for_other_files_have_no_answer(editor: Editor, folder: Path, tmp_path: Path) -> None:
    uris = [editor.open(tmp_path / "else.py", "x"), editor.open(folder / "notes.txt", "x"), uri_of(folder / "a.py")]
    for uri in uris:
        params = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}
        assert editor.ask("textDocument/hover", params) is None
        assert editor.ask("textDocument/completion", params) == []
        assert editor.ask("textDocument/definition", params) == []


def test_cursor_in_half_a_manifest() -> None:
    """Wherever the text breaks off, the place is found without an error."""
    whole = json.dumps(MANIFEST)
    assert [end for end in range(len(whole) + 1) if json_cursor(whole[:end], end) is None] == [0, len(whole)]
