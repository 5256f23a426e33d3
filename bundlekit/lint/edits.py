"""Edits of bundle.json that rules offer: they leave every other byte as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile, pairwise
from typing import Any

from bundlekit.bundle.document import Document, pointer_to
from bundlekit.bundle.reading import ReadErrorKind
from bundlekit.bundle.text import Span
from bundlekit.lint.finding import Edit


def rewritten(document: Document, pointer: str, old: str, new: str) -> tuple[Edit, ...]:
    """An edit that puts one string in the place of another; none if that does not stand there.

    Args:
        document: with the string.
        pointer: to it.
        old: what it is now.
        new: what it becomes.
    """
    span = document.position(pointer)
    return (_edit(span, json.dumps(new, ensure_ascii=False)),) if _stands(document, span, old) else ()


def removed(document: Document, pointer: str, old: str) -> tuple[Edit, ...]:
    """An edit that takes a string out of an array that has others; none if it does not stand there.

    The space around goes as if it had never been listed: what is before the first one and behind the last one stays.

    Args:
        document: with the array.
        pointer: to the string.
        old: what it is now.
    """
    span = document.position(pointer)
    array, _, index = pointer.rpartition("/")
    if not _stands(document, span, old):
        return ()
    if index == "0":
        behind = document.position(f"{array}/1")
        return (_edit(Span(span.line, span.column, behind.line, behind.column), ""),)
    before = document.position(f"{array}/{int(index) - 1}")
    return (_edit(Span(before.end_line, before.end_column, span.end_line, span.end_column), ""),)


def added(document: Document, fields: Mapping[str, Any], order: Sequence[str]) -> tuple[Edit, ...]:
    """Edits that put fields into the object that a file is, each behind the last one there that goes before it.

    They are set as their neighbours are. None while the object has no field, or has one twice.

    Args:
        document: the file.
        fields: the new ones, by name.
        order: of the names of fields.
    """
    members = _members(document)
    if not members:
        return ()
    ranks = {name: rank for rank, name in enumerate(order)}
    behind: dict[int, list[str]] = {}
    for name in sorted(fields, key=ranks.__getitem__):
        before = [at for at, one in enumerate(members) if ranks.get(one.name, len(ranks)) < ranks[name]]
        behind.setdefault(max(before, key=lambda at: ranks[members[at].name], default=-1), []).append(name)
    edits = []
    for at, names in behind.items():
        gap, colon = _gap(document, members, at), _colon(document, members[max(at, 0)])
        written = [json.dumps(name) + colon + json.dumps(fields[name]) for name in names]
        if at < 0:
            first = members[0].span
            edits.append(
                Edit(first.line, first.column, first.line, first.column, "".join(one + gap for one in written))
            )
        else:
            last = members[at].span
            place = (last.end_line, last.end_column)
            edits.append(Edit(*place, *place, "".join(gap + one for one in written)))
    return tuple(edits)


def reordered(document: Document, order: Sequence[str]) -> tuple[Edit, ...]:
    """Edits that bring the fields of the object that a file is into an order; what stands between them stays.

    A field that has no place in the order stays in front of the one that follows it, but for those that begin with `$`
    at the top. None where one is there twice.
    """
    members = list(dropwhile(lambda one: one.name.startswith("$"), _members(document)))
    ranks = {name: rank for rank, name in enumerate(order)}
    ends = [at for at, one in enumerate(members) if one.name in ranks]
    if not ends:
        return ()
    ranked = [ranks[members[at].name] for at in ends]
    starts = [0, *(at + 1 for at in ends[:-1])]
    ends[-1] = len(members) - 1
    places = [_around(members[start].span, members[end].span) for start, end in zip(starts, ends, strict=True)]
    sources = [places[at] for at in sorted(range(len(places)), key=ranked.__getitem__)]
    return tuple(
        _edit(place, document.text.between(source))
        for place, source in zip(places, sources, strict=True)
        if place != source
    )


@dataclass(frozen=True, slots=True)
class _Member:
    """A field of an object, and where it stands: key and value."""

    name: str
    span: Span


def _members(document: Document) -> list[_Member]:
    """The fields of the object that a file is, as they follow each other; none if it is none, or has one twice."""
    if not isinstance(document.value, dict) or any(
        one.kind is ReadErrorKind.DUPLICATE_KEY for one in document.read_errors
    ):
        return []
    pointers = {name: pointer_to([name]) for name in document.value}
    return [
        _Member(name, _around(document.key_position(pointer), document.position(pointer)))
        for name, pointer in pointers.items()
    ]


def _gap(document: Document, members: list[_Member], at: int) -> str:
    """What stands between a field and the one before it, or else the next one: a comma, and the space around."""
    for before, behind in list(pairwise(members))[max(at - 1, 0) :][:1]:
        return document.text.between(_between(before.span, behind.span))
    whole = document.position("")
    opening = Span(whole.line, whole.column, whole.line, whole.column + 1)
    return "," + (document.text.between(_between(opening, members[0].span)) or " ")


def _colon(document: Document, member: _Member) -> str:
    pointer = pointer_to([member.name])
    return document.text.between(_between(document.key_position(pointer), document.position(pointer)))


def _around(first: Span, last: Span) -> Span:
    return Span(first.line, first.column, last.end_line, last.end_column)


def _between(before: Span, behind: Span) -> Span:
    return Span(before.end_line, before.end_column, behind.line, behind.column)


def _stands(document: Document, span: Span, value: str) -> bool:
    if span.line != span.end_line or document.text is None:
        return False
    try:
        return bool(json.loads(document.text.line(span.line)[span.column - 1 : span.end_column - 1]) == value)
    except ValueError:
        return False


def _edit(span: Span, text: str) -> Edit:
    return Edit(span.line, span.column, span.end_line, span.end_column, text)
