"""Names of Python 3's library and builtins, which Python 2.7 does not know, as a module uses them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.bundle.files import Files
from bundlekit.source.functions import imported_names
from bundlekit.source.imports import unguarded
from bundlekit.source.modules import Beside, Module, beside
from bundlekit.source.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

BUILTINS = "builtins"
_MOST = 200  # names that are reported; a file for Python 3 has one cause
_DEEPEST = 100  # scopes in scopes; Python ends at 20 blocks, a hostile file does not
_BOUND_IN = frozenset(
    {
        *("parameters", "default_parameter", "typed_parameter", "typed_default_parameter", "lambda_parameters"),
        *("list_splat_pattern", "dictionary_splat_pattern", "pattern_list", "tuple_pattern", "list_pattern"),
        *("as_pattern_target", "global_statement", "delete_statement", "function_definition", "class_definition"),
    }
)
_BOUND_LEFT = frozenset({"assignment", "augmented_assignment", "for_statement", "for_in_clause", "named_expression"})
_FALLS_BACK = re.compile(r"except\s*:|\b(?:Exception|ImportError|AttributeError|NameError|TypeError|StandardError)\b")
ASKS = re.compile(r"version|PY[23]|\bsix\b|hasattr|getattr|platform|\bpy[23]|implementation", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that Python 2.7 does not know.

    Attributes:
        whole: the dotted name, such as `time.monotonic`; a builtin's name alone.
        node: where it stands.
    """

    whole: str
    node: Node


@cache
def python_3_names() -> dict[str, frozenset[str]]:
    """By the module, what it has in some Python from 3.6 to 3.13 and not in 2.7.18, told by themselves; constants that
    depend on how Python was built are left out, and `builtins` is what needs no import.
    """
    lines = Path(__file__).with_name("python_3_names.txt").read_text(encoding="ascii").splitlines()
    return {line.partition(" ")[0]: frozenset(line.split()[1:]) for line in lines}


def unknown_names(files: Files, module: Module) -> Iterator[Unknown]:
    """The names of Python 3 that a module uses.

    Nothing is said about those that the module may have by another way, or uses only where it asks for them first or
    goes on without.
    """
    known = python_3_names()
    for one in unguarded(module):
        if one.name in known.get(one.module, ()) and beside(files, module, one.module) is not Beside.THERE:
            yield Unknown(f"{one.module}.{one.name}", one.node)
    has_star = any(one.name == "*" for one in module.python.imports)
    found = [*_attributes(files, module), *(_builtins(module) if not has_star else ())]
    bound = bound_names(module, {name for name, _ in found})
    for name, unknown in found:
        if name not in bound and not is_guarded(unknown.node):
            yield unknown


def bound_names(module: Module, names: set[str]) -> set[str]:
    """Those of some names to which something besides an import gives another meaning somewhere in a module."""
    if not names:
        return set()
    found: set[str] = set()
    for name in names:
        if any(map(binds, module.python.spelled.get(name, ()))):
            found.add(name)
    return found


def is_guarded(node: Node) -> bool:
    """Whether something stands where the module asks for the version, or goes on when a name is missing."""
    inner, around = node, node.parent
    for _ in range(_DEEPEST):
        if around is None:
            return False
        if around.type == "try_statement" and inner.type == "block":
            clauses = (one for one in around.named_children if one.type.startswith("except"))
            if any(_FALLS_BACK.search(text_of(one)[:200].partition("\n")[0]) for one in clauses):
                return True
        elif around.type in ("if_statement", "elif_clause"):
            if ASKS.search(text_of(around.child_by_field_name("condition"))[:500]):
                return True
        elif around.type in ("conditional_expression", "boolean_operator") and ASKS.search(text_of(around)[:500]):
            return True
        inner, around = around, around.parent
    return True


def _attributes(files: Files, module: Module) -> Iterator[tuple[str, Unknown]]:
    known = python_3_names()
    modules = {
        alias: whole for alias, whole in imported_names(module.python).items() if whole in known and alias != "*"
    }
    if not modules:
        return
    written = (re.escape(alias.encode()) for alias in sorted(modules))
    # The look behind comes last: an expression is searched for faster by the letters that it may begin with.
    names = b"|".join(rb"%s(?<![\w.]%s)" % (one, one) for one in written)
    pattern = rb"(%s)\s*\.\s*(\w+)(?:\s*\.\s*(\w+))?" % names
    content, count = module.text.utf8, 0
    for match in re.finditer(pattern, content):
        alias, first, second = (part.decode("utf-8", "replace") if part else "" for part in match.groups())
        whole = modules[alias]
        if first in known[whole]:
            name, end = f"{whole}.{first}", match.end(2)
        elif second in known.get(f"{whole}.{first}", ()):
            name, end = f"{whole}.{first}.{second}", match.end(3)
        else:
            continue
        node = module.python.root.descendant_for_byte_range(match.start(), end)
        count += 1
        if count > _MOST:
            return
        if node is not None and node.type == "attribute" and beside(files, module, whole) is not Beside.THERE:
            yield alias, Unknown(name, node)


def _builtins(module: Module) -> Iterator[tuple[str, Unknown]]:
    imported = {one.alias for one in module.python.imports}
    spelled = module.python.spelled
    names = (python_3_names()[BUILTINS] - imported) & spelled.keys()
    found = [(node.start_byte, name, node) for name in names for node in spelled[name]]
    for _, name, node in sorted(found, key=lambda one: one[0])[:_MOST]:
        around = node.parent
        if around is None:
            continue
        if around.type == "keyword_argument" and around.child_by_field_name("name") == node:
            continue
        if around.type == "attribute" and around.child_by_field_name("object") != node:
            continue
        yield name, Unknown(name, node)


def binds(node: Node) -> bool:
    """Whether a name gets a meaning where it is spelled, but for that of an import."""
    around = node.parent
    if around is None:
        return False
    if around.type in ("default_parameter", "typed_default_parameter", "function_definition", "class_definition"):
        return around.child_by_field_name("name") == node
    if around.type in _BOUND_LEFT:
        return node in (around.child_by_field_name("left"), around.child_by_field_name("name"))
    return around.type in _BOUND_IN
