"""A bundle of which a file is open, and what was found in it last."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.bundle.bundle import MANIFEST, Bundle
from bundlekit.bundle.files import Kind
from bundlekit.bundle.overlay import Overlaid
from bundlekit.errors import BadUsage, BundlekitError, Unreadable
from bundlekit.lsp.diagnostics import FilePlaces
from bundlekit.lsp.documents import OpenDocument
from bundlekit.lsp.positions import Places, PositionEncoding

if TYPE_CHECKING:
    from bundlekit.lint.facts.inspection import Inspection
    from bundlekit.lint.facts.neighbours import NeighbourBundle, Neighbours
    from bundlekit.lint.finding import Finding
    from bundlekit.lint.selection import Selection
    from bundlekit.lint.settings import Settings
    from bundlekit.source.modules import Module


_LARGEST_BASELINE = 16 * 1024 * 1024  # bytes


@dataclass
class CheckedBundle:
    """A bundle, and the last check of it.

    Attributes:
        folder: where it lies, as the client spells it.
        own: what the last check that came to its end found, in order.
        among: what there is against it from the bundles around it.
        published: the diagnostics that the client has, by URI.
    """

    folder: Path
    own: tuple[Finding, ...] = ()
    among: tuple[Finding, ...] = ()
    published: dict[str, object] = field(default_factory=dict)
    last: Inspection | None = None
    selection: Selection | None = None
    _settings: Settings | None = None
    _modules: dict[str, Module] = field(default_factory=dict)

    def bundle(self, documents: Iterable[OpenDocument]) -> Bundle:
        """The bundle with the files that are open as they stand in the editor."""
        bundle = Bundle.in_folder(self.folder)
        on_disk = bundle.files
        for document in documents:
            path = document.path.relative_to(self.folder).as_posix()
            try:
                there = on_disk.entries.get(path)
            except Unreadable:
                continue
            if there is None or there.kind is Kind.FILE:  # through a link the editor shows what does not count
                bundle = Bundle(bundle.label, Overlaid(bundle.files, path, document.content))
        return bundle

    @property
    def findings(self) -> dict[str, list[Finding]]:
        """All that was found, by the file's path in the bundle."""
        from bundlekit.lint.finding import order

        by_path: dict[str, list[Finding]] = {}
        for finding in sorted([*self.own, *self.among], key=order) if self.among else self.own:
            by_path.setdefault(os.path.relpath(finding.file, self.folder), []).append(finding)
        return by_path

    def check(
        self, documents: Iterable[OpenDocument], complain: Callable[[BundlekitError], None]
    ) -> Generator[None, None, None]:
        """Check the bundle, with pauses in which the check can be given up; in the end `own` is new.

        Args:
            documents: that are open in it.
            complain: takes what is wrong with the settings; then the default settings count.
        """
        from bundlekit.lint.engine import check_in_steps
        from bundlekit.lint.facts.inspection import Inspection
        from bundlekit.lint.selection import selection
        from bundlekit.lint.settings import NearestSettings

        bundle = self.bundle(documents)
        place = self.folder.resolve()
        chosen, settings = selection(), None
        try:
            settings = NearestSettings().of(place)
            if settings is not None:
                chosen = selection(settings.choice)
                ignores = settings.path_ignores(place, settings.file.parent) if settings.ignored else ()
                chosen = type(chosen)(chosen.severities, chosen.fail_on, ignores, chosen.api)
        except BundlekitError as error:
            complain(error)
        yield
        used: dict[str, Module] = {}
        inspection = Inspection(bundle, chosen.api, partial(self._parsed, used))
        findings = yield from check_in_steps(inspection, chosen)
        self._modules = used
        self.last, self.selection, self._settings = inspection, chosen, settings
        self.own = self._unknown(inspection.bundle, findings, chosen, complain)

    def compare(
        self, this: NeighbourBundle | None, others: Neighbours, top: Path, complain: Callable[[BundlekitError], None]
    ) -> None:
        """Find what there is against it from the bundles around it, as if it were given to `validate` after them.

        Args:
            this: what it declares; None if it has no bundle.json.
            others: those around it.
            top: the folder that their paths are relative to.
            complain: takes what is wrong with the baseline.
        """
        from bundlekit.lint.engine import check_among

        self.among = ()
        if self.last is None or self.selection is None or this is None or not others.concern(this):
            return
        bundle, chosen = self.last.bundle, self.selection
        found = check_among(replace(this, bundle=bundle), others, chosen)
        self.among = tuple(
            replace(one, other=replace(one.other, file=str(top / one.other.file))) if one.other is not None else one
            for one in self._unknown(bundle, found, chosen, complain)
        )

    def _unknown(
        self,
        bundle: Bundle,
        findings: tuple[Finding, ...],
        chosen: Selection,
        complain: Callable[[BundlekitError], None],
    ) -> tuple[Finding, ...]:
        """The findings that the baseline of the settings does not know."""
        if self._settings is None or self._settings.baseline is None:
            return findings
        try:
            self._settings.check_baseline()
            return _new(bundle, self.folder.resolve(), self._settings.baseline, findings, chosen)
        except BundlekitError as error:
            complain(error)
            return findings

    def _parsed(self, used: dict[str, Module], path: str, content: bytes) -> Module:
        """The module in a file: that of the check before, if the file has not changed since, or made from it."""
        from bundlekit.source.modules import parse_module

        known = self._modules.get(path)
        if known is None or known.content != content:
            known = parse_module(path, content, known)
        used[path] = known
        return known

    def path_to_show(self, path: str) -> str:
        """The file that shows a finding: its own, or bundle.json where there is none."""
        try:
            entry = self.last.bundle.files.entries.get(path) if self.last is not None else None
        except Unreadable:
            entry = None
        return path if entry is not None and entry.kind is Kind.FILE else MANIFEST

    def places(self, path: str, document: OpenDocument | None, encoding: PositionEncoding) -> FilePlaces:
        """The places in one of its files.

        Args:
            path: of the file in the bundle.
            document: the file as it is open; None if it is not.
            encoding: what columns count.
        """
        if document is not None:
            return FilePlaces(document.places, document.shift)
        text = self.last.text(path) if self.last is not None else None
        if text is None:
            text_content = ""
            try:
                if self.last is not None:
                    text_content = self.last.bundle.files.read(path, 1024 * 1024).decode("utf-8-sig", "replace")
            except Unreadable:
                pass
            return FilePlaces(Places(text_content, encoding))
        return FilePlaces(Places(text.content, encoding))


def _new(
    bundle: Bundle, place: Path, file: Path, findings: Iterable[Finding], chosen: Selection
) -> tuple[Finding, ...]:
    """The findings that no baseline knows.

    Raises:
        BadUsage: there is no baseline, or it is none.
        Unreadable: it cannot be read.
    """
    from bundlekit.bundle.files import FolderFiles
    from bundlekit.lint.baseline import Baseline, read

    real = Path(os.path.realpath(file))
    content = FolderFiles(real.parent).read(real.name, _LARGEST_BASELINE)
    try:
        known = read(content.decode("utf-8", "replace"))
    except BadUsage as error:
        raise BadUsage(f"{file}: {error.message}", hint=error.hint) from error
    return tuple(Baseline(known).new(os.path.relpath(place, real.parent), bundle, findings, chosen))
