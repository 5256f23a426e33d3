"""How messages call a value of the manifest."""

from __future__ import annotations

from typing import Any

from bundlekit.bundle.document import parts_of
from bundlekit.bundle.quoting import quoted
from bundlekit.lint.inspection import Inspection


def called(inspection: Inspection, pointer: str) -> str:
    """A field by its key, with the resource that it belongs to: `ttl`, `methods of "/thermostat"`."""
    parts = parts_of(pointer)
    if not parts:
        return inspection.manifest.path
    if parts[0] != "resources" or len(parts) == 1:
        return parts[0]
    return f"{parts[2]} of {resource_called(inspection, pointer)}" if parts[2:] else f"resource {int(parts[1]) + 1}"


def resource_called(inspection: Inspection, pointer: str) -> str:
    """The resource that a pointer leads to or into, by its path, or by its number where it has none."""
    index = int(parts_of(pointer)[1])
    item: Any = inspection.manifest.value["resources"][index]
    path = item.get("resource") if isinstance(item, dict) else None
    return quoted(path) if isinstance(path, str) and path else f"resource {index + 1}"


def listed(words: tuple[str, ...], last: str = "or") -> str:
    """`a, b or c`."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1])))
