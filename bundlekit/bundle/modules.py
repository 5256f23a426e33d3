"""The Python modules of a bundle: index.py, what it imports of what lies beside it, and so on.

Python 2.7 looks for `import a` beside the module that asks first, where that lies in a package, and then beside
index.py; a folder is a package only with an `__init__.py` in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Entry, Files, Kind
from bundlekit.bundle.python_source import Import, PythonSource, parse
from bundlekit.bundle.reading import Problem, read_file
from bundlekit.bundle.text import Text
from bundlekit.errors import Unreadable

LARGEST = 512 * 1024
"""The most bytes of a module that is looked into."""

MOST_IMPORTS = 1000
"""The most imports of a module that are followed; nobody writes more."""

_MOST_MODULES = 200
_MOST_BYTES = 8 * 1024 * 1024
_COMPILED = (".pyc", ".so", "module.so")


@dataclass(frozen=True)
class Module:
    """One module.

    Attributes:
        path: its path in the bundle.
        content: its bytes.
        text: what stands in it.
        python: what was found in it.
    """

    path: str
    content: bytes
    text: Text
    python: PythonSource


class Beside(Enum):
    """Whether a module lies in the bundle."""

    THERE = auto()
    NO_INIT = auto()  # a folder of that name without __init__.py, which Python 2.7 does not take for a package
    NOT_THERE = auto()


def parse_module(path: str, content: bytes) -> Module:
    """The module in some bytes, whatever they are."""
    text = Text(_decoded(content))
    return Module(path, content, text, parse(text.utf8))


def imported_modules(bundle: Bundle, main: Module) -> tuple[Module, ...]:
    """index.py and the modules of the bundle that it imports, directly or not, in the order in which they are met.

    Those that cannot be read or are larger than `LARGEST` are passed over, and so are those beyond a number and a sum
    of bytes that no bundle has.
    """
    found = [main]
    seen = {main.path}
    rest = _MOST_BYTES - len(main.content)
    for module in found:
        for one in module.python.imports[:MOST_IMPORTS]:
            for path in _files(bundle.files, module.path, one):
                if path in seen or len(seen) > _MOST_MODULES:
                    continue
                seen.add(path)
                content = read_file(bundle, path, min(LARGEST, max(rest, 0)))
                if not isinstance(content, Problem):
                    rest -= len(content)
                    found.append(parse_module(path, content))
    return tuple(found)


def beside(files: Files, importer: str, name: str) -> Beside:
    """Whether the first part of a dotted name is a module beside the one that imports it, or beside index.py."""
    head = name.partition(".")[0]
    without_init = False
    for folder in _folders(importer):
        place = folder + head
        if any(_is_file(files, place + ending) for ending in (".py", "/__init__.py", *_COMPILED)):
            return Beside.THERE
        entry = _entry(files, place)
        without_init = without_init or (entry is not None and entry.kind is Kind.FOLDER)
    return Beside.NO_INIT if without_init else Beside.NOT_THERE


def _files(files: Files, importer: str, one: Import) -> Iterator[str]:
    """The files of the bundle that an import may run."""
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


def _folders(importer: str, dots: int = 0) -> list[str]:
    """Where the first part of an imported name is looked for; each ends with a slash, or is empty for the top."""
    folder = importer.rpartition("/")[0]
    if dots:
        parts = folder.split("/") if folder else []
        kept = parts[: max(len(parts) - (dots - 1), 0)]
        return ["/".join(kept) + "/" if kept else ""]
    return [folder + "/", ""] if folder else [""]


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
