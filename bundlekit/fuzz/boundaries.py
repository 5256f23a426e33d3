"""Values at the ends of a shape: what code is most likely not to expect."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from bundlekit.export.description import NOTHING
from bundlekit.export.samples import sample
from bundlekit.source.shape import ARRAY, BOOLEAN, NULL, NUMBER, OBJECT, STRING, Branch, Shape, in_range

_MOST = 400  # of one body
_DEEPEST = 4  # objects in objects
_LONGEST = 300  # of text and lists
_ODD: tuple[Any, ...] = (None, False, 0, -1, 0.5, "", "a", "\u00e9", [], {})


def boundary_values(shape: Shape, known: Any = NOTHING) -> Iterator[Any]:
    """The ends of a shape, then values of other types in its places; each once.

    Args:
        shape: of the values.
        known: an example, or NOTHING; its members are tried, too.
    """
    seen: set[str] = set()
    for value in chain(_ends(shape, known, 0), _odd(shape, known)):
        if len(seen) == _MOST:
            return
        if repr(value) not in seen:
            seen.add(repr(value))
            yield value


def _ends(shape: Shape, known: Any, depth: int) -> Iterator[Any]:
    first = sample(shape, known)
    if first is not NOTHING:
        yield first
    for branch in shape.branches:
        yield from branch.values or ()
        if branch.values is None:
            yield from _ends_of(branch, known, depth)


def _ends_of(branch: Branch, known: Any, depth: int) -> Iterator[Any]:
    if branch.kind == NUMBER:
        step = 1 if branch.integer else 0.5
        ends = (branch.minimum, branch.maximum, _moved(branch.above, step), _moved(branch.below, -step))
        yield from (one for one in (*ends, 0, 1, -1) if one is not None and _is_within(branch, one))
    elif branch.kind == STRING:
        lengths = (branch.shortest or 0, branch.longest if branch.longest is not None else 1)
        yield from ("x" * min(length, _LONGEST) for length in lengths if not branch.patterns)
    elif branch.kind in (BOOLEAN, NULL):
        yield from (False, True) if branch.kind == BOOLEAN else (None,)
    elif branch.kind == ARRAY:
        yield from [[]] if not branch.shortest else []
        if branch.items is not None and depth < _DEEPEST:
            yield from ([one] * min(branch.shortest or 1, _LONGEST) for one in _ends(branch.items, NOTHING, depth + 1))
    elif branch.kind == OBJECT and depth < _DEEPEST:
        yield from _objects(branch, known, depth)


def _objects(branch: Branch, known: Any, depth: int) -> Iterator[dict[str, Any]]:
    inner = known if isinstance(known, dict) else {}
    good = {one.name: sample(one.shape, inner.get(one.name, NOTHING)) for one in branch.members}
    good = {name: value for name, value in good.items() if value is not NOTHING}
    least = {one.name: good[one.name] for one in branch.members if one.required and one.name in good}
    yield from (least, good)
    for member in branch.members:
        for value in _ends(member.shape, inner.get(member.name, NOTHING), depth + 1):
            yield {**least, member.name: value}


def _odd(shape: Shape, known: Any) -> Iterator[Any]:
    """Other types as a whole, and in the place of each member; members left out."""
    yield from _ODD
    names = [member.name for branch in shape.of_kind(OBJECT) for member in branch.members]
    base = sample(shape, known)
    base = base if isinstance(base, dict) else {}
    inner = known if isinstance(known, dict) else {}
    for name in dict.fromkeys([*names, *inner]):
        yield {key: value for key, value in base.items() if key != name}
        yield from ({**base, name: odd} for odd in _ODD)


def _moved(value: float | None, step: float) -> float | None:
    return None if value is None else value + step


def _is_within(branch: Branch, value: float) -> bool:
    return in_range(branch, value) and value not in branch.excluded
