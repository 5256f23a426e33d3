"""What goes into an archive and what stays out: a folder, its `.bundleignore`, and what is expected of it."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Kind
from bundlekit.bundle.vendor_lock import VENDOR_LOCK, LockedPackage, VendorLock
from bundlekit.errors import Refused
from bundlekit.pack.contents import select
from bundlekit.pack.ignore import open_folder
from tests.pack.folders import BUNDLE, make_folder

TOOLING = [
    ".git/config",
    ".gitignore",
    ".editorconfig",
    ".pre-commit-config.yaml",
    ".bundlekit/answers.json",
    ".venv/pyvenv.cfg",
    ".env",
    ".DS_Store",
    "helpers/.DS_Store",
    "venv/pyvenv.cfg",
    "__pycache__/index.cpython-313.pyc",
    "helpers/__pycache__/x.pyc",
    "helpers/x.pyc",
    "index.pyo",
    "node_modules/left-pad/index.js",
    "web/node_modules/left-pad/index.js",
    "thermostat.egg-info/PKG-INFO",
    "lib/six-1.17.0.dist-info/METADATA",
    "six-1.17.0-py2.py3-none-any.whl",
    "thermostat-1.1.0.tar.gz",
    "dist/thermostat-1.2.0.tar.gz",
    ".index.py.swp",
    "index.py~",
    "#index.py#",
    "Thumbs.db",
]
OWN = ["README.md", "Makefile", "requirements.txt", "tests/test_index.py", "schema/index.yaml", "exec", "lib/a.so"]


@dataclass(frozen=True)
class Case:
    claim: str
    goes_in: list[str] = field(default_factory=list)
    stays_out: list[str] = field(default_factory=list)
    ignore: str | None = None


CASES = [
    Case("what tools leave stays out", stays_out=TOOLING),
    Case("what somebody wrote goes in", goes_in=OWN),
    Case(
        "settings stay out",
        ["data/other.json"],
        ["data/thermostat.json", "data/thermostat.json.backup", "data/x.json.backup"],
    ),
    Case(
        "settings stay out even when taken back in",
        stays_out=["data/thermostat.json", "data/thermostat.json.backup"],
        ignore="!data/thermostat.json\n!*.backup\n!data/\n",
    ),
    Case("a folder below data is not for settings", goes_in=["data/sub/thermostat.json", "other/data/a.json.backup"]),
    Case("a checksum list is written anew", ["lib/SHA256SUMS"], ["SHA256SUMS"]),
    Case("patterns add to the defaults", ["a.txt"], ["doc/a.txt", "x.pyc"], ignore="/doc/\n"),
    Case("patterns take back in", ["keep.pyc", ".config"], ["x.pyc", ".other"], ignore="!keep.pyc\n!/.config\n"),
    Case("the last pattern wins", ["log/keep.log"], ["log/a.log"], ignore="*.log\n!keep.log\n"),
    Case("nothing comes back out of a folder that is out", [], ["log/keep.log"], ignore="log/\n!log/keep.log\n"),
    Case("a folder is taken back in as a whole", ["venv/a/b.py"], [".venv/a"], ignore="!venv/\n"),
    Case("a pattern for folders leaves files alone", ["sub/build"], ["build/x"], ignore="build/\n"),
    Case("two stars span folders", ["b"], ["doc/a/b", "doc/b"], ignore="doc/**/b\n"),
    Case("comments and empty lines say nothing", ["a.txt"], ignore="# a.txt\n\n"),
    Case("a byte order mark is no part of a pattern", [], ["a.txt"], ignore="\ufeffa.txt\n"),
    Case("a .gitignore says nothing", ["built.js"], [".gitignore"]),
    Case("only the one at the top counts", ["lib/a.txt"], ["lib/.bundleignore"]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.claim)
def test_selection(case: Case, tmp_path: Path) -> None:
    contents = dict.fromkeys((*case.goes_in, *case.stays_out), "") | BUNDLE
    contents |= {".gitignore": "built.js\n"} if ".gitignore" in contents else {}
    contents |= {"lib/.bundleignore": "a.txt\n"} if "lib/.bundleignore" in contents else {}
    contents |= {".bundleignore": case.ignore} if case.ignore is not None else {}
    folder = make_folder(tmp_path / "b", contents)
    for bundle in (Bundle.in_folder(folder), open_folder(folder)):
        found = {entry.path for entry in select(bundle).entries if entry.kind is Kind.FILE}
        assert found == {*case.goes_in, *BUNDLE}


def test_each_thing_left_out_has_its_reason(tmp_path: Path) -> None:
    files = BUNDLE | {".bundleignore": "/doc/\n", "doc/a": "", "x.pyc": "", "data/thermostat.json": "{}"}
    left_out = {left.path: left.reason for left in select(open_folder(make_folder(tmp_path, files))).left_out}
    assert left_out == {
        ".bundleignore": "default: .*",
        "data/thermostat.json": "settings made on one machine, never packed",
        "doc/": ".bundleignore: /doc/",
        "x.pyc": "default: *.py[co]",
    }


def test_empty_folders_go_in(tmp_path: Path) -> None:
    folder = make_folder(tmp_path, BUNDLE | {"log/": "", "cache/x.pyc": ""})
    folders = [entry.path for entry in select(open_folder(folder)).entries if entry.kind is Kind.FOLDER]
    assert folders == ["cache", "data", "log"]


def test_ignored_folders_are_not_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_folder(tmp_path, BUNDLE | {"node_modules/a/b.js": "", "doc/x/y": "", ".bundleignore": "doc/\n"})
    looked_into: list[Path] = []
    scandir = os.scandir

    def watched(path: Path) -> Any:
        looked_into.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", watched)
    select(open_folder(folder))
    assert [Path(path) for path in looked_into] == [folder, folder / "data"]


@pytest.mark.parametrize("pattern", ["index.py", "*.json", "data", "*.factory", "*"])
def test_leaving_out_what_a_bundle_needs_is_refused(tmp_path: Path, pattern: str) -> None:
    folder = make_folder(tmp_path, BUNDLE | {".bundleignore": pattern + "\n"})
    with pytest.raises(Refused, match=rf"stays out \(\.bundleignore: {pattern.replace('*', '.')}\)"):
        select(open_folder(folder))


def test_bundle_without_the_packages_of_its_lock_is_refused(tmp_path: Path) -> None:
    package = LockedPackage("six", "1.17.0", "six.whl", "0" * 64, "MIT", ("six",), ("requirements.txt",))
    folder = make_folder(tmp_path, BUNDLE | {VENDOR_LOCK: VendorLock(("six",), "0" * 64, (package,)).text()})
    with pytest.raises(Refused, match=r"vendor is not there, and vendor\.lock names packages"):
        select(open_folder(folder))
    make_folder(folder, {"vendor/six.py": ""})
    assert "vendor/six.py" in {one.path for one in select(open_folder(folder)).entries}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: (folder / "a").symlink_to("index.py"), "a is a link to index.py"),
        (lambda folder: (folder / "a").symlink_to("/etc/passwd"), "a is a link to /etc/passwd"),
        (lambda folder: (folder / "a").symlink_to("data"), "a is a link to data"),
        (lambda folder: (folder / "a").symlink_to("nowhere"), "a is a link to nowhere"),
        (lambda folder: os.mkfifo(folder / "a"), "a is neither a file nor a folder"),
        (lambda folder: _socket(folder / "a"), "a is neither a file nor a folder"),
        (lambda folder: (folder / "INDEX.py").touch(), "index.py and INDEX.py differ in case or accents only"),
        (lambda folder: make_folder(folder / "Data", {"x": ""}), "data and Data differ in case"),
        (lambda folder: make_folder(folder, {"gr\u00fcn": "", "gru\u0308n": ""}), "differ in case or accents"),
        (lambda folder: (folder / "a\nb").touch(), r"a\nb has a control character in its name"),
        (lambda folder: (folder / "a\x1b[2Jb").touch(), r"a\x1b[2Jb has a control character in its name"),
        (lambda folder: (folder / "a\u202eb").touch(), r"a\u202eb has a control character in its name"),
        (lambda folder: (folder / "a\\b").touch(), r"a\b has a backslash in its name"),
        (lambda folder: _touch(os.fsencode(folder) + b"/a\xff"), r"a\xff has a name that is not UTF-8"),
    ],
)
def test_what_is_no_plain_file_is_refused_by_name(tmp_path: Path, make: object, message: str) -> None:
    folder = make_folder(tmp_path / "b")
    assert callable(make)
    make(folder)
    with pytest.raises(Refused) as caught:
        select(open_folder(folder))
    assert message in caught.value.message


def test_every_fault_is_named(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "b")
    for name in ("a", "b", "c"):
        (folder / name).symlink_to("index.py")
    with pytest.raises(Refused) as caught:
        select(open_folder(folder))
    assert caught.value.message.endswith("a is a link to index.py (and 2 more)")
    assert caught.value.details == ("b is a link to index.py", "c is a link to index.py")


def test_links_that_are_ignored_do_no_harm(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "b", BUNDLE | {".bundleignore": "a\n"})
    (folder / "a").symlink_to("/etc/passwd")
    (folder / ".venv").symlink_to("/usr")
    assert {entry.path for entry in select(open_folder(folder)).entries} == {*BUNDLE, "data"}


@pytest.mark.parametrize("pattern", ["!", "\\", "a\\", "[z-a]"])
def test_what_is_no_pattern_is_refused_with_its_line(tmp_path: Path, pattern: str) -> None:
    folder = make_folder(tmp_path, BUNDLE | {".bundleignore": f"# mine\n{pattern}\n"})
    with pytest.raises(Refused, match=r"\.bundleignore:2: .* is not a pattern"):
        open_folder(folder)


def _touch(path: bytes) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))


def _socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # a socket's path may have 107 bytes only
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(before)
