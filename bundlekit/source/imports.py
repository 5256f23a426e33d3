"""Which imports of a bundle's modules can be seen to find nothing on a gateway."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.bundle.bundle import LARGEST_REQUIREMENTS, REQUIREMENTS, Bundle
from bundlekit.bundle.files import Files, Kind
from bundlekit.bundle.reading import ReadError, read_file
from bundlekit.bundle.vendor_lock import VENDOR, has_lock
from bundlekit.source.modules import MOST_IMPORTS, Beside, Module, beside
from bundlekit.source.search_path import added_folders
from bundlekit.source.syntax import Import, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_OF_THE_SDK = frozenset({"sanji", "paho", "simplejson", "six", "voluptuous"})
"""The SDK 1.1.2 and what it requires."""

_OTHER_PATHS = re.compile(
    rb"sys\s*\.\s*(?:path|meta_path|modules)\b|from\s+sys\s+import|addsitedir|\b__path__\b|pkg_resources"
)
_PATH = re.compile(rb"sys\s*\.\s*path")
_ASKS_PATH = re.compile(rb"\bin\s+sys\s*\.\s*path\b")
_OF_OTHER_PATHS = (b"sys", b"addsitedir", b"__path__", b"pkg_resources")
"""One of them is in whatever that matches, and nothing is looked for as fast."""
_IS_MAIN = re.compile(r"__name__\s*==|==\s*__name__")
_REMARK = re.compile(r"(?:^|\s)(?:#|--[a-z]).*")  # a comment, or options of pip for one requirement, such as hashes
_DISTRIBUTIONS = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "concurrent": "futures",
    "crypto": "pycryptodome",
    "dateutil": "python-dateutil",
    "dns": "dnspython",
    "enum": "enum34",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "openssl": "pyopenssl",
    "serial": "pyserial",
    "usb": "pyusb",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}


@dataclass(frozen=True, slots=True)
class MissingImport:
    """An import that finds nothing.

    Attributes:
        module: the module that imports.
        name: what it imports.
        node: the statement.
        why: whether it lies in the bundle as a folder that is no package.
        required: whether requirements.txt names what brings it.
    """

    module: Module
    name: str
    node: Node
    why: Beside
    required: bool


class Provider(StrEnum):
    """What has a module on a gateway."""

    PYTHON = "python"
    SDK = "sdk"
    GATEWAY = "gateway"  # whatever else may be installed there


@cache
def python_2_modules() -> frozenset[str]:
    """The dotted names of the modules that Python 2.7.18 brings, told by itself."""
    return frozenset(Path(__file__).with_name("python_2_modules.txt").read_text(encoding="ascii").split())


def missing_imports(bundle: Bundle, modules: Iterable[Module]) -> Iterator[MissingImport]:
    """The imports that can be seen to find nothing on a gateway, in the order of the modules.

    Nothing is said about an import in a `try` with an `except`, or under an `if`, which may be there for another
    Python; and about none where a module changes the places in which Python looks.
    """
    modules = tuple(modules)
    if looks_elsewhere(modules):
        return
    required: set[str] | None = None
    for module in modules:
        for one in unguarded(module):
            if one.module.startswith(".") or not one.module or _is_known(one.module):
                continue
            why = beside(bundle.files, module, one.module)
            if why is Beside.THERE or is_in_vendor(bundle.files, one.module):
                continue
            required = _required(bundle) if required is None else required
            head = one.module.partition(".")[0].lower().replace("_", "-")
            is_required = bool(required & {head, _DISTRIBUTIONS.get(head, head), f"python-{head}", "*"})
            yield MissingImport(module, one.module, one.node, why, is_required)


def is_in_vendor(files: Files, name: str) -> bool:
    """Whether `bundlekit vendor` put the first part of a dotted name into `vendor/`."""
    head = name.partition(".")[0]
    if not head or "/" in head or "\0" in head or not has_lock(files):
        return False
    found = (files.entries.get(f"{VENDOR}/{head}{ending}") for ending in (".py", "/__init__.py"))
    return any(entry is not None and entry.kind is Kind.FILE for entry in found)


def provided_modules(bundle: Bundle, modules: Iterable[Module]) -> dict[str, Provider]:
    """The modules that a bundle imports and does not bring, in its own folder or in `vendor/`: those of Python by their
    names at the top, all others too; and what each is expected from.
    """
    found: dict[str, Provider] = {}
    for module in modules:
        for one in module.python.imports[:MOST_IMPORTS]:
            head = one.module.partition(".")[0]
            if not head or head == "__future__" or is_in_vendor(bundle.files, head):
                continue
            if beside(bundle.files, module, head) is not Beside.THERE:
                is_python = head in python_2_modules()
                found[head] = (
                    Provider.PYTHON if is_python else Provider.SDK if head in _OF_THE_SDK else Provider.GATEWAY
                )
    return dict(sorted(found.items()))


def looks_elsewhere(modules: Iterable[Module]) -> bool:
    """Whether a module changes the places in which Python looks for modules, other than to folders of the bundle."""
    return any(
        any(word in module.content for word in _OF_OTHER_PATHS) and _changes_unseen(module) for module in modules
    )


def _changes_unseen(module: Module) -> bool:
    changes = _OTHER_PATHS.findall(module.content)
    asked = len(_ASKS_PATH.findall(module.content))
    if any(not _PATH.fullmatch(change) for change in changes):
        return True
    return len(changes) - asked > len(added_folders(module.path, module.python))


def unguarded(module: Module) -> Iterator[Import]:
    """The imports of a module that are in no `try` with an `except`, and under no `if`."""
    guards = [node for node in module.python.of_kinds("if_statement", "try_statement") if _is_guard(node)]
    position, end = 0, 0
    for one in module.python.imports[:MOST_IMPORTS]:
        while position < len(guards) and guards[position].start_byte <= one.node.start_byte:
            end = max(end, guards[position].end_byte)
            position += 1
        if one.node.start_byte >= end and not one.node.has_error:
            yield one


def _is_guard(node: Node) -> bool:
    if node.type == "try_statement":
        return any(child.type.startswith("except") for child in node.named_children)
    return node.type == "if_statement" and not _IS_MAIN.search(text_of(node.child_by_field_name("condition")))


def _is_known(name: str) -> bool:
    head = name.partition(".")[0]
    return name in python_2_modules() or head in _OF_THE_SDK


def _required(bundle: Bundle) -> set[str]:
    """The distributions that requirements.txt names, as PyPI spells them; `*` where it may bring anything."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    content = read_file(bundle, REQUIREMENTS, LARGEST_REQUIREMENTS)
    if isinstance(content, ReadError):
        return set()
    named = set()
    for line in content.decode("utf-8", "replace").splitlines():
        if line.strip().startswith("#") or not line.strip():
            continue
        try:
            requirement = Requirement(_REMARK.sub("", line).rstrip(" \\"))
        except InvalidRequirement:  # an option such as -r, a file, a URL
            named.add("*")
        else:
            named.add("*" if requirement.url else str(canonicalize_name(requirement.name)))
    return named
