"""Sets of JSON values, and their JSON Schema.

A shape is a union of branches; each branch has values of one JSON type. So both `All` (an intersection) and `Any` (a
union) of voluptuous stay exact where their parts are. A branch that cannot be said exactly has more values than are
accepted, never fewer: what is made of a shape must not refuse what a bundle accepts.

Python counts True as 1, so whatever takes numbers takes booleans, too. JSON has no difference between 1 and 1.0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

NULL, BOOLEAN, NUMBER, STRING, ARRAY, OBJECT = "null", "boolean", "number", "string", "array", "object"
_KINDS = (OBJECT, ARRAY, STRING, NUMBER, BOOLEAN, NULL)
_MOST_BRANCHES = 60  # of a shape; beyond them nothing is said
_LENGTHS = {
    STRING: ("minLength", "maxLength"),
    ARRAY: ("minItems", "maxItems"),
    OBJECT: ("minProperties", "maxProperties"),
}

NO_DEFAULT: Any = object()


@dataclass(frozen=True, slots=True)
class ObjectMember:
    """A member of an object.

    Attributes:
        name: its key.
        shape: of its value.
        required: whether it has to be there.
        default: what the bundle takes where it is missing; NO_DEFAULT where that is nothing, or cannot be seen.
        text: what the bundle says about it; may be empty.
    """

    name: str
    shape: Shape
    required: bool = False
    default: Any = field(default=NO_DEFAULT, compare=False)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """Values of one JSON type.

    Attributes:
        kind: the JSON type; `number` for integers, too.
        exact: False where some of these values may be refused.
        integer: whether numbers must be whole.
        values: all that there are; None where they are not listed.
        excluded: values that are not in it.
        minimum, maximum: of numbers, inclusive.
        above, below: of numbers, exclusive.
        shortest, longest: lengths of text, arrays or objects.
        patterns: regular expressions that text has to match, in the common part of Python and ECMA-262.
        items: of arrays; None for any.
        places: the shapes of the items one by one, for arrays of a fixed length.
        members: of objects.
        keyed: the shapes of further members, by regular expressions that their keys match.
        extra: the shape of all other members; None for any.
        closed: whether there may be no other members.
        exclusive: groups of keys of which at most one may be there.
        inclusive: groups of keys of which all or none must be there.
        any_of: groups of keys of which at least one must be there.
    """

    kind: str
    exact: bool = True
    integer: bool = False
    values: tuple[Any, ...] | None = None
    excluded: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    shortest: int | None = None
    longest: int | None = None
    patterns: tuple[str, ...] = ()
    items: Shape | None = None
    places: tuple[Shape, ...] | None = None
    members: tuple[ObjectMember, ...] = ()
    keyed: tuple[tuple[str, Shape], ...] = ()
    extra: Shape | None = None
    closed: bool = False
    exclusive: tuple[tuple[str, ...], ...] = ()
    inclusive: tuple[tuple[str, ...], ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether it has no value that may be refused, inside of its members and items, too."""
        inner = [self.items, self.extra, *(self.places or ())]
        inner += [one.shape for one in self.members] + [shape for _, shape in self.keyed]
        return self.exact and all(shape is None or shape.is_exact for shape in inner)

    @property
    def is_structured(self) -> bool:
        """Whether it says more than lengths about items or members."""
        return bool(self.items or self.places is not None or self.members or self.keyed or self.extra or self.closed)


