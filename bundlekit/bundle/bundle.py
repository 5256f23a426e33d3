"""A bundle: a name for messages, and its files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bundlekit.bundle.files import Files, FolderFiles

MANIFEST = "bundle.json"
MAIN = "index.py"
REQUIREMENTS = "requirements.txt"

LARGEST_MANIFEST = 256 * 1024
"""Bytes of a bundle.json that are read: some thousands of resources, far more than a gateway copes with."""

LARGEST_REQUIREMENTS = 64 * 1024
"""Bytes of a requirements.txt that are read: a hundred times what a bundle needs."""

LARGEST_FACTORY = 4 * 1024 * 1024
"""Bytes of factory settings that are read; the bundle itself reads and writes them with each change."""


@dataclass(frozen=True)
class Bundle:
    """A bundle as it lies somewhere.

    Attributes:
        label: how messages call it: the folder or the archive as the user wrote it.
        files: its files, bundle.json at the top.
        in_archive: whether it was read from an archive, where paths in messages read `archive:member`.
    """

    label: str
    files: Files
    in_archive: bool = False

    @classmethod
    def in_folder(cls, folder: Path) -> Bundle:
        """The bundle in a folder. Nothing is read yet, so nothing is raised."""
        return cls(label=str(folder), files=FolderFiles(folder))

    def shown(self, path: str) -> str:
        """How messages call one of its files."""
        if self.in_archive:
            return f"{self.label}:{path}"
        return path if self.label == "." else str(Path(self.label) / path)

    def path_of(self, shown: str) -> str:
        """The path of one of its files, from what messages call it."""
        if self.in_archive:
            return shown.removeprefix(f"{self.label}:")
        return os.path.relpath(shown, self.label)
