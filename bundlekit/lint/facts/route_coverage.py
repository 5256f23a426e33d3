"""How the declared resources and the handlers in index.py meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bundlekit.bundle.manifest import METHODS
from bundlekit.bundle.patterns import Pattern, without_prefix
from bundlekit.lint.facts.inspection import Declared, Inspection
from bundlekit.source.handlers import hidden_methods
from bundlekit.source.routes import Route

_MOST_PAIRS = 250_000


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


@dataclass(frozen=True, slots=True)
class Reached:
    """A handler, and the declared resources that bring requests to it."""

    route: Route
    resource: str
    declared: tuple[Declared, ...]


def are_too_many(inspection: Inspection) -> bool:
    """Whether there are more resources and handlers than anybody writes, so that they are not compared."""
    return len(inspection.declared) * len(inspection.source.routes) > _MOST_PAIRS


def reached(inspection: Inspection) -> Iterator[Reached]:
    """The handlers whose resource can be seen, as long as bundle.json is sound enough to be held against them."""
    value = inspection.manifest.value
    items = value.get("resources") if isinstance(value, dict) else None
    if not isinstance(items, list) or len(items) != len(inspection.declared) or are_too_many(inspection):
        return
    declared = [(one, _patterns(one)) for one in inspection.declared]
    for route in inspection.source.routes:
        if route.resource is not None:
            pattern = Pattern.of(route.resource)
            there = (one for one, patterns in declared if any(map(pattern.meets, patterns)))
            yield Reached(route, route.resource, tuple(there))


def unanswered(inspection: Inspection) -> Iterator[Unanswered]:
    """The declared resources with methods that no visible handler takes."""
    source = inspection.source
    if source.problem is not None or are_too_many(inspection):
        return
    seen = [(route, Pattern.of(route.resource)) for route in source.routes if route.resource is not None]
    hidden = hidden_methods(source)
    for declared in inspection.declared:
        patterns = _patterns(declared)
        there = [route for route, pattern in seen if any(map(pattern.covers, patterns))]
        taken = {method.lower() for route in there for method in route.methods or METHODS}
        missing = tuple(one for one in declared.resource.methods if one in METHODS and one not in taken)
        for certain in (True, False):
            methods = tuple(one for one in missing if (one not in hidden) is certain)
            if methods:
                yield Unanswered(declared, methods, certain, there[0] if there else None)


def _patterns(declared: Declared) -> list[Pattern]:
    """Of the resource as it is declared, and as it is meant where it carries the prefix that another rule tells of."""
    path = declared.resource.path
    return [Pattern.of(spelling) for spelling in {path, without_prefix(path)}]
