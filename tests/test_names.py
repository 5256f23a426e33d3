"""Names in the package: a public class has a name of its own, and so has a file within its room."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "bundlekit"
FILES = [file.relative_to(PACKAGE) for file in sorted(PACKAGE.rglob("*.py"))]


def twice(names: list[tuple[str, str]]) -> dict[str, list[str]]:
    """The names that stand for more than one thing, each with the places where they do."""
    places = defaultdict(list)
    for name, place in names:
        places[name].append(place)
    return {name: found for name, found in places.items() if len(found) > 1}


def test_public_class_has_a_name_of_its_own() -> None:
    trees = {str(file): ast.parse((PACKAGE / file).read_bytes()) for file in FILES}
    classes = [
        (node.name, file) for file, tree in trees.items() for node in tree.body if isinstance(node, ast.ClassDef)
    ]
    assert len(classes) > 100
    found = twice([(name, file) for name, file in classes if not name.startswith("_")])
    assert found == {"Gateway": ["fleet/inventory.py", "library/gateway.py"]}  # the second is `bundlekit.Gateway`


def test_file_has_a_name_of_its_own_in_its_room() -> None:
    named = [file for file in FILES if len(file.parts) > 1 and not file.name.startswith("__")]
    # A verb of the command line may have the name of what its report is about.
    named = [file for file in named if file.parts[:2] != ("cli", "commands")]
    assert len(named) > 100
    assert twice([(f"{file.parts[0]}: {file.name}", str(file)) for file in named]) == {}
