"""The schemas that the data of a handler has passed before it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.source.functions import Function
from bundlekit.source.modules import Module
from bundlekit.source.request_functions import handler_of
from bundlekit.source.routes import Route

if TYPE_CHECKING:
    from bundlekit.source.shape import Shape


def functions_with_schemas(inspection: Inspection, module: Module) -> Iterator[tuple[Function, list[Shape]]]:
    """Each handler whose every Route has a schema that can be read, with these.

    Args:
        inspection: of the bundle.
        module: that has the handlers.
    """
    routes: dict[int, list[Route]] = {}
    for route in inspection.source.routes:
        routes.setdefault(route.handler_at, []).append(route)
    for found in routes.values():
        if any(route.schema is None for route in found):
            continue
        function = handler_of(found[0], module.functions)
        if function is None or len(function.parameters) < 2 or function.node.has_error:
            continue
        schemas = [schema for route in found if (schema := inspection.contracts.schema_of(route)) is not None]
        if len(schemas) == len(found):
            yield function, schemas
