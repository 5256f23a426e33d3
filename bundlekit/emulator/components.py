"""Who takes part: models that answer, views that are told. And which resource is whose."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Component:
    """A component as it registered.

    Attributes:
        ttl: seconds within which a model answers.
        resources: patterns with MQTT wildcards.
        tunnel: the topic that reaches it.
        hook: kept as it came; nothing is done with it.
    """

    name: str
    description: str
    role: str
    ttl: float
    resources: tuple[str, ...]
    tunnel: str
    hook: Any = None

    def serves(self, resource: str) -> bool:
        """Whether one of its patterns matches a resource, query string and all."""
        path = resource.partition("?")[0]
        return any(matches(pattern, path) for pattern in self.resources)


class WrongContext(Exception):
    """A registration that lacks something; its text is what the controller answers as `log`."""


def read_component(data: Any, tunnel: str) -> Component:
    """The component that a registration's `data` describes.

    Raises:
        WrongContext: a field is missing, empty or of another type than it must be.
    """
    given = data if isinstance(data, dict) else {}
    name = _text(given, "name", "no 'name'")
    description = _text(given, "description", "need 'description'")
    role = _text(given, "role", "need 'role'")
    ttl = _seconds(given.get("ttl"))
    if not ttl:
        raise WrongContext("need 'ttl'")
    resources = given.get("resources")
    if not isinstance(resources, list) or not resources or not all(isinstance(one, str) for one in resources):
        raise WrongContext("Need 'resources'")
    return Component(
        name=name,
        description=description,
        role=role,
        ttl=ttl,
        resources=tuple(resources),
        tunnel=tunnel,
        hook=given.get("hook"),
    )


def matches(pattern: str, path: str) -> bool:
    """Whether an MQTT pattern matches a path.

    As observed, `+` stands for something: `/alpha/` does not match `/alpha/+`.
    """
    levels, wanted = path.split("/"), pattern.split("/")
    if wanted[-1] == "#":
        wanted = wanted[:-1]
        levels = levels[: len(wanted)]
    return len(levels) == len(wanted) and all(
        bool(level) if want == "+" else level == want for want, level in zip(wanted, levels, strict=True)
    )


def _text(given: dict[str, Any], key: str, missing: str) -> str:
    value = given.get(key)
    if not value or not isinstance(value, str):
        raise WrongContext(missing)
    return value


def _seconds(ttl: Any) -> float:
    """A ttl as a number, 0 where it is none."""
    try:
        seconds = float(ttl)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0
