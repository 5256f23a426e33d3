"""A handler's resource, put into bundle.json."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from bundlekit.bundle.document import Document
from bundlekit.bundle.manifest import METHODS
from bundlekit.bundle.text import Span
from bundlekit.lint.edits import added
from bundlekit.lint.facts.fields import field_order
from bundlekit.lint.finding import Edit


def declaration_of(manifest: Document, resource: str, methods: Sequence[str]) -> tuple[Edit, ...]:
    """Edits that add a resource to bundle.json, written as the last one there is; none if it has no place for it.

    Args:
        manifest: bundle.json.
        resource: such as `/thermostat`.
        methods: that are handled.
    """
    value = manifest.value
    if not isinstance(value, dict):
        return ()
    entry: dict[str, object] = {
        "methods": [method for method in METHODS if method in methods] or list(methods),
        "resource": resource,
    }
    items = value.get("resources")
    if "resources" not in value:
        return added(manifest, {"resources": [entry]}, field_order())
    if not isinstance(items, list):
        return ()
    array = manifest.position("/resources")
    if not items:
        return (Edit(array.line, array.column, array.end_line, array.end_column, f"[{json.dumps(entry)}]"),)
    last = manifest.position(f"/resources/{len(items) - 1}")
    before = manifest.position(f"/resources/{len(items) - 2}") if len(items) > 1 else None
    start = (before.end_line, before.end_column) if before else (array.line, array.column + 1)
    gap = manifest.text.between(Span(*start, last.line, last.column))
    gap = gap if before else "," + (gap or " ")
    return (_insertion(last, gap + _written(manifest, last, entry)),)


def methods_added(manifest: Document, pointer: str, methods: Sequence[str]) -> tuple[Edit, ...]:
    """An edit that adds methods to a resource in bundle.json; none if it lists them in no way that can be extended.

    Args:
        manifest: bundle.json.
        pointer: to the resource.
        methods: that are handled and not declared.
    """
    item = manifest.value["resources"][int(pointer.rpartition("/")[2])]
    listed = item.get("methods")
    place = manifest.position(f"{pointer}/methods")
    if isinstance(listed, str):
        text = json.dumps([listed, *methods])
        return (Edit(place.line, place.column, place.end_line, place.end_column, text),)
    if not isinstance(listed, list) or not listed:
        return ()
    last = manifest.position(f"{pointer}/methods/{len(listed) - 1}")
    return (_insertion(last, "".join(f", {json.dumps(method)}" for method in methods)),)


def _written(manifest: Document, last: Span, entry: dict[str, object]) -> str:
    """An entry with its fields on lines of their own, if the last entry has them so."""
    if last.line == last.end_line:
        return json.dumps(entry)
    inner = manifest.text.line(last.line + 1)
    step = len(inner) - len(inner.lstrip())
    first = manifest.text.line(last.line)
    indent = first[: len(first) - len(first.lstrip())]
    fields = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in entry.items()]
    body = textwrap.indent(",\n".join(fields), inner[:step])
    return f"{{\n{body}\n{indent}}}"


def _insertion(behind: Span, text: str) -> Edit:
    return Edit(behind.end_line, behind.end_column, behind.end_line, behind.end_column, text)
