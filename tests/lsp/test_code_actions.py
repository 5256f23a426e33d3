"""Fixes, comments and declarations in an editor: each is applied, and then its finding is gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.document import parse
from bundlekit.lint.fixing import fix
from bundlekit.lint.selection import selection
from bundlekit.lsp.declare import declaration_of
from bundlekit.lsp.suppress import suppression_of
from bundlekit.lsp.uris import uri_of
from tests.lint.bundles import MANIFEST
from tests.lsp.conftest import write_bundle
from tests.lsp.editor import CAPABILITIES, Editor
from tests.lsp.test_diagnostics import with_undeclared
from tests.lsp.texts import actions, applied, edited, edits_of, position

OTHER = {"methods": ["get", "put"], "resource": "/api/v1/other"}
REPEATED = {"methods": ["get", "put", "get"], "resource": "/example"}


def test_quick_fix_is_of_the_version_that_it_was_made_for(editor: Editor, folder: Path) -> None:
    text = json.dumps({**MANIFEST, "resources": [*MANIFEST["resources"], OTHER]}, indent=2).replace("\n", "\r\n")
    uri = editor.open(folder / "bundle.json")
    version = editor.change(uri, {"text": text})
    assert editor.found(uri)
    fixes = actions(editor, uri, position(text, text.index("/api/v1/other") + 1))
    title, action = next((title, one) for title, one in fixes.items() if title.startswith("Fix "))
    [change] = action["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": uri, "version": version}
    assert action["kind"] == "quickfix"
    assert action["isPreferred"]
    code = title.split()[1].rstrip(":")
    assert [one["code"] for one in action["diagnostics"]] == [code]
    after = edited(text, edits_of(action, uri))
    assert after == text.replace("/api/v1/other", "/other")
    editor.retype(uri, after)
    assert code not in editor.codes(uri)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_all_fixes_are_those_of_validate(editor: Editor, tmp_path: Path, mark: str) -> None:
    folder = write_bundle(tmp_path / "example", resources=[{**REPEATED, "resource": "/third"}, REPEATED])
    (folder / "bundle.json").write_text(mark + (folder / "bundle.json").read_text(), encoding="utf-8")
    text = (folder / "bundle.json").read_text(encoding="utf-8")
    uri = editor.open(folder / "bundle.json", text)
    assert editor.found(uri)
    start = {"line": 0, "character": 0}
    assert not any(one["kind"].startswith("source") for one in actions(editor, uri, start).values())
    [action] = actions(editor, uri, start, only=["source.fixAll"]).values()
    assert action["kind"] == "source.fixAll.bundlekit"
    after = fix(Bundle.in_folder(folder), selection()).contents["bundle.json"][1].decode()
    # `validate --fix` takes the mark away, too; of what an editor has it is no part.
    assert edited(text, edits_of(action, uri)) == mark + after
    assert text != mark + after


def test_nothing_to_fix_offers_nothing(editor: Editor, folder: Path) -> None:
    uri = editor.open(folder / "bundle.json")
    assert actions(editor, uri, {"line": 0, "character": 0}, only=["source.fixAll.bundlekit"]) == {}


def test_renamed_file_is_an_operation(editor: Editor, tmp_path: Path) -> None:
    index = (
        "import os\n\nfrom sanji.core import Route, Sanji\nfrom sanji.model_initiator import ModelInitiator\n\n\n"
        "class Example(Sanji):\n    def init(self, *args, **kwargs):\n"
        '        self.model = ModelInitiator("example", os.path.dirname(os.path.abspath(__file__)))\n\n'
        '    @Route(methods=["get", "put"], resource="/example")\n'
        "    def value(self, message, response):\n        return response(code=200, data=self.model.db)\n"
    )
    files = {"index.py": index, "data/example.json.factory": None, "data/example.factory.json": "{}"}
    folder = write_bundle(tmp_path / "example", files)
    uri = editor.open(folder / "bundle.json")
    [found] = editor.found(uri)
    assert found["code"] == "BK212"
    [action] = [one for title, one in actions(editor, uri, found["range"]["start"]).items() if "rename" in title]
    [rename] = action["edit"]["documentChanges"]
    assert rename == {
        "kind": "rename",
        "oldUri": uri_of(folder / "data/example.factory.json"),
        "newUri": uri_of(folder / "data/example.json.factory"),
    }


def test_undeclared_resource_is_declared(editor: Editor, folder: Path) -> None:
    text = with_undeclared(folder)
    index, manifest = editor.open(folder / "index.py", text), editor.open(folder / "bundle.json")
    assert editor.codes(index) == ["BK302"]
    action = actions(editor, index, position(text, text.index("/other")))["Declare /other in bundle.json"]
    after = edited((folder / "bundle.json").read_text(), edits_of(action, manifest))
    editor.retype(manifest, after)
    editor.cleared(index)
    assert json.loads(after)["resources"][-1] == {"methods": ["get"], "resource": "/other"}


@pytest.mark.parametrize(
    "resources",
    [
        '[{"methods": "get", "resource": "/example"}]',
        '[{"methods": ["get"], "resource": "/example"}]',
        '[\n    {\n      "methods": [ "get" ],\n      "resource": "/example"\n    }\n  ]',
    ],
)
def test_undeclared_method_is_declared(editor: Editor, folder: Path, resources: str) -> None:
    before = json.dumps({**MANIFEST, "resources": 0}, indent=2).replace('"resources": 0', f'"resources": {resources}')
    manifest, index = editor.open(folder / "bundle.json", before), editor.open(folder / "index.py")
    [found] = editor.found(index)
    action = actions(editor, index, found["range"]["start"])["Declare put of /example in bundle.json"]
    editor.retype(manifest, edited(before, edits_of(action, manifest)))
    editor.cleared(index)


@pytest.mark.parametrize(
    ("resources", "after"),
    [
        ("[]", '[{"methods": ["get"], "resource": "/new"}]'),
        ('[{"resource": "/a"}]', '[{"resource": "/a"}, {"methods": ["get"], "resource": "/new"}]'),
        (
            '[\n\t\t{\n\t\t\t"resource": "/a"\n\t\t},\n\t\t{\n\t\t\t"resource": "/b"\n\t\t}\n\t]',
            '[\n\t\t{\n\t\t\t"resource": "/a"\n\t\t},\n\t\t{\n\t\t\t"resource": "/b"\n\t\t},\n\t\t'
            '{\n\t\t\t"methods": ["get"],\n\t\t\t"resource": "/new"\n\t\t}\n\t]',
        ),
    ],
)
def test_declaration_is_written_as_its_neighbours(resources: str, after: str) -> None:
    text = f'{{\n\t"name": "a",\n\t"resources": {resources}\n}}'
    edits = declaration_of(parse("bundle.json", text.encode()), "/new", ["get"])
    assert applied(text, edits) == text.replace(resources, after)


SUPPRESSED = {
    "x = 1": "x = 1  # bundlekit: ignore[BK302]",
    "x = 1  ": "x = 1  # bundlekit: ignore[BK302]  ",
    "x = 1\r\ny = 2": "x = 1  # bundlekit: ignore[BK302]\r\ny = 2",
    "x = 1  # bundlekit: ignore[BK303] why": "x = 1  # bundlekit: ignore[BK303, BK302] why",
    "if a:\n  # bundlekit: ignore[BK303] why\n  x = 1": "if a:\n  # bundlekit: ignore[BK303, BK302] why\n  x = 1",
    "if a:\n  x = 1 + \\\n    2": "if a:\n  # bundlekit: ignore[BK302]\n  x = 1 + \\\n    2",
    'x = 1, """\na"""': '# bundlekit: ignore[BK302]\nx = 1, """\na"""',
    'y = """\nx = 1\n"""': None,
    "x = 1  # note": "x = 1  # note  # bundlekit: ignore[BK302]",
}


@pytest.mark.parametrize("text", SUPPRESSED)
def test_comment_goes_where_it_counts(text: str) -> None:
    line = text[: text.index("x = 1")].count("\n") + 1
    found = suppression_of("index.py", text, line, "BK302")
    assert (text[: found[0]] + found[1] + text[found[0] :] if found else None) == SUPPRESSED[text]


def test_suppressed_finding_is_gone(editor: Editor, folder: Path) -> None:
    text = with_undeclared(folder)
    uri = editor.open(folder / "index.py", text)
    action = actions(editor, uri, position(text, text.index("/other")))["Suppress BK302 here"]
    text = edited(text, edits_of(action, uri))
    editor.retype(uri, text)
    [found] = editor.found(uri)
    assert found["code"] == "BK903"  # it asks for a reason, which nobody can suppress
    assert actions(editor, uri, found["range"]["start"]) == {}


def test_action_of_a_finding_elsewhere_in_the_line(editor: Editor, folder: Path) -> None:
    """Neovim asks at the cursor, and names the findings of the line."""
    text = with_undeclared(folder)
    uri = editor.open(folder / "index.py", text)
    [found] = editor.found(uri)
    start = {**found["range"]["start"], "character": 0}
    assert actions(editor, uri, start) == {}
    assert "Suppress BK302 here" in actions(editor, uri, start, diagnostics=[found])


def test_client_without_versions_gets_plain_changes(folder: Path) -> None:
    capabilities = {**CAPABILITIES, "workspace": {}}
    editor = Editor(capabilities)
    text = with_undeclared(folder)
    uri = editor.open(folder / "index.py", text)
    action = actions(editor, uri, position(text, text.index("/other")))["Suppress BK302 here"]
    assert [*action["edit"]] == ["changes"]
    assert "ignore[BK302]" in edited(text, edits_of(action, uri))
    assert editor.registered == []
    assert editor.end() == 0
