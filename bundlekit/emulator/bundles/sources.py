"""Which files of a bundle's folder somebody wrote, as opposed to what tools and the bundle itself put there."""

from __future__ import annotations

import re
from pathlib import Path

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Entry, FolderFiles, Kind
from bundlekit.errors import BundlekitError
from bundlekit.pack.ignore import Ignore

_SETTINGS = re.compile(r"data/[^/]*\.json(\.backup)?")


class Sources:
    """What of a folder would go to a gateway, and the settings besides.

    A `.bundleignore` that is not understood counts for nothing here: `validate` and `pack` tell of it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ignore = Ignore()

    def entries(self) -> list[Entry]:
        """Files, folders and links, sorted by path.

        Raises:
            Unreadable: the folder cannot be listed.
        """
        try:
            self._ignore = Ignore.of(Bundle.in_folder(self.folder))
        except BundlekitError:
            self._ignore = Ignore()
        files = FolderFiles(self.folder, skip=lambda path: self._is_left_out(path, folder=True))
        return [
            entry
            for path, entry in files.entries.items()
            if entry.kind is not Kind.OTHER and not self._is_left_out(path, folder=entry.kind is Kind.FOLDER)
        ]

    def is_source(self, place: str) -> bool:
        """Whether a bundle has to be started anew to show what the change of a file means."""
        try:
            path = Path(place).relative_to(self.folder)
        except ValueError:
            return False
        if _SETTINGS.fullmatch(path.as_posix()):
            return False
        folders = [parent.as_posix() for parent in path.parents[:-1]]
        return not any(self._is_left_out(one, folder=True) for one in folders) and not self._is_left_out(
            path.as_posix(), folder=Path(place).is_dir()
        )

    def _is_left_out(self, path: str, *, folder: bool) -> bool:
        return self._ignore.reason(path, folder=folder) is not None
