"""What the validators of voluptuous that hold no schema let through: Range, Length, In, Match, Coerce and others."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bundlekit.source.expressions import DictExpression, ListExpression, Made, Named
from bundlekit.source.shape import (
    ANY,
    ARRAY,
    BOOLEAN,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    UNKNOWN,
    Branch,
    Shape,
    of_kinds,
    of_length,
    of_values,
    without_values,
)
from bundlekit.source.voluptuous_calls import argument

NUMBERS = frozenset({"int", "long", "float"})
_SPECIAL = re.compile(r"\(\?(?![:=!])|\\[^dDwWsSnrtfv.^$*+?()\[\]{}|\\/\-]|\*\+|\+\+|\?\+|\}\+|\[\]|\[\^\]")
_WHOLE_NUMBER = r"^\s*[+-]?\d+(?:_\d+)*\s*$"  # what int() takes
_TRUE, _FALSE = ("1", "true", "yes", "on", "enable"), ("0", "false", "no", "off", "disable")


def validated(name: str, places: tuple[Any, ...], named: dict[str, Any]) -> Shape | None:
    """What a validator lets through; None for one that holds a schema, or is not known here.

    Args:
        name: such as `Range`.
        places: its arguments by place.
        named: its arguments by name.
    """
    if name in _FIXED:
        return _FIXED[name]
    maker = _MAKERS.get(name)
    return maker(places, named) if maker is not None else None


def after_coerce(shape: Shape, target: str, value: Made) -> Shape:
    """What has a number in a range once it is made one: `All(Coerce(int), Range(1, 5))` takes 5.9, and "5".

    Args:
        shape: what can be made a number.
        target: what it is made: `int` or `float`.
        value: the `Range`.
    """
    bounds = _bounds(value.places, dict(value.names))
    if bounds is None:
        return shape.inexact()
    low, high, low_is_in, high_is_in = bounds
    found: list[Branch] = []
    for branch in shape.branches:
        if branch.kind == STRING:
            found.append(replace(branch, exact=False))
        elif branch.kind == BOOLEAN:
            kept = tuple(one for one in branch.values or (False, True) if _within(int(one), bounds))
            found += [Branch(BOOLEAN, values=kept if len(kept) < 2 else None)] if kept else []
        elif target == "float" or branch.integer:
            found += (Shape((branch,)) & Shape((_numbers(low, high, low_is_in, high_is_in),))).branches
        else:
            cut = _truncated(low, high, low_is_in, high_is_in)
            found += (Shape((branch,)) & Shape((cut,))).branches
    return Shape(tuple(found), same=False)


def _within(value: float, bounds: tuple[float | None, float | None, bool, bool]) -> bool:
    low, high, low_is_in, high_is_in = bounds
    above = low is None or value > low or (low_is_in and value == low)
    return above and (high is None or value < high or (high_is_in and value == high))


def _truncated(low: float | None, high: float | None, low_is_in: bool, high_is_in: bool) -> Branch:
    """The numbers whose whole part is in a range."""
    first = None if low is None else math.ceil(low) if low_is_in else math.floor(low) + 1
    last = None if high is None else math.floor(high) if high_is_in else math.ceil(high) - 1
    return Branch(
        NUMBER,
        minimum=first if first is not None and first > 0 else None,
        above=first - 1 if first is not None and first <= 0 else None,
        maximum=last if last is not None and last < 0 else None,
        below=last + 1 if last is not None and last >= 0 else None,
    )


def _numbers(low: float | None, high: float | None, low_is_in: bool, high_is_in: bool) -> Branch:
    return Branch(
        NUMBER,
        minimum=low if low_is_in else None,
        above=None if low_is_in else low,
        maximum=high if high_is_in else None,
        below=None if high_is_in else high,
    )


def _bounds(places: tuple[Any, ...], named: dict[str, Any]) -> tuple[float | None, float | None, bool, bool] | None:
    """Both ends of a Range, and whether each is in it; None where that cannot be seen."""
    low, high = argument(places, named, 0, "min", None), argument(places, named, 1, "max", None)
    inclusive = [argument(places, named, 2, "min_included", True), argument(places, named, 3, "max_included", True)]
    is_known = all(one is None or isinstance(one, int | float) for one in (low, high))
    if not is_known or not all(isinstance(one, bool) for one in inclusive):
        return None
    return low, high, inclusive[0], inclusive[1]


def _range(places: tuple[Any, ...], named: dict[str, Any]) -> Shape:
    bounds = _bounds(places, named)
    if bounds is None:
        return UNKNOWN
    low, high, *_ = bounds
    if low is None and high is None:
        return ANY
    booleans = tuple(one for one in (False, True) if _within(int(one), bounds))
    found = [_numbers(*bounds), *([Branch(BOOLEAN, values=booleans)] if booleans else [])]
    if len(booleans) == 2:
        found[1] = Branch(BOOLEAN)
    # Python 2 compares values of all types: text and lists are greater than numbers, None is less.
    others = (STRING, ARRAY, OBJECT) if high is None else (NULL,) if low is None else ()
    return Shape((*found, *(Branch(kind, exact=False) for kind in others)))


def _length(places: tuple[Any, ...], named: dict[str, Any]) -> Shape:
    low, high = argument(places, named, 0, "min", None), argument(places, named, 1, "max", None)
    if not all(one is None or type(one) is int for one in (low, high)):
        return _SOME_SIZED
    return of_length(low, high)


def _listed(places: tuple[Any, ...], named: dict[str, Any]) -> list[Any] | None:
    """The values of a container; None where they cannot be seen."""
    container = argument(places, named, 0, "container")
    if isinstance(container, DictExpression):
        container = ListExpression("list", tuple(key for key, _ in container.pairs))
    if not isinstance(container, ListExpression):
        return None
    values = list(container.items)
    return values if all(one is None or isinstance(one, str | int | float) for one in values) else None


def _in(places: tuple[Any, ...], named: dict[str, Any]) -> Shape:
    values = _listed(places, named)
    if values is not None:
        return of_values(values)
    container = argument(places, named, 0, "container")
    return of_kinds(STRING, exact=False) if isinstance(container, str) else UNKNOWN


def _not_in(places: tuple[Any, ...], named: dict[str, Any]) -> Shape:
    values = _listed(places, named)
    if values is None:
        return UNKNOWN
    container = argument(places, named, 0, "container")
    if isinstance(container, ListExpression) and container.kind != "set":
        return without_values(values)
    return Shape(tuple(one for one in without_values(values).branches if one.kind not in (ARRAY, OBJECT)))


def _match(places: tuple[Any, ...], named: dict[str, Any]) -> Shape:
    pattern = pattern_of(argument(places, named, 0, "pattern"))
    return Shape((Branch(STRING, patterns=(pattern,)),)) if pattern else of_kinds(STRING, exact=False)


def pattern_of(value: Any) -> str:
    """A regular expression that finds what `re.match` of another one does; empty where JSON Schema cannot say it."""
    if isinstance(value, Made) and value.callee == Named("re.compile") and len(value.places) == 1 and not value.names:
        value = value.places[0]
    if not isinstance(value, str) or len(value) > 500 or not value:
        return ""
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError):
        return ""
    if _SPECIAL.search(value.replace("\\\\", "")):
        return ""
    return value if value.startswith("^") and "|" not in value else f"^(?:{value.removeprefix('^')})"


def _coerce(places: tuple[Any, ...], named: dict[str, Any]) -> Shape:
    target = argument(places, named, 0, "type")
    name = target.name if isinstance(target, Named) else ""
    if name in NUMBERS:
        text = Branch(STRING, exact=False) if name == "float" else Branch(STRING, patterns=(_WHOLE_NUMBER,))
        return Shape((Branch(NUMBER), Branch(BOOLEAN), text), same=False)
    return replace(ANY if name in ("str", "bool") else UNKNOWN, same=False)


def _equal(places: tuple[Any, ...], named: dict[str, Any]) -> Shape:
    value = argument(places, named, 0, "target")
    is_plain = value is None or isinstance(value, str | int | float)
    return of_values([value]) if is_plain else UNKNOWN


_WORDS = "|".join("".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in word) for word in _TRUE + _FALSE)
_SOME_SIZED = of_kinds(STRING, ARRAY, OBJECT, exact=False)
_FIXED = {
    "Boolean": Shape(
        (
            *(branch for branch in ANY.branches if branch.kind != STRING),
            Branch(STRING, patterns=(f"^(?:{_WORDS})$",)),
        ),
        same=False,
    ),
    "Datetime": of_kinds(STRING, exact=False),
    "Date": of_kinds(STRING, exact=False),
    "DefaultTo": replace(ANY, same=False),
    "SetTo": replace(ANY, same=False),
}
_MAKERS: dict[str, Callable[[tuple[Any, ...], dict[str, Any]], Shape]] = {
    "Range": _range,
    "Length": _length,
    "In": _in,
    "NotIn": _not_in,
    "Match": _match,
    "Coerce": _coerce,
    "Equal": _equal,
}
