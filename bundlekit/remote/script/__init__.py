"""The script that does everything on the gateway, in parts that are sent as one."""

from __future__ import annotations

import ast
import gzip
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

_PARTS = Path(__file__).parent
_PROGRAM = re.compile(r"^@([a-z]+\.py)@$", re.MULTILINE)
_HERE_DOCUMENT = re.compile(r"<<'?([A-Z_]+)'?$")


@cache
def text() -> str:
    """The whole script, its parts in the order of their names, with its Python programs in their places."""
    return _assemble(lambda part: part, program)


@cache
def bare() -> str:
    """The script as it travels and stays on the gateway: `text` without comments, empty lines and most indentation.

    What is in a here-document or in a text of several lines stays as it is. Of Python programs the docstrings go too.
    """
    return _assemble(_bare_shell, lambda name: _bare_python(program(name)))


def program(name: str) -> str:
    """A Python program of the script, for Python 2.7 and 3. A line `@NAME@` in a here-document there stands for it."""
    return (_PARTS / "programs" / name).read_text(encoding="utf-8")


@cache
def compressed() -> bytes:
    """`bare`, compressed by gzip, which every gateway has; about a third of it."""
    return gzip.compress(bare().encode(), mtime=0)


@cache
def digest() -> str:
    """The SHA-256 of `bare`, in hex, by which a gateway that has it already is told."""
    return sha256(bare().encode()).hexdigest()


def _assemble(of_part: Callable[[str], str], of_program: Callable[[str], str]) -> str:
    parts = "".join(of_part(part.read_text(encoding="utf-8")) for part in sorted(_PARTS.glob("*.sh")))
    return _PROGRAM.sub(lambda found: of_program(found[1]).rstrip("\n"), parts)


def _bare_shell(part: str) -> str:
    return "".join(_bare_lines(part.splitlines(keepends=True)))


def _bare_lines(lines: list[str]) -> Iterator[str]:
    end = ""
    for line in lines:
        if end:
            end = "" if line.strip() == end or (end == "'" and line.startswith(end)) else end
            yield line
            continue
        if found := _HERE_DOCUMENT.search(line.rstrip()):
            end = found[1]
        elif line.rstrip().endswith("='"):
            end = "'"
        elif not line.strip() or (line.lstrip().startswith("#") and not line.startswith("#!")):
            continue
        yield line.lstrip(" ")


def _bare_python(source: str) -> str:
    lines = source.splitlines(keepends=True)
    dropped, texts = set(), set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        row, column = token.start
        if token.type in (tokenize.COMMENT, tokenize.NL) and not lines[row - 1][:column].strip():
            dropped.add(row)
        if token.type == tokenize.STRING:
            texts |= set(range(row + 1, token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) and node.body[1:]:
            dropped |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    kept = [line if row in texts else _dedent(line) for row, line in enumerate(lines, 1) if row not in dropped]
    return "".join(kept)


def _dedent(line: str) -> str:
    text = line.lstrip(" ")
    return " " * ((len(line) - len(text)) // 4) + text
