"""Whether a bundle runs on a gateway, and who answers for its resources; nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bundlekit.remote.neighbours import by_hand_in_words
from bundlekit.remote.session import Session


@dataclass(frozen=True)
class Seen:
    """A bundle as it runs on a gateway.

    Attributes:
        release: that runs; empty where bundlekit has deployed none.
        version: that runs; None where nothing does.
        trouble: why it does not run, or is not sure to be the one that answers; empty if all is well.
        signs: who has answered, by the resource that was asked for; those are left out of which nobody was seen.
        notes: what the gateway has to say besides.
        starts: how often it was started since the boot or the deploy; 0 where that is not known.
    """

    release: str = ""
    version: str | None = None
    trouble: str = ""
    signs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    starts: int = 0


def see(session: Session, bundle: str, resources: Sequence[str]) -> Seen:
    """Look whether a bundle runs, and who answers for resources.

    Args:
        session: on the gateway.
        bundle: its name.
        resources: such as `/thermostat/7`; the gateway asks itself for each, by GET.
    """
    gateway = session.probe(bundle)
    state = gateway.bundle(bundle)
    copies = [one for one in gateway.neighbours if one.pid and one.name == bundle]
    release, version, trouble = state.current, state.version or None, ""
    if copies and not state.running:
        release, version = "", copies[0].version
    elif not state.current:
        version, trouble = None, "it is not deployed there"
    elif not state.running:
        how = "it is stopped" if state.crashed is None else f"it ended with status {state.crashed}, again and again"
        version, trouble = None, how
    elif not state.running.registered:
        trouble = "it has not registered with the controller"
    elif copies:
        trouble = f"a copy of it runs by hand: {by_hand_in_words(copies[0])}"
    events = session.ask("answers", bundle, *resources) if resources else []
    signs = {event.field(0): event.fields[1:] for event in events if event.word == "signed"}
    if version is None and any(bundle in names for names in signs.values()):
        version, trouble = "", ""  # it runs, in a way that nobody knows here
    notes = tuple(event.field(0) for event in events if event.word == "note")
    starts = state.running.starts if state.running else 0
    return Seen(release, version, trouble, signs, (*gateway.notes, *notes), starts)
