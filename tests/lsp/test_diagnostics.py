"""Findings in an editor: of unsaved text, across files, by the settings, and gone when they are."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.lint import check
from bundlekit.lint.baseline import Baseline, written
from bundlekit.lint.selection import selection
from bundlekit.lsp.uris import path_of, uri_of
from tests.lint.bundles import MANIFEST
from tests.lsp.conftest import write_bundle
from tests.lsp.editor import Editor

UNDECLARED = '    @Route(methods="get", resource="/other")\n    def other(self, message, response):\n'


def with_undeclared(folder: Path) -> str:
    """The text of index.py with a handler that is not declared."""
    text = (folder / "index.py").read_text()
    at = text.index("    @Route")
    return text[:at] + UNDECLARED + "        return response(code=200)\n\n" + text[at:]


def places(items: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    return [(one["code"], one["range"]["start"]["line"], one["range"]["start"]["character"]) for one in items]


def test_unsaved_text_is_checked(editor: Editor, folder: Path) -> None:
    uri = editor.open(folder / "index.py")
    assert editor.found(uri) == []
    text = with_undeclared(folder)
    editor.retype(uri, text)
    [found] = editor.found(uri)
    line = text[: text.index("/other")].count("\n")
    assert found["code"] == "BK302"
    assert found["source"] == "bundlekit"
    assert found["severity"] == 2
    assert found["range"]["start"] == {"line": line, "character": 35}
    assert found["range"]["end"] == {"line": line, "character": 43}
    page = path_of(found["codeDescription"]["href"])
    assert page is not None
    assert page.read_text().startswith("# BK302 undeclared-resource")
    editor.retype(uri, (folder / "index.py").read_text())
    assert editor.found(uri) == []


def test_change_of_one_file_shows_in_another(editor: Editor, folder: Path) -> None:
    manifest = editor.open(folder / "bundle.json")
    assert editor.found(manifest) == []
    editor.retype(manifest, json.dumps({**MANIFEST, "resources": [{"methods": "get", "resource": "/example"}]}))
    assert editor.codes(manifest) == []
    index = uri_of(folder / "index.py")
    assert [one["code"] for one in editor.appeared(index)] == ["BK303"]
    [related] = editor.diagnostics[index]["diagnostics"][0]["relatedInformation"]
    assert related["location"]["uri"] == manifest
    editor.retype(manifest, json.dumps(MANIFEST))
    editor.cleared(index)


def test_all_files_are_checked_as_validate_does(editor: Editor, tmp_path: Path) -> None:
    folder = write_bundle(
        tmp_path / "example",
        {
            "index.py": "import lib\nimport requests\nfrom sanji.core import Sanji\n\n\nclass A(Sanji):\n    x = 1\n",
            "lib.py": "print 'a'\nprint(f'b')\n",
            "requirements.txt": "requests==2.0\n",
            "data/example.json.factory": "[1,",
        },
        ttl=-1,
    )
    findings = check(Bundle.in_folder(folder))
    uris = {editor.open(folder / name) for name in ("bundle.json", "index.py", "lib.py", "requirements.txt")}
    uris.add(editor.open(folder / "data/example.json.factory"))
    shown = {(path_of(uri), one["code"], one["range"]["start"]["line"]) for uri in uris for one in editor.found(uri)}
    assert shown == {(Path(one.file), one.code, one.line - 1) for one in findings}
    assert {path.name for path, _, _ in shown if path} >= {"bundle.json", "index.py", "lib.py", "example.json.factory"}


def test_finding_of_a_missing_file_shows_in_the_manifest(editor: Editor, folder: Path) -> None:
    manifest = editor.open(folder / "bundle.json")
    assert editor.found(manifest) == []
    (folder / "index.py").unlink()
    editor.tell("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri_of(folder / "index.py"), "type": 3}]})
    assert "BK202" in [one["code"] for one in editor.appeared(manifest)]


def test_settings_choose_the_rules(editor: Editor, folder: Path) -> None:
    settings = folder / "bundlekit.toml"
    uri = editor.open(folder / "index.py", with_undeclared(folder))
    assert editor.codes(uri) == ["BK302"]
    settings.write_text('[severity]\nBK302 = "error"\n')
    editor.tell("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri_of(settings), "type": 1}]})
    editor.until(lambda message: message.get("method") == "textDocument/publishDiagnostics")
    assert [one["severity"] for one in editor.found(uri)] == [1]
    settings.write_text('ignore = ["BK302"]\n')
    editor.save(uri_of(settings))
    editor.cleared(uri)
    settings.write_text("ignore = [BK302]\n")
    editor.save(uri_of(settings))
    assert [one["severity"] for one in editor.appeared(uri)] == [2]
    assert "not TOML" in editor.shown[-1]
    assert "the default settings count" in editor.shown[-1]


def test_known_findings_are_left_out(editor: Editor, folder: Path) -> None:
    (folder / "index.py").write_text(with_undeclared(folder))
    (folder / "bundlekit.toml").write_text('baseline = "known.json"\n')
    baseline = Baseline(Counter())
    bundle = Bundle.in_folder(folder)
    baseline.new(".", bundle, check(bundle), selection())
    uri = editor.open(folder / "index.py")
    assert editor.codes(uri) == ["BK302"]
    assert "known.json" in editor.shown[-1]
    (folder / "known.json").write_text(written(baseline.renewed))
    editor.save(uri)
    editor.cleared(uri)


def test_comment_hides_a_finding(editor: Editor, folder: Path) -> None:
    hidden = with_undeclared(folder).replace('"/other")', '"/other")  # bundlekit: ignore[BK302] old firmware')
    uri = editor.open(folder / "index.py", hidden)
    assert editor.found(uri) == []


def test_burst_of_changes_ends_with_the_last(editor: Editor, folder: Path) -> None:
    uri = editor.open(folder / "index.py")
    texts = [(folder / "index.py").read_text(), with_undeclared(folder)]
    for turn in range(60):
        editor.retype(uri, texts[turn % 2])
    editor.retype(uri, texts[1])
    assert editor.codes(uri) == ["BK302"]


def test_closed_file_is_cleared(editor: Editor, folder: Path) -> None:
    manifest = editor.open(folder / "bundle.json")
    uri = editor.open(folder / "index.py", with_undeclared(folder))
    assert editor.codes(uri) == ["BK302"]
    assert editor.found(manifest) == []
    editor.close(uri)
    editor.cleared(uri)
    editor.close(manifest)


def test_bundle_without_manifest_is_no_bundle(editor: Editor, folder: Path) -> None:
    uri = editor.open(folder / "index.py", with_undeclared(folder))
    assert editor.codes(uri) == ["BK302"]
    (folder / "bundle.json").rename(folder / "bundle.txt")
    changed = [{"uri": uri_of(folder / name), "type": kind} for name, kind in (("bundle.json", 3), ("bundle.txt", 1))]
    editor.tell("workspace/didChangeWatchedFiles", {"changes": changed})
    editor.cleared(uri)
    (folder / "bundle.txt").rename(folder / "bundle.json")
    editor.tell("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri_of(folder / "bundle.json"), "type": 1}]})
    editor.appeared(uri)


def test_new_manifest_makes_a_bundle(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "index.py").write_text("x = 1\n")
    index = editor.open(tmp_path / "index.py")
    manifest = editor.open(tmp_path / "bundle.json", "{}")
    assert "BK101" in editor.codes(manifest)
    assert editor.appeared(index)


def test_two_bundles_are_apart(editor: Editor, tmp_path: Path) -> None:
    one, two = (write_bundle(tmp_path / name) for name in ("one", "a b \u00e4 100%"))
    first, second = editor.open(one / "index.py", with_undeclared(one)), editor.open(two / "index.py")
    assert editor.codes(first) == ["BK302"]
    assert editor.found(second) == []
    editor.retype(second, with_undeclared(two))
    assert editor.codes(second) == ["BK302"]


def test_file_of_no_bundle_is_left_alone(editor: Editor, folder: Path, tmp_path: Path) -> None:
    other = editor.open(tmp_path / "index.py", "nothing of ours (")
    editor.tell(
        "textDocument/didOpen",
        {"textDocument": {"uri": "untitled:1", "languageId": "python", "version": 0, "text": "x"}},
    )
    assert editor.found(editor.open(folder / "index.py")) == []
    assert other not in editor.diagnostics


@pytest.mark.parametrize(
    ("before", "after"),
    [(b"", "\U0001f600\u00e4"), (b"\xef\xbb\xbf", "\U0001f600"), (b"", "\u00e4\r")],
    ids=["astral", "byte order mark", "crlf"],
)
def test_columns_count_as_the_client_does(editor: Editor, tmp_path: Path, before: bytes, after: str) -> None:
    folder = write_bundle(tmp_path / "example")
    end = "\r\n" if after.endswith("\r") else "\n"
    text = with_undeclared(folder).replace("\n", end)
    text = "# -*- coding: utf-8 -*-" + end + text.replace("methods=", f'schema="{after.strip()}", methods=', 1)
    (folder / "index.py").write_bytes(before + text.encode())
    uri = editor.open(folder / "index.py")
    found = next(one for one in editor.found(uri) if one["code"] == "BK302")
    lines = text.split(end)
    line = found["range"]["start"]["line"]
    units = lines[line].encode("utf-16-le")
    start, stop = (2 * found["range"][side]["character"] for side in ("start", "end"))
    assert units[start:stop].decode("utf-16-le") == '"/other"'


def test_latin_1_on_the_disk_is_what_counts(editor: Editor, folder: Path) -> None:
    text = "# -*- coding: latin-1 -*-\n# \u00e4\n" + (folder / "index.py").read_text()
    (folder / "index.py").write_bytes(text.encode("latin-1"))
    uri = editor.open(folder / "index.py", text)
    assert editor.found(uri) == []
    editor.retype(uri, text.replace("latin-1", "ascii"))
    assert editor.codes(uri) == ["BK309"]


def test_huge_file_is_not_looked_into(editor: Editor, folder: Path) -> None:
    uri = editor.open(folder / "index.py", "x = 1\n" * 200_000)
    assert editor.codes(uri) == ["BK205"]


def test_link_in_a_bundle_is_still_one(editor: Editor, folder: Path) -> None:
    text = (folder / "index.py").read_text()
    (folder / "index.py").rename(folder / "real.py")
    (folder / "index.py").symlink_to("real.py")
    manifest = editor.open(folder / "bundle.json")
    editor.open(folder / "index.py", text)
    assert "BK204" in [one["code"] for one in editor.appeared(manifest)]
