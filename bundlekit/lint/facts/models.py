"""The models that a bundle keeps its settings in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bundlekit.source.constants import Constants
from bundlekit.source.functions import arguments
from bundlekit.source.modules import Module
from bundlekit.source.routes import is_sdk

if TYPE_CHECKING:
    from tree_sitter import Node

_CLASS = "ModelInitiator"


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
    aliases = _aliases(module, _CLASS)
    for call in module.python.calls:
        if call.name in aliases:
            places, names, _ = arguments(call.node)
            given = names.get("model_name") or (places[0] if places else None)
            yield ModelCall(given, constants.value(given, call.scope))


def model_names(modules: Iterable[Module]) -> set[str | None]:
    """The names of the models that some modules make; None among them stands for those that cannot be told.

    The SDK's `Model`, which is made to be derived from, makes one too.
    """
    found: set[str | None] = set()
    for module in modules:
        made = list(models(module))
        found |= {one.name if isinstance(one.name, str) else None for one in made}
        spelled = module.python.spelled
        uses = sum(len(spelled.get(alias, ())) for alias in _aliases(module, _CLASS))
        derives = any(is_sdk(one.module) for one in module.python.imports) and any(
            alias in spelled for alias in _aliases(module, "Model")
        )
        if uses > len(made) or derives:
            found.add(None)
    return found


def _aliases(module: Module, name: str) -> set[str]:
    return {name} | {one.alias for one in module.python.imports if one.name == name and is_sdk(one.module)}
