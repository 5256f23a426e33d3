"""How the declared resources and the handlers in index.py meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bundlekit.bundle.manifest import METHODS
from bundlekit.bundle.patterns import Pattern, PatternIndex, without_prefix
from bundlekit.lint.facts.inspection import Declared, Inspection
from bundlekit.source.constants import Constants
from bundlekit.source.functions import arguments, dotted_name
from bundlekit.source.handlers import hidden_methods
from bundlekit.source.request_functions import handler_of
from bundlekit.source.routes import Route

_MOST_PAIRS = 250_000  # of resources and routes; each is compared with each
_OF_REQUESTS = 3
"""Parameters of a handler that takes requests: self, message and response."""


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
class RoutedHandler:
    """A handler, and the declared resources that bring requests to it."""

    route: Route
    resource: str
    declared: tuple[Declared, ...]


def are_too_many(inspection: Inspection) -> bool:
    """Whether there are more resources and handlers than anybody writes, so that they are not compared."""
    return len(inspection.declared) * len(inspection.source.routes) > _MOST_PAIRS


def reached(inspection: Inspection) -> Iterator[RoutedHandler]:
    """The handlers whose resource can be seen, as long as bundle.json is sound enough to be held against them."""
    value = inspection.manifest.value
    items = value.get("resources") if isinstance(value, dict) else None
    if not isinstance(items, list) or len(items) != len(inspection.declared) or are_too_many(inspection):
        return
    declared = PatternIndex((pattern, one) for one in inspection.declared for pattern in _patterns(one))
    for route in inspection.source.routes:
        if route.resource is not None:
            there = {one.pointer: one for one in declared.meeting(Pattern.of(route.resource))}
            yield RoutedHandler(route, route.resource, tuple(there.values()))


def unanswered(inspection: Inspection) -> Iterator[Unanswered]:
    """The declared resources that the bundle answers for, with methods that no visible handler takes."""
    source = inspection.source
    if source.read_error is not None or are_too_many(inspection):
        return
    seen = PatternIndex((Pattern.of(route.resource), route) for route in source.routes if route.resource is not None)
    hidden = hidden_methods(source)
    announced = _announced(inspection)
    for declared in inspection.declared:
        if declared.resource.role == "view":  # a bundle answers none of it, and hears of it without a handler
            continue
        patterns = _patterns(declared)
        found = {route.span: route for pattern in patterns for route in seen.covering(pattern)}
        there = [found[span] for span in sorted(found)]
        taken = {method.lower() for route in there for method in route.methods or METHODS}
        taken |= {method for method, pattern in announced if any(map(pattern.covers, patterns))}
        missing = tuple(one for one in declared.resource.methods if one in METHODS and one not in taken)
        for certain in (True, False):
            methods = tuple(one for one in missing if (one not in hidden) is certain)
            if methods:
                yield Unanswered(declared, methods, certain, there[0] if there else None)


def _announced(inspection: Inspection) -> list[tuple[str, Pattern]]:
    """The methods and resources of events that the bundle publishes: what it declares for those who listen to it, it
    does not have to answer."""
    found = []
    for module in inspection.modules:
        if b"publish" not in module.content:
            continue
        constants = Constants()
        for call in module.python.calls:
            if call.name not in METHODS:
                continue
            function = dotted_name(call.node.child_by_field_name("function"))
            if function.endswith(f"publish.event.{call.name}"):
                places, names, _ = arguments(call.node)
                resource = constants.value(names.get("resource") or (places[0] if places else None), call.scope)
                if isinstance(resource, str):
                    found.append((call.name, Pattern.of(resource)))
    return found


def is_handled(inspection: Inspection, resource: str) -> bool:
    """Whether a visible handler takes requests for a resource of this spelling."""
    pattern = Pattern.of(resource)
    routes = inspection.source.routes
    return any(one.resource is not None and Pattern.of(one.resource).covers(pattern) for one in routes)


def handled_methods(inspection: Inspection, resource: str) -> tuple[str, ...]:
    """The methods of a resource that visible handlers take."""
    pattern = Pattern.of(resource)
    there = (one for one in inspection.source.routes if one.resource is not None)
    taken = {method for one in there if Pattern.of(one.resource or "").covers(pattern) for method in one.methods or ()}
    return tuple(one for one in METHODS if one in taken)


def is_for_hook(inspection: Inspection, route: Route) -> bool:
    """Whether a handler may be called with requests that another bundle has answered: it takes `response`, and the
    bundle has a hook, or the function cannot be seen."""
    module = inspection.source.module
    if module is None or not inspection.hooks:
        return False
    function = handler_of(route, module.functions)
    return function is None or sum("splat" not in one.type for one in function.parameters) >= _OF_REQUESTS


def _patterns(declared: Declared) -> list[Pattern]:
    """Of the resource as it is declared, and as it is meant where it carries the prefix that another rule tells of."""
    path = declared.resource.path
    return [Pattern.of(spelling) for spelling in {path, without_prefix(path)}]
