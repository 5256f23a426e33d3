"""Checks of the resources of a new bundle, however they were written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bundlekit.bundle.manifest import METHODS, Resource
from bundlekit.bundle.patterns import meeting
from bundlekit.errors import BadUsage
from bundlekit.quoting import quoted

DEFAULT_METHODS = ("get", "put")

_PREFIX = "/api/v1"
_LONGEST = 200  # characters; so that the lines of the new index.py stay readable
_LITERAL = re.compile(r"[A-Za-z0-9_-]+")
_PARAMETER = re.compile(r":[A-Za-z_][A-Za-z0-9_]*")
# The SDK makes a regular expression of a resource; this is the name of a group in it.
_SDK_PARAMETER = ":querystring"


def resource(value: object) -> Resource:
    """A resource as it may stand in a flag or in a file of answers.

    Args:
        value: `PATH` or `PATH:METHODS`, or an object as in bundle.json. The last colon in the text begins the methods
            unless a slash is before it, as that of a `:param` has.

    Raises:
        BadUsage: it is no such thing, or not a sane one.
    """
    if isinstance(value, str):
        written, methods = split(value)
        return Resource(path(written), DEFAULT_METHODS if methods is None else methods_of(methods), "model")
    if isinstance(value, Mapping) and set(value) <= {"resource", "methods"} and "resource" in value:
        return Resource(path(value["resource"]), methods_of(value.get("methods", DEFAULT_METHODS)), "model")
    raise BadUsage(
        f"a resource is {quoted(value)}, expected a text such as /rooms/:id:get,put, "
        'or an object with "resource" and "methods"'
    )


def resources(values: object) -> tuple[Resource, ...]:
    """All resources of a bundle.

    Raises:
        BadUsage: one of them is wrong, two of them answer the same requests, or there is none.
    """
    if not isinstance(values, Iterable) or isinstance(values, str | Mapping):
        raise BadUsage(f"the resources are {quoted(values)}, expected an array of them")
    found: tuple[Resource, ...] = ()
    for value in values:
        added = resource(value)
        beside(found, added)
        found += (added,)
    if not found:
        raise BadUsage("there is no resource, and a bundle without one never registers", hint="/NAME will do")
    return found


def split(text: str) -> tuple[str, str | None]:
    """A path, and the methods behind it if there are any."""
    before, colon, after = text.rpartition(":")
    return (before, after) if colon and not before.endswith("/") else (text, None)


def path(value: object) -> str:
    """The path of a resource, such as `/rooms/:id`.

    Raises:
        BadUsage: it is not one that the gateway, the SDK and REST clients agree upon.
    """
    if not isinstance(value, str):
        raise BadUsage(f"a resource is {quoted(value)}, expected a path such as /thermostat")
    if not value.startswith("/"):
        raise BadUsage(f'the resource {quoted(value)} does not start with "/"')
    if value == _PREFIX or value.startswith(_PREFIX + "/"):
        raise BadUsage(f"the resource {quoted(value)} starts with {_PREFIX}, which the gateway adds by itself")
    if value.endswith("/"):
        raise BadUsage(f'the resource {quoted(value)} ends with "/"')
    if len(value) > _LONGEST:
        raise BadUsage(f"the resource {quoted(value)} is longer than {_LONGEST} characters")
    segments = value.split("/")[1:]
    for segment in segments:
        _check_segment(value, segment)
    if segments[0].startswith(":"):
        raise BadUsage(
            f"the resource {quoted(value)} starts with a parameter, so it would take the requests of other bundles too"
        )
    parameters = [segment for segment in segments if segment.startswith(":")]
    for parameter in parameters:
        if parameters.count(parameter) > 1:
            raise BadUsage(f"the resource {quoted(value)} has {parameter} twice")
    return value


def methods_of(value: object) -> tuple[str, ...]:
    """Methods, written with commas between them or as a list.

    Raises:
        BadUsage: one is unknown or repeated, or there is none.
    """
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list | tuple):
        raise BadUsage(f"the methods are {quoted(value)}, expected some of {', '.join(METHODS)}")
    found = [_method(word) for word in words]
    for method in found:
        if found.count(method) > 1:
            raise BadUsage(f"the method {method} is there twice")
    if not found:
        raise BadUsage(f"there is no method, expected some of {', '.join(METHODS)}")
    return tuple(found)


def beside(others: Iterable[Resource], added: Resource) -> None:
    """Check a resource against the others of its bundle.

    Raises:
        BadUsage: one of them is the same, or answers some of its requests: the SDK calls every handler that matches,
            so there would be two answers.
    """
    for other in others:
        met = meeting(other.path, added.path)
        if met is None:
            continue
        if _anonymous(other.path) == _anonymous(added.path):
            again = (
                "" if other.path == added.path else f": it is {other.path} again, whatever its parameters are called"
            )
            raise BadUsage(f"the resource {added.path} is there already{again}")
        for method in added.methods:
            if method in other.methods:
                raise BadUsage(
                    f"{added.path} and {other.path} would both answer {method.upper()} {met}",
                    hint="give them different methods, or another path",
                )


def _check_segment(whole: str, segment: str) -> None:
    if segment == _SDK_PARAMETER:
        raise BadUsage(f"the resource {quoted(whole)} has the parameter {segment}, a name that the SDK needs itself")
    if segment.startswith(":"):
        if not _PARAMETER.fullmatch(segment):
            raise BadUsage(
                f"the resource {quoted(whole)} has the parameter {quoted(segment)}, "
                'expected ":" and a name of letters, digits and "_" that does not start with a digit'
            )
    elif not _LITERAL.fullmatch(segment):
        raise BadUsage(
            f"the resource {quoted(whole)} has {quoted(segment)} between slashes, "
            'expected letters (a to z), digits, "-" and "_"'
        )


def _method(word: Any) -> str:
    method = word.strip().lower() if isinstance(word, str) else ""
    if method not in METHODS:
        raise BadUsage(f"{quoted(word)} is not a method, expected some of {', '.join(METHODS)}")
    return method


def _anonymous(path: str) -> str:
    return re.sub(":[^/]+", ":", path)
