"""What it is that Python 2.7 refuses, and how a kind of node is looked at for that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """A construct that Python 2.7 refuses: where it stands, what it is called, and what to write in its place."""

    node: Node
    what: str
    hint: str = ""


Look = Callable[["Node"], Iterator[Incompatibility]]
"""What Python 2.7 refuses of a node of one kind."""


def looks_at(looks: dict[str, Look], *kinds: str) -> Callable[[Look], Look]:
    """Put a look into a table of looks by kind of node."""

    def add(look: Look) -> Look:
        looks.update(dict.fromkeys(kinds, look))
        return look

    return add
