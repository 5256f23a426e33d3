"""When a request for a declared resource reaches a handler.

The SDK registers a resource with every `:param` replaced by `+`, the wildcard of MQTT for one segment; a `#` at the
end stands for any number of them. Its router compares handlers with the slashes at both ends left out, and a `:param`
there stands for one segment too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Generic, TypeVar

Item = TypeVar("Item")

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
    """A resource taken apart.

    Attributes:
        segments: `ANY` stands for any one, `REST` at the end for the rest.
        is_plain: whether there is none of these, so that it meets nothing but itself; nearly all resources are, and
            many pairs are compared.
    """

    segments: tuple[str, ...]
    is_plain: bool

    @staticmethod
    @lru_cache(maxsize=512)  # of one bundle, one rule after the other
    def of(resource: str) -> Pattern:
        parts = registered(resource).strip(" \t\n\r/").split("/")
        segments = tuple(ANY if ANY in segment else segment for segment in parts)
        return Pattern(segments, ANY not in segments and REST not in segments)

    def covers(self, declared: Pattern) -> bool:
        """Whether a handler's resource takes every request for a declared one, as far as a handler can."""
        if self.is_plain and declared.is_plain:
            return self.segments == declared.segments
        if REST in declared.segments:
            return self.meets(declared)
        return len(self.segments) == len(declared.segments) and all(
            ours in (ANY, theirs) for ours, theirs in zip(self.segments, declared.segments, strict=True)
        )

    def meets(self, other: Pattern) -> bool:
        """Whether some request fits both resources."""
        if self.is_plain and other.is_plain:
            return self.segments == other.segments
        for ours, theirs in zip(self.segments, other.segments, strict=False):
            if REST in (ours, theirs):
                return True
            if ANY not in (ours, theirs) and ours != theirs:
                return False
        shorter, longer = sorted((self.segments, other.segments), key=len)
        return len(shorter) == len(longer) or longer[len(shorter)] == REST


class PatternIndex(Generic[Item]):
    """Things with a resource each, found again without a look at all of them."""

    def __init__(self, items: Iterable[tuple[Pattern, Item]]) -> None:
        """`items`: each with its pattern."""
        self._items = list(items)
        self._plain: dict[tuple[str, ...], list[int]] = {}
        self._others: list[int] = []
        for at, (pattern, _) in enumerate(self._items):
            places = self._plain.setdefault(pattern.segments, []) if pattern.is_plain else self._others
            places.append(at)

    def meeting(self, pattern: Pattern) -> list[Item]:
        """Those whose resource meets a pattern, in their order."""
        return [item for other, item in self._near(pattern) if other.meets(pattern)]

    def covering(self, pattern: Pattern) -> list[Item]:
        """Those whose resource covers a pattern, in their order."""
        return [item for other, item in self._near(pattern) if other.covers(pattern)]

    def _near(self, pattern: Pattern) -> Iterable[tuple[Pattern, Item]]:
        if not pattern.is_plain:
            return self._items
        return (self._items[at] for at in sorted([*self._plain.get(pattern.segments, ()), *self._others]))
