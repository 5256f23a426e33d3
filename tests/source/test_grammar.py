"""Whether a module is Python at all, where only a part of it is asked about."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from bundlekit.source.modules import parse_module
from bundlekit.source.python2 import grammar

SOURCE = '''
import time


def helper(value):
    """A text
that leaves the indentation."""
    if value:
        return [
  1,
        ]
  # a comment that leaves it
    return None


class Example(object):
    LIMIT = 3

    @staticmethod
    def first(message):
        if message:
            time.sleep(1)
            return {
                "a": 1,
            }
        for one in message:
            with one as other:
                other.call()
        return (message or
    3)

    try:
        def second(self):
            # nothing but this comment
            return """
    def none(self):
""" + \\
    "x"
    except ValueError:
        second = None
    else:
        class Inner(object):
            async def third(self):
                async with self:
                    await self


if time:
  def last():
    while True:
        pass
'''


def changed() -> Iterator[str]:
    """The source with one line commented out, gone, or at another column."""
    lines = SOURCE.split("\n")
    for place, line in enumerate(lines):
        for other in (f"#{line}", "    # " + line.strip(), line.strip(), f"  {line}", f"    {line}", line[2:], None):
            yield "\n".join([*lines[:place], *([other] if other is not None else []), *lines[place + 1 :]])


def refused(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return True
    return False


def test_indentation_is_judged_as_by_the_whole_module(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [SOURCE, *changed()]
    modules = [parse_module("index.py", source.encode()) for source in sources]
    found = [grammar.syntax_error(module) for module in modules]
    assert not any(one for one, source in zip(found, sources, strict=True) if not refused(source))
    monkeypatch.setattr(grammar, "_is_refused_from", lambda *_: False)
    assert found == [grammar.syntax_error(module) for module in modules]
    assert sum(one is not None for one in found) > 50


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def f(self):\n  # less\n        return 1\n",
        "try:\n    def f():\n      # less\n        return 1\nexcept ValueError:\n    pass\n",
        "def f():\n    # nothing\r    return 1\n",
        "def f():\n\f    return 1\n",
        'def f():\n    return """\nclass B:\n        x\n  y\n"""\n',
        "def f():\n\tif 1:\n        \treturn 2\n",
    ],
)
def test_syntax_error_is_not_found_in_python(source: str) -> None:
    assert not refused(source)
    assert grammar.syntax_error(parse_module("index.py", source.encode())) is None


def test_module_is_read_once_for_the_line_of_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    look = grammar._error_line

    def noted(content: str) -> int | None:
        read.append(content)
        return look(content)

    monkeypatch.setattr(grammar, "_error_line", noted)
    source = "def f(:\n" + re.sub("^", "    ", SOURCE, flags=re.MULTILINE)
    assert grammar.syntax_error(parse_module("index.py", source.encode())) is not None
    assert len(read) == len(set(read)) > 0