@dataclass(frozen=True, slots=True)
class Shape:
    """A set of JSON values.

    Attributes:
        branches: their union is the set.
        same: whether a value comes out of what checks it as it went in, so that the next check sees the same value.
    """

    branches: tuple[Branch, ...]
    same: bool = True

    @property
    def is_exact(self) -> bool:
        """Whether all of its values are accepted, and not only all others refused."""
        return all(branch.is_exact for branch in self.branches)

    @property
    def says_nothing(self) -> bool:
        """Whether it has all values there are."""
        return {branch.kind for branch in self.branches if _is_free(branch)} == set(_KINDS)

    def kinds(self) -> frozenset[str]:
        """The JSON types of its values."""
        return frozenset(branch.kind for branch in self.branches)

    def of_kind(self, kind: str) -> tuple[Branch, ...]:
        """Its branches of a JSON type."""
        return tuple(branch for branch in self.branches if branch.kind == kind)

    def inexact(self, *, same: bool | None = None) -> Shape:
        """The same values, of which some may be refused."""
        branches = tuple(replace(branch, exact=False) for branch in self.branches)
        return Shape(branches, self.same if same is None else same)

    def __or__(self, other: Shape) -> Shape:
        branches = _united((*self.branches, *other.branches))
        same = self.same and other.same
        return replace(UNKNOWN, same=same) if len(branches) > _MOST_BRANCHES else Shape(branches, same)

    def __and__(self, other: Shape) -> Shape:
        """What passes a check of this shape and then one of the other; the second sees what comes out of the first."""
        before = self if other.same else self._changed()
        if not self.same:
            return before if other.says_nothing and other.is_exact else before.inexact(same=False)
        found = [both for one in before.branches for two in other.branches if (both := _intersection(one, two))]
        if len(found) > _MOST_BRANCHES:
            return before.inexact(same=other.same)
        return Shape(_united(found), other.same)

    def _changed(self) -> Shape:
        """The same values, whose members come out as something else."""
        branches = []
        for branch in self.branches:
            members = [replace(one, shape=replace(one.shape, same=False)) for one in branch.members]
            branches.append(replace(branch, members=tuple(members)))
        return Shape(tuple(branches), self.same)

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema, of the dialect 2020-12."""
        if self.says_nothing:
            return {}
        if not self.branches:
            return {"not": {}}
        if all(branch.values is not None for branch in self.branches):
            values = [value for branch in self.branches for value in branch.values or ()]
            return {"const": values[0]} if len(values) == 1 else {"enum": values}
        layers: list[list[Branch]] = []
        for branch in sorted(self.branches, key=lambda one: _KINDS.index(one.kind)):
            for layer in layers:
                if all(one.kind != branch.kind and _is_flat(one) and _is_flat(branch) for one in layer):
                    layer.append(branch)
                    break
            else:
                layers.append([branch])
        schemas = [_layer_schema(layer) for layer in layers]
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def of_values(values: Iterable[Any]) -> Shape:
    """The shape of some values: text, numbers, booleans or None; with what Python takes for equal to them."""
    found: dict[str, list[Any]] = {}
    for value in values:
        for equal in _equal_to(value):
            listed = found.setdefault(kind_of(equal), [])
            if equal not in listed:
                listed.append(equal)
    return Shape(tuple(Branch(kind, values=tuple(listed)) for kind, listed in found.items()))


def without_values(values: Iterable[Any]) -> Shape:
    """All values but some, and but what Python takes for equal to them."""
    excluded = of_values(values)
    listed = {branch.kind: branch.values or () for branch in excluded.branches}
    found = []
    for kind in _KINDS:
        if kind == BOOLEAN and kind in listed:
            found += [Branch(kind, values=(one,)) for one in (False, True) if one not in listed[kind]]
        elif kind != NULL or kind not in listed:
            found.append(Branch(kind, excluded=listed.get(kind, ())))
    return Shape(_united(found))


def of_kinds(*kinds: str, exact: bool = True) -> Shape:
    """All values of some JSON types."""
    return Shape(tuple(Branch(kind, exact=exact) for kind in kinds))


def of_length(low: int | None, high: int | None) -> Shape:
    """All text, arrays and objects of some lengths; None for no end."""
    if high is not None and high < 0:
        return Shape(())
    low = low if low is not None and low > 0 else None
    return Shape(tuple(Branch(kind, shortest=low, longest=high) for kind in (STRING, ARRAY, OBJECT)))


def kind_of(value: Any) -> str:
    """The JSON type of a value."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int | float):
        return NUMBER
    return STRING if isinstance(value, str) else ARRAY if isinstance(value, list | tuple) else OBJECT


def _equal_to(value: Any) -> tuple[Any, ...]:
    if isinstance(value, bool):
        return (value, int(value))
    return (value, bool(value)) if isinstance(value, int | float) and value in (0, 1) else (value,)


def in_range(branch: Branch, value: float) -> bool:
    """Whether a number is within the bounds of a branch."""
    low = (branch.minimum is None or value >= branch.minimum) and (branch.above is None or value > branch.above)
    return (
        low and (branch.maximum is None or value <= branch.maximum) and (branch.below is None or value < branch.below)
    )


def _is_free(branch: Branch) -> bool:
    return replace(branch, exact=True) == Branch(branch.kind)


def _is_flat(branch: Branch) -> bool:
    """Whether all that its schema says concerns its own type alone, so that others can be said beside it."""
    return branch.values is None or branch.kind == BOOLEAN


def _united(branches: Iterable[Branch]) -> tuple[Branch, ...]:
    """Branches without those that another one contains, with lists of values put together."""
    found: list[Branch] = []
    for branch in dict.fromkeys(map(_normal, branches)):
        for index, one in enumerate(found):
            if one.kind != branch.kind:
                continue
            if _is_free(one) and (one.exact or not branch.is_exact):
                break
            if _is_free(branch) and (branch.exact or not one.is_exact):
                found[index] = branch
                break
            if one.values is not None and branch.values is not None and one.exact == branch.exact:
                fresh = tuple(value for value in branch.values if value not in one.values)
                found[index] = _normal(replace(one, values=(*one.values, *fresh)))
                break
        else:
            found.append(branch)
    return tuple(dict.fromkeys(found))


def _normal(branch: Branch) -> Branch:
    is_all = branch.kind == BOOLEAN and branch.values is not None and len(branch.values) == 2
    if is_all or (branch.kind == NULL and branch.values is not None):
        return Branch(branch.kind, exact=branch.exact)
    return branch


