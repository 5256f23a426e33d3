"""Who is registered, and the two models of the controller's own that tell and change it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bundlekit.emulator.components import Component, NoResources, WrongContext, cut_name, read_component
from bundlekit.emulator.messages import Message

REGISTRATION = "/controller/registration"
DEPENDENCY = "/controller/resource/dependency"

MODEL, VIEW = "model", "view"
Answered = tuple[int, Any]
"""Code and data; None for no data."""

_TTL = 10  # seconds, for the answers of what the gateway has by itself
_NOT_ALLOWED = {"message": "method not allowed"}
_REGISTERED_ALREADY = {"message": "component had beed already registered"}
_NO_QUERY = {"message": "query forbidden", "log": "only allow with query string '?resource=[identifier]'"}


def _own(name: str, resource: str) -> Component:
    return Component(name, f"This is {name} model.", MODEL, _TTL, (resource, f"{resource}/+"), resource)


class Registry:
    """Answers for registration and dependency.

    Args:
        new_tunnel: makes one up.
        locked: the names of those that no change may touch now.
    """

    def __init__(self, new_tunnel: Callable[[], str], locked: Callable[[], Collection[str]]) -> None:
        self._new_tunnel = new_tunnel
        self._locked = locked
        self._own = {one.name: one for one in (_own("registration", REGISTRATION), _own("dependency", DEPENDENCY))}
        self._components: dict[str, Component] = {}

    @property
    def components(self) -> Mapping[str, Component]:
        """Everybody who is registered, by name."""
        return MappingProxyType(self._components)

    def get(self, name: str) -> Component | None:
        return self._components.get(name) or self._own.get(name)

    def serving(self, resource: str) -> list[Component]:
        """Those with a pattern that matches, whatever their role."""
        return [one for one in self._everybody() if one.serves(resource)]

    def chain(self, models: Sequence[Component]) -> Iterator[list[Component]]:
        """The models that are asked of a change, those who hook them, and so on; each component once."""
        seen: set[str] = set()
        step = list(models)
        while step:
            yield step
            seen |= {one.name for one in step}
            hooked = {one.name for one in step if one.role == MODEL}
            step = [one for one in self._everybody() if hooked & set(one.hook) and one.name not in seen]

    def is_own(self, component: Component) -> bool:
        return component.name in self._own

    def ask(self, component: Component, request: Message) -> Answered:
        """What one of the controller's own models answers."""
        asked = self._registration if component.tunnel == REGISTRATION else self._dependency
        return asked(request["method"].lower(), request["resource"], request.get("data"))

    def _everybody(self) -> Iterator[Component]:
        yield from self._own.values()
        yield from self._components.values()

    def _registration(self, method: str, resource: str, data: Any) -> Answered:
        if method not in ("post", "delete"):
            return 405, _NOT_ALLOWED
        given = data if isinstance(data, dict) else {}
        if method == "post" and not isinstance(data, dict):
            return _wrong("Need 'data'")
        if resource == REGISTRATION:
            name = given.get("name")
        elif resource.startswith(f"{REGISTRATION}/"):
            name = resource.removeprefix(f"{REGISTRATION}/")
        else:
            return _wrong("'resource' didn't match")
        if not name or not isinstance(name, str):
            return _wrong("no 'name'")
        return self._add(cut_name(name), given) if method == "post" else self._remove(cut_name(name))

    def _add(self, name: str, data: dict[str, Any]) -> Answered:
        try:
            newcomer = read_component(data, name, self._free_tunnel())
        except WrongContext as error:
            return _wrong(str(error))
        except NoResources:
            return 500, {"message": "internal server error"}
        if self._locked_patterns() & set(newcomer.resources):
            return 423, {"message": "the resource is locked"}
        if self.get(name):
            return 403, _REGISTERED_ALREADY
        self._components[name] = newcomer
        return 200, {"tunnel": newcomer.tunnel}

    def _remove(self, name: str) -> Answered:
        if one := self.get(name):
            if name in self._locked() or self._locked_patterns() & set(one.resources):
                return 423, {"message": "resoures is locked"}
            self._components.pop(name, None)
        return 200, None

    def _dependency(self, method: str, resource: str, _data: Any) -> Answered:
        if method != "get":
            return 405, _NOT_ALLOWED
        if resource == DEPENDENCY:
            return 405, {**_NOT_ALLOWED, "log": "not support read capability"}
        if not (wanted := resource.removeprefix(f"{DEPENDENCY}?resource=")) or wanted == resource:
            return 403, _NO_QUERY
        if not (found := self.serving(wanted)):
            return 404, {"message": "resource had not been registered"}
        steps = self.chain(found)
        resources = [one for step in steps for model in step if model.role == MODEL for one in model.resources]
        return 200, {"resources": list(dict.fromkeys(resources))}

    def _locked_patterns(self) -> set[str]:
        locked = [one for name in self._locked() if (one := self.get(name))]
        return {pattern for one in locked for pattern in one.resources}

    def _free_tunnel(self) -> str:
        taken = {one.tunnel for one in self._components.values()}
        while (tunnel := self._new_tunnel()) in taken:
            pass
        return tunnel


def _wrong(log: str) -> Answered:
    return 400, {"message": "wrong register context", "log": log}
