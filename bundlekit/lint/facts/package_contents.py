"""What lies in a bundle, and what of it would go to a gateway."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Entry, FolderFiles, Kind
from bundlekit.bundle.overlay import Overlaid, Renamed
from bundlekit.bundle.vendor_lock import has_lock, is_vendored
from bundlekit.errors import Refused, Unreadable
from bundlekit.lint.facts.inspection import Inspection

if TYPE_CHECKING:
    from bundlekit.pack.ignore import Ignore

_LEFT_BEHIND = frozenset({"__pycache__", "node_modules", "venv"})


class PackageContents:
    """The files of one bundle; hidden folders and those that tools leave behind are not looked into."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._folders: dict[str, bool] = {}  # whether they go in, as far as somebody asked

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """What lies there but for the files in `vendor/`; nothing where the folder cannot be listed."""
        if not has_lock(self._bundle.files):
            return self._listed()
        return tuple(entry for entry in self._listed() if not is_vendored(entry.path))

    def _listed(self) -> tuple[Entry, ...]:
        folder = self.folder
        try:
            if folder is None:
                return tuple(self._bundle.files.entries.values())
            return tuple(_without_left_behind(folder.entries.values()))
        except Unreadable:  # of what is left behind, perhaps
            return _looked_over(folder) if folder is not None else ()

    @property
    def folder(self) -> FolderFiles | None:
        """The folder that they lie in, if they do."""
        files = self._bundle.files
        while isinstance(files, Overlaid | Renamed):
            files = files.files
        return files if isinstance(files, FolderFiles) else None

    def goes_in(self, entry: Entry) -> bool:
        """Whether something would be packed, or is in the archive already."""
        if self._bundle.in_archive:
            return True
        folders = []
        folder = entry.path.rpartition("/")[0]
        while folder and folder not in self._folders:
            folders.append(folder)
            folder = folder.rpartition("/")[0]
        goes_in = self._folders.get(folder, True)
        for folder in reversed(folders):
            goes_in = goes_in and self._is_packed(Entry(folder, Kind.FOLDER))
            self._folders[folder] = goes_in
        return goes_in and self._is_packed(entry)

    def _is_packed(self, entry: Entry) -> bool:
        from bundlekit.pack.contents import reason_to_leave_out

        return reason_to_leave_out(entry, self._bundle, self._ignore) is None

    @cached_property
    def _ignore(self) -> Ignore:
        from bundlekit.pack.ignore import Ignore

        try:
            return Ignore.of(self._bundle)
        except (Refused, Unreadable):  # bundlekit pack tells
            return Ignore()


@lru_cache(maxsize=1)  # one bundle is looked at after the other
def package_contents(inspection: Inspection) -> PackageContents:
    """The files of the bundle that is looked at, listed once for all rules."""
    return PackageContents(inspection.bundle)


def others_of(inspection: Inspection) -> list[Entry]:
    """What lies in the bundle besides the files that every rule knows, of which others tell what is wrong."""
    known = {document.path for document in inspection.documents} | {inspection.source.path}
    return [entry for entry in package_contents(inspection).entries if entry.path not in known]


FACTORY = ".json.factory"
MISSPELT_FACTORY = ".factory.json"


def lacks_factory(inspection: Inspection) -> bool:
    """Whether the bundle makes a model, and does not have the factory file that this reads."""
    names, factory = inspection.model_names, inspection.factory
    if factory is None or inspection.has(factory.path):
        return False
    if inspection.name in names:
        return True
    return None in names and not any(path.endswith(FACTORY) for path in inspection.paths)


def misnamed_factories(inspection: Inspection) -> tuple[str, ...]:
    """The factory files that no model is seen to read, while the one under the bundle's name is not there."""
    if not lacks_factory(inspection):
        return ()
    read = {f"data/{name}{FACTORY}" for name in inspection.model_names if name is not None}
    return tuple(
        path for path in inspection.paths_in("data") if path.endswith((FACTORY, MISSPELT_FACTORY)) and path not in read
    )


def _without_left_behind(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Of what is in the order of its paths, what does not lie in a folder that is left behind."""
    behind: set[str] = set()
    for entry in entries:
        if entry.path.rpartition("/")[0] not in behind:
            yield entry
            if entry.kind is not Kind.FOLDER or not _is_left_behind(entry.path):
                continue
        behind.add(entry.path)


def _looked_over(folder: FolderFiles) -> tuple[Entry, ...]:
    try:
        return tuple(FolderFiles(folder.root, _is_left_behind).entries.values())
    except Unreadable:
        return ()


def _is_left_behind(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name in _LEFT_BEHIND or name.startswith(".")
