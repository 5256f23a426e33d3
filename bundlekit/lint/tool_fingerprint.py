"""What tells this bundlekit, as it is installed here, from any other that might find something else."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import bundlekit
from bundlekit.lint.access_recorder import digest
from bundlekit.shipped import manifest_schema

ROOMS = ("bundle", "lint", "pack", "source")
"""The folders of this package that a check can have to do with: its own, and what that may import."""

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_BUILT_ON = ("jsonschema-", "packaging-", "pathspec-", "tree_sitter-", "tree_sitter_python-")


def fingerprint() -> str:
    """A digest of the version, of the code and of what it is built on.

    Of an installed package the list of its files counts, which has a digest of each; of a checkout, the size and the
    time of each file.
    """
    package = Path(bundlekit.__file__).parent
    record = _record(package)
    said = [
        bundlekit.__version__,
        sys.implementation.name,
        *map(str, sys.version_info),
        *_libraries(),
        digest(record) if record is not None else "\n".join(_sources(package)),
    ]
    return digest("\n".join(said).encode("utf-8", "surrogatepass"))


def _record(package: Path) -> bytes | None:
    """What the installer wrote down of the files, if they were installed and not just put on the path."""
    if package.parent.name in _INSTALLED:
        with suppress(OSError):
            return (package.parent / f"bundlekit-{bundlekit.__version__}.dist-info" / "RECORD").read_bytes()
    return None


def _libraries() -> Iterator[str]:
    """The libraries that a check asks, with their versions."""
    for folder in sys.path:
        with suppress(OSError), os.scandir(folder or ".") as found:
            yield from sorted(item.name for item in found if item.name.startswith(_BUILT_ON))


def _sources(package: Path) -> Iterator[str]:
    """Each file that a check may run, its size and its time."""
    schema = manifest_schema()
    yield _stamped(str(schema), schema.stat())
    for name in ("io.py", "quoting.py"):
        yield _stamped(str(package / name), (package / name).stat())
    folders = [str(package / room) for room in ROOMS if (package / room).is_dir()]
    while folders:
        with os.scandir(folders.pop()) as found:
            for item in sorted(found, key=lambda item: item.name):
                if not item.is_dir():
                    yield _stamped(item.path, item.stat())
                elif item.name != "__pycache__":
                    folders.append(item.path)


def _stamped(path: str, status: os.stat_result) -> str:
    return f"{path} {status.st_size} {status.st_mtime_ns}"
