"""What has to be known of a bundle before it can be made."""

from __future__ import annotations

from dataclasses import dataclass

from bundlekit.bundle.manifest import Resource


@dataclass(frozen=True, slots=True)
class Answers:
    """Checked answers to everything that `bundlekit new` asks.

    Attributes:
        ttl: seconds within which the bundle always answers.
    """

    name: str
    description: str
    author: str
    email: str
    license: str
    version: str
    ttl: int
    resources: tuple[Resource, ...]


def declaration(resource: Resource) -> str:
    """A resource as a user writes it, and as the template takes it: `/thermostat:get,put`."""
    return f"{resource.path}:{','.join(resource.methods)}"
