"""From a resource in bundle.json to its handlers in index.py, and back."""

from __future__ import annotations

from bundlekit.bundle.bundle import MANIFEST
from bundlekit.lsp.jsonrpc import Json
from bundlekit.lsp.spot import Spot


def definition(spot: Spot) -> list[Json]:
    """The handlers of the resource in bundle.json that the user points at; or where a handler's resource is declared.

    On a method in bundle.json, its handlers alone.
    """
    if spot.path != MANIFEST:
        return _declarations(spot)
    method = _method(spot)
    found = spot.handlers_of(spot.declared)
    return [
        spot.location(spot.inspection.source.path, spot.handler(route))
        for route, methods in found.items()
        if method is None or method in methods
    ]


def references(spot: Spot, *, with_declaration: bool) -> list[Json]:
    """All places about the resource that the user points at: in bundle.json, and the routes of its handlers."""
    routes = dict.fromkeys([*spot.routes_here, *spot.handlers_of(spot.declared)])
    source = spot.inspection.source.path
    places = [spot.location(source, route.span) for route in sorted(routes, key=lambda one: one.span)]
    return (_declarations(spot) if with_declaration else []) + places


def _declarations(spot: Spot) -> list[Json]:
    manifest = spot.inspection.manifest
    return [spot.location(MANIFEST, manifest.position(f"{one.pointer}/resource")) for one in spot.declared]


def _method(spot: Spot) -> str | None:
    """The method in bundle.json that the user points at."""
    manifest = spot.inspection.manifest
    for one in spot.declared:
        for at, method in enumerate(one.resource.methods):
            if spot.is_in(manifest.position(f"{one.pointer}/methods/{at}")):
                value = manifest.value["resources"][int(one.pointer.rpartition("/")[2])]["methods"]
                return str(value[at]) if isinstance(value, list) else method
    return None
