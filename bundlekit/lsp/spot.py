"""A place in a file of a bundle that the user points at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bundlekit.bundle.bundle import MANIFEST
from bundlekit.bundle.patterns import Pattern, without_prefix
from bundlekit.bundle.text import Span
from bundlekit.lsp.checked_bundle import CheckedBundle
from bundlekit.lsp.diagnostics import FilePlaces
from bundlekit.lsp.jsonrpc import Json
from bundlekit.lsp.workspace import Workspace

if TYPE_CHECKING:
    from bundlekit.lint.facts.inspection import Declared, Inspection
    from bundlekit.lint.finding import Finding
    from bundlekit.source.routes import Route


@dataclass(frozen=True)
class Spot:
    """A place, and what is known there.

    Attributes:
        workspace: all that is open.
        bundle: the bundle.
        inspection: of its last check.
        path: of the file in the bundle.
        offset: in the client's text of the file.
    """

    workspace: Workspace
    bundle: CheckedBundle
    inspection: Inspection
    path: str
    offset: int

    @cached_property
    def places(self) -> FilePlaces:
        """The places in the file."""
        return self.places_of(self.path)

    @cached_property
    def place(self) -> tuple[int, int]:
        """Line and column, as findings have them."""
        return self.places.place(self.offset)

    def places_of(self, path: str) -> FilePlaces:
        """The places in a file of the bundle."""
        document = self.workspace.documents.get(self.bundle.folder / path)
        return self.bundle.places(path, document, self.workspace.client.encoding)

    def uri(self, path: str) -> str:
        """The URI of a file of the bundle."""
        return self.workspace.uri(self.bundle.folder / path)

    def location(self, path: str, span: Span) -> Json:
        """A place in a file of the bundle as a `Location`."""
        range_ = self.places_of(path).range(span.line, span.column, span.end_line, span.end_column)
        return {"uri": self.uri(path), "range": range_}

    def is_in(self, span: Span) -> bool:
        """Whether the place is in a stretch of its file."""
        return (span.line, span.column) <= self.place <= (span.end_line, span.end_column)

    @property
    def findings(self) -> Iterator[Finding]:
        """What was found at the place."""
        for one in self.bundle.findings.get(self.path, ()):
            if self.is_in(Span(one.line, one.column, one.end_line, one.end_column)):
                yield one

    # Resources and their handlers

    @property
    def declared(self) -> tuple[Declared, ...]:
        """The declared resources that are meant at the place: the one there, or those that the handler there takes."""
        if self.path == MANIFEST:
            manifest = self.inspection.manifest
            return tuple(one for one in self.inspection.declared if self.is_in(manifest.position(one.pointer)))
        return tuple(dict.fromkeys(one for route in self.routes_here for one in self._declared_for(route)))

    @property
    def routes_here(self) -> tuple[Route, ...]:
        """The routes that the user points at in index.py: at the decorator, or the name of the function under it."""
        source = self.inspection.source
        if self.path != source.path:
            return ()
        return tuple(
            route for route in source.routes if self.is_in(route.span) or self.place[0] == self.handler(route).line
        )

    def handlers_of(self, declared: Iterable[Declared]) -> dict[Route, tuple[str, ...]]:
        """The handlers of some resources, in the order of the source, each with the methods that it takes there."""
        from bundlekit.bundle.manifest import METHODS
        from bundlekit.source.handlers import handlers

        found: dict[Route, list[str]] = {}
        for one in declared:
            for method in one.resource.methods or METHODS:
                for route in handlers(self.inspection.source, method.lower(), one.resource.path):
                    methods = found.setdefault(route, [])
                    methods += [method] if method not in methods else []
        return {route: tuple(found[route]) for route in sorted(found, key=lambda one: one.span)}

    def handler(self, route: Route) -> Span:
        """The place of the function under a route, up to the end of its first line."""
        text = self.inspection.source.text
        start = text.span(text.offset(route.handler_at), text.offset(route.handler_at))
        return Span(start.line, start.column, start.line, len(text.line(start.line)) + 1)

    def _declared_for(self, route: Route) -> Iterator[Declared]:
        if route.resource is None:
            return
        pattern = Pattern.of(route.resource)
        for one in self.inspection.declared:
            if any(pattern.meets(Pattern.of(path)) for path in {one.resource.path, without_prefix(one.resource.path)}):
                yield one
