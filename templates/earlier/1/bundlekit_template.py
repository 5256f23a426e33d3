"""What the template needs beyond Jinja: safe quoting, and what index.py has to know of each resource."""

import json
import re
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from jinja2 import Environment
from jinja2.ext import Extension

_RESOURCE = re.compile(r"((?:/(?:[A-Za-z0-9_-]+|:[A-Za-z_][A-Za-z0-9_]*))+)(?::([a-z]+(?:,[a-z]+)*))?")
_METHODS = {"get", "put", "post", "delete"}
_SAMPLE_ID = "1"
# What the SDK's class calls a method of its own.
_SDK_NAMES = {"get_profile"}


@dataclass(frozen=True)
class Resource:
    """A resource as index.py serves it.

    The settings are a tree of JSON objects, and a resource is a place in it: `/rooms/:room/limits` is "limits" in
    the item that the request names, in "rooms". What all resources of a bundle begin with is left out, so
    that a bundle of one resource has settings of one level.

    Attributes:
        handlers: its methods, and the function for each.
        place: the segments that lead to its place; none for the settings as a whole.
        kind: `collection` if a resource right below it ends with a `:param`, `item` if it ends with one
            itself, else `settings`.
    """

    path: str
    handlers: dict[str, str]
    place: tuple[str, ...]
    kind: str

    @property
    def example(self) -> str:
        """Its path, with the ids that the factory settings have."""
        return re.sub(":[^/]+", _SAMPLE_ID, self.path)


def resources(text: str) -> list[Resource]:
    """The resources in a text such as `/rooms:get,post /rooms/:id:get,put,delete`.

    Raises:
        ValueError: it is not such a text.
    """
    declared = dict(map(_declared, text.split()))
    ways = {path: tuple(path.split("/")[1:]) for path in declared}
    common = len(list(takewhile(_is_one_literal, zip(*ways.values(), strict=False))))
    above_items = {_shape(way[:-1]) for way in ways.values() if not _is_literal(way[-1])}
    taken = set(_SDK_NAMES)
    found = []
    for path, way in ways.items():
        kind = "settings" if _is_literal(way[-1]) else "item"
        if _shape(way) in above_items:
            kind = "collection"
        handlers = {method: _function(method, way, taken) for method in declared[path]}
        found.append(Resource(path, handlers, way[common:], kind))
    return found


def factory_settings(served: list[Resource]) -> dict[str, Any]:
    """Settings to start with: something at every resource, and an item wherever there may be items."""
    settings: dict[str, Any] = {}
    for resource in sorted(served, key=lambda resource: len(resource.place)):
        found = settings
        for segment in resource.place:
            found = found.setdefault(segment if _is_literal(segment) else _SAMPLE_ID, {})
        if resource.kind != "collection":
            found["key"] = "value"
    return settings


def class_name(name: str) -> str:
    """A bundle's name as the name of a class that is neither a keyword nor one of the SDK's."""
    words = [word[0].upper() + word[1:] for word in re.findall("[A-Za-z]+", name)]
    return "".join(words).removesuffix("Bundle") + "Bundle"


def docstring(text: str) -> str:
    """A text as it has to stand between three double quotes, in Python 2 and in Python 3."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r")


def as_json(value: object, indent: int | None = None) -> str:
    """A value as JSON, with letters of all languages as they are."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


class BundleTemplate(Extension):
    """Gives the functions above to the template as filters."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters.update(
            json=as_json,
            resources=resources,
            factory_settings=factory_settings,
            class_name=class_name,
            docstring=docstring,
        )


def _declared(word: str) -> tuple[str, list[str]]:
    match = _RESOURCE.fullmatch(word)
    methods = (match[2] or "get,put").split(",") if match else []
    if not match or not set(methods) <= _METHODS:
        raise ValueError(f"{word!r} is not a resource with its methods, such as /rooms/:id:get,put")
    return match[1], methods


def _is_literal(segment: str) -> bool:
    return not segment.startswith(":")


def _is_one_literal(segments: tuple[str, ...]) -> bool:
    return len(set(segments)) == 1 and _is_literal(segments[0])


def _shape(way: tuple[str, ...]) -> tuple[str, ...]:
    """A way with all `:params` alike."""
    return tuple(segment if _is_literal(segment) else ":" for segment in way)


def _function(method: str, way: tuple[str, ...], taken: set[str]) -> str:
    plain = re.sub(r"\W", "_", "_".join((method, *way)).replace(":", ""))
    name, number = plain, 1
    while name in taken:
        number += 1
        name = f"{plain}_{number}"
    taken.add(name)
    return name
