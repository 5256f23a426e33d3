"""Edits of bundle.json that rules offer: they leave every other byte as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile, pairwise
from typing import Any

from bundlekit.bundle.document import Document, parts_of, pointer_to
from bundlekit.bundle.reading import ReadErrorKind
from bundlekit.bundle.text import Span
from bundlekit.lint.finding import Edit

_LONGEST = 100_000  # characters of a value that is compared


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


def revalued(document: Document, pointer: str, old: Any, new: str) -> tuple[Edit, ...]:
    """An edit that puts a text of JSON in the place of a value; none if that does not stand there.

    Args:
        document: with the value.
        pointer: to it.
        old: what it is now.
        new: what is written there.
    """
    span = document.position(pointer)
    return (_edit(span, new),) if _stands(document, span, old) else ()


def renamed_key(document: Document, pointer: str, new: str) -> tuple[Edit, ...]:
    """An edit that gives a field another name; none if that does not stand there.

    Args:
        document: with the field.
        pointer: to its value.
        new: its name then.
    """
    span = document.key_position(pointer)
    return (_edit(span, json.dumps(new)),) if _stands(document, span, parts_of(pointer)[-1]) else ()


def removed(document: Document, pointer: str, *old: Any) -> tuple[Edit, ...]:
    """Edits that take values which follow each other, or one, out of an array; none if they do not stand there.

    The space around goes as if they had never been listed: what is before the first item and behind the last one stays.
    An array of which nothing is left becomes `[]`.

    Args:
        document: with the array.
        pointer: to the first of them.
        old: what they are now.
    """
    array, _, index = pointer.rpartition("/")
    first, behind = int(index), int(index) + len(old)
    spans = [document.position(f"{array}/{at}") for at in range(first, behind)]
    if not old or not all(_stands(document, span, value) for span, value in zip(spans, old, strict=True)):
        return ()
    if first > 0:
        before = document.position(f"{array}/{first - 1}")
        return (_edit(Span(before.end_line, before.end_column, spans[-1].end_line, spans[-1].end_column), ""),)
    whole, next_one = document.position(array), document.position(f"{array}/{behind}")
    if next_one == whole:
        return (_edit(whole, "[]"),)
    return (_edit(Span(spans[0].line, spans[0].column, next_one.line, next_one.column), ""),)


def appended(document: Document, pointer: str, old: Sequence[Any], new: Sequence[Any]) -> tuple[Edit, ...]:
    """An edit that puts values behind the last one of an array, set as that is; none if the array does not stand there.

    Args:
        document: with the array.
        pointer: to it.
        old: what is in it now.
        new: what comes behind that.
    """
    array = document.position(pointer)
    if not new or not _stands(document, array, list(old)):
        return ()
    written = [json.dumps(one, ensure_ascii=False) for one in new]
    if not old:
        return (_edit(array, f"[{', '.join(written)}]"),)
    last = document.position(f"{pointer}/{len(old) - 1}")
    if len(old) > 1:
        before = document.position(f"{pointer}/{len(old) - 2}")
        gap = document.text.between(_between(before, last))
    else:
        opening = Span(array.line, array.column, array.line, array.column + 1)
        gap = "," + (document.text.between(_between(opening, last)) or " ")
    place = (last.end_line, last.end_column)
    return (Edit(*place, *place, "".join(gap + one for one in written)),)


def added_first(document: Document, pointer: str, name: str, value: Any) -> tuple[Edit, ...]:
    """An edit that puts a field in front of those of an object, set as they are; none if it has none, or one twice.

    Args:
        document: with the object.
        pointer: to it.
        name: of the field.
        value: of the field.
    """
    members = _members(document, pointer)
    if not members:
        return ()
    first = members[0].span
    colon = _colon(document, members[0])
    text = json.dumps(name) + colon + json.dumps(value) + _gap(document, members, -1, pointer)
    return (Edit(first.line, first.column, first.line, first.column, text),)


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
    """A field of an object, its pointer, and where it stands: key and value."""

    name: str
    pointer: str
    span: Span


def _members(document: Document, around: str = "") -> list[_Member]:
    """The fields of an object, as they follow each other; none if it is none, or if anything in the file has one twice.

    Args:
        document: the file.
        around: the pointer to the object.
    """
    value = document.value
    for part in parts_of(around):
        value = value[int(part)] if isinstance(value, list) else value[part]
    if not isinstance(value, dict) or any(one.kind is ReadErrorKind.DUPLICATE_KEY for one in document.read_errors):
        return []
    pointers = {name: around + pointer_to([name]) for name in value}
    return [
        _Member(name, pointer, _around(document.key_position(pointer), document.position(pointer)))
        for name, pointer in pointers.items()
    ]


def _gap(document: Document, members: list[_Member], at: int, around: str = "") -> str:
    """What stands between a field and the one before it, or else the next one: a comma, and the space around."""
    for before, behind in list(pairwise(members))[max(at - 1, 0) :][:1]:
        return document.text.between(_between(before.span, behind.span))
    whole = document.position(around)
    opening = Span(whole.line, whole.column, whole.line, whole.column + 1)
    return "," + (document.text.between(_between(opening, members[0].span)) or " ")


def _colon(document: Document, member: _Member) -> str:
    return document.text.between(_between(document.key_position(member.pointer), document.position(member.pointer)))


def _around(first: Span, last: Span) -> Span:
    return Span(first.line, first.column, last.end_line, last.end_column)


def _between(before: Span, behind: Span) -> Span:
    return Span(before.end_line, before.end_column, behind.line, behind.column)


def _stands(document: Document, span: Span, value: Any) -> bool:
    """Whether a value is written there; not if it is longer than anything that a correction is about."""
    text = document.text.between(span) if document.parsed else ""
    if len(text) > _LONGEST:
        return False
    try:
        return bool(json.loads(text) == value)
    except (ValueError, RecursionError):
        return False


def _edit(span: Span, text: str) -> Edit:
    return Edit(span.line, span.column, span.end_line, span.end_column, text)
