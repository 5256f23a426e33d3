"""What docstrings of public functions say: Args from three parameters on, Raises for each that raises.

ruff checks with D417 that an Args names every parameter. It has no rule for these two: its DOC501 also takes private
functions, and the functions that make an error for errors.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "bundlekit"
LEFT_OUT = (
    "cli/commands",  # the parameters of a verb are its options, which its help describes
    "emulator/machine/shims",  # programs of their own
    "emulator/sdk/bridge",  # within the SDK, whose functions it replaces
    "lint/rules",  # `check` of each is described by `Rule`
    "remote/script/programs",  # programs of their own, on the gateway
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(node: ast.Module | ast.ClassDef) -> Iterator[tuple[Function, ast.AST]]:
    """The public functions of a module, and the methods of its public classes, each with what it is in."""
    for child in node.body:
        if isinstance(child, Function) and not child.name.startswith("_"):
            yield child, node
        elif isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            yield from functions(child)


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """What is in a function, without the functions and classes in it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, Function | ast.ClassDef | ast.Lambda):
            yield child
            yield from own_nodes(child)


def parameters(function: Function) -> list[str]:
    """Those that a caller thinks of: not `self`, and none that is there for a framework and not used."""
    given = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
    return [one.arg for one in given if one.arg not in ("self", "cls") and not one.arg.startswith("_")]


def raises(function: Function) -> bool:
    thrown = [ast.unparse(node.exc) for node in own_nodes(function) if isinstance(node, ast.Raise) and node.exc]
    return any(each != "NotImplementedError" for each in thrown)


def lacks(function: Function) -> list[str]:
    text = ast.get_docstring(function) or ""
    return [
        *(["Args"] if len(parameters(function)) >= 3 and "Args:" not in text else []),
        *(["Raises"] if raises(function) and "Raises:" not in text else []),
    ]


def test_public_function_describes_args_and_errors() -> None:
    files = [file for file in sorted(PACKAGE.rglob("*.py")) if not file.is_relative_to(PACKAGE / "_shipped")]
    files = [file for file in files if not any(file.is_relative_to(PACKAGE / folder) for folder in LEFT_OUT)]
    found = {
        f"{file.relative_to(PACKAGE)}:{function.lineno}": (function, around)
        for file in files
        for function, around in functions(ast.parse(file.read_bytes()))
    }
    assert len(found) > 600
    described = {function.name for function, _ in found.values() if ast.get_docstring(function)}

    def inherits(function: Function, around: ast.AST) -> bool:
        """Whether its docstring is that of the class above, or of the protocol that its class follows."""
        if not isinstance(around, ast.ClassDef) or ast.get_docstring(function):
            return False
        return bool(around.bases) or function.name in described

    missing = {place: lacks(each) for place, (each, around) in found.items() if not inherits(each, around)}
    assert {place: words for place, words in missing.items() if words} == {}


def test_public_error_says_when_it_occurs() -> None:
    tree = ast.parse((PACKAGE / "errors.py").read_bytes())
    errors = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert len(errors) > 10
    assert [error.name for error in errors if not ast.get_docstring(error)] == []
