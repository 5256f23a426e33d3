"""The functions that run while a request waits."""

from __future__ import annotations

from bundlekit.source.functions import Function, run_from
from bundlekit.source.modules import Module
from bundlekit.source.routes import Route


def handler_of(route: Route, known: dict[int, Function]) -> Function | None:
    """The function under a route, where that is a function."""
    return known.get(route.handler_at) if route.handler else None


def run_for_requests(module: Module, routes: tuple[Route, ...]) -> list[tuple[Function, Function]]:
    """What runs while a request waits: the handlers, the methods of their class that they call, and those that these
    call. Each comes once, with the first handler that it runs for.
    """
    known = module.functions
    handlers = (handler_of(route, known) for route in routes)
    return run_from(known, [one for one in handlers if one is not None])
