"""What a bundle's code says about requests and answers: the contract of each method of a resource."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bundlekit.bundle.bundle import Bundle
from bundlekit.source.answer_shapes import answer_shape
from bundlekit.source.expressions import UNSEEN, Expressions
from bundlekit.source.handlers import handlers
from bundlekit.source.modules import Module, imported_modules
from bundlekit.source.request_checks import RequestChecks
from bundlekit.source.request_functions import handler_of
from bundlekit.source.routes import Route, Source
from bundlekit.source.shape import UNKNOWN, Shape
from bundlekit.source.voluptuous_schemas import shape_of


class Origin(StrEnum):
    """What a contract was read from."""

    SCHEMA = "schema"  # of the Route
    HANDLER = "handler"
    NOTHING = "nothing"


@dataclass(frozen=True)
class OperationContract:
    """What a method of a resource takes and gives.

    Attributes:
        body: the data that it may take; what is not in it, it refuses.
        origin: what the body was read from.
        answer: the data of its good answers.
    """

    body: Shape = UNKNOWN
    origin: Origin = Origin.NOTHING
    answer: Shape = UNKNOWN


NO_CONTRACT = OperationContract()


class Contracts:
    """Reads the contracts of a bundle.

    Args:
        bundle: the bundle.
        source: its index.py.
        modules: index.py and what it imports; None to read them.
    """

    def __init__(self, bundle: Bundle, source: Source, modules: tuple[Module, ...] | None = None) -> None:
        self._source = source
        self._module = source.module
        if modules is None:
            modules = imported_modules(bundle, source.module) if source.module is not None else ()
        self.expressions = Expressions(bundle.files, modules)
        self._schemas: dict[int, Shape | None] = {}  # by their expressions; several rules ask for each

    def of(self, method: str, resource: str) -> OperationContract:
        """The contract of a method, in lower case, of a resource as bundle.json declares it."""
        found = handlers(self._source, method, resource)
        return self.of_route(found[0]) if len(found) == 1 else NO_CONTRACT

    def of_route(self, route: Route) -> OperationContract:
        """The contract of what a Route decorates."""
        module = self._module
        function = handler_of(route, module.functions) if module is not None else None
        if module is None or function is None:
            return NO_CONTRACT
        answer = answer_shape(self.expressions, module, function)
        schema = self.schema_of(route)
        if schema is not None:
            return OperationContract(schema, Origin.SCHEMA, answer)
        body = RequestChecks(self.expressions, module, function).shape()
        origin = Origin.NOTHING if body.says_nothing and not body.of_kind("object")[0].members else Origin.HANDLER
        return OperationContract(body, origin, answer)

    def schema_of(self, route: Route) -> Shape | None:
        """The shape of the schema that a Route is given; None if it is given none."""
        if route.schema is None or route.scope is None or self._module is None or route.schema.type == "none":
            return None
        if route.schema.id not in self._schemas:
            value = self.expressions.read(route.schema, route.scope, self._module)
            found = None if value is None else UNKNOWN if value is UNSEEN else shape_of(value)
            self._schemas[route.schema.id] = found
        return self._schemas[route.schema.id]
