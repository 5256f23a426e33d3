"""The models that a bundle keeps its settings in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bundlekit.source.constants import Constants
from bundlekit.source.functions import arguments
from bundlekit.source.modules import Module
from bundlekit.source.routes import is_sdk
from bundlekit.source.syntax import Import

if TYPE_CHECKING:
    from tree_sitter import Node

_CLASS = "ModelInitiator"


@dataclass(frozen=True, slots=True)
class ModelCall:
    """A `ModelInitiator` that is made.

    Attributes:
        given: the argument that is its name; None where there is none.
        name: what that is; None where it cannot be told.
        is_elsewhere: whether it can be seen to keep its settings outside of the bundle.
    """

    given: Node | None
    name: Any
    is_elsewhere: bool


def models(module: Module) -> Iterator[ModelCall]:
    """The models that are made in a module."""
    constants = Constants()
    aliases = _aliases(module)
    for call in module.python.calls:
        if call.name in aliases:
            places, names, _ = arguments(call.node)
            given = names.get("model_name") or (places[0] if places else None)
            path = constants.value(names.get("model_path") or (places[1] if len(places) > 1 else None), call.scope)
            is_elsewhere = isinstance(path, str) and path.startswith("/")
            yield ModelCall(given, constants.value(given, call.scope), is_elsewhere)


def model_names(modules: Iterable[Module]) -> set[str | None]:
    """The names of the models that some modules make in the bundle; None among them stands for those that cannot be
    told. The SDK's `Model`, which is made to be derived from, makes one too.
    """
    found: set[str | None] = set()
    for module in modules:
        if b"Model" not in module.content:
            continue
        made = list(models(module))
        found |= {one.name if isinstance(one.name, str) else None for one in made if not one.is_elsewhere}
        spelled, imports = module.python.spelled, module.python.imports
        uses = sum(len(spelled.get(alias, ())) for alias in _aliases(module))
        if uses > len(made) or any(_brings_model(one) and one.alias in spelled for one in imports):
            found.add(None)
    return found


def _brings_model(one: Import) -> bool:
    return is_sdk(one.module) and one.name == "Model"


def _aliases(module: Module) -> set[str]:
    return {_CLASS} | {one.alias for one in module.python.imports if one.name == _CLASS and is_sdk(one.module)}
