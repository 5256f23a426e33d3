"""The script that does everything on the gateway, in parts that are sent as one; and the programs that it runs.

The script travels first, at a time when TCP still waits for the link: a sender has ten segments of about 1,448 bytes
under way, and after their acknowledgement twenty, so 43,440 bytes arrive after one round trip. `LIMIT` leaves a quarter
of that to the password, the commands, the programs or a small upload; it is the largest packet of an SSH channel, too.
So large programs travel apart from the script, only with a command that may need them, and only to a gateway that does
not have them. A copy of them stays beside the script, under a name with their digest.
"""

from __future__ import annotations

import gzip
import io
import re
import tokenize
import zipfile
from collections.abc import Callable, Iterator
from functools import cache, wraps
from hashlib import sha256
from pathlib import Path
from threading import RLock, Thread
from typing import TypeVar

LIMIT = 32_768  # bytes of the compressed script

BARE, PROGRAMS = "bare.sh", "programs.zip"
"""The files of a wheel with what would take long to make each time."""

_PARTS = Path(__file__).parent
_SHIPPED = _PARTS.parents[1] / "_shipped" / "script"
_APART = (
    "check.py",
    "ed25519.py",
    "fetch.py",
    "importer.py",
    "openssl.py",
    "signature.py",
    "sshsig.py",
    "verify.py",
)
_PROGRAM = re.compile(r"^@([a-z]+\.py)@$", re.MULTILINE)
_ARGUMENTS = re.compile(r"(?<= [{(]) #.*")
_MAKING = RLock()
_HERE_DOCUMENT = re.compile(r"<<'?([A-Z_]+)'?$")


_Made = TypeVar("_Made")


def _once(make: Callable[[], _Made]) -> Callable[[], _Made]:
    """Have something made once, whichever of many threads needs it first: each would make it for itself."""
    made = cache(make)

    @wraps(make)
    def found() -> _Made:
        with _MAKING:
            return made()

    return found


@cache
def text() -> str:
    """The whole script, its parts in the order of their names, with its Python programs in their places."""
    return _assemble(lambda part: part, program)


@_once
def bare() -> str:
    """The script as it travels and stays on the gateway: `text` without comments, empty lines and most indentation.

    What is in a here-document or in a text of several lines stays as it is. Of Python programs the docstrings go too.
    """
    made = _made(BARE)
    return made.decode() if made is not None else make_bare()


def make_bare() -> str:
    """Make `bare`, which takes a seventh of a second: a wheel has it ready."""
    return _assemble(_bare_shell, lambda name: _bare_python(program(name)))


def program(name: str) -> str:
    """A program by its name. Python ones are for Python 2.7 and 3; a line `@NAME@` of the script stands for one."""
    folder = _PARTS.parents[1] / "pack" if name == "sshsig.py" else _PARTS / "programs"  # which the workstation has too
    return (folder / name).read_text(encoding="utf-8")


@_once
def compressed() -> bytes:
    """`bare`, compressed by gzip, which every gateway has; about a third of it."""
    return gzip.compress(bare().encode(), mtime=0)


def make_in_background() -> None:
    """Have a thread make `compressed` while the answers of a gateway are under way: the first command needs it."""
    Thread(target=compressed).start()


@_once
def digest() -> str:
    """The SHA-256 of `bare`, in hex, by which a gateway that has it already is told."""
    return sha256(bare().encode()).hexdigest()


@_once
def programs() -> bytes:
    """The programs that travel apart from the script: a zip file that Python runs as `FILE NAME ARGUMENT...`."""
    made = _made(PROGRAMS)
    return made if made is not None else make_programs()


def make_programs() -> bytes:
    """Make `programs`."""
    content = {name: _bare_python(program(name)) for name in _APART}
    content["__main__.py"] = 'import runpy, sys\nrunpy.run_module(sys.argv.pop(1), run_name="__main__")\n'
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:  # not compressed: zlib gives other bytes on other machines
        for name, text in content.items():
            entry = zipfile.ZipInfo(name)
            entry.create_system = 3
            file.writestr(entry, text)
    return stream.getvalue()


@_once
def programs_digest() -> str:
    """The start of the SHA-256 of `programs`, in hex; a part of their name on the gateway."""
    return sha256(programs()).hexdigest()[:16]


def examination() -> str:
    """What `bundlekit doctor` has the script run, without comments."""
    return _bare_shell(program("examine.sh"))


def _made(name: str) -> bytes | None:
    """What the build of a wheel has made; None in a checkout."""
    path = _SHIPPED / name
    return path.read_bytes() if path.exists() else None


def _assemble(of_part: Callable[[str], str], of_program: Callable[[str], str]) -> str:
    parts = "".join(of_part(part.read_text(encoding="utf-8")) for part in sorted(_PARTS.glob("*.sh")))
    parts = parts.replace("@PROGRAMS@", programs_digest())
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
        yield _ARGUMENTS.sub("", line.lstrip(" "))


def _bare_python(source: str) -> str:
    # By tokens alone: `ast.parse` of CPython 3.11 fails at times where another thread is in it, as one that formats a
    # traceback is.
    lines = source.splitlines(keepends=True)
    dropped, texts = set(), set()
    statement: list[tokenize.TokenInfo] = []
    alone = range(0)  # the lines of a text that was a whole statement, until the next token
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        row, column = token.start
        if token.type in (tokenize.COMMENT, tokenize.NL):
            if not lines[row - 1][:column].strip():
                dropped.add(row)
            continue
        if token.type == tokenize.STRING:
            texts |= set(range(row + 1, token.end[0] + 1))
        if token.type not in (tokenize.DEDENT, tokenize.ENDMARKER):  # or the block would be left without a statement
            dropped |= set(alone)
        alone = range(0)
        if token.type == tokenize.NEWLINE:
            if [one.type for one in statement] == [tokenize.STRING]:
                alone = range(statement[0].start[0], statement[0].end[0] + 1)
            statement = []
        elif token.type not in (tokenize.INDENT, tokenize.DEDENT):
            statement.append(token)
    kept = [line if row in texts else _dedent(line) for row, line in enumerate(lines, 1) if row not in dropped]
    return "".join(kept)


def _dedent(line: str) -> str:
    text = line.lstrip(" ")
    return " " * ((len(line) - len(text)) // 4) + text
