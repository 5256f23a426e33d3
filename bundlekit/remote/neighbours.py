"""Other bundles on a gateway, and whether their resources meet those of a bundle that is to be there too: pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bundlekit.bundle.patterns import Pattern
from bundlekit.errors import Refused
from bundlekit.remote.events import Event, Neighbour

FORCE = "--force-resource"


@dataclass(frozen=True)
class Shared:
    """What a bundle shares with a neighbour.

    Attributes:
        resources: of the bundle that the neighbour answers too; none where it only has the same name.
        neighbour: the other bundle.
    """

    resources: tuple[str, ...]
    neighbour: Neighbour


def shared(name: str, resources: Sequence[str], neighbours: Iterable[Neighbour]) -> list[Shared]:
    """What a bundle shares with others, as the controller matches requests to resources.

    Args:
        name: of the bundle. What bundlekit has deployed under that name is no neighbour; a copy that runs by hand is.
        resources: that it answers.
        neighbours: all other bundles on the gateway.
    """
    found = []
    for neighbour in neighbours:
        if neighbour.name == name and not neighbour.pid:
            continue
        theirs = [Pattern.of(resource) for resource in neighbour.resources]
        both = tuple(one for one in resources if any(Pattern.of(one).meets(other) for other in theirs))
        if both or neighbour.name == name:
            found.append(Shared(both, neighbour))
    return found


def shared_in(event: Event) -> Shared:
    """What the gateway has found by itself: the event `fail` or `shared`."""
    both = tuple(one for one in event.field(1).split(", ") if one)
    return Shared(both, Neighbour(event.field(2), event.field(3), (), event.number(4), event.field(5)))


def refusal(name: str, found: Sequence[Shared]) -> Refused:
    """The error for a bundle that shares something with others.

    Args:
        name: of the bundle.
        found: at least one.
    """
    first = found[0].neighbour
    remedy = f"end it there first: sudo kill {first.pid}" if first.pid else "remove the resource from one of them"
    if first.name == name:
        remedy += ", or let `bundlekit adopt TARGET` take it over"
    if not first.pid:
        remedy += f", or `bundlekit remove TARGET --bundle {first.name}`"
    return Refused(
        in_words(name, found[0]),
        kept="nothing was stopped or changed",
        hint=f"{remedy}; {FORCE} overrides this",
        details=tuple(in_words(name, one) for one in found[1:]),
    )


def in_words(name: str, one: Shared) -> str:
    """What a bundle shares with a neighbour, for people."""
    if one.neighbour.name == name:
        return f"a copy of {name} runs there by hand: {by_hand_in_words(one.neighbour)}"
    how = f" (by hand: {by_hand_in_words(one.neighbour)})" if one.neighbour.pid else ""
    what = f"{one.neighbour.name} {one.neighbour.version}".rstrip()
    return f"{what} is on the gateway{how} and answers {', '.join(one.resources)} too; the answers would be merged"


def by_hand_in_words(neighbour: Neighbour) -> str:
    """Which process runs by hand, and where."""
    version = f", version {neighbour.version}" if neighbour.version else ""
    return f"process {neighbour.pid} in {neighbour.folder}{version}"
