"""Calls of voluptuous as they are written: what is in a Schema, how it was extended, and what a marker marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bundlekit.source.expressions import UNSEEN, DictExpression, ListExpression, Made, Method, Named
from bundlekit.source.shape import NO_DEFAULT

_DEEPEST = 30  # extensions of a schema
MARKERS = frozenset({"Required", "Optional", "Exclusive", "Inclusive", "Remove"})


@dataclass(frozen=True)
class Mode:
    """What a Schema says of all dicts in it."""

    required: bool = False
    extra: str = "PREVENT_EXTRA"


def is_schema(value: Any) -> bool:
    """Whether something is a Schema, and not only what one can be made of."""
    if not isinstance(value, Made):
        return False
    if isinstance(value.callee, Method):
        return value.callee.name == "extend" and is_schema(value.callee.owner)
    return name_of(value.callee) == "Schema"


def name_of(value: Any) -> str:
    """The name of something of voluptuous; else empty."""
    name = value.name if isinstance(value, Named) else ""
    return name.rpartition(".")[2] if name.startswith("voluptuous.") else ""


def argument(places: tuple[Any, ...], named: dict[str, Any], index: int, name: str, otherwise: Any = UNSEEN) -> Any:
    """An argument by its place or name.

    Args:
        places: the arguments by place.
        named: the arguments by name.
        index: its place.
        name: its name.
        otherwise: what it is where it is not given.
    """
    return places[index] if len(places) > index else named.get(name, otherwise)


def content_of(value: Made, depth: int) -> tuple[Any, Mode] | None:
    """What is in a Schema, and its mode; None where that cannot be seen."""
    named = dict(value.names)
    if isinstance(value.callee, Method):
        owner = value.callee.owner
        if value.callee.name != "extend" or not is_schema(owner) or depth > _DEEPEST:
            return None
        base = content_of(owner, depth + 1)
        more = argument(value.places, named, 0, "schema")
        if base is None or not isinstance(base[0], DictExpression) or not isinstance(more, DictExpression):
            return None
        given = {
            "required": argument(value.places, named, 1, "required", None),
            "extra": argument(value.places, named, 2, "extra", None),
        }
        mode = _mode(
            base[1].required if given["required"] is None else given["required"],
            Named(f"voluptuous.{base[1].extra}") if given["extra"] is None else given["extra"],
        )
        merged = _merged(base[0], more)
        return (merged, mode) if mode is not None and merged is not None else None
    mode = _mode(
        argument(value.places, named, 1, "required", False),
        argument(value.places, named, 2, "extra", Named("voluptuous.PREVENT_EXTRA")),
    )
    return (argument(value.places, named, 0, "schema"), mode) if mode is not None else None


def _mode(required: Any, extra: Any) -> Mode | None:
    modes = {0: "PREVENT_EXTRA", 1: "ALLOW_EXTRA", 2: "REMOVE_EXTRA"}
    name = name_of(extra) if isinstance(extra, Named) else modes.get(extra) if isinstance(extra, int) else None
    if name not in modes.values() or not isinstance(required, bool | int):
        return None
    return Mode(bool(required), str(name))


def _merged(base: DictExpression, more: DictExpression) -> DictExpression | None:
    found = {literal_of(key): (key, value) for key, value in base.pairs}
    for key, value in more.pairs:
        literal = literal_of(key)
        if not isinstance(literal, str):
            return None
        if literal in found and isinstance(found[literal][1], DictExpression) and isinstance(value, DictExpression):
            both = _merged(found[literal][1], value)
            if both is None:
                return None
            found[literal] = (key, both)
        else:
            found[literal] = (key, value)
    return DictExpression(tuple(found.values()))


def literal_of(key: Any) -> Any:
    """What a marker marks."""
    is_marker = isinstance(key, Made) and name_of(key.callee) in MARKERS
    return argument(key.places, dict(key.names), 0, "schema") if is_marker else key


def plain_of(value: Any) -> Any:
    """A value as JSON has it; NO_DEFAULT where it cannot be seen."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Named):
        made: dict[str, Any] = {"list": [], "dict": {}, "str": "", "int": 0, "bool": False, "float": 0.0}
        return made.get(value.name, NO_DEFAULT)
    if isinstance(value, ListExpression) and value.kind == "list":
        items = [plain_of(one) for one in value.items]
        return NO_DEFAULT if NO_DEFAULT in items else items
    if isinstance(value, DictExpression) and all(isinstance(key, str) for key, _ in value.pairs):
        found = {key: plain_of(one) for key, one in value.pairs}
        return NO_DEFAULT if NO_DEFAULT in found.values() else found
    return NO_DEFAULT
