"""A schema of voluptuous, as it is written, as a shape of JSON values.

By voluptuous 0.11.5, which SDK 1.1.2 brings. What cannot be read has no constraint: the shape then has more values
than the schema lets through, and says so, but never fewer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from bundlekit.source.expressions import UNSEEN, DictExpression, ListExpression, Made, Method, Named
from bundlekit.source.shape import (
    ANY,
    ARRAY,
    BOOLEAN,
    NO_DEFAULT,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    UNKNOWN,
    Branch,
    ObjectMember,
    Shape,
    of_kinds,
    of_values,
)
from bundlekit.source.shape_check import is_in
from bundlekit.source.voluptuous_calls import (
    MARKERS,
    Mode,
    argument,
    content_of,
    literal_of,
    name_of,
    plain_of,
)
from bundlekit.source.voluptuous_validators import NUMBERS, after_coerce, validated

_DEEPEST = 30  # nested schemas
_TEXT = frozenset({"str", "unicode", "basestring", "six.string_types", "six.text_type"})
_NEVER = frozenset({"complex", "tuple", "set", "frozenset"})  # no JSON comes to such a value
_CHANGES = frozenset({"Lower", "Upper", "Capitalize", "Title", "Strip", "Replace", "Set"})
_TEXT_ONLY = frozenset({"Email", "Url", "FqdnUrl", "IsFile", "IsDir", "PathExists", "Number"})


def shape_of(value: Any) -> Shape:
    """The shape of what passes a schema.

    Args:
        value: the schema, as `bundlekit.source.expressions` reads it.
    """
    return _shape(value, Mode(), 0)


def _shape(value: Any, mode: Mode, depth: int) -> Shape:
    if depth > _DEEPEST or value is UNSEEN:
        return _unread()
    if value is None or isinstance(value, str | int | float):
        return of_values([value])
    if isinstance(value, Named):
        return _of_name(value.name)
    if isinstance(value, DictExpression):
        return _of_dict(value, mode, depth)
    if isinstance(value, ListExpression):
        return _of_list(value, mode, depth)
    return _of_call(value, mode, depth) if isinstance(value, Made) else _unread()


def _unread() -> Shape:
    return replace(UNKNOWN, same=False)


def _of_name(name: str) -> Shape:
    if name in _TEXT:
        return of_kinds(STRING)
    if name in NUMBERS:
        # A JSON Schema cannot tell 1.0 from 1: float takes only the first, int only the second.
        is_float = name == "float"
        return of_kinds(NUMBER, exact=False) if is_float else Shape((Branch(NUMBER, integer=True), Branch(BOOLEAN)))
    simple = {"bool": BOOLEAN, "dict": OBJECT, "list": ARRAY}
    if name in simple:
        return of_kinds(simple[name])
    if name in ("object", "voluptuous.Extra"):
        return ANY
    if name in _NEVER:
        return Shape(())
    short = name.rpartition(".")[2] if name.startswith("voluptuous.") else ""
    if short in _CHANGES:
        return _unread()
    return UNKNOWN if short in ("IsTrue", "IsFalse") else _unread()


def _of_list(value: ListExpression, mode: Mode, depth: int) -> Shape:
    if value.kind != "list":
        return Shape(())  # JSON has no tuples and no sets
    if not value.items:
        return Shape((Branch(ARRAY, longest=0),))
    shapes = [_shape(one, mode, depth + 1) for one in value.items]
    items = _union(shapes)
    # A fault inside of an item ends the search for another alternative.
    is_sure = len(shapes) == 1 or not any(shape.kinds() & {ARRAY, OBJECT} for shape in shapes[:-1])
    return Shape((Branch(ARRAY, items=items, exact=is_sure),), items.same)


def _union(shapes: Iterable[Shape]) -> Shape:
    found = Shape(())
    for shape in shapes:
        found = found | shape
    return found


def _of_call(value: Made, mode: Mode, depth: int) -> Shape:
    if isinstance(value.callee, Method):
        return _of_dict_schema(value, depth)
    if value.callee == Named("type") and value.places == (None,):
        return of_kinds(NULL)
    name = name_of(value.callee)
    named = dict(value.names)
    places = value.places
    if name == "Schema":
        return _of_dict_schema(value, depth)
    if name in ("All", "And"):
        return _all(places, mode, depth)
    if name in ("Any", "Or"):
        return _union(_shape(one, mode, depth + 1) for one in places)
    if name == "Maybe":
        return of_kinds(NULL) | _shape(argument(places, named, 0, "validator"), mode, depth + 1)
    if name in ("Msg", *MARKERS):
        return _shape(argument(places, named, 0, "schema"), Mode(), depth + 1)
    found = validated(name, places, named)
    if found is not None:
        return found
    if name == "ExactSequence" and isinstance(places[0] if places else None, ListExpression):
        parts = tuple(_shape(one, Mode(), depth + 1) for one in places[0].items)
        return Shape((Branch(ARRAY, places=parts),), all(part.same for part in parts))
    if name == "Unordered" and isinstance(places[0] if places else None, ListExpression):
        size = len(places[0].items)
        return Shape((Branch(ARRAY, exact=False, shortest=size, longest=size),))
    if name in _TEXT_ONLY:
        return of_kinds(STRING, exact=False) if name != "Number" else _unread()
    return _unread()


def _all(validators: tuple[Any, ...], mode: Mode, depth: int) -> Shape:
    found = ANY
    coerced = ""
    for one in validators:
        if coerced and _is_call(one, "Range"):
            found = after_coerce(found, coerced, one)
            continue
        is_first = found is ANY
        found = found & _shape(one, mode, depth + 1)
        target = one.places[0] if _is_call(one, "Coerce") and one.places else None
        name = target.name if isinstance(target, Named) and target.name in NUMBERS else ""
        coerced = name if is_first or found.kinds() <= {NUMBER, BOOLEAN, STRING} else ""
    return found


def _is_call(value: Any, name: str) -> bool:
    return isinstance(value, Made) and name_of(value.callee) == name


def _of_dict_schema(value: Made, depth: int) -> Shape:
    """What a Schema is, or one that another one was extended to."""
    found = content_of(value, depth)
    if found is None:
        return _unread()
    inner, mode = found
    return _shape(inner, mode, depth + 1)


def _of_dict(value: DictExpression, mode: Mode, depth: int) -> Shape:
    return _Dict(mode, depth).shape(value)


class _Dict:
    """Reads a dict of a schema: which members there are, and what all others must be."""

    def __init__(self, mode: Mode, depth: int) -> None:
        self._mode = mode
        self._depth = depth
        self._members: dict[str, ObjectMember] = {}
        self._groups: dict[str, dict[Any, list[str]]] = {"Exclusive": {}, "Inclusive": {}}
        self._any_of: list[tuple[str, ...]] = []
        self._keyed: list[tuple[str, Shape]] = []
        self._exact = True
        self._same = True
        self._shortest: int | None = None

    def shape(self, value: DictExpression) -> Shape:
        patterns = []
        for key, inner in value.pairs:
            literal = literal_of(key)
            if isinstance(literal, str):
                self._member(key, literal, inner)
            else:
                patterns.append((_priority(key), key, literal, inner))
        closed, extra = False, None
        for _, key, literal, inner in sorted(patterns, key=lambda one: one[0]):
            found = self._pattern(key, literal, inner)
            if found is not None:
                extra = found
                break
        else:
            closed = self._mode.extra == "PREVENT_EXTRA"
            self._same &= self._mode.extra != "REMOVE_EXTRA"
        branch = Branch(
            OBJECT,
            exact=self._exact,
            members=tuple(self._members.values()),
            keyed=tuple(self._keyed),
            extra=None if extra is not None and extra.says_nothing and extra.is_exact else extra,
            closed=closed,
            shortest=self._shortest,
            exclusive=tuple(tuple(names) for names in self._groups["Exclusive"].values() if len(names) > 1),
            inclusive=tuple(tuple(names) for names in self._groups["Inclusive"].values() if len(names) > 1),
            any_of=tuple(self._any_of),
        )
        return Shape((branch,), self._same)

    def _member(self, key: Any, name: str, value: Any) -> None:
        marker = name_of(key.callee) if isinstance(key, Made) else ""
        named = dict(key.names) if isinstance(key, Made) else {}
        places = key.places if isinstance(key, Made) else ()
        shape = _shape(value, self._mode, self._depth + 1)
        required = marker == "Required" or (marker == "" and self._mode.required)
        default: Any = NO_DEFAULT
        if marker in ("Required", "Optional"):
            given = argument(places, named, 2, "default", NO_DEFAULT)
            if given is not NO_DEFAULT and not (isinstance(given, Named) and given.name == "voluptuous.UNDEFINED"):
                required = False
                default = plain_of(given)
                self._same = False
                if default is NO_DEFAULT or not (shape.is_exact and is_in(default, shape)):
                    self._exact = False  # where it does not fit, no request without the key passes
        elif marker in self._groups:
            group = argument(places, named, 1, f"group_of_{marker.lower().removesuffix('ve')}on")
            if isinstance(group, str):
                self._groups[marker].setdefault(group, []).append(name)
            else:
                self._exact = False
        elif marker == "Remove":
            self._same = False
            if self._mode.extra != "PREVENT_EXTRA":
                shape = ANY
        text = argument(places, named, 3 if marker in ("Required", "Optional") else 9, "description", "")
        self._same &= shape.same
        self._members[name] = ObjectMember(name, shape, required, default, text if isinstance(text, str) else "")

    def _pattern(self, key: Any, literal: Any, value: Any) -> Shape | None:
        """Note what a key that is no text means; give the shape of all other members if it takes each key."""
        marker = name_of(key.callee) if isinstance(key, Made) and literal is not key else ""
        shape = _shape(value, self._mode, self._depth + 1)
        self._same &= shape.same and marker != "Remove"
        if marker == "Remove":
            return self._lose()
        is_required = marker == "Required" or (
            marker == "" and self._mode.required and literal != Named("voluptuous.Extra")
        )
        takes = _shape(literal, Mode(), self._depth + 1)
        if isinstance(literal, Named) and literal.name in (*_TEXT, "object", "voluptuous.Extra"):
            if is_required:
                self._need_another()
            return shape
        if takes.is_exact and STRING not in takes.kinds():
            self._exact &= not is_required  # then no request has it
            return None
        texts = takes.of_kind(STRING)
        if takes.is_exact and takes.same and texts and all(one.values is not None for one in texts):
            names = [name for one in texts for name in one.values or ()]
            if is_required:
                self._any_of.append(tuple(names))
                self._exact &= not self._members.keys() & set(names)
            for name in names:
                self._members.setdefault(name, ObjectMember(name, shape))
            return None
        is_pattern = len(texts) == 1 and texts[0] == Branch(STRING, patterns=texts[0].patterns) and texts[0].patterns
        if is_pattern and takes.same and not is_required and not self._keyed:
            pattern = texts[0].patterns[0]
            if len(texts[0].patterns) == 1 and not any(re.search(pattern, name) for name in self._members):
                self._keyed.append((pattern, shape))
                return None
        return self._lose()

    def _need_another(self) -> None:
        """At least one member that is not listed."""
        if self._members:
            self._exact = False
        else:
            self._shortest = 1

    def _lose(self) -> Shape:
        self._exact = False
        self._same = False
        return UNKNOWN


def _priority(key: Any) -> int:
    """In which order voluptuous tries keys that are no text."""
    if isinstance(key, Made) and name_of(key.callee) == "Remove":
        return 1
    if isinstance(key, Made) and name_of(key.callee) in MARKERS:
        return 2
    if key == Named("voluptuous.Extra"):
        return 5
    return 4 if isinstance(key, Named) and not key.name.startswith("voluptuous.") else 3
