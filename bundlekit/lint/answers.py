"""How the declared resources and the routes in index.py meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bundlekit.bundle.manifest import METHODS
from bundlekit.bundle.patterns import covers, meets, without_prefix
from bundlekit.bundle.routes import Route
from bundlekit.lint.inspection import Declared, Inspection


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Declared methods of a resource that no visible handler takes.

    Attributes:
        declared: the resource.
        methods: those without a handler.
        certain: whether there can be no other handler than the visible ones.
        neighbour: a handler of the same resource for another method.
    """

    declared: Declared
    methods: tuple[str, ...]
    certain: bool
    neighbour: Route | None


def is_comparable(inspection: Inspection) -> bool:
    """Whether bundle.json and index.py are both sound enough to be held against each other."""
    value = inspection.manifest.value
    resources = value.get("resources") if isinstance(value, dict) else None
    is_whole = isinstance(resources, list) and len(resources) == len(inspection.declared)
    return is_whole and inspection.source.problem is None


def _paths(declared: Declared) -> set[str]:
    """The resource as it is declared, and as it is meant where it carries the prefix that another rule tells of."""
    path = declared.resource.path
    return {path, without_prefix(path)}


def reaching(inspection: Inspection, route: Route) -> tuple[Declared, ...]:
    """The declared resources that bring requests to a handler."""
    if route.resource is None:
        return ()
    return tuple(one for one in inspection.declared if any(meets(route.resource, path) for path in _paths(one)))


def unanswered(inspection: Inspection) -> Iterator[Unanswered]:
    """The declared resources with methods that no visible handler takes."""
    source = inspection.source
    if source.problem is not None:
        return
    for declared in inspection.declared:
        paths = _paths(declared)
        there = [
            route
            for route in source.routes
            if route.resource is not None and any(covers(route.resource, path) for path in paths)
        ]
        taken = {method.lower() for route in there for method in route.methods or METHODS}
        missing = tuple(one for one in declared.resource.methods if one in METHODS and one not in taken)
        hidden = {method for route in source.routes if route.resource is None for method in route.methods or METHODS}
        for certain, methods in (
            (True, tuple(one for one in missing if one not in hidden and not source.elsewhere)),
            (False, tuple(one for one in missing if one in hidden or source.elsewhere)),
        ):
            if methods:
                yield Unanswered(declared, methods, certain, there[0] if there else None)
