"""The bundles around those that are open, as far as one can be in the way of another on a gateway."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.bundle.bundle import MANIFEST, Bundle
from bundlekit.bundle.search import has_manifest, is_template, subfolders
from bundlekit.errors import Unreadable
from bundlekit.lsp.documents import OpenDocument

if TYPE_CHECKING:
    from bundlekit.lint.facts.neighbours import NeighbourBundle, Neighbours

MOST_FOLDERS = 2000
"""Folders of one place that are looked into for bundles, those at the top first."""

MOST_BUNDLES = 200
"""Bundles of one place that are compared."""


@dataclass(frozen=True)
class SearchedFolder:
    """A folder whose bundles are looked at together.

    Attributes:
        folder: the folder.
        is_deep: whether bundles anywhere below it count, not only those right in it.
    """

    folder: Path
    is_deep: bool

    def has(self, folder: Path) -> bool:
        """Whether bundles in a folder are looked at here."""
        return folder.is_relative_to(self.folder) if self.is_deep else folder.parent == self.folder


def place_of(folder: Path, workspace: Iterable[Path]) -> SearchedFolder:
    """Where the bundles lie that are looked at together with one: the nearest folder of the workspace around it, or
    else the folder that it lies in.

    Args:
        folder: of the bundle.
        workspace: the folders of the workspace.
    """
    around = [one for one in workspace if one in folder.parents]
    if around:
        return SearchedFolder(max(around, key=lambda one: len(one.parts)), is_deep=True)
    return SearchedFolder(folder.parent, is_deep=False)


@dataclass
class _Search:
    """A search for the bundles of a place, as `bundle_folders` finds them, but the nearest first, and only so many.

    Attributes:
        place: where.
        folders: those of the bundles that were found so far.
        left: the folders that are to be looked into.
        looked: how many were.
        can_list: whether all of them could be listed.
    """

    place: SearchedFolder
    folders: list[Path] = field(default_factory=list)
    left: deque[Path] = field(default_factory=deque)
    looked: int = 0
    can_list: bool = True

    def __post_init__(self) -> None:
        self.left.append(self.place.folder)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is looked into."""
        return not self.left or self.looked == MOST_FOLDERS or len(self.folders) == MOST_BUNDLES

    @property
    def has_all(self) -> bool:
        """Whether there are no other bundles in the place."""
        return self.can_list and not self.left

    def step(self) -> None:
        """Look into one folder."""
        folder = self.left.popleft()
        self.looked += 1
        is_top = folder == self.place.folder
        if has_manifest(folder) and (self.place.is_deep or not is_top):
            if not is_template(folder, os.path.realpath(folder)):
                self.folders.append(folder)
        elif self.place.is_deep or is_top:
            try:
                self.left += subfolders(folder)
            except Unreadable:
                self.can_list = False


@dataclass(frozen=True)
class _Known:
    """A bundle that was read.

    Attributes:
        state: of its bundle.json then.
        real: where it really lies.
        bundle: what it declares.
        beginnings: of its resources, by which most bundles that cannot meet are told apart.
    """

    state: object
    real: str
    bundle: NeighbourBundle
    beginnings: frozenset[str]

    def may_meet(self, other: _Known) -> bool:
        """Whether one may be in the way of the other."""
        if self.bundle.name is not None and self.bundle.name == other.bundle.name:
            return True
        if "" in self.beginnings or "" in other.beginnings:
            return bool(self.beginnings and other.beginnings)
        return not self.beginnings.isdisjoint(other.beginnings)


