"""The Python modules of a bundle: index.py, what it imports of what lies beside it, and so on.

Python 2.7 looks for `import a` beside the module that asks first, where that lies in a package, and then beside
index.py; a folder is a package only with an `__init__.py` in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cached_property, wraps
from typing import TypeVar

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Entry, Files, Kind
from bundlekit.bundle.reading import ReadError, ReadErrorKind, read_file
from bundlekit.bundle.text import Text
from bundlekit.bundle.vendor_lock import has_lock, is_vendored
from bundlekit.errors import Unreadable
from bundlekit.source import syntax
from bundlekit.source.functions import Function, functions_of
from bundlekit.source.search_path import added_folders
from bundlekit.source.syntax import Import, PythonSource

_T = TypeVar("_T")

LARGEST = 512 * 1024
"""The most bytes of a module that is looked into."""

MOST_IMPORTS = 1000
"""The most imports of a module that are followed; nobody writes more."""

_WEIGHS_TOO_MUCH = 4 * LARGEST  # see `_weight`
_MOST_MODULES = 200  # of a bundle, so that a check ends soon
_MOST_WEIGHT = 8 * 1024 * 1024  # of all modules together
_LINES_A_BYTE = 256  # comment lines that the parser passes over in the time that it takes for a byte of code
_COMPILED = (".pyc", ".so", "module.so")


@dataclass(frozen=True)
class Module:
    """One module.

    Attributes:
        path: its path in the bundle.
        content: its bytes.
        text: what stands in it.
        python: what was found in it.
        search: folders of the bundle in which Python looks for modules besides, once the bundle runs.
    """

    path: str
    content: bytes
    text: Text
    python: PythonSource
    search: tuple[str, ...] = ()

    @cached_property
    def functions(self) -> dict[int, Function]:
        """Its functions by where they start."""
        return _functions(self)


def found_once(find: Callable[[Module], _T]) -> Callable[[Module], _T]:
    """Have a fact found once for a source, also by later checks that are given the source as it was parsed before.

    Args:
        find: finds the fact. It looks at the source of the module alone, neither at where that lies nor at `search`.
    """

    @wraps(find)
    def found(module: Module) -> _T:
        facts = module.python.facts
        if find not in facts:
            facts[find] = find(module)
        fact: _T = facts[find]
        return fact

    return found


@found_once
def _functions(module: Module) -> dict[int, Function]:
    return functions_of(module.python)


class Beside(Enum):
    """Whether a module lies in the bundle."""

    THERE = auto()
    NO_INIT = auto()  # a folder of that name without __init__.py, which Python 2.7 does not take for a package
    NOT_THERE = auto()


def read_module(bundle: Bundle, path: str, weight: int = _WEIGHS_TOO_MUCH) -> bytes | ReadError:
    """Read a module of a bundle, unless parsing it would take too long.

    Args:
        bundle: the bundle.
        path: the module's path in it.
        weight: the most that it may weigh.

    Returns:
        Its bytes, or why there are none.
    """
    content = read_file(bundle, path, LARGEST)
    if isinstance(content, ReadError) or _weight(content) <= weight:
        return content
    return ReadError(
        ReadErrorKind.TOO_LARGE,
        f"{path} has more lines in a row with only a comment or a backslash than is usual",
        hint="it was not looked into",
    )


def parse_module(path: str, content: bytes, before: Module | None = None) -> Module:
    """The module in some bytes, whatever they are.

    Args:
        path: its path in the bundle.
        content: the bytes.
        before: the module that it was before a change; with it the same is found sooner.
    """
    text = Text(_decoded(content))
    return Module(path, content, text, syntax.parse(text.utf8, before.python if before is not None else None))


Parse = Callable[[str, bytes], Module]
"""What makes a module of a path and bytes: `parse_module`, or what remembers the modules that it has made."""


def imported_modules(bundle: Bundle, main: Module, parse: Parse = parse_module) -> tuple[Module, ...]:
    """index.py and the modules of the bundle that it imports, directly or not, in the order in which they are met.

    Those that cannot be read or are larger than `LARGEST` are passed over, and so are those beyond a number and a sum
    of bytes that no bundle has. What `bundlekit vendor` put into `vendor/` is not the bundle's own, and is left out.

    Args:
        bundle: the bundle.
        main: its index.py.
        parse: makes a module of what was read.
    """
    is_foreign = is_vendored if has_lock(bundle.files) else None
    found = [main]
    seen = {main.path}
    search: dict[str, None] = {}
    rest = _MOST_WEIGHT - _weight(main.content)
    for module in found:
        search.update(dict.fromkeys(added_folders(module.path, module.python)))
        for one in module.python.imports[:MOST_IMPORTS]:
            for path in imported_files(bundle.files, replace(module, search=tuple(search)), one):
                if path in seen or len(seen) > _MOST_MODULES or (is_foreign and is_foreign(path)):
                    continue
                seen.add(path)
                content = read_module(bundle, path, min(_WEIGHS_TOO_MUCH, rest))
                if not isinstance(content, ReadError):
                    rest -= _weight(content)
                    found.append(parse(path, content))
    return tuple(replace(module, search=tuple(search)) for module in found) if search else tuple(found)


def beside(files: Files, importer: Module, name: str) -> Beside:
    """Whether the first part of a dotted name is a module beside the one that imports it, beside index.py, or in a
    folder that the bundle has Python look in.

    Args:
        files: of the bundle.
        importer: the module with the import.
        name: dotted.
    """
    head = name.partition(".")[0]
    without_init = False
    for folder in _folders(importer):
        place = folder + head
        if any(_is_file(files, place + ending) for ending in (".py", "/__init__.py", *_COMPILED)):
            return Beside.THERE
        entry = _entry(files, place)
        without_init = without_init or (entry is not None and entry.kind is Kind.FOLDER)
    return Beside.NO_INIT if without_init else Beside.NOT_THERE


def package_of(files: Files, path: str) -> str:
    """The outermost package in which a module lies; empty if it lies in none."""
    folders = path.split("/")[:-1]
    names = ("/".join(folders[:depth]) for depth in range(1, len(folders) + 1))
    return next((name for name in names if _is_file(files, f"{name}/__init__.py")), "")


def imported_files(files: Files, importer: Module, one: Import) -> Iterator[str]:
    """The files of the bundle that an import may run.

    Args:
        files: of the bundle.
        importer: the module with the import.
        one: the import.
    """
    dots = len(one.module) - len(one.module.lstrip("."))
    names = [part for part in one.module.lstrip(".").split(".") if part]
    if one.name not in ("", "*"):
        names.append(one.name)
    if len(names) > 20 or any("/" in name or "\0" in name for name in names):
        return
    for folder in _folders(importer, dots):
        place = folder
        ran = False
        for name in names:
            for path in (f"{place}{name}/__init__.py", f"{place}{name}.py"):
                if _is_file(files, path):
                    ran = True
                    yield path
            place += name + "/"
        if dots and _is_file(files, f"{folder}__init__.py"):
            yield f"{folder}__init__.py"
        if ran:
            return


def _folders(importer: Module, dots: int = 0) -> list[str]:
    """Where the first part of an imported name is looked for; each ends with a slash, or is empty for the top."""
    folder = importer.path.rpartition("/")[0]
    if dots:
        parts = folder.split("/") if folder else []
        kept = parts[: max(len(parts) - (dots - 1), 0)]
        return ["/".join(kept) + "/" if kept else ""]
    places = [folder, "", *importer.search]
    return list(dict.fromkeys(place + "/" if place else "" for place in places))


def _weight(content: bytes) -> int:
    """How long it takes to parse a module, in bytes of a common one.

    At each line with nothing but a comment or a backslash the parser looks ahead to the next line with code, so that
    the time for such lines grows with the square of how many stand in a row.
    """
    rows = lines = start = place = 0
    if (content.count(b"#") + content.count(b"\\")) * len(content) <= _LINES_A_BYTE * LARGEST:
        return len(content)  # quickly told of nearly all
    for line in content.split(b"\n"):
        if line.strip(b" \t\r\f")[:1] in (b"#", b"\\"):
            lines += 1
        elif line.strip(b" \t\r\f"):
            rows += lines * (place - start)
            lines, start = 0, place
        place += len(line) + 1
    return len(content) + (rows + lines * (place - start)) // _LINES_A_BYTE


def _is_file(files: Files, path: str) -> bool:
    entry = _entry(files, path)
    return entry is not None and entry.kind is Kind.FILE


def _entry(files: Files, path: str) -> Entry | None:
    try:
        return files.entries.get(path)
    except Unreadable:
        return None


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:  # another one-byte encoding, named in a comment: nothing that we look for differs
        return content.decode("latin-1")
