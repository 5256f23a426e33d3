"""The voluptuous of the SDK, which judges what is read from schemas, and the values that it is asked about."""

from __future__ import annotations

import builtins
import collections.abc
import importlib
import itertools
import sys
from collections.abc import Iterator
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

from bundlekit.shipped import sdk
from bundlekit.source.contracts import Contracts, OperationContract
from bundlekit.source.routes import find_routes
from bundlekit.source.shape import Branch, Shape
from tests.lint.bundles import bundle

HEAD = "import re\nfrom sanji.core import Route, Sanji\nfrom voluptuous import *\n"
CLASS = """
class Example(Sanji):
    @Route(methods="put", resource="/example", schema={schema})
    def put(self, message, response):
        return response(data=message.data)
"""
PLAIN: tuple[Any, ...] = (
    *(None, False, True, 0, 1, 2, 3, 5, 59, 60, 255, 65535, 65536, -1, 0.5, 1.5, 65535.5, -0.5, 1e300),
    *("", "a", "b", "ab", "1", "60", " 7 ", "abc", "x" * 33, "ON", "no", "10.0.0.1", "2020-01-02", "é", "a b", "0x1F"),
    *([], [1], ["a"], [1, 1], ["a", 1], [[]], [None], [{"a": 1}], [{}], ["a", "b", "c", "d"]),
    *({}, {"a": 1}, {"a": "a"}, {"b": "a"}, {"a": 1, "b": 2}, {"1": 1}, {"x": None}, {"a": {"a": 1}}, {"a": []}),
)


@cache
def voluptuous() -> ModuleType:
    """The module itself, as bundles have it under Python 3."""
    sys.path.insert(0, str(sdk()))
    try:
        module = importlib.import_module("voluptuous")
    finally:
        sys.path.remove(str(sdk()))
    assert module.__version__ == "0.11.5"
    builder = importlib.import_module("voluptuous.schema_builder")
    builder.collections = SimpleNamespace(Mapping=collections.abc.Mapping)  # type: ignore[attr-defined]
    return module


def contract_of(schema: str, before: str = "", files: dict[str, bytes] | None = None) -> OperationContract:
    """What is read of a Route with a schema."""
    content = (HEAD + before + CLASS.format(schema=schema)).encode()
    source = find_routes(content)
    held = bundle({"index.py": content, **(files or {})})
    return Contracts(held, source).of("put", "/example")


def executed(schema: str, before: str = "") -> Any:
    """The schema as Python makes it."""
    names = dict(vars(voluptuous()))
    names |= {"unicode": str, "basestring": str, "long": int, "xrange": range, "__builtins__": builtins}
    exec(f"import re\n{before}\nSCHEMA_OF_ROUTE = {schema}", names)
    return names["SCHEMA_OF_ROUTE"]


def lets_through(schema: Any, value: Any) -> bool:
    """Whether the SDK hands a value on to the handler."""
    try:
        schema(value)
    except Exception:  # what is no Invalid becomes a 500
        return False
    return True


def values_for(shape: Shape) -> Iterator[Any]:
    """Values in and around a shape: plain ones, and objects and lists in which one thing is another one."""
    yield from PLAIN
    for branch in shape.branches:
        yield from branch.values or ()
        yield from branch.excluded
        for bound in (branch.minimum, branch.maximum, branch.above, branch.below):
            if bound is not None:
                yield from (bound, bound - 1, bound + 1, bound + 0.5)
        for length in (branch.shortest, branch.longest):
            if length is not None:
                yield from ("x" * max(length + step, 0) for step in (-1, 0, 1) if length < 1000)
                yield from ([1] * max(length + step, 0) for step in (-1, 0, 1) if length < 100)
        if branch.items is not None:
            yield from ([one] for one in values_for(branch.items))
            yield from (["a", one] for one in itertools.islice(values_for(branch.items), 10))
        if branch.places is not None:
            good = [good_value(one) for one in branch.places]
            for index, place in enumerate(branch.places):
                yield from ([*good[:index], one, *good[index + 1 :]] for one in values_for(place))
        if branch.kind == "object":
            yield from _objects(branch)


def _objects(branch: Branch) -> Iterator[dict[str, Any]]:
    good = {member.name: good_value(member.shape) for member in branch.members}
    least = {member.name: good[member.name] for member in branch.members if member.required}
    yield from (
        good,
        least,
        {**least, "another": 1},
        {**least, "another": "a"},
        {**least, "a1": 1},
        {**least, "a": "a"},
    )
    for member in branch.members:
        yield {name: value for name, value in good.items() if name != member.name}
        yield {**least, member.name: good[member.name]}
        yield from ({**least, member.name: one} for one in values_for(member.shape))
        for other in branch.members:
            yield {**least, member.name: good[member.name], other.name: good[other.name]}
    for _, shape in branch.keyed:
        yield from ({**least, "a1": one} for one in values_for(shape))
    if branch.extra is not None:
        yield from ({**least, "another": one} for one in values_for(branch.extra))


def good_value(shape: Shape) -> Any:
    """A value that most likely is in a shape."""
    from jsonschema import Draft202012Validator

    judge = Draft202012Validator(shape.schema())
    for branch in shape.branches:
        for one in (*(branch.values or ()), branch.minimum, branch.maximum, branch.above and branch.above + 1):
            if one is not None and judge.is_valid(one):
                return one
        if branch.kind == "object" and branch.members:
            return {one.name: good_value(one.shape) for one in branch.members if one.required}
        if branch.places is not None:
            return [good_value(one) for one in branch.places]
    return next((one for one in PLAIN if judge.is_valid(one)), None)


def is_whole_float(value: Any) -> bool:
    """Whether there is a float in it that JSON Schema takes for an integer."""
    if isinstance(value, dict):
        return any(map(is_whole_float, value.values()))
    if isinstance(value, list):
        return any(map(is_whole_float, value))
    return isinstance(value, float) and value == int(value)
