"""The open files, the bundles that they belong to, and what the client knows of their findings."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bundlekit.bundle.bundle import MANIFEST
from bundlekit.bundle.search import has_manifest, is_template
from bundlekit.errors import BundlekitError
from bundlekit.lsp.capabilities import Client
from bundlekit.lsp.checked_bundle import CheckedBundle
from bundlekit.lsp.diagnostics import diagnostic_of
from bundlekit.lsp.documents import OpenDocument
from bundlekit.lsp.jsonrpc import Json
from bundlekit.lsp.surroundings import SearchedFolder, Surroundings, place_of
from bundlekit.lsp.uris import path_of, uri_of

_SETTINGS = frozenset({"bundlekit.toml", "pyproject.toml"})


@dataclass
class Workspace:
    """All that is open.

    Attributes:
        client: what it can do.
        notify: sends a notification: its method and params.
        folders: those that the editor shows, by URI.
        documents: the open files, by path.
        bundles: those with an open file, by folder.
    """

    client: Client
    notify: Callable[[str, Json], None]
    folders: dict[str, Path] = field(default_factory=dict)
    documents: dict[Path, OpenDocument] = field(default_factory=dict)
    bundles: dict[Path, CheckedBundle] = field(default_factory=dict)
    _stale: dict[Path, None] = field(default_factory=dict)  # in their order
    _apart: dict[Path, None] = field(default_factory=dict)  # bundles that are to be compared with those around them
    _check: tuple[Path, Generator[None, None, None]] | None = None
    _comparison: Generator[None, None, None] | None = None
    _surroundings: Surroundings = field(default_factory=Surroundings)
    _complaints: set[str] = field(default_factory=set)

    # What the client tells

    def set_folders(self, added: dict[str, Path], removed: list[str]) -> None:
        """Folders of the workspace were added or removed."""
        for uri in removed:
            self.folders.pop(uri, None)
        self.folders.update(added)
        self._surroundings.forget_places()
        self._surroundings.expire()
        self._apart.update(dict.fromkeys(self.bundles))

    def open(self, item: Any) -> None:
        """A file was opened."""
        path = path_of(str(item["uri"]))
        if path is not None:
            self.documents[path] = OpenDocument.opened(item, path, self.client.encoding)
            self._touch(path)

    def change(self, identifier: Any, changes: Any) -> None:
        """A file was changed in the editor."""
        path = path_of(str(identifier["uri"]))
        if path in self.documents:
            self.documents[path] = self.documents[path].changed(identifier, changes)
            self._touch(path)

    def save(self, identifier: Any) -> None:
        """A file was saved."""
        path = path_of(str(identifier["uri"]))
        if path is not None:
            self.note_on_disk([path])

    def close(self, identifier: Any) -> None:
        """A file was closed; what is on the disk counts again."""
        path = path_of(str(identifier["uri"]))
        if path in self.documents:
            uri = self.documents.pop(path).uri
            self._touch(path)
            for bundle in self.bundles.values():
                if bundle.published.pop(uri, None):
                    self._publish(uri, [], None)

    def note_on_disk(self, paths: list[Path]) -> None:
        """Files on the disk were made, changed or removed."""
        for path in paths:
            if path in self.documents:
                document = self.documents[path]
                item = {"uri": document.uri, "version": document.version, "text": document.places.content}
                self.documents[path] = OpenDocument.opened(item, path, self.client.encoding)
            if path.name == MANIFEST:
                self._surroundings.note_on_disk(path)
            elif self._surroundings.are_below(path):  # a folder of bundles
                self._compare_around(path)
            if path.name in _SETTINGS:
                self._stale.update(dict.fromkeys(one for one in self.bundles if one.is_relative_to(path.parent)))
                self._apart.update(self._stale)
                self._complaints.clear()
            else:
                self._touch(path, opens=False)
        self._give_up_stale()

    def _touch(self, path: Path, *, opens: bool = True) -> None:
        """What was found in the bundle of a file is out of date; a new or lost bundle.json concerns all around it."""
        if path.name in _SETTINGS:
            return
        if path.name == MANIFEST:
            self._compare_around(path.parent)
        folder = self.bundle_folder(path)
        if folder is not None and (opens or folder in self.bundles):
            self._stale[folder] = None
        if path.name == MANIFEST or folder is None:
            self._stale.update(dict.fromkeys(one for one in self.bundles if path.is_relative_to(one)))
            for document in self.documents:
                if path.name == MANIFEST and document.is_relative_to(path.parent):
                    around = self.bundle_folder(document)
                    self._stale.update({around: None} if around is not None else {})
        self._give_up_stale()

    def _compare_around(self, folder: Path) -> None:
        """What the bundles around a folder have against each other is out of date."""
        self._surroundings.expire()
        self._apart.update(dict.fromkeys(one for one in self.bundles if self._place_of(one).has(folder)))

    def _place_of(self, folder: Path) -> SearchedFolder:
        return place_of(folder, self.folders.values())

    def _give_up_stale(self) -> None:
        if self._check is not None and self._check[0] in self._stale:
            self._check = None

    def bundle_folder(self, path: Path) -> Path | None:
        """The folder of the bundle that a file belongs to, whether or not its bundle.json is on the disk yet."""
        for folder in path.parents:
            if folder / MANIFEST in self.documents or has_manifest(folder):
                return folder
        return None

    def documents_in(self, folder: Path) -> list[OpenDocument]:
        """The open files of a bundle."""
        return [
            document
            for path, document in self.documents.items()
            if path.is_relative_to(folder) and self.bundle_folder(path) == folder
        ]

    # Checks

    @property
    def has_work(self) -> bool:
        """Whether something has to be checked."""
        return self.is_checking or bool(self._stale) or bool(self._apart)

    @property
    def is_checking(self) -> bool:
        """Whether a check has begun."""
        return self._check is not None or self._comparison is not None

    def work(self) -> None:
        """Do a part of a check; at the end of a check the client gets what was found. Comparisons can wait."""
        if self._check is None and not self._stale:
            self._work_on_comparison()
            return
        self._check = self._check or self._begin()
        if self._check is None:
            return
        folder, check = self._check
        _before = self.bundles[folder].last  # freed, which takes milliseconds, once the client has the findings
        try:
            next(check)
        except StopIteration:
            self._check = None
        except Exception:
            self._check = None
            raise

    def _begin(self) -> tuple[Path, Generator[None, None, None]] | None:
        """The next check; None if the next bundle is none any more."""
        folder = next(iter(self._stale))
        del self._stale[folder]
        documents = self.documents_in(folder)
        is_there = folder / MANIFEST in self.documents or has_manifest(folder)
        if not documents or not is_there or is_template(folder, str(folder)):
            self._forget(folder)
            return None
        if folder not in self.bundles:
            self.bundles[folder] = CheckedBundle(folder)
            self._compare_around(folder)
        return folder, self._check_and_compare(self.bundles[folder], documents)

    def _check_and_compare(self, bundle: CheckedBundle, documents: list[OpenDocument]) -> Generator[None, None, None]:
        yield from bundle.check(documents, self._complain)
        if bundle.folder in self._apart and self._surroundings.is_known(self._place_of(bundle.folder)):
            yield from self._compare(bundle)
        self._publish_all(bundle)

    def _work_on_comparison(self) -> None:
        if self._comparison is None:
            self._comparison = self._compare_only(next(iter(self._apart)))
        try:
            next(self._comparison)
        except StopIteration:
            self._comparison = None
        except Exception:
            self._comparison = None
            raise

    def _compare_only(self, folder: Path) -> Generator[None, None, None]:
        bundle = self.bundles.get(folder)
        try:
            if bundle is not None:
                before = bundle.among
                yield from self._compare(bundle)
                if bundle.among != before and self.bundles.get(folder) is bundle:
                    self._publish_all(bundle)
        except Exception:
            self._apart.pop(folder, None)  # not again and again
            raise
        self._apart.pop(folder, None)

    def _compare(self, bundle: CheckedBundle) -> Generator[None, None, None]:
        """Compare a bundle with those around it."""
        while not self._surroundings.is_fresh(place := self._place_of(bundle.folder)):
            yield from self._surroundings.look(place, self.bundles, self.documents)
        self._apart.pop(bundle.folder, None)
        bundle.compare(*self._surroundings.beside(bundle.folder, place, self.bundles), place.folder, self._complain)

    def checked(self, path: Path) -> CheckedBundle | None:
        """The bundle of a file, with what is found in it now; None if the file belongs to none."""
        folder = self.bundle_folder(path)
        if folder is None:
            return None
        if folder not in self.bundles and folder not in self._stale:
            self._stale[folder] = None
        while (self._check is not None and self._check[0] == folder) or folder in self._stale:
            self.work()
        return self.bundles.get(folder)

    def names_around(self, folder: Path) -> list[str]:
        """The names of the bundles around one; see `Surroundings` for how many are looked for."""
        place = self._place_of(folder)
        if not self._surroundings.is_fresh(place):
            for _ in self._surroundings.look(place, self.bundles, self.documents):
                pass
        return self._surroundings.names(folder, place, self.bundles)

    def _complain(self, error: BundlekitError) -> None:
        """Say once what is wrong with the settings."""
        text = f"{error.message}. Until this is mended, the default settings count." + (
            f" Hint: {error.hint}." if error.hint else ""
        )
        if text not in self._complaints:
            self._complaints.add(text)
            self.notify("window/showMessage", {"type": 1, "message": f"bundlekit: {text}"})

    # What the client gets

    def _forget(self, folder: Path) -> None:
        bundle = self.bundles.pop(folder, None)
        self._compare_around(folder)
        for uri, items in bundle.published.items() if bundle is not None else ():
            if items:
                self._publish(uri, [], None)

    def _publish_all(self, bundle: CheckedBundle) -> None:
        made: dict[str, list[Json]] = {}
        shown: dict[str, list[Any]] = {}
        for path, findings in bundle.findings.items():
            shown.setdefault(bundle.path_to_show(path), []).extend((path, one) for one in findings)
        for path, pairs in shown.items():
            places = bundle.places(path, self.documents.get(bundle.folder / path), self.client.encoding)
            nowhere = bundle.places("", None, self.client.encoding)
            items = [
                diagnostic_of(finding, places if path == own else nowhere, self._related(bundle, finding))
                for own, finding in pairs
            ]
            made[self.uri(bundle.folder / path)] = items
        versions = {document.uri: document.version for document in self.documents_in(bundle.folder)}
        for uri in [*versions, *(made.keys() | bundle.published.keys()) - versions.keys()]:
            items = made.get(uri, [])
            if uri in versions or items != bundle.published.get(uri, []):
                self._publish(uri, items, versions.get(uri))
        bundle.published = dict(made)

    def _related(self, bundle: CheckedBundle, finding: Any) -> Json | None:
        if finding.other is None or not self.client.related:
            return None
        file = Path(finding.other.file)
        path = os.path.relpath(file, bundle.folder)
        places = bundle.places(path, self.documents.get(file), self.client.encoding)
        at = finding.other.line, finding.other.column
        return {"uri": self.uri(file), "range": places.range(*at, *at)}

    def uri(self, path: Path) -> str:
        """The URI of a file, spelled as the client spells it if it has it open."""
        document = self.documents.get(path)
        return document.uri if document is not None else uri_of(path)

    def _publish(self, uri: str, items: list[Json], version: int | None) -> None:
        params: Json = {"uri": uri, "diagnostics": items}
        if version is not None:
            params["version"] = version
        self.notify("textDocument/publishDiagnostics", params)
