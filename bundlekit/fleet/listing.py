"""What an inventory file says, before anything is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Listing:
    """Gateways and groups of an inventory.

    Attributes:
        file: that says it.
        hosts: the variables of each gateway by its name, in order.
        groups: the gateways that each group names itself.
        children: the groups in each group.
        is_own: whether it is a file of bundlekit's own form: paths in it start from its folder.
    """

    file: Path
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)
    is_own: bool = True

    def members(self) -> Mapping[str, tuple[str, ...]]:
        """The gateways of each group and of the groups in it, in the order of the file."""
        return {group: self._in_order(self._all_in(group, set())) for group in {**self.groups, **self.children}}

    def _all_in(self, group: str, seen: set[str]) -> Iterator[str]:
        if group in seen:  # groups may contain each other
            return
        seen.add(group)
        yield from self.groups.get(group, ())
        for child in self.children.get(group, ()):
            yield from self._all_in(child, seen)

    def _in_order(self, names: Iterable[str]) -> tuple[str, ...]:
        wanted = set(names)
        return tuple(name for name in self.hosts if name in wanted)
