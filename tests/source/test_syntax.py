"""What is kept of a parsed module, and for how long."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from bundlekit.lint.engine import check_in_steps
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.selection import selection
from bundlekit.source import syntax
from bundlekit.source.functions import functions_of
from bundlekit.source.modules import Module, parse_module
from bundlekit.source.python2.grammar import syntax_error
from bundlekit.source.syntax import PythonSource, Scope, parse, text_of
from tests import rotation
from tests.lint.bundles import bundle
from tests.source.typing import retyped

# Scopes know those around them; and functions and classes in each other are looked up from both sides.
NESTED = """
from sanji.core import Route, Sanji


class Example(Sanji):
    NAME = "/example"

    class Inner(object):
        LIMIT = 3

        def within(self, value):
            return lambda other: other < self.LIMIT or self.within(value)

    @Route(methods="get", resource=NAME)
    def get(self, message, response):
        return response(code=200, data=Example.Inner().within(undefined))
"""


def checked(source: str) -> weakref.ref[Scope]:
    """Check a bundle; a reference to the scope of its index.py."""
    inspection = Inspection(bundle({"index.py": source}))
    for _ in check_in_steps(inspection, selection()):
        pass
    assert inspection.source.module is not None
    return weakref.ref(inspection.source.module.python.module)


def test_checked_module_is_freed_without_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        first, second = checked(NESTED), checked(NESTED)
        assert first() is None
        assert second() is not None  # facts of the last bundle are kept, or this test could not fail
    finally:
        gc.enable()


def test_source_that_has_not_changed_is_judged_once() -> None:
    kept: dict[bytes, Module] = {}

    def parse(path: str, content: bytes) -> Module:
        return kept.setdefault(content, parse_module(path, content))

    source = f'import sys\n\nsys.path.insert(0, "lib")\nprint(f"{{sys}}")\n{NESTED}'
    first, second = (Inspection(bundle({"index.py": source}, version=one), parse=parse) for one in ("1.0.0", "1.0.1"))
    # Each check makes a module that looks into lib.
    assert first.modules[0] is not second.modules[0]
    assert first.refused["index.py"]
    assert first.refused["index.py"] is second.refused["index.py"]
    assert first.modules[0].functions is second.modules[0].functions
    broken = parse_module("index.py", b"def f(:\n    pass\n")
    assert syntax_error(broken) is not None
    assert syntax_error(broken) is syntax_error(replace(broken, search=("lib",)))


def nodes(python: PythonSource) -> list[tuple[str, int, int, tuple[int, int]]]:
    """All that stands in a tree, and where."""
    found, todo = [], [python.root]
    while todo:
        node = todo.pop()
        found.append((node.type, node.start_byte, node.end_byte, (node.start_point.row, node.start_point.column)))
        todo += node.children
    return found


@pytest.mark.parametrize("seed", range(6))
def test_tree_of_a_changed_source_is_that_of_a_new_one(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever types has the findings of whoever opens the file."""
    known: list[bool] = []

    class Parser:
        def parse(self, *given: Any) -> Any:
            known.append(len(given) > 1)
            return real.parse(*given)

    real, random, text = syntax.parser(), Random(f"{seed} {rotation.seed()}"), NESTED
    monkeypatch.setattr(syntax, "parser", Parser)
    before = parse(text.encode())
    for _ in range(40):
        new = retyped(text, random)
        utf8 = new.encode()
        after = parse(utf8, before)
        assert nodes(after) == nodes(parse(utf8)), (text, new)
        if after.error is None or random.random() < 0.2:  # mostly a mistake is taken back
            text, before = new, after
        elif before.error is not None:
            text, before = NESTED, parse(NESTED.encode())
    assert known.count(True) > 10


def test_kinds_of_a_function_come_in_the_order_of_the_source() -> None:
    source = b"def outer():\n    a().b = c()\n    def inner():\n        x = d()\n    e = f(g())\n"
    function = functions_of(parse(source))[0]
    found = [text_of(node) for node in function.of_kinds("call", "assignment")]
    assert found == ["a().b = c()", "a()", "c()", "e = f(g())", "f(g())", "g()"]
    assert [text_of(node) for node in function.of_kinds("function_definition")] == ["def inner():\n        x = d()"]
    assert function.of_kinds("lambda") == []
