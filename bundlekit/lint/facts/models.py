"""The models that a bundle keeps its settings in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bundlekit.source.constants import Constants
from bundlekit.source.functions import arguments
from bundlekit.source.modules import Module

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class ModelCall:
    """A `ModelInitiator` that is made.

    Attributes:
        given: the argument that is its name; None where there is none.
        name: what that is; None where it cannot be told.
    """

    given: Node | None
    name: Any


def models(module: Module) -> Iterator[ModelCall]:
    """The models that are made in a module."""
    constants = Constants()
    for call in module.python.calls:
        if call.name == "ModelInitiator":
            places, names, _ = arguments(call.node)
            given = names.get("model_name") or (places[0] if places else None)
            yield ModelCall(given, constants.value(given, call.scope))
