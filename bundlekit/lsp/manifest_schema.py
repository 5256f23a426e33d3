"""What the schema of bundle.json says of a value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from bundlekit import shipped


@cache
def _schema() -> Any:
    return json.loads(shipped.manifest_schema().read_text(encoding="utf-8"))


def schema_at(path: Sequence[str | int]) -> dict[str, Any]:
    """The part of the schema for the value at the end of some keys and indexes; empty where it says nothing."""
    node = _schema()
    for step in path:
        # The items of methods are under a condition: the field may be a string too.
        inner = node.get("then", {}) if isinstance(step, int) and "items" not in node else node
        node = inner.get("items", {}) if isinstance(step, int) else node.get("properties", {}).get(step, {})
    return dict(node)


def described(node: dict[str, Any]) -> str:
    """What the schema says of a value, in Markdown."""
    return str(node.get("markdownDescription") or node.get("description") or "")


def choices(node: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    """The values that the schema names for a place, each with what it says of it."""
    if "const" in node:
        yield node["const"], described(node)
    elif "enum" in node:
        notes = node.get("enumDescriptions", [""] * len(node["enum"]))
        yield from zip(node["enum"], notes, strict=True)
    else:
        seen = []
        for value in [*([node["default"]] if "default" in node else []), *node.get("examples", [])]:
            if value not in seen:
                seen.append(value)
                yield value, ""
