"""A quick yes to values that keep to a schema, without jsonschema, whose import takes longer than a whole check.

Made of the schema itself. Only a yes counts: what is not accepted here is looked at by jsonschema, which stays the
authority, and a schema with a keyword that is not known here accepts nothing.

Ours: fastjsonschema takes 60 ms to import and to compile the schema, which is more than a check; this takes 1 ms, and
says yes as fast. Code that it generates beforehand would be longer than this file and imports it all the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

Accepts = Callable[[Any], bool]

ANNOTATIONS = frozenset(
    {
        *("$schema", "$id", "title", "description", "default", "examples"),
        *("markdownDescription", "enumDescriptions", "defaultSnippets"),
    }
)
"""The keywords that constrain nothing."""

_TYPES: dict[str, Accepts] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


class _Unknown(Exception):
    """The schema says something that is not known here."""


def quick_check(schema: Any) -> Accepts:
    """What says yes to values that keep to a schema, and may say no to them.

    Args:
        schema: of draft 7, as json reads it.
    """
    try:
        return _all(schema)
    except _Unknown:
        return lambda _: False


def _all(schema: Any) -> Accepts:
    if not isinstance(schema, dict):
        raise _Unknown
    checks = [_KEYWORDS[keyword](wanted) for keyword, wanted in schema.items() if keyword in _KEYWORDS]
    if not schema.keys() <= _KEYWORDS.keys() | ANNOTATIONS | {"if", "then", "else"}:
        raise _Unknown
    if "if" in schema:
        checks.append(_choice(*(_all(schema.get(part, {})) for part in ("if", "then", "else"))))
    return lambda value: all(check(value) for check in checks)


def _choice(condition: Accepts, then: Accepts, otherwise: Accepts) -> Accepts:
    return lambda value: then(value) if condition(value) else otherwise(value)


def _type(wanted: Any) -> Accepts:
    names = [wanted] if isinstance(wanted, str) else wanted
    if not all(name in _TYPES for name in names):
        raise _Unknown
    kinds = [_TYPES[name] for name in names]
    return kinds[0] if len(kinds) == 1 else lambda value: any(kind(value) for kind in kinds)


def _enum(wanted: Any) -> Accepts:
    if not all(isinstance(one, str) for one in wanted):  # numbers and truth values compare in ways of their own
        raise _Unknown
    allowed = frozenset(wanted)
    return lambda value: isinstance(value, str) and value in allowed


def _required(wanted: Any) -> Accepts:
    names = frozenset(wanted)
    return lambda value: not isinstance(value, dict) or names <= value.keys()


def _properties(wanted: Any) -> Accepts:
    checks = [(name, _all(schema)) for name, schema in wanted.items()]
    return lambda value: (
        not isinstance(value, dict) or all(check(value[name]) for name, check in checks if name in value)
    )


def _items(wanted: Any) -> Accepts:
    check = _all(wanted)
    return lambda value: not isinstance(value, list) or all(check(item) for item in value)


def _pattern(wanted: Any) -> Accepts:
    search = re.compile(wanted).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _not(wanted: Any) -> Accepts:
    check = _all(wanted)
    return lambda value: not check(value)


def _more_than(wanted: Any) -> Accepts:
    is_number = _TYPES["number"]
    return lambda value: not is_number(value) or value > wanted


def _at_least(wanted: Any) -> Accepts:
    return lambda value: not isinstance(value, list) or len(value) >= wanted


def _unique(wanted: Any) -> Accepts:
    return lambda value: not wanted or not isinstance(value, list) or are_unique(value)


def are_unique(items: list[Any]) -> bool:
    """Whether no item of a list is there twice. jsonschema compares each with each: hours for a hostile list."""
    return len({json.dumps(item, sort_keys=True) for item in items}) == len(items)


_KEYWORDS: dict[str, Callable[[Any], Accepts]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda wanted: _enum([wanted]),
    "required": _required,
    "properties": _properties,
    "items": _items,
    "pattern": _pattern,
    "not": _not,
    "exclusiveMinimum": _more_than,
    "minItems": _at_least,
    "uniqueItems": _unique,
}
