"""Which handler in index.py takes a request."""

from __future__ import annotations

from bundlekit.bundle.manifest import METHODS
from bundlekit.bundle.patterns import Pattern, without_prefix
from bundlekit.source.routes import Route, Source


def hidden_methods(source: Source) -> set[str]:
    """The methods for which there may be handlers that cannot be seen."""
    if source.read_error is not None or source.elsewhere:
        return set(METHODS)
    return {method for route in source.routes if route.resource is None for method in route.methods or METHODS}


def handlers(source: Source, method: str, resource: str) -> tuple[Route, ...]:
    """The handlers that can be seen to take some request for a resource, in the order of the source.

    Args:
        source: of the bundle.
        method: in lower case.
        resource: as bundle.json declares it.
    """
    patterns = [Pattern.of(spelling) for spelling in {resource, without_prefix(resource)}]
    return tuple(
        route
        for route in source.routes
        if route.resource is not None
        and method in {one.lower() for one in route.methods or METHODS}
        and any(map(Pattern.of(route.resource).meets, patterns))
    )


def may_be_handled(source: Source, method: str, resource: str) -> bool:
    """Whether there is a handler for a method of a resource, or may be one that cannot be seen.

    Args:
        source: of the bundle.
        method: of HTTP, in lower case.
        resource: with `:name` for its parameters.
    """
    return method in hidden_methods(source) or bool(handlers(source, method, resource))
