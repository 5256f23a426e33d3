"""How messages call a value of the manifest."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from bundlekit.quoting import quoted

if TYPE_CHECKING:
    from bundlekit.lint.facts.inspection import Inspection

_MOST_COMPARED = 100  # words; difflib is slow
_LONGEST_COMPARED = 100  # characters; the time grows with their square


def called(inspection: Inspection, pointer: str) -> str:
    """A field by its key, with the resource that it belongs to: `ttl`, `methods of "/thermostat"`."""
    from bundlekit.bundle.document import parts_of

    parts = parts_of(pointer)
    if not parts:
        return inspection.manifest.path
    if parts[0] != "resources" or len(parts) == 1:
        return parts[0]
    return f"{parts[2]} of {resource_called(inspection, pointer)}" if parts[2:] else f"resource {int(parts[1]) + 1}"


def resource_called(inspection: Inspection, pointer: str) -> str:
    """The resource that a pointer leads to or into, by its path, or by its number where it has none."""
    from bundlekit.bundle.document import parts_of

    index = int(parts_of(pointer)[1])
    item: Any = inspection.manifest.value["resources"][index]
    path = item.get("resource") if isinstance(item, dict) else None
    return quoted(path) if isinstance(path, str) and path else f"resource {index + 1}"


def alike(word: str, others: Iterable[str]) -> str | None:
    """The one of the others that this may be a slip of; long and many ones are not looked at, for it takes time."""
    from difflib import get_close_matches

    short = [other for other in islice(others, _MOST_COMPARED) if len(other) <= _LONGEST_COMPARED]
    close = get_close_matches(word, short, n=1, cutoff=0.8) if len(word) <= _LONGEST_COMPARED else []
    return close[0] if close else None


def listed(words: tuple[str, ...], last: str = "or") -> str:
    """`a, b or c`."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1])))
