"""When a request for a declared resource reaches a handler.

The SDK registers a resource with every `:param` replaced by `+`, the wildcard of MQTT for one segment; a `#` at the
end stands for any number of them. Its router compares handlers with the slashes at both ends left out, and a `:param`
there stands for one segment too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

ANY = "+"
REST = "#"


def registered(resource: str) -> str:
    """The pattern that the SDK registers for a declared resource."""
    return re.sub(r":\w+", ANY, resource, flags=re.ASCII)


def without_prefix(resource: str) -> str:
    """A resource without the `/api/v1` that the gateway adds by itself."""
    return re.sub(r"^/?api/v1(?:/|\Z)", "/", resource)


def meeting(first: str, second: str) -> str | None:
    """A request that two resources would both answer, such as `/rooms/all` for that and `/rooms/:id`, or None.

    Where both have a `:param` or a wildcard, that of the first stays in the answer.
    """
    ours, theirs = Pattern.of(first), Pattern.of(second)
    if not ours.meets(theirs):
        return None
    pairs = zip_longest(first.strip("/").split("/"), second.strip("/").split("/"), fillvalue="")
    return "/" + "/".join(next(filter(_is_literal, pair), pair[0] or pair[1]) for pair in pairs)


def _is_literal(segment: str) -> bool:
    return bool(segment) and segment != REST and ANY not in registered(segment)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A resource taken apart; `ANY` stands for any one segment, `REST` at the end for the rest."""

    segments: tuple[str, ...]

    @staticmethod
    @lru_cache(maxsize=64)  # of one bundle, one rule after the other
    def of(resource: str) -> Pattern:
        segments = registered(resource).strip(" \t\n\r/").split("/")
        return Pattern(tuple(ANY if ANY in segment else segment for segment in segments))

    def covers(self, declared: Pattern) -> bool:
        """Whether a handler's resource takes every request for a declared one, as far as a handler can."""
        if REST in declared.segments:
            return self.meets(declared)
        return len(self.segments) == len(declared.segments) and all(
            ours in (ANY, theirs) for ours, theirs in zip(self.segments, declared.segments, strict=True)
        )

    def meets(self, other: Pattern) -> bool:
        """Whether some request fits both resources."""
        for ours, theirs in zip(self.segments, other.segments, strict=False):
            if REST in (ours, theirs):
                return True
            if ANY not in (ours, theirs) and ours != theirs:
                return False
        shorter, longer = sorted((self.segments, other.segments), key=len)
        return len(shorter) == len(longer) or longer[len(shorter)] == REST
