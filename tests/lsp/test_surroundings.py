"""Findings between the bundles of a workspace: in both, as `validate` has them, and gone with their cause."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from bundlekit.bundle import search
from bundlekit.bundle.bundle import Bundle
from bundlekit.lint import engine
from bundlekit.lint.baseline import Baseline, written
from bundlekit.lint.facts.neighbours import Neighbours
from bundlekit.lint.parallel import Together
from bundlekit.lint.selection import selection
from bundlekit.lsp import surroundings
from bundlekit.lsp.capabilities import Client
from bundlekit.lsp.jsonrpc import Json
from bundlekit.lsp.uris import uri_of
from bundlekit.lsp.workspace import Workspace
from tests.lint.bundles import MANIFEST
from tests.lsp.conftest import write_bundle
from tests.lsp.editor import Editor


def manifest(name: str, *resources: str, **fields: Any) -> str:
    """The text of a bundle.json; each resource is of GET."""
    listed = [{"methods": ["get"], "resource": one} for one in resources]
    return json.dumps({**MANIFEST, "name": name, "resources": listed, **fields}, indent=2)


def bundle_at(folder: Path, *resources: str, **fields: Any) -> Path:
    """Write a bundle that has the name of its folder; its bundle.json."""
    name = fields.pop("name", folder.name)
    write_bundle(folder, {"bundle.json": manifest(name, *resources, **fields)})
    return folder / "bundle.json"


class Desk:
    """A workspace in this process."""

    def __init__(self, *folders: Path) -> None:
        self.shown: dict[str, list[Json]] = {}
        self.published: list[str] = []
        self.workspace = Workspace(Client(related=True), self._notify)
        self.workspace.set_folders({uri_of(one): one for one in folders}, [])
        self.version = 0

    def _notify(self, method: str, params: Json) -> None:
        if method == "textDocument/publishDiagnostics":
            self.shown[params["uri"]] = params["diagnostics"]
            self.published.append(params["uri"])

    def settle(self) -> None:
        while self.workspace.has_work:
            self.workspace.work()

    def open(self, path: Path) -> None:
        self.workspace.open({"uri": uri_of(path), "version": 0, "text": path.read_text()})
        self.settle()

    def retype(self, path: Path, text: str) -> None:
        self.version += 1
        self.workspace.change({"uri": uri_of(path), "version": self.version}, [{"text": text}])
        self.settle()

    def close(self, path: Path) -> None:
        self.workspace.close({"uri": uri_of(path)})
        self.settle()

    def note(self, *paths: Path) -> None:
        self.workspace.note_on_disk([*paths])
        self.settle()

    def among(self, path: Path) -> list[tuple[str, str | None]]:
        """The findings between bundles on a file: the code, and the other file by its name and its folder's."""
        return [(one["code"], _other(one)) for one in self.of(path)]

    def of(self, path: Path) -> list[Json]:
        return [one for one in self.shown.get(uri_of(path), []) if one["code"] in ("BK402", "BK403", "BK404")]


def _other(one: Json) -> str | None:
    if "relatedInformation" not in one:
        return None
    return "/".join(one["relatedInformation"][0]["location"]["uri"].split("/")[-2:])


def test_both_bundles_show_what_is_between_them(editor: Editor, tmp_path: Path) -> None:
    heating, lights = bundle_at(tmp_path / "heating", "/rooms/:id"), bundle_at(tmp_path / "lights", "/lights")
    first, second = editor.open(heating), editor.open(lights)
    assert "BK402" not in editor.codes(second)
    editor.retype(second, manifest("lights", "/rooms/:room"))
    for uri, other, told in ((second, first, "of heating both"), (first, second, "of lights both")):
        [found] = [one for one in between(editor, uri) if one["code"] == "BK402"]
        assert told in found["message"]
        [related] = found["relatedInformation"]
        assert related["location"]["uri"] == other
        assert related["message"] == "the other bundle's resource"
    editor.retype(second, manifest("lights", "/lights"))
    for uri in (first, second):
        gone(editor, uri, "BK402")


def between(editor: Editor, uri: str) -> list[dict[str, Any]]:
    """Wait for a finding between bundles on a file; its findings then."""
    while not codes_now(editor, uri) & {"BK402", "BK403"}:
        editor.read()
    items: list[dict[str, Any]] = editor.diagnostics[uri]["diagnostics"]
    return items


def gone(editor: Editor, uri: str, code: str) -> None:
    """Wait until a file has no finding of a rule."""
    while code in codes_now(editor, uri):
        editor.read()


def codes_now(editor: Editor, uri: str) -> set[str]:
    return {one["code"] for one in editor.diagnostics.get(uri, {"diagnostics": []})["diagnostics"]}


