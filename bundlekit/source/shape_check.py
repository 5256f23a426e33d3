"""Whether a JSON value is in a shape, and where it is not. A library would take longer to import than this to run."""

from __future__ import annotations

import math
import re
from typing import Any

from bundlekit.source.shape import ARRAY, NUMBER, OBJECT, STRING, Branch, ObjectMember, Shape, in_range, kind_of

_LONGEST = 60  # characters of a value in a message


def mismatch(shape: Shape, value: Any, place: str = "$") -> str:
    """Why a value is not in a shape, as `$.a[0]: true is no text`; empty if it is in it.

    Args:
        shape: the shape.
        value: JSON.
        place: of the value in what is looked at.
    """
    kind = kind_of(value)
    branches = shape.of_kind(kind)
    if not branches:
        wanted = " or ".join(sorted(shape.kinds())) or "nothing"
        return f"{place}: {_shown(value)} is not of type {wanted}"
    reasons = [_in_branch(branch, value, place) for branch in branches]
    return "" if "" in reasons else max(reasons, key=lambda one: one.index(": "))


def is_in(value: Any, shape: Shape) -> bool:
    """Whether a shape has a value."""
    return not mismatch(shape, value)


def _in_branch(branch: Branch, value: Any, place: str) -> str:
    if branch.values is not None and not any(one == value for one in branch.values):
        return f"{place}: {_shown(value)} is none of {_shown(list(branch.values))}"
    if any(one == value for one in branch.excluded):
        return f"{place}: {_shown(value)} is not allowed"
    if branch.kind == NUMBER:
        return _number(branch, value, place)
    if branch.kind in (STRING, ARRAY, OBJECT):
        size = len(value)
        if (branch.shortest is not None and size < branch.shortest) or (
            branch.longest is not None and size > branch.longest
        ):
            return f"{place}: the length of {_shown(value)} is not from {branch.shortest or 0} to {branch.longest}"
    if branch.kind == STRING and not all(re.search(pattern, value) for pattern in branch.patterns):
        return f"{place}: {_shown(value)} does not match {_shown(branch.patterns[0])}"
    if branch.kind == ARRAY:
        return _array(branch, value, place)
    return _object(branch, value, place) if branch.kind == OBJECT else ""


def _number(branch: Branch, value: float, place: str) -> str:
    if not in_range(branch, value):
        return f"{place}: {_shown(value)} is out of range"
    is_whole = isinstance(value, int) or (math.isfinite(value) and value == int(value))
    return "" if is_whole or not branch.integer else f"{place}: {_shown(value)} is no integer"


def _array(branch: Branch, value: list[Any], place: str) -> str:
    if branch.places is not None:
        if len(value) != len(branch.places):
            return f"{place}: it has {len(value)} items and not {len(branch.places)}"
        pairs = list(zip(branch.places, value, strict=True))
    else:
        pairs = [(branch.items, one) for one in value] if branch.items is not None else []
    reasons = (mismatch(shape, one, f"{place}[{index}]") for index, (shape, one) in enumerate(pairs))
    return next(filter(None, reasons), "")


def _object(branch: Branch, value: dict[str, Any], place: str) -> str:
    members = {member.name: member for member in branch.members}
    for member in branch.members:
        if member.required and member.name not in value:
            return f"{place}: {member.name!r} is missing"
    for one in branch.exclusive:
        if sum(name in value for name in one) > 1:
            return f"{place}: only one of {', '.join(one)} may be there"
    for one in branch.inclusive:
        if 0 < sum(name in value for name in one) < len(one):
            return f"{place}: {', '.join(one)} go together"
    for one in branch.any_of:
        if not any(name in value for name in one):
            return f"{place}: one of {', '.join(one)} is missing"
    reasons = (_member(branch, members, name, one, place) for name, one in value.items())
    return next(filter(None, reasons), "")


def _member(branch: Branch, members: dict[str, ObjectMember], name: str, value: Any, place: str) -> str:
    inner = f"{place}.{name}"
    shapes = [shape for pattern, shape in branch.keyed if re.search(pattern, name)]
    if name in members:
        shapes.append(members[name].shape)
    elif not shapes:
        if branch.closed:
            return f"{place}: {name!r} is not allowed"
        shapes = [branch.extra] if branch.extra is not None else []
    return next(filter(None, (mismatch(shape, value, inner) for shape in shapes)), "")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
