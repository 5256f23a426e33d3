"""Who takes part: models that answer, views that are told. And which resource is whose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_NAME = 31  # bytes of a name that count
_LONGEST_TTL = 2**31 - 1  # seconds


@dataclass(frozen=True, slots=True)
class Component:
    """A component as it registered.

    Attributes:
        name: the first 31 bytes of the one that it gave.
        ttl: seconds within which a model answers, as it gave them.
        resources: patterns with MQTT wildcards.
        tunnel: the topic that reaches it.
        hook: the names of those whose changes it is told of.
    """

    name: str
    description: str
    role: str
    ttl: float
    resources: tuple[str, ...]
    tunnel: str
    hook: tuple[str, ...] = ()

    @property
    def ticks(self) -> int:
        """Seconds that it gets to answer, whole ones: at least one, whatever its ttl."""
        return min(max(int(self.ttl), 1), _LONGEST_TTL)

    def serves(self, resource: str) -> bool:
        """Whether one of its patterns matches a resource, query string and all."""
        path = path_of(resource)
        return any(matches(pattern, path) for pattern in self.resources)


class WrongContext(Exception):
    """A registration that lacks something; its text is what the controller answers as `log`."""


class NoResources(Exception):
    """A registration whose resources are neither a list nor a text, which is a fault within the original."""


def read_component(data: dict[str, Any], name: str, tunnel: str) -> Component:
    """The component that a registration's `data` describes.

    Args:
        data: of the message, of any shape within.
        name: under which it registers; `data` may have another one.
        tunnel: the topic that reaches the component alone.

    Raises:
        WrongContext: a field is missing, empty or of another type than it must be; it tells of the first one.
        NoResources: see there.
    """
    description = _text(data, "description")
    role = _text(data, "role")
    hook = _texts(data.get("hook"), "hook") or ()
    ttl = data.get("ttl")
    if isinstance(ttl, bool) or not isinstance(ttl, int | float):
        raise WrongContext("need 'ttl'")
    if "resources" not in data:
        raise WrongContext("Need 'resources'")
    resources = _texts(data["resources"], "resources")
    if resources is None:
        raise NoResources
    if not resources:
        raise WrongContext("empty 'resources'")
    return Component(name, description, role, ttl, resources, tunnel, tuple(cut_name(one) for one in hook))


def cut_name(name: str) -> str:
    """What counts of a name: two that differ only after that are the same."""
    return name.encode(errors="replace")[:_NAME].decode(errors="replace")


def path_of(resource: str) -> str:
    """A resource without its query string: what stands after its last question mark, not after its first one."""
    return resource.rpartition("?")[0] if "?" in resource else resource


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern matches a path, as the original does it, which differs from MQTT.

    Both wildcards stand for at least one character, and stand anywhere: `+` for the rest of a level, `#` for all of the
    rest.
    """
    return pattern == path or _compiled(pattern).match(path) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    before, has_rest, _ = pattern.partition("#")
    levels = "[^/]++".join(map(re.escape, before.split("+")))
    return re.compile(levels + (".+" if has_rest else "") + r"\Z", re.DOTALL)


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if not value or not isinstance(value, str):
        raise WrongContext(f"need '{key}'")
    return value


def _texts(value: Any, key: str) -> tuple[str, ...] | None:
    """A list of texts, or a single one; None for what is something else."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return None
    if not all(isinstance(one, str) and one for one in value):
        raise WrongContext(f"empty '{key}'")
    return tuple(value)