def test_files_on_the_disk_count(editor: Editor, tmp_path: Path) -> None:
    heating, lights = bundle_at(tmp_path / "a/heating", "/rooms"), bundle_at(tmp_path / "b/c/lights", "/rooms")
    folder = {"uri": uri_of(tmp_path), "name": "all"}
    editor.tell("workspace/didChangeWorkspaceFolders", {"event": {"added": [folder], "removed": []}})
    uri = editor.open(heating)
    [found] = [one for one in between(editor, uri) if one["code"] == "BK402"]
    assert found["relatedInformation"][0]["location"]["uri"] == uri_of(lights)
    assert "of b/c/lights both" in found["message"]
    lights.unlink()
    editor.tell("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri_of(lights), "type": 3}]})
    gone(editor, uri, "BK402")
    other = bundle_at(tmp_path / "d/other", "/other", name="heating")
    editor.tell("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri_of(other), "type": 1}]})
    assert "BK403" in {one["code"] for one in between(editor, uri)}
    editor.tell("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [folder]}})
    gone(editor, uri, "BK403")


def validated(*folders: Path) -> list[tuple[str, int, str]]:
    """What `validate` has between bundles, in the last of them."""
    bundles = [Bundle.in_folder(one) for one in folders]
    together = Together(lambda: bundles)
    *_, found = (together.check(one, selection()) for one in bundles)
    return [(one.code, one.line - 1, one.message) for one in found]


def test_findings_are_those_of_validate(tmp_path: Path) -> None:
    files = [
        bundle_at(tmp_path / "a", "/x", "/rooms/:id", hook=["c", "nobody"]),
        bundle_at(tmp_path / "b", "/rooms/#", "/y/z"),
        bundle_at(tmp_path / "c", "/:any", name="a"),
        bundle_at(tmp_path / "d", "/alone"),
    ]
    desk = Desk(tmp_path)
    for file in files:
        desk.open(file)
    counted: Counter[str] = Counter()
    for file in files:
        others = [one.parent for one in files if one != file]
        expected = validated(*others, file.parent)
        shown = [(one["code"], one["range"]["start"]["line"], one["message"].split("\n")[0]) for one in desk.of(file)]
        assert shown == [(code, line, text.replace(f"{tmp_path}/", "")) for code, line, text in expected]
        counted.update(code for code, _, _ in shown)
    assert counted == {"BK402": 4, "BK403": 2, "BK404": 2}


def test_unsaved_text_counts_until_it_is_closed(tmp_path: Path) -> None:
    one, two = bundle_at(tmp_path / "one", "/one"), bundle_at(tmp_path / "two", "/two")
    desk = Desk(tmp_path)
    desk.open(one)
    desk.open(two)
    desk.retype(one, "\n\n" + manifest("one", "/two"))
    assert desk.among(two) == [("BK402", "one/bundle.json")]
    [found] = desk.of(two)
    line = found["relatedInformation"][0]["location"]["range"]["start"]["line"]
    desk.retype(one, "\n\n\n" + manifest("one", "/two"))
    [found] = desk.of(two)
    assert found["relatedInformation"][0]["location"]["range"]["start"]["line"] == line + 1
    desk.close(one)
    assert desk.among(two) == []
    assert desk.among(one) == []


def test_bundle_is_renewed_when_the_disk_changes(tmp_path: Path) -> None:
    one, two = bundle_at(tmp_path / "one", "/one"), bundle_at(tmp_path / "two", "/two")
    desk = Desk(tmp_path)
    desk.open(one)
    for resources, expected in ((["/one"], [("BK402", "two/bundle.json")]), ([], [])):
        two.write_text(manifest("two", *resources))
        desk.note(two)
        assert desk.among(one) == expected
    two.write_text(manifest("two", "/one"))
    desk.note(two)
    shutil.rmtree(two.parent)
    desk.note(two.parent)  # an editor may name the folder alone
    assert desk.among(one) == []


def test_bundle_without_a_workspace_has_its_neighbours(tmp_path: Path) -> None:
    one, two = bundle_at(tmp_path / "one", "/x"), bundle_at(tmp_path / "two", "/x")
    bundle_at(tmp_path / "deeper/three", "/x", name="one")
    for desk in (Desk(), Desk(one.parent)):  # Neovim has a workspace for each bundle
        desk.open(one)
        assert desk.among(one) == [("BK402", "two/bundle.json")]
        desk.open(two)
        assert desk.among(two) == [("BK402", "one/bundle.json")]


def test_same_bundle_by_a_link_is_no_other(tmp_path: Path) -> None:
    one = bundle_at(tmp_path / "all/one", "/x")
    (tmp_path / "link").symlink_to(tmp_path / "all")
    desk = Desk(tmp_path)
    desk.open(tmp_path / "link/one/bundle.json")
    desk.open(one)
    assert desk.among(one) == desk.among(tmp_path / "link/one/bundle.json") == []


def test_settings_choose_what_is_between_bundles(tmp_path: Path) -> None:
    one = bundle_at(tmp_path / "one", "/x")
    bundle_at(tmp_path / "two", "/x")
    desk = Desk(tmp_path)
    desk.open(one)
    assert desk.among(one) == [("BK402", "two/bundle.json")]
    (tmp_path / "bundlekit.toml").write_text('ignore = ["BK402"]\n')
    desk.note(tmp_path / "bundlekit.toml")
    assert desk.among(one) == []
    (tmp_path / "bundlekit.toml").write_text('baseline = "known.json"\n')
    known = Baseline(Counter())
    bundles = [Bundle.in_folder(tmp_path / name) for name in ("two", "one")]
    together = Together(lambda: bundles)
    *_, found = (together.check(bundle, selection()) for bundle in bundles)
    known.new("one", bundles[1], found, selection())
    (tmp_path / "known.json").write_text(written(known.renewed))
    desk.note(tmp_path / "bundlekit.toml")
    assert desk.among(one) == []


def test_other_bundles_are_not_checked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [bundle_at(tmp_path / name, f"/{name}") for name in ("one", "two", "three")]
    desk = Desk(tmp_path)
    for file in files:
        desk.open(file)
    checked: list[str] = []
    asked = engine.check_in_steps

    def counted(inspection: Any, chosen: Any) -> Any:
        checked.append(inspection.bundle.label)
        return asked(inspection, chosen)

    monkeypatch.setattr(engine, "check_in_steps", counted)
    desk.published.clear()
    desk.retype(files[0], manifest("one", "/two"))
    assert desk.among(files[1]) == [("BK402", "one/bundle.json")]
    assert checked == [str(files[0].parent)]
    assert uri_of(files[2]) not in desk.published


def count_searched(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that are listed from now on."""
    searched: list[Path] = []
    asked = search.subfolders

    def counted(folder: Path) -> Iterable[Path]:
        searched.append(folder)
        return asked(folder)

    monkeypatch.setattr(surroundings, "subfolders", counted)
    return searched


def test_large_workspace_is_searched_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = bundle_at(tmp_path / "one", "/x", hook=["nobody"])
    bundle_at(tmp_path / "two", "/x", name="two")
    bundle_at(tmp_path / "z/z/z/three", "/x", name="one")
    for number in range(30):
        (tmp_path / f"z{number}").mkdir()
    searched = count_searched(monkeypatch)
    desk = Desk(tmp_path)
    desk.open(one)
    assert {code for code, _ in desk.among(one)} == {"BK402", "BK403", "BK404"}
    del searched[:]
    desk.retype(one, manifest("one", "/x"))
    assert searched == []  # what is known is kept
    monkeypatch.setattr(surroundings, "MOST_FOLDERS", 20)
    desk = Desk(tmp_path)
    desk.open(one)
    assert len(searched) == 18  # those of bundles are not listed
    assert desk.among(one) == [("BK402", "two/bundle.json")]  # and of no name it is known whether there is one


def test_search_delays_no_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large workspace on a slow disk takes a while."""
    files = [bundle_at(tmp_path / name, "/x") for name in ("one", "two")]
    for number in range(30):
        (tmp_path / f"z{number}").mkdir()
    searched = count_searched(monkeypatch)
    desk = Desk(tmp_path)
    desk.workspace.open({"uri": uri_of(files[0]), "version": 0, "text": files[0].read_text()})
    while not desk.published:
        desk.workspace.work()
    assert searched == []
    while len(searched) < 9:
        desk.workspace.work()
    desk.published.clear()
    desk.workspace.change({"uri": uri_of(files[0]), "version": 1}, [{"text": manifest("one", "/x", ttl=-1)}])
    assert desk.workspace.checked(files[0]) is not None  # as a request does that waits for it
    assert desk.published == [uri_of(files[0])]
    assert len(searched) == 9
    desk.settle()
    assert desk.among(files[0]) == [("BK402", "two/bundle.json")]
    assert len(searched) == 31  # it went on where it was


def test_comparison_that_fails_is_not_tried_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = bundle_at(tmp_path / "one", "/x")
    desk = Desk(tmp_path)
    monkeypatch.setattr(surroundings, "subfolders", lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        desk.open(one)
    desk.settle()
    assert uri_of(one) in desk.published


def test_search_that_was_given_up_is_made_again(tmp_path: Path) -> None:
    files = [bundle_at(tmp_path / name, f"/{name}") for name in ("one", "two", "three")]
    around, place = surroundings.Surroundings(), surroundings.SearchedFolder(tmp_path, is_deep=True)
    for steps in range(12):  # before each of its pauses
        looked = around.look(place, [], {})
        for _ in range(steps):
            next(looked, None)
        looked.close()
        for _ in around.look(place, [], {}):
            pass
        assert around.names(files[0].parent, place, []) == ["three", "two"]
        files[1].write_text(manifest("two", f"/{steps}"))
        around = surroundings.Surroundings() if steps % 2 else around
        around.expire()


def test_many_bundles_are_compared_with_those_alone_that_may_meet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b", "c", "d", "e"):
        bundle_at(tmp_path / name, f"/{name}/x")
    bundle_at(tmp_path / "any", "/:any/x")
    added: list[str] = []
    monkeypatch.setattr(Neighbours, "add", lambda _, one: added.append(one.name))
    desk = Desk(tmp_path)
    desk.open(bundle_at(tmp_path / "one", "/c/x", name="d"))
    assert added == ["any", "c", "d"]
