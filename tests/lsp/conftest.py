"""One server for all tests that can share it, and bundles for its editor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.lint.bundles import bundle
from tests.lsp.editor import Editor


@pytest.fixture(scope="session")
def server() -> Iterator[Editor]:
    editor = Editor()
    yield editor
    assert editor.end() == 0
    assert editor.process.stderr is not None
    assert editor.process.stderr.read() == b""  # it would have written there what has failed


@pytest.fixture
def editor(server: Editor) -> Iterator[Editor]:
    """An editor in which nothing is open."""
    yield server
    server.leave()


def write_bundle(folder: Path, files: Mapping[str, bytes | str | None] | None = None, **fields: object) -> Path:
    """Write the sound bundle of the rules' tests, changed as `tests.lint.bundles.bundle` says; its folder."""
    made = bundle(files, **fields)
    for path in made.files.entries:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(made.files.read(path))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a sound bundle."""
    return write_bundle(tmp_path / "example")
