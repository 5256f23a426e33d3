"""A copy of a bundle's folder to run it in, so that a try changes nothing in the folder that somebody works on."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
import threading
from pathlib import Path

from bundlekit.bundle.files import Entry, Kind
from bundlekit.emulator.bundles.sources import Sources
from bundlekit.errors import CouldNotRun

_Stamp = tuple[int, int]
_TRACEBACK_PLACE = re.compile(r'(?<=File ")(?!/)([^"<]+)(?=", line \d)')


class Place:
    """Where a bundle is run: in its own folder.

    Attributes:
        folder: the working directory of its process.
    """

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.folder = sources.folder

    def update(self) -> None:
        """Bring what lies in `folder` up to what was saved."""

    def remove(self) -> None:
        """Leave nothing behind."""

    def shown(self, line: str) -> str:
        """A line that the bundle printed, with paths by which the user finds the files."""
        return _TRACEBACK_PLACE.sub(lambda found: self._absolute(found[1]), line)

    def _absolute(self, name: str) -> str:
        place = self.sources.folder / name
        return str(place) if place.is_file() else name


class Scratch(Place):
    """Where a bundle is run: in a copy. What the bundle writes there stays when what was saved is copied anew.

    Links would not do: Python looks for modules beside the file that a link leads to, and a bundle for its data beside
    its modules.

    Raises:
        CouldNotRun: it cannot be made.
    """

    def __init__(self, sources: Sources) -> None:
        super().__init__(sources)
        try:
            self._top = Path(tempfile.mkdtemp(prefix="bundlekit-")).resolve()
        except OSError as error:
            raise CouldNotRun(f"cannot make a folder for a copy of {sources.folder}: {error.strerror}") from error
        self.folder = self._top / sources.folder.name
        self._copied: dict[str, _Stamp] = {}
        self._step = threading.Lock()
        self._is_removed = False

    def update(self) -> None:
        """Copy what was saved since the last time, take away what was deleted.

        Raises:
            Unreadable: the folder cannot be read.
            CouldNotRun: the copy cannot be written.
        """
        entries = {entry.path: entry for entry in self.sources.entries()}
        try:
            self.folder.mkdir(exist_ok=True)
            for path in sorted(self._copied.keys() - entries.keys(), reverse=True):
                _delete(self.folder / path)
                del self._copied[path]
            for path, entry in entries.items():
                with self._step:
                    if self._is_removed:
                        return
                    self._copy(path, entry)
        except OSError as error:
            if not self._is_removed:
                why = error.strerror or error
                raise CouldNotRun(f"cannot copy {error.filename or self.sources.folder}: {why}") from error

    def remove(self) -> None:
        """Leave nothing behind; an update that another thread is at ends with the file that it copies."""
        self._is_removed = True
        with self._step:
            shutil.rmtree(self._top, ignore_errors=True)

    def shown(self, line: str) -> str:
        return super().shown(line.replace(str(self.folder), str(self.sources.folder)))

    def _copy(self, path: str, entry: Entry) -> None:
        source, target = self.sources.folder / path, self.folder / path
        try:
            status = source.stat()
            stamp = (0, 0) if entry.kind is Kind.FOLDER else (status.st_mtime_ns, status.st_size)
            if self._copied.get(path) == stamp:
                return
            if not target.is_dir():
                target.unlink(missing_ok=True)  # it may be read-only, or has become a folder
            elif not source.is_dir():
                shutil.rmtree(target)
            if entry.kind is Kind.FOLDER:
                target.mkdir(exist_ok=True)
            elif source.is_dir():
                # Of a link to a folder that holds the bundle there would be no end.
                if not self.sources.folder.resolve().is_relative_to(source.resolve()):
                    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(source, target)
        except FileNotFoundError:
            return  # deleted just now, or a link to nowhere
        self._copied[path] = stamp


def _delete(path: Path) -> None:
    """A folder stays if the bundle has put something in it."""
    if path.is_dir():
        with contextlib.suppress(OSError):
            path.rmdir()
    else:
        path.unlink(missing_ok=True)
