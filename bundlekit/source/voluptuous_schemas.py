"""A schema of voluptuous, as it is written, as a shape of JSON values.

By voluptuous 0.11.5, which SDK 1.1.2 brings. What cannot be read has no constraint: the shape then has more values
than the schema lets through, and says so, but never fewer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
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
    of_length,
    of_values,
    without_values,
)
from bundlekit.source.shape_check import is_in

_DEEPEST = 30  # nested schemas
_TEXT = frozenset({"str", "unicode", "basestring", "six.string_types", "six.text_type"})
_NUMBERS = frozenset({"int", "long", "float"})
_NEVER = frozenset({"complex", "tuple", "set", "frozenset"})  # no JSON comes to such a value
_CHANGES = frozenset({"Lower", "Upper", "Capitalize", "Title", "Strip", "Replace", "Set"})
_TEXT_ONLY = frozenset({"Email", "Url", "FqdnUrl", "IsFile", "IsDir", "PathExists", "Number"})
_MARKERS = frozenset({"Required", "Optional", "Exclusive", "Inclusive", "Remove"})
_SPECIAL = re.compile(r"\(\?(?![:=!])|\\[^dDwWsSnrtfv.^$*+?()\[\]{}|\\/\-]|\*\+|\+\+|\?\+|\}\+|\[\]|\[\^\]")
_WHOLE_NUMBER = r"^\s*[+-]?\d+(?:_\d+)*\s*$"  # what int() takes
_TRUE, _FALSE = ("1", "true", "yes", "on", "enable"), ("0", "false", "no", "off", "disable")


@dataclass(frozen=True)
class _Mode:
    """What a Schema says of all dicts in it."""

    required: bool = False
    extra: str = "PREVENT_EXTRA"


def shape_of(value: Any) -> Shape:
    """The shape of what passes a schema.

    Args:
        value: the schema, as `bundlekit.source.expressions` reads it.
    """
    return _shape(value, _Mode(), 0)


def is_schema(value: Any) -> bool:
    """Whether something is a Schema, and not only what one can be made of."""
    if not isinstance(value, Made):
        return False
    if isinstance(value.callee, Method):
        return value.callee.name == "extend" and is_schema(value.callee.owner)
    return _name(value.callee) == "Schema"


def _shape(value: Any, mode: _Mode, depth: int) -> Shape:
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


def _name(value: Any) -> str:
    """The name of something of voluptuous; else empty."""
    name = value.name if isinstance(value, Named) else ""
    return name.rpartition(".")[2] if name.startswith("voluptuous.") else ""


def _of_name(name: str) -> Shape:
    if name in _TEXT:
        return of_kinds(STRING)
    if name in _NUMBERS:
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


def _of_list(value: ListExpression, mode: _Mode, depth: int) -> Shape:
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


def _of_call(value: Made, mode: _Mode, depth: int) -> Shape:
    if isinstance(value.callee, Method):
        return _of_dict_schema(value, depth)
    if value.callee == Named("type") and value.places == (None,):
        return of_kinds(NULL)
    name = _name(value.callee)
    named = dict(value.names)
    places = value.places
    if name == "Schema":
        return _of_dict_schema(value, depth)
    if name in ("All", "And"):
        return _all(places, mode, depth)
    if name in ("Any", "Or"):
        return _union(_shape(one, mode, depth + 1) for one in places)
    if name == "Maybe":
        return of_kinds(NULL) | _shape(_at(places, named, 0, "validator"), mode, depth + 1)
    if name in ("Msg", *_MARKERS):
        return _shape(_at(places, named, 0, "schema"), _Mode(), depth + 1)
    if name in _FIXED:
        return _FIXED[name]
    maker = _MAKERS.get(name)
    if maker is not None:
        found: Shape = maker(places, named)
        return found
    if name == "ExactSequence" and isinstance(places[0] if places else None, ListExpression):
        parts = tuple(_shape(one, _Mode(), depth + 1) for one in places[0].items)
        return Shape((Branch(ARRAY, places=parts),), all(part.same for part in parts))
    if name == "Unordered" and isinstance(places[0] if places else None, ListExpression):
        size = len(places[0].items)
        return Shape((Branch(ARRAY, exact=False, shortest=size, longest=size),))
    if name in _TEXT_ONLY:
        return of_kinds(STRING, exact=False) if name != "Number" else _unread()
    return _unread()


def _at(places: tuple[Any, ...], named: dict[str, Any], index: int, name: str, otherwise: Any = UNSEEN) -> Any:
    """An argument by its place or name."""
    return places[index] if len(places) > index else named.get(name, otherwise)


def _all(validators: tuple[Any, ...], mode: _Mode, depth: int) -> Shape:
    found = ANY
    coerced = ""
    for one in validators:
        if coerced and _is_call(one, "Range"):
            found = _after_coerce(found, coerced, one)
            continue
        is_first = found is ANY
        found = found & _shape(one, mode, depth + 1)
        target = one.places[0] if _is_call(one, "Coerce") and one.places else None
        name = target.name if isinstance(target, Named) and target.name in _NUMBERS else ""
        coerced = name if is_first or found.kinds() <= {NUMBER, BOOLEAN, STRING} else ""
    return found


def _is_call(value: Any, name: str) -> bool:
    return isinstance(value, Made) and _name(value.callee) == name


def _after_coerce(shape: Shape, target: str, value: Made) -> Shape:
    """What has a number in a range once it is made one: `All(Coerce(int), Range(1, 5))` takes 5.9, and "5"."""
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
    low, high = _at(places, named, 0, "min", None), _at(places, named, 1, "max", None)
    inclusive = [_at(places, named, 2, "min_included", True), _at(places, named, 3, "max_included", True)]
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
    low, high = _at(places, named, 0, "min", None), _at(places, named, 1, "max", None)
    if not all(one is None or type(one) is int for one in (low, high)):
        return _SOME_SIZED
    return of_length(low, high)


def _listed(places: tuple[Any, ...], named: dict[str, Any]) -> list[Any] | None:
    """The values of a container; None where they cannot be seen."""
    container = _at(places, named, 0, "container")
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
    container = _at(places, named, 0, "container")
    return of_kinds(STRING, exact=False) if isinstance(container, str) else UNKNOWN


def _not_in(places: tuple[Any, ...], named: dict[str, Any]) -> Shape:
    values = _listed(places, named)
    if values is None:
        return UNKNOWN
    container = _at(places, named, 0, "container")
    if isinstance(container, ListExpression) and container.kind != "set":
        return without_values(values)
    return Shape(tuple(one for one in without_values(values).branches if one.kind not in (ARRAY, OBJECT)))


def _match(places: tuple[Any, ...], named: dict[str, Any]) -> Shape:
    pattern = pattern_of(_at(places, named, 0, "pattern"))
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
    target = _at(places, named, 0, "type")
    name = target.name if isinstance(target, Named) else ""
    if name in _NUMBERS:
        text = Branch(STRING, exact=False) if name == "float" else Branch(STRING, patterns=(_WHOLE_NUMBER,))
        return Shape((Branch(NUMBER), Branch(BOOLEAN), text), same=False)
    return replace(ANY if name in ("str", "bool") else UNKNOWN, same=False)


def _equal(places: tuple[Any, ...], named: dict[str, Any]) -> Shape:
    value = _at(places, named, 0, "target")
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


def _of_dict_schema(value: Made, depth: int) -> Shape:
    """What a Schema is, or one that another one was extended to."""
    found = _extended(value, depth)
    if found is None:
        return _unread()
    inner, mode = found
    return _shape(inner, mode, depth + 1)


def _extended(value: Made, depth: int) -> tuple[Any, _Mode] | None:
    """What is in a Schema, and its mode; None where that cannot be seen."""
    named = dict(value.names)
    if isinstance(value.callee, Method):
        owner = value.callee.owner
        if value.callee.name != "extend" or not is_schema(owner) or depth > _DEEPEST:
            return None
        base = _extended(owner, depth + 1)
        more = _at(value.places, named, 0, "schema")
        if base is None or not isinstance(base[0], DictExpression) or not isinstance(more, DictExpression):
            return None
        given = {
            "required": _at(value.places, named, 1, "required", None),
            "extra": _at(value.places, named, 2, "extra", None),
        }
        mode = _mode(
            base[1].required if given["required"] is None else given["required"],
            Named(f"voluptuous.{base[1].extra}") if given["extra"] is None else given["extra"],
        )
        merged = _merged(base[0], more)
        return (merged, mode) if mode is not None and merged is not None else None
    mode = _mode(
        _at(value.places, named, 1, "required", False),
        _at(value.places, named, 2, "extra", Named("voluptuous.PREVENT_EXTRA")),
    )
    return (_at(value.places, named, 0, "schema"), mode) if mode is not None else None


def _mode(required: Any, extra: Any) -> _Mode | None:
    modes = {0: "PREVENT_EXTRA", 1: "ALLOW_EXTRA", 2: "REMOVE_EXTRA"}
    name = _name(extra) if isinstance(extra, Named) else modes.get(extra) if isinstance(extra, int) else None
    if name not in modes.values() or not isinstance(required, bool | int):
        return None
    return _Mode(bool(required), str(name))


def _merged(base: DictExpression, more: DictExpression) -> DictExpression | None:
    found = {_literal(key): (key, value) for key, value in base.pairs}
    for key, value in more.pairs:
        literal = _literal(key)
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


def _literal(key: Any) -> Any:
    """What a marker marks."""
    is_marker = isinstance(key, Made) and _name(key.callee) in _MARKERS
    return _at(key.places, dict(key.names), 0, "schema") if is_marker else key


def _of_dict(value: DictExpression, mode: _Mode, depth: int) -> Shape:
    return _Dict(mode, depth).shape(value)


class _Dict:
    """Reads a dict of a schema: which members there are, and what all others must be."""

    def __init__(self, mode: _Mode, depth: int) -> None:
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
            literal = _literal(key)
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
        marker = _name(key.callee) if isinstance(key, Made) else ""
        named = dict(key.names) if isinstance(key, Made) else {}
        places = key.places if isinstance(key, Made) else ()
        shape = _shape(value, self._mode, self._depth + 1)
        required = marker == "Required" or (marker == "" and self._mode.required)
        default: Any = NO_DEFAULT
        if marker in ("Required", "Optional"):
            given = _at(places, named, 2, "default", NO_DEFAULT)
            if given is not NO_DEFAULT and not (isinstance(given, Named) and given.name == "voluptuous.UNDEFINED"):
                required = False
                default = _plain(given)
                self._same = False
                if default is NO_DEFAULT or not (shape.is_exact and is_in(default, shape)):
                    self._exact = False  # where it does not fit, no request without the key passes
        elif marker in self._groups:
            group = _at(places, named, 1, f"group_of_{marker.lower().removesuffix('ve')}on")
            if isinstance(group, str):
                self._groups[marker].setdefault(group, []).append(name)
            else:
                self._exact = False
        elif marker == "Remove":
            self._same = False
            if self._mode.extra != "PREVENT_EXTRA":
                shape = ANY
        text = _at(places, named, 3 if marker in ("Required", "Optional") else 9, "description", "")
        self._same &= shape.same
        self._members[name] = ObjectMember(name, shape, required, default, text if isinstance(text, str) else "")

    def _pattern(self, key: Any, literal: Any, value: Any) -> Shape | None:
        """Note what a key that is no text means; give the shape of all other members if it takes each key."""
        marker = _name(key.callee) if isinstance(key, Made) and literal is not key else ""
        shape = _shape(value, self._mode, self._depth + 1)
        self._same &= shape.same and marker != "Remove"
        if marker == "Remove":
            return self._lose()
        is_required = marker == "Required" or (
            marker == "" and self._mode.required and literal != Named("voluptuous.Extra")
        )
        takes = _shape(literal, _Mode(), self._depth + 1)
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
    if isinstance(key, Made) and _name(key.callee) == "Remove":
        return 1
    if isinstance(key, Made) and _name(key.callee) in _MARKERS:
        return 2
    if key == Named("voluptuous.Extra"):
        return 5
    return 4 if isinstance(key, Named) and not key.name.startswith("voluptuous.") else 3


def _plain(value: Any) -> Any:
    """A value as JSON has it; NO_DEFAULT where it cannot be seen."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Named):
        made: dict[str, Any] = {"list": [], "dict": {}, "str": "", "int": 0, "bool": False, "float": 0.0}
        return made.get(value.name, NO_DEFAULT)
    if isinstance(value, ListExpression) and value.kind == "list":
        items = [_plain(one) for one in value.items]
        return NO_DEFAULT if NO_DEFAULT in items else items
    if isinstance(value, DictExpression) and all(isinstance(key, str) for key, _ in value.pairs):
        found = {key: _plain(one) for key, one in value.pairs}
        return NO_DEFAULT if NO_DEFAULT in found.values() else found
    return NO_DEFAULT
