"""Which bundles a path means."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bundlekit.bundle.search import bundle_folders
from bundlekit.errors import BadUsage, BundlekitError, Unreadable

TREE = [
    "one/bundle.json",
    "one/data/one.json.factory",
    "one/inner/bundle.json",
    "more/two/bundle.json",
    "more/two/index.py",
    "more/deep/er/three/bundle.json",
    "more/.hidden/bundle.json",
    "more/node_modules/x/bundle.json",
    "none/file.txt",
    "odd/bundle.json/file",
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in TREE:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    (tmp_path / "more" / "loop").symlink_to("..")
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "dangling").mkdir()
    (tmp_path / "dangling" / "bundle.json").symlink_to("nowhere")
    os.mkfifo(tmp_path / "one" / "pipe")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# path, folder to stand in, folders of the bundles
MEANT = [
    ("one", ".", ["one"]),
    ("one/", ".", ["one"]),
    ("./one", ".", ["one"]),
    ("one/bundle.json", ".", ["one"]),
    ("one/data/one.json.factory", ".", ["one"]),
    ("one/pipe", ".", ["one"]),
    ("one/inner", ".", ["one/inner"]),
    ("more", ".", ["more/deep/er/three", "more/two"]),
    (".", ".", ["dangling", "more/deep/er/three", "more/two", "odd", "one"]),
    (".", "one", ["."]),
    ("bundle.json", "one", ["."]),
    ("data/one.json.factory", "one", ["."]),
    ("one.json.factory", "one/data", [".."]),
    ("../data/one.json.factory", "one/data", [".."]),
    ("more/loop/one/bundle.json", ".", ["more/loop/one"]),
    ("dangling", ".", ["dangling"]),
    ("dangling/bundle.json", ".", ["dangling"]),
    ("odd", ".", ["odd"]),
    ("odd/bundle.json", ".", ["odd"]),
    ("odd/bundle.json/file", ".", ["odd"]),
]


@pytest.mark.parametrize(("path", "cwd", "folders"), MEANT)
def test_path_means_bundles(path: str, cwd: str, folders: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(cwd)
    assert sorted(map(str, bundle_folders(Path(path)))) == folders


TEMPLATES = {
    "template/{{cookiecutter.slug}}/bundle.json": "{}",
    "template/{{ cookiecutter.slug }}/inner/bundle.json": "{}",
    "other/bundle.json": '{"name": "{{ cookiecutter.name | lower }}"}',
    "other/index.py": "",
}


@pytest.fixture
def templates(here: Path) -> None:
    for path, content in TEMPLATES.items():
        (here / path).parent.mkdir(parents=True, exist_ok=True)
        (here / path).write_text(content)


@pytest.mark.usefixtures("templates")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".", ["other", "template/{{ cookiecutter.slug }}/inner", "template/{{cookiecutter.slug}}"]),
        ("other/bundle.json", ["other"]),
        ("other/index.py", ["other"]),
    ],
)
def test_template_is_no_bundle(path: str, expected: list[str]) -> None:
    left_out: list[Path] = []
    folders = list(map(str, bundle_folders(Path(path), left_out)))
    assert sorted(map(str, left_out)) == expected
    assert set(folders).isdisjoint(expected)
    assert sorted(folders) == (MEANT[8][2] if path == "." else [])


@pytest.mark.usefixtures("templates")
@pytest.mark.parametrize(
    ("path", "message"),
    [("other", "other is a cookiecutter template"), ("template", "no bundle in template, only the cookiecutter")],
)
def test_template_alone_is_told(path: str, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        list(bundle_folders(Path(path)))


def test_absolute_paths_stay_absolute(here: Path) -> None:
    assert list(bundle_folders(here / "one" / "data" / "one.json.factory")) == [here / "one"]


# path, error, a part of its message, a part of its hint
NOT_MEANT: list[tuple[str, type[BundlekitError], str, str]] = [
    ("nope", BadUsage, "there is no nope", ""),
    ("nope/bundle.json", BadUsage, "there is no nope/bundle.json", ""),
    ("none/bundle.json", BadUsage, "there is no none/bundle.json", ""),
    ("none/file.txt/x", BadUsage, "there is no none/file.txt/x", ""),
    ("\0", BadUsage, "there is no", ""),
    ("none", Unreadable, "there is no bundle in none", "bundlekit new"),
    ("one/data", Unreadable, "there is no bundle in one/data", "it is in the bundle one"),
    ("none/file.txt", Unreadable, "none/file.txt belongs to no bundle", "bundle.json"),
    ("self", Unreadable, "self belongs to no bundle", ""),
    ("x" * 300, Unreadable, "File name too long", ""),
]


@pytest.mark.parametrize(("path", "error", "message", "hint"), NOT_MEANT)
def test_path_without_a_bundle_is_told(path: str, error: type[BundlekitError], message: str, hint: str) -> None:
    with pytest.raises(error) as told:
        list(bundle_folders(Path(path)))
    assert type(told.value) is error
    assert message in told.value.message
    assert hint in (told.value.hint or "")
