"""When a request for a declared resource reaches a handler.

The SDK registers a resource with every `:param` replaced by `+`, the wildcard of MQTT for one segment; a `#` at the
end stands for any number of them. Its router compares handlers with the slashes at both ends left out, and a `:param`
there stands for one segment too.
"""

from __future__ import annotations

import re

ANY = "+"
REST = "#"


def registered(resource: str) -> str:
    """The pattern that the SDK registers for a declared resource."""
    return re.sub(r":\w+", ANY, resource, flags=re.ASCII)


def without_prefix(resource: str) -> str:
    """A resource without the `/api/v1` that the gateway adds by itself."""
    return re.sub(r"^/?api/v1(?:/|\Z)", "/", resource)


def covers(handler: str, declared: str) -> bool:
    """Whether a handler's resource takes every request for a declared one, as far as a handler can."""
    ours, theirs = _segments(handler), _segments(declared)
    if REST in theirs:
        return meets(handler, declared)
    return len(ours) == len(theirs) and all(one in (ANY, other) for one, other in zip(ours, theirs, strict=True))


def meets(first: str, second: str) -> bool:
    """Whether some request fits both resources."""
    ours, theirs = _segments(first), _segments(second)
    for one, other in zip(ours, theirs, strict=False):
        if REST in (one, other):
            return True
        if ANY not in (one, other) and one != other:
            return False
    return len(ours) == len(theirs) or REST in (*ours[len(theirs) :], *theirs[len(ours) :])


def _segments(resource: str) -> list[str]:
    segments = registered(resource).strip(" \t\n\r/").split("/")
    return [ANY if ANY in segment else segment for segment in segments]
