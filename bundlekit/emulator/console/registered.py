"""Who is registered, since when, and what was last heard of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bundlekit.emulator.components import Component
from bundlekit.emulator.messages import Message

_LONGEST = 500  # characters of what a component says of itself


@dataclass(frozen=True, slots=True)
class DeclaredResource:
    """A resource as bundle.json declares it: a registration tells neither methods nor the names of parameters.

    Attributes:
        resource: with the names of its parameters.
        methods: in upper case.
        bodies: the JSON Schemas of what may be sent, by method.
    """

    resource: str
    methods: tuple[str, ...]
    bodies: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Registered:
    """A component that is registered. Times are seconds since the epoch, None where it never happened.

    Attributes:
        version: what bundle.json says, if it came with the registration.
        heard: a message of it that was known to be its own.
        answered: an answer of it,
        took: seconds after the question.
        silent: it let a request's ttl pass.
    """

    component: Component
    since: float
    version: str = ""
    heard: float | None = None
    answered: float | None = None
    took: float | None = None
    silent: float | None = None


class Registrations:
    """Follows the controller's components.

    Attributes:
        version: rises with every change.
        declared: what is known of the bundles' bundle.json, by name.
        own: the names of components that belong to the gateway.
    """

    def __init__(self, components: Mapping[str, Component]) -> None:
        self.version = 0
        self.declared: dict[str, tuple[DeclaredResource, ...]] = {}
        self.own: set[str] = set()
        self._components = components
        self._registered: dict[str, Registered] = {}
        self._names: dict[str, str] = {}

    @property
    def registered(self) -> Sequence[Registered]:
        return list(self._registered.values())

    def declare(
        self, manifest: Any, bodies: Mapping[str, Mapping[str, Any]] | None = None, *, own: bool = False
    ) -> None:
        """Learn the methods and parameters of a bundle from its bundle.json, whatever shape that is in.

        Args:
            manifest: what bundle.json says.
            bodies: the JSON Schemas of what may be sent, by resource and method; None where they are not known.
            own: it belongs to the gateway.
        """
        if not isinstance(manifest, dict):
            return
        resources = manifest.get("resources")
        declared = [_declared(one, bodies or {}) for one in resources] if isinstance(resources, list) else []
        self.declared[str(manifest.get("name"))] = tuple(one for one in declared if one)
        if own:
            self.own.add(str(manifest.get("name")))
        self.version += 1

    def refresh(self, now: float, profile: Any) -> None:
        """Take over who is registered now, and what the last to register has said of itself."""
        before = self._registered
        self._registered = {
            name: before[name] if name in before and before[name].component is component else Registered(component, now)
            for name, component in self._components.items()
        }
        if isinstance(profile, dict) and isinstance(name := profile.get("name"), str) and name in self._registered:
            self._registered[name].version = short(profile.get("version") or "")
        self._names = {one.component.tunnel: name for name, one in self._registered.items()}
        self.version += 1

    def at(self, tunnel: str) -> str:
        """The component whose tunnel it is; empty where it is nobody's."""
        return self._names.get(tunnel, "")

    def asking(self, tunnel: str, message: Message) -> str:
        """Who sent a direct message; before registration it has a tunnel that nobody knows."""
        data = message.get("data")
        if not (name := self.at(tunnel)) and isinstance(data, dict) and isinstance(data.get("name"), str):
            name = data["name"]
        return short(name or tunnel)

    def signed(self, sign: Any) -> str:
        """Which component put its name to an answer last; empty where none that is registered has."""
        last = sign[-1] if sign and isinstance(sign, list) else None
        return last if isinstance(last, str) and last in self._registered else ""

    def ttl(self, name: str) -> float:
        one = self._registered.get(name)
        return one.component.ttl if one else 0

    def heard(self, name: str, now: float) -> None:
        if one := self._registered.get(name):
            one.heard = now
            self.version += 1

    def answered(self, name: str, now: float, took: float | None) -> None:
        """Note an answer that came `took` seconds after the question, None where that is not known.

        Args:
            name: of the component.
            now: seconds of the clock of the trace.
            took: seconds since the request; None where that is not known.
        """
        if one := self._registered.get(name):
            one.heard = one.answered = now
            one.took = took
            self.version += 1

    def timed_out(self, name: str, now: float) -> None:
        if one := self._registered.get(name):
            one.silent = now
            self.version += 1


def short(value: Any) -> str:
    """A value as text that is fit to show."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _declared(entry: Any, bodies: Mapping[str, Mapping[str, Any]]) -> DeclaredResource | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("resource"), str):
        return None
    methods = entry.get("methods", ())
    listed = [methods] if isinstance(methods, str) else methods
    if not isinstance(listed, list | tuple):
        return None
    shown = tuple(one.upper() for one in listed if isinstance(one, str))
    return DeclaredResource(short(entry["resource"]), shown, bodies.get(entry["resource"], {}))
