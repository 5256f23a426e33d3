"""A bundle's REST API as its files describe it: bundle.json, the handlers in index.py, and the factory file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from bundlekit.bundle.bundle import LARGEST_FACTORY, Bundle
from bundlekit.bundle.document import read_document
from bundlekit.bundle.manifest import METHODS, Manifest, Resource, manifest_of
from bundlekit.bundle.patterns import ANY, REST, without_prefix
from bundlekit.source.contracts import NO_CONTRACT, Contracts, OperationContract
from bundlekit.source.handlers import handlers
from bundlekit.source.routes import Source, read_source

TOKEN_HEADER = "mx-api-token"  # noqa: S105 - its name
PREFIX = "/api/v1"
HOST = "192.168.4.127"
"""Of the gateway in the vendor's guides; whoever uses an export puts their own in its place."""

NOTHING: Any = object()
"""No example; None would be one."""

_PARAMETER = re.compile(r":([A-Za-z_0-9]+)")
_SAMPLE_ID = "1"


@dataclass(frozen=True)
class Parameter:
    """A `:param` of a path, and a value for it that the factory settings have, as far as can be seen."""

    name: str
    example: str


@dataclass(frozen=True)
class Operation:
    """A method of a place.

    Attributes:
        method: in lower case.
        text: the docstring of its handler; empty where none can be seen.
        contract: what it takes and gives, as far as can be seen.
    """

    method: str
    text: str
    contract: OperationContract = NO_CONTRACT

    @property
    def summary(self) -> str:
        """The first paragraph of its text, on one line, without a full stop."""
        return " ".join(self.text.partition("\n\n")[0].split()).removesuffix(".")


@dataclass(frozen=True)
class ExportedResource:
    """A resource.

    Attributes:
        segments: of its path; a parameter stands as a Parameter.
        operations: in the order of METHODS.
        example: its value in the factory settings, as far as can be seen, else NOTHING.
        collection: whether another resource right below it ends with a parameter.
    """

    segments: tuple[str | Parameter, ...]
    operations: tuple[Operation, ...]
    example: Any
    collection: bool

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(segment for segment in self.segments if isinstance(segment, Parameter))

    @property
    def shape(self) -> tuple[str, ...]:
        """Its segments, with all parameters alike."""
        return tuple(segment if isinstance(segment, str) else ":" for segment in self.segments)

    @property
    def is_item(self) -> bool:
        """Whether it ends with a parameter."""
        return isinstance(self.segments[-1], Parameter)

    @property
    def methods(self) -> frozenset[str]:
        return frozenset(operation.method for operation in self.operations)

    def operation(self, method: str) -> Operation:
        return next(operation for operation in self.operations if operation.method == method)

    def path(self, before: str, after: str) -> str:
        """Its path with what stands before and after the name of a parameter, such as braces."""
        shown = (before + one.name + after if isinstance(one, Parameter) else one for one in self.segments)
        return "/" + "/".join(shown)


@dataclass(frozen=True)
class Description:
    """What an export says.

    Attributes:
        left_out: paths that cannot be said in it, each with the reason.
    """

    manifest: Manifest
    places: tuple[ExportedResource, ...]
    left_out: tuple[tuple[str, str], ...]


def describe(bundle: Bundle) -> Description:
    """Describe a bundle's API. What it only listens to, as a view, is no part of it.

    Raises:
        Unreadable, Refused: bundle.json cannot be read, or does not say what a bundle needs.
    """
    manifest = manifest_of(bundle)
    factory = read_document(bundle, f"data/{manifest.name}.json.factory", LARGEST_FACTORY)
    settings = factory.value if factory.parsed else NOTHING
    source = read_source(bundle, manifest.main)
    return describe_api(manifest, source, settings, Contracts(bundle, source))


def describe_api(manifest: Manifest, source: Source, settings: Any, contracts: Contracts | None = None) -> Description:
    """Describe what a manifest declares.

    Args:
        manifest: of the bundle.
        source: its index.py.
        settings: what the factory file holds, or NOTHING.
        contracts: of the bundle; None for no look at its code.
    """
    declared: dict[tuple[str, ...], set[str]] = {}
    written: dict[tuple[str, ...], Resource] = {}
    left_out: list[tuple[str, str]] = []
    shapes: dict[tuple[str, ...], tuple[str, ...]] = {}
    for resource in manifest.resources:
        methods = {method.lower() for method in resource.methods} & set(METHODS)
        if resource.role != "model" or not methods:
            continue
        way = tuple(without_prefix(resource.path).strip("/").split("/"))
        if reason := _obstacle(way) or _same(shapes.setdefault(_shape(way), way), way):
            left_out.append((resource.path, reason))
            continue
        declared.setdefault(way, set()).update(methods)
        written.setdefault(way, resource)
    common = _common(declared)
    above_items = {_shape(way[:-1]) for way in declared if _is_parameter(way[-1])}
    places = []
    for way, methods in declared.items():
        example, ids = _example(settings, way[common:])
        path = written[way].path
        texts = {method: _text(source, method, path) for method in methods}
        known = {method: contracts.of(method, path) if contracts else NO_CONTRACT for method in methods}
        places.append(
            ExportedResource(
                segments=_segments(way, ids),
                operations=tuple(
                    Operation(method, texts[method], known[method]) for method in METHODS if method in methods
                ),
                example=example,
                collection=_shape(way) in above_items,
            )
        )
    return Description(manifest, tuple(places), tuple(left_out))


def item_of(example: Any) -> Any:
    """The first item of a collection, or NOTHING."""
    return next(iter(example.values()), NOTHING) if isinstance(example, dict) else NOTHING


def _obstacle(way: tuple[str, ...]) -> str:
    if any(ANY in segment or REST in segment for segment in way):
        return "it has a wildcard"
    if any("{" in segment or "}" in segment for segment in way):
        return "it has braces, which mean a parameter there"
    names = [segment for segment in way if _is_parameter(segment)]
    if len(set(names)) < len(names):
        return "it has a parameter twice"
    return "" if all(way) else "it has an empty part"


def _same(first: tuple[str, ...], way: tuple[str, ...]) -> str:
    return "" if first == way else f"it is the same as /{'/'.join(first)}"


def _is_parameter(segment: str) -> bool:
    return _PARAMETER.fullmatch(segment) is not None


def _shape(way: tuple[str, ...]) -> tuple[str, ...]:
    """A way with all parameters alike."""
    return tuple(":" if _is_parameter(segment) else segment for segment in way)


def _common(ways: Iterable[tuple[str, ...]]) -> int:
    """How many literal segments all ways begin with; the settings of a generated bundle leave them out."""
    columns = zip(*ways, strict=False)
    return len(list(takewhile(lambda column: len(set(column)) == 1 and not _is_parameter(column[0]), columns)))


def _example(settings: Any, way: tuple[str, ...]) -> tuple[Any, list[str]]:
    """The value at the end of a way, and the ids on it that the settings have."""
    found, ids = settings, []
    for segment in way:
        members = found if isinstance(found, dict) else {}
        key = next(iter(members), _SAMPLE_ID) if _is_parameter(segment) else segment
        if _is_parameter(segment):
            ids.append(key)
        found = members.get(key, NOTHING)
    return found, ids


def _segments(way: tuple[str, ...], ids: list[str]) -> tuple[str | Parameter, ...]:
    examples = iter(ids)
    return tuple(Parameter(segment[1:], next(examples)) if _is_parameter(segment) else segment for segment in way)


def _text(source: Source, method: str, resource: str) -> str:
    return next((route.docstring for route in handlers(source, method, resource) if route.docstring), "")
