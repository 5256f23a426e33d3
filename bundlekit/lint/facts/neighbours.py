"""The bundles that are checked in one run, as far as one can be in the way of another on a gateway.

What is kept of each is its name and its resources; its places are read again only where something is found.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from bundlekit.bundle.bundle import LARGEST_MANIFEST, MANIFEST, Bundle
from bundlekit.bundle.files import FolderFiles
from bundlekit.bundle.manifest import METHODS, Resource, read_manifest, resource_of
from bundlekit.bundle.patterns import ANY, REST, Pattern
from bundlekit.bundle.reading import ReadError, read_file
from bundlekit.lint.finding import Other

_MOST_RESOURCES = 1000  # of a bundle; each may meet those of all others
_MOST_HOOKS = 100  # of a bundle
_COUNTED = 31  # characters of a name, by the controller
_MOST_COMPARED = 1000
"""Resources of other bundles that one is compared with; more that begin alike are one fault many times."""


@dataclass(frozen=True, slots=True)
class NeighbourBundle:
    """A bundle of the run.

    Attributes:
        bundle: the bundle.
        name: its name; None where bundle.json does not have one.
        resources: what it answers for, by the JSON pointer.
        hooks: the names of those whose changes it is told of, by the JSON pointer.
    """

    bundle: Bundle
    name: str | None
    resources: dict[str, Resource]
    hooks: dict[str, str] = field(default_factory=dict)

    def place(self, pointer: str, note: str) -> Other:
        """A place in its bundle.json, for findings of other bundles."""
        span = read_manifest(self.bundle).position(pointer)
        return Other(self.bundle.shown(MANIFEST), span.line, span.column, note)


@dataclass(slots=True)
class Neighbours:
    """The bundles that were met so far.

    Attributes:
        names: those of all bundles of the run, once they are known.
    """

    names: frozenset[str] = frozenset()
    _by_name: dict[str, NeighbourBundle] = field(default_factory=dict)
    _by_beginning: defaultdict[str, list[tuple[NeighbourBundle, str, Resource]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, one: NeighbourBundle) -> None:
        """Remember a bundle, for those that are met later."""
        if isinstance(one.bundle.files, FolderFiles):  # without the list of all its files
            one = replace(one, bundle=replace(one.bundle, files=FolderFiles(one.bundle.files.root)))
        if one.name is not None:
            self._by_name.setdefault(one.name, one)
        for pointer, resource in one.resources.items():
            self._by_beginning[beginning(resource)].append((one, pointer, resource))

    def concern(self, one: NeighbourBundle) -> bool:
        """Whether a rule about several bundles may find something in one."""
        if any(map(self.lacks, one.hooks.values())):
            return True
        return one.name in self._by_name or any(
            Pattern.of(resource.path).meets(Pattern.of(before.path))
            for resource in one.resources.values()
            for _, _, before in self.alike(resource)
        )

    def lacks(self, hook: str) -> bool:
        """Whether none of several bundles of the run has a name, as far as the gateway counts it."""
        return len(self.names) > 1 and hook[:_COUNTED] not in {name[:_COUNTED] for name in self.names}

    def of_name(self, name: str) -> NeighbourBundle | None:
        """The first bundle of that name."""
        return self._by_name.get(name)

    def alike(self, resource: Resource) -> Iterator[tuple[NeighbourBundle, str, Resource]]:
        """Resources that may take the same requests, with the bundle that has them and their pointers there."""
        first = beginning(resource)
        groups = [first, ""] if first else list(self._by_beginning)
        yield from islice((one for group in groups for one in self._by_beginning.get(group, ())), _MOST_COMPARED)


def neighbour(bundle: Bundle) -> NeighbourBundle:
    """What a bundle is to others. Nothing is raised: what its bundle.json lacks it lacks."""
    content = read_file(bundle, MANIFEST, LARGEST_MANIFEST)
    try:
        value = None if isinstance(content, ReadError) else json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        return NeighbourBundle(bundle, None, {})
    name, items = value.get("name"), value.get("resources")
    resources = {
        f"/resources/{index}": resource
        for index, item in enumerate(items[:_MOST_RESOURCES] if isinstance(items, list) else ())
        if (resource := resource_of(item, value.get("role"))) is not None
        and resource.role == "model"
        and not set(METHODS).isdisjoint(resource.methods)
    }
    given = value.get("hook")
    hooks = {
        f"/hook/{index}": hook
        for index, hook in enumerate(given[:_MOST_HOOKS] if isinstance(given, list) else ())
        if isinstance(hook, str) and hook and "/" not in hook
    }
    return NeighbourBundle(bundle, name if isinstance(name, str) else None, resources, hooks)


def beginning(resource: Resource) -> str:
    """The first segment, by which most that can not meet are told apart; empty where it may be any."""
    first = Pattern.of(resource.path).segments[0]
    return "" if first in (ANY, REST) else first
