"""The script that does everything on the gateway, in parts that are sent as one."""

from __future__ import annotations

import gzip
import re
from functools import cache
from hashlib import sha256
from pathlib import Path

_PARTS = Path(__file__).parent
_PROGRAM = re.compile(r"^@([a-z]+\.py)@$", re.MULTILINE)


@cache
def text() -> str:
    """The whole script, its parts in the order of their names, with its Python programs in their places."""
    parts = "".join(part.read_text(encoding="utf-8") for part in sorted(_PARTS.glob("*.sh")))
    return _PROGRAM.sub(lambda found: program(found[1]).rstrip("\n"), parts)


def program(name: str) -> str:
    """A Python program of the script, for Python 2.7 and 3. A line `@NAME@` in a here-document there stands for it."""
    return (_PARTS / "programs" / name).read_text(encoding="utf-8")


@cache
def compressed() -> bytes:
    """The script as it travels: gzip, which every gateway has; about a third of it."""
    return gzip.compress(text().encode(), mtime=0)


@cache
def digest() -> str:
    """The SHA-256 of the whole script, in hex, by which a gateway that has it already is told."""
    return sha256(text().encode()).hexdigest()