@dataclass
class Surroundings:
    """What the bundles of some places declare; each is read once, and again when its bundle.json has changed."""

    _found: dict[SearchedFolder, _Search] = field(default_factory=dict)
    _known: dict[Path, _Known] = field(default_factory=dict)
    _age: int = 0
    _read_at: dict[SearchedFolder, int] = field(default_factory=dict)  # the age
    _above: set[Path] = field(default_factory=set)

    def forget_places(self) -> None:
        """Look for bundles again."""
        self._found.clear()
        self._read_at.clear()

    def expire(self) -> None:
        """Look at each bundle.json again before the next comparison."""
        self._age += 1

    def is_known(self, place: SearchedFolder) -> bool:
        """Whether a place was looked at, so that a look at what has changed there is short."""
        return place in self._read_at

    def is_fresh(self, place: SearchedFolder) -> bool:
        """Whether what is known of a place is up to date."""
        return self._read_at.get(place) == self._age

    def note_on_disk(self, path: Path) -> None:
        """A bundle.json on the disk was made, changed or removed: a new one is looked for."""
        for place, found in [*self._found.items()]:
            if place.has(path.parent) and path.parent not in found.folders and has_manifest(path.parent):
                del self._found[place]

    def are_below(self, path: Path) -> bool:
        """Whether bundles that are known lie in a folder, or lay there."""
        return path in self._above

    def look(
        self, place: SearchedFolder, opened: Collection[Path], documents: Mapping[Path, OpenDocument]
    ) -> Generator[None, None, None]:
        """Bring up to date what is known of a place, with pauses in which that can be given up, or things change.

        Args:
            place: the place.
            opened: the folders of the bundles with open files.
            documents: the open files.
        """
        age = self._age
        while not (search := self._found.setdefault(place, _Search(place))).is_over:
            search.step()
            yield
        for folder in self._folders(place, opened):
            if self._read(folder, documents.get(folder / MANIFEST)):
                yield
        self._read_at[place] = age

    def _read(self, folder: Path, document: OpenDocument | None) -> bool:
        """Read a bundle.json if it has changed; whether it had to be read."""
        from bundlekit.bundle.overlay import Overlaid
        from bundlekit.lint.facts.neighbours import beginning, neighbour

        state = document if document is not None else _state(folder / MANIFEST)
        known = self._known.get(folder)
        if state is None:
            self._known.pop(folder, None)
        if state is None or (known is not None and known.state == state):
            return False
        bundle = Bundle.in_folder(folder)
        if document is not None:
            bundle = Bundle(bundle.label, Overlaid(bundle.files, MANIFEST, document.content))
        one = neighbour(bundle)
        beginnings = frozenset(beginning(resource) for resource in one.resources.values())
        self._known[folder] = _Known(state, os.path.realpath(folder), one, beginnings)
        self._above.update((folder, *folder.parents))
        return True

    def beside(
        self, folder: Path, place: SearchedFolder, opened: Collection[Path]
    ) -> tuple[NeighbourBundle | None, Neighbours]:
        """What a bundle declares, and the other bundles of a place, which messages call as they lie there.

        Args:
            folder: of the one bundle.
            place: where it lies.
            opened: the folders of the bundles with open files.
        """
        from bundlekit.lint.facts.neighbours import Neighbours

        others, this = Neighbours(), self._known.get(folder)
        if this is None:
            return None, others
        for one, known in self._others(folder, place, opened):
            if this.may_meet(known):
                label = os.path.relpath(one, place.folder)
                others.add(replace(known.bundle, bundle=replace(known.bundle.bundle, label=label)))
        if this.bundle.hooks and self._found[place].has_all:  # among some of the bundles none is known to be missing
            names = self.names(folder, place, opened)
            others.names = frozenset(names if this.bundle.name is None else [*names, this.bundle.name])
        return this.bundle, others

    def names(self, folder: Path, place: SearchedFolder, opened: Collection[Path]) -> list[str]:
        """The names of the other bundles of a place, as far as they are known.

        Args:
            folder: of the one bundle.
            place: where it lies.
            opened: the folders of the bundles with open files.
        """
        names = (known.bundle.name for _, known in self._others(folder, place, opened))
        return sorted({name for name in names if name is not None})

    def _others(self, folder: Path, place: SearchedFolder, opened: Collection[Path]) -> Iterator[tuple[Path, _Known]]:
        """Each once, whatever links lead to it."""
        seen = {os.path.realpath(folder)}
        for one in self._folders(place, opened):
            known = self._known.get(one)
            if known is not None and known.real not in seen:
                seen.add(known.real)
                yield one, known

    def _folders(self, place: SearchedFolder, opened: Collection[Path]) -> Iterable[Path]:
        found = self._found[place].folders if place in self._found else ()
        return dict.fromkeys([*found, *(one for one in opened if place.has(one))])


def _state(path: Path) -> tuple[int, ...] | None:
    """What changes when a file on the disk does; None if there is none."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
