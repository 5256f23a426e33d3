"""Samples of what a contract takes: of the factory settings where they fit, else the least that does."""

from __future__ import annotations

from itertools import count
from typing import Any

from bundlekit.export.description import NOTHING
from bundlekit.source.shape import ARRAY, BOOLEAN, NO_DEFAULT, NULL, NUMBER, STRING, Branch, Shape
from bundlekit.source.shape_check import is_in

_WORDS = ("text", "a", "1", "", "0", "10.0.0.1", "2020-01-01", "0" * 8)
_LONGEST = 1000  # of text and lists; a longer one helps nobody


def sample(shape: Shape, known: Any = NOTHING) -> Any:
    """A value of a shape, or NOTHING where none is found.

    Args:
        shape: of the value.
        known: what the factory settings have there; its parts are taken where they fit. May be NOTHING.
    """
    if known is not NOTHING and is_in(known, shape):
        return known
    made = (_made(branch, known) for branch in shape.branches)
    return next((value for value in made if value is not NOTHING and is_in(value, shape)), NOTHING)


def _made(branch: Branch, known: Any) -> Any:
    if branch.values:
        return branch.values[0]
    if (branch.shortest or 0) > _LONGEST:
        return NOTHING
    if branch.kind in (NULL, BOOLEAN):
        return None if branch.kind == NULL else False
    if branch.kind == NUMBER:
        return _number(branch)
    if branch.kind == STRING:
        return next((word for word in _words(branch) if is_in(word, Shape((branch,)))), NOTHING)
    if branch.kind == ARRAY:
        places = branch.places if branch.places is not None else (branch.items,) * (branch.shortest or 0)
        items = [sample(one) if one is not None else 0 for one in places]
        return NOTHING if NOTHING in items else items
    return _object(branch, known)


def _object(branch: Branch, known: Any) -> Any:
    found: dict[str, Any] = {}
    for member in branch.members:
        inner = known.get(member.name, NOTHING) if isinstance(known, dict) else NOTHING
        value = inner if inner is not NOTHING and is_in(inner, member.shape) else member.default
        if value is NO_DEFAULT and (member.required or inner is not NOTHING):
            value = sample(member.shape, inner)
        if value is not NO_DEFAULT and value is not NOTHING:
            found[member.name] = value
    return found


def _words(branch: Branch) -> tuple[str, ...]:
    length = branch.shortest or 0
    longest = branch.longest if branch.longest is not None else length + 8
    return (*(word for word in _WORDS if length <= len(word) <= longest), "x" * length)


def _number(branch: Branch) -> Any:
    low = branch.minimum if branch.minimum is not None else branch.above + 1 if branch.above is not None else None
    high = branch.maximum if branch.maximum is not None else branch.below - 1 if branch.below is not None else None
    if low is None and high is None:
        return next(one for one in count() if one not in branch.excluded)
    return low if low is not None else high
