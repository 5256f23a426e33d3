"""The fields of bundle.json, and what is none of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from bundlekit.bundle.document import pointer_to
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.naming import alike
from bundlekit.lint.facts.structure import MOST
from bundlekit.shipped import manifest_schema

_MOST_COMPARED = 50  # unknown fields; each is compared with all known ones
_SYNONYMS = {"path": "resource", "url": "resource", "endpoint": "resource", "verbs": "methods"}
_NOT_IN_THE_GUIDE = ("concurrent",)
_LEFT_ALONE = ("_", "$", "//", "#", "x-")


def field_of(inspection: Inspection, name: str) -> Any:
    """The value of a field at the top of bundle.json, or None."""
    manifest = inspection.manifest.value
    return manifest.get(name) if isinstance(manifest, dict) else None


def field_order() -> tuple[str, ...]:
    """The fields of bundle.json as they follow each other in the sample of the vendor's guide."""
    return tuple(name for name in _known()[0] if name not in _NOT_IN_THE_GUIDE)


def missing_fields(inspection: Inspection, names: Iterable[str]) -> dict[str, Any]:
    """Those of some fields at the top of bundle.json that are not there, each with the default of the schema.

    Nothing while there is no object; and none that another field there is a slip of.
    """
    manifest = inspection.manifest.value
    if not isinstance(manifest, dict):
        return {}
    missing = [name for name in names if name not in manifest]
    meant = {one.meant for one in unknown_fields(manifest) if not one.around} if missing else set()
    return {name: _described()[name]["default"] for name in missing if name not in meant}


@dataclass(frozen=True, slots=True)
class UnknownField:
    """A field that nobody reads.

    Attributes:
        name: its key.
        pointer: its JSON pointer.
        around: that of the object that it stands in.
        meant: the field that it is a slip of, where one is close and not there.
    """

    name: str
    pointer: str
    around: str
    meant: str | None


def unknown_fields(manifest: Any) -> Iterator[UnknownField]:
    """The fields of a manifest that are not described by the schema, no more of them than anybody reads."""
    if isinstance(manifest, dict):
        yield from (
            UnknownField(name, pointer_to([*way, name]), pointer_to(way), _meant(name, there, known, number))
            for number, (way, name, there, known) in enumerate(islice(_unknown(manifest), MOST))
        )


def _unknown(manifest: dict[str, Any]) -> Iterator[tuple[list[object], str, dict[str, Any], tuple[str, ...]]]:
    top, resource = _known()
    yield from (([], name, manifest, top) for name in manifest if _is_unknown(name, top))
    resources = manifest.get("resources")
    for index, item in enumerate(resources if isinstance(resources, list) else []):
        if isinstance(item, dict):
            yield from ((["resources", index], name, item, resource) for name in item if _is_unknown(name, resource))


def _is_unknown(name: str, known: tuple[str, ...]) -> bool:
    return name not in known and not name.startswith(_LEFT_ALONE)


def _meant(name: str, there: dict[str, Any], known: tuple[str, ...], number: int) -> str | None:
    """Comparing takes time, so that only the first of very many are compared."""
    if number >= _MOST_COMPARED:
        return None
    lower = name.strip().lower()
    missing = [field for field in known if field not in there]
    word = _SYNONYMS.get(lower, lower)
    return word if word in missing else alike(lower, missing)


@cache
def _known() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields of the manifest, and those of a resource."""
    fields = _described()
    return tuple(fields), tuple(fields["resources"]["items"]["properties"])


@cache
def _described() -> dict[str, Any]:
    """What the schema says of each field of the manifest."""
    fields: dict[str, Any] = json.loads(manifest_schema().read_text(encoding="utf-8"))["properties"]
    return fields