def _intersection(one: Branch, two: Branch) -> Branch | None:
    if one.kind != two.kind:
        return None
    exact = one.exact and two.exact
    if one.is_structured and two.is_structured and one != two:
        exact = False  # it would take more than one branch to say it
    if not one.is_structured and two.is_structured:
        one, two = two, one
    both = replace(
        one,
        exact=exact,
        integer=one.integer or two.integer,
        excluded=tuple(dict.fromkeys((*one.excluded, *two.excluded))),
        minimum=_tighter(max, one.minimum, two.minimum),
        maximum=_tighter(min, one.maximum, two.maximum),
        above=_tighter(max, one.above, two.above),
        below=_tighter(min, one.below, two.below),
        shortest=_tighter(max, one.shortest, two.shortest),
        longest=_tighter(min, one.longest, two.longest),
        patterns=tuple(dict.fromkeys((*one.patterns, *two.patterns))),
    )
    if one.values is None and two.values is None:
        return both
    listed = list((one.values if one.values is not None else two.values) or ())
    if one.values is not None and two.values is not None:
        listed = [value for value in listed if value in two.values]
    kept = tuple(value for value in listed if _is_allowed(both, value))
    # Text is not matched with a pattern here, and lengths are seldom said of listed values.
    sure = exact and not both.patterns and both.shortest is None and both.longest is None
    return Branch(one.kind, exact=sure, values=kept) if kept else None


def _is_allowed(branch: Branch, value: Any) -> bool:
    if value in branch.excluded:
        return False
    if branch.kind == NUMBER:
        return in_range(branch, value) and not (branch.integer and isinstance(value, float) and value % 1)
    return True


def _tighter(choose: Any, one: Any, two: Any) -> Any:
    return two if one is None else one if two is None else choose(one, two)


def _layer_schema(layer: list[Branch]) -> dict[str, Any]:
    kinds = ["integer" if branch.integer else branch.kind for branch in layer]
    schema: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    if set(kinds) == set(_KINDS):
        schema = {}
    denied: list[Any] = []
    for branch in layer:
        denied += branch.excluded
        if branch.values is not None and branch.kind == BOOLEAN:
            denied += [one for one in (False, True) if one not in branch.values]
        elif branch.values is not None:
            schema["enum"] = list(branch.values)
        schema.update(_branch_schema(branch))
    if denied:
        schema["not"] = {"const": denied[0]} if len(denied) == 1 else {"enum": denied}
    return schema


def _branch_schema(branch: Branch) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    bounds = {
        "minimum": branch.minimum,
        "maximum": branch.maximum,
        "exclusiveMinimum": branch.above,
        "exclusiveMaximum": branch.below,
    }
    schema |= {name: value for name, value in bounds.items() if value is not None and math.isfinite(value)}
    for name, value in zip(_LENGTHS.get(branch.kind, ()), (branch.shortest, branch.longest), strict=False):
        if value is not None:
            schema[name] = value
    if len(branch.patterns) == 1:
        schema["pattern"] = branch.patterns[0]
    elif branch.patterns:
        schema["allOf"] = [{"pattern": pattern} for pattern in branch.patterns]
    if branch.kind == ARRAY:
        if branch.places is not None:
            schema |= {"prefixItems": [one.schema() for one in branch.places]} if branch.places else {}
            schema |= {"minItems": len(branch.places), "maxItems": len(branch.places)}
        elif branch.items is not None and not branch.items.says_nothing:
            schema["items"] = branch.items.schema()
    if branch.kind == OBJECT:
        schema |= _object_schema(branch)
    return schema


def _object_schema(branch: Branch) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    if branch.members:
        schema["properties"] = {member.name: _member_schema(member) for member in branch.members}
    required = [member.name for member in branch.members if member.required]
    if required:
        schema["required"] = required
    if branch.keyed:
        schema["patternProperties"] = {pattern: shape.schema() for pattern, shape in branch.keyed}
    if branch.closed:
        schema["additionalProperties"] = False
    elif branch.extra is not None and not branch.extra.says_nothing:
        schema["additionalProperties"] = branch.extra.schema()
    conditions: list[dict[str, Any]] = [
        {"not": {"required": [one, other]}}
        for group in branch.exclusive
        for index, one in enumerate(group)
        for other in group[index + 1 :]
    ]
    conditions += [{"anyOf": [{"required": [name]} for name in group]} for group in branch.any_of]
    if conditions:
        schema["allOf"] = conditions
    together = {name: [one for one in group if one != name] for group in branch.inclusive for name in group}
    if together:
        schema["dependentRequired"] = {name: others for name, others in together.items() if others}
    return schema


def _member_schema(member: ObjectMember) -> dict[str, Any]:
    schema = member.shape.schema()
    if member.text:
        schema = {**schema, "description": member.text}
    if member.default is not NO_DEFAULT:
        schema = {**schema, "default": member.default}
    return schema


ANY = Shape(tuple(Branch(kind) for kind in _KINDS))
"""All values."""

UNKNOWN = ANY.inexact()
"""All values, of which some may be refused: what cannot be read."""
