"""What the record of a rollout tells: pure, but for reading the file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bundlekit.errors import Unreadable
from bundlekit.fleet.states import FAILED, GOOD, Memory, State
from bundlekit.quoting import quoted

FORMAT = 2  # of a record; a newer bundlekit may write what this one would misread. 1 is of one bundle
BY_ANSIBLE = "by Ansible"
"""The status of a record that plays of Ansible have written: nobody notes when they are done."""

_MOST_BYTES = 1_000_000_000  # of a record; a line is some 300


@dataclass(frozen=True)
class Part:
    """One bundle of a rollout on a gateway.

    Attributes:
        state: `UP`, `UNCHANGED` or `REVERTED`; of one that is not there yet, what is known of it.
        release: that runs.
        replaced: the release before; empty for none.
        starts: how often the bundle had been started when it was up.
    """

    state: State
    release: str = ""
    replaced: str = ""
    starts: int = 1


@dataclass(frozen=True)
class Known:
    """What a record tells of a gateway.

    Attributes:
        name: of the inventory.
        target: where it is.
        state: the last that was noted.
        wave: in which it was begun; 0 for none.
        in_doubt: whether it was begun and nothing was noted since.
        ordered: whether an order may have reached it of which the end is not known.
        checked: whether it was found well after the soak.
        time: of the last line about it, in seconds since 1970.
        bundles: of the rollout, in order.
        bundle: the one that was deployed last, or that failed.
        parts: the bundles that are up there, or were reverted, by their names.
        release: that it got or should get, of this bundle, and
        replaced: the release before; empty for none.
        last: the last change of the bundle there before this one, as in its history; empty for none.
        who: gave the order.
        starts: how often the bundle had been started when it was up.
        error: what failed: `kind`, `what`, `kept`, `hint`, `details`; empty where nothing did.
        seconds: from the begin to the end of the work.
        deploys: how often the order was given.
    """

    name: str
    target: str
    state: State = State.PENDING
    wave: int = 0
    in_doubt: bool = False
    ordered: bool = False
    checked: bool = False
    time: float = 0.0
    bundles: tuple[str, ...] = ("",)
    bundle: str = ""
    parts: Mapping[str, Part] = field(default_factory=dict)
    release: str = ""
    replaced: str = ""
    last: Mapping[str, Any] = field(default_factory=dict)
    who: str = ""
    starts: int = 0
    error: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    deploys: int = 0

    def memory(self, now: float) -> Memory:
        """What a scheduler has to know, at a time in seconds since 1970. A clock that was set back does no harm."""
        age = max(0.0, now - self.time)
        return Memory(self.state, self.wave, self.in_doubt, self.ordered, self.checked, age, self.is_partial)

    @property
    def is_partial(self) -> bool:
        """Whether some of several bundles are up, and the others are not (yet)."""
        unfinished = (State.PENDING, State.OFFLINE, State.ROLLED_BACK, State.REFUSED)
        return self.state in unfinished and any(part.state is State.UP for part in self.parts.values())

    def part(self, bundle: str) -> Part:
        """What is known of a bundle there."""
        if len(self.bundles) == 1 or (bundle == self.bundle and self.state in FAILED | {State.HANDED_OVER}):
            return Part(self.state, self.release, self.replaced)
        return self.parts.get(bundle, Part(State.PENDING))


@dataclass(frozen=True)
class Story:
    """What a record tells.

    Attributes:
        id: of the rollout.
        head: the line that it begins with: `bundle`, `version`, `identity`, `digest`, `options`, `by`. A rollout of
            several bundles has a list of those in `bundles` instead.
        gateways: in the order of the inventory.
        status: `running`, `paused`, `aborted`, `done` or `BY_ANSIBLE`; `running` also where the controller was killed.
        reason: why it is not running.
        began: when, in seconds since 1970.
        changed: when the last line was written.
    """

    id: str
    head: Mapping[str, Any]
    gateways: tuple[Known, ...]
    status: str
    reason: str
    began: float
    changed: float

    @property
    def bundles(self) -> tuple[Mapping[str, Any], ...]:
        """The bundles in order, each with its `bundle`, `version`, `identity` and `digest`."""
        return _bundles_of(self.head)

    @property
    def what(self) -> str:
        """The bundles with their versions, for people."""
        return ", ".join(f"{one.get('bundle')} {one.get('version')}" for one in self.bundles)

    def count(self, *states: State) -> int:
        """How many gateways are in one of these states."""
        return sum(known.state in states for known in self.gateways)


def read_record(path: Path) -> Story:
    """What a record tells. A last line of which only a part is there does not count; nor does what makes no sense.

    Raises:
        Unreadable: there is no such record, or it is none.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise Unreadable(f"{path} is too large for the record of a rollout")
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(
            f"cannot read the record {path}: {error.strerror}", hint="`bundlekit rollout list` shows all rollouts"
        ) from error
    lines = data.split(b"\n")[:-1]
    return story_of((_parsed(line) for line in lines), str(path))


def story_of(events: Iterable[Mapping[str, Any]], name: str) -> Story:
    """What the lines of a record tell; see `read_record`.

    Raises:
        Unreadable: the lines are of no rollout, or of a newer version of bundlekit.
    """
    head: Mapping[str, Any] = {}
    known: dict[str, Known] = {}
    status, reason, changed = "running", "", 0.0
    bundles: tuple[str, ...] = ("",)
    for event in events:
        what, at = event.get("event"), event.get("time")
        if not head:
            if what != "rollout" or not isinstance(event.get("gateways"), list):
                raise Unreadable(f"{quoted(name)} is not a record of a rollout")
            if event.get("format", 0) > FORMAT:
                raise Unreadable(f"{quoted(name)} was written by a newer bundlekit", hint="update bundlekit")
            head = event
            status = BY_ANSIBLE if event.get("ansible") else status
            bundles = tuple(str(one.get("bundle", "")) for one in _bundles_of(head))
            for gateway in event["gateways"]:
                one = Known(str(gateway["name"]), str(gateway["target"]), bundles=bundles, bundle=bundles[0])
                known[one.name] = one
        changed = at if isinstance(at, (int, float)) else changed
        if what == "status":
            status, reason = str(event.get("status")), str(event.get("reason", ""))
        elif gateway_name := str(event.get("gateway", "")):
            if "target" in event:  # Ansible does not know from the start which gateways there will be
                new = Known(gateway_name, str(event["target"]), bundles=bundles, bundle=bundles[0])
                known.setdefault(gateway_name, new)
            if gateway_name in known:
                known[gateway_name] = after(known[gateway_name], event, changed)
    if not head:
        raise Unreadable(f"{quoted(name)} is not a record of a rollout")
    return Story(str(head["id"]), head, tuple(known.values()), status, reason, float(head["time"]), changed)


def after(known: Known, event: Mapping[str, Any], at: float) -> Known:
    """What is known of a gateway once a line about it was added, at a time in seconds since 1970.

    Args:
        known: before it.
        event: the line.
        at: seconds since 1970.
    """
    match event.get("event"):
        case "begin":
            wave = known.wave if known.ordered else int(event["wave"])
            return replace(known, wave=wave, in_doubt=True, time=at)
        case "order":
            return replace(
                known,
                ordered=True,
                bundle=str(event.get("bundle", known.bundle)),
                deploys=known.deploys + 1,
                time=at,
                release=str(event.get("release", "")),
                replaced=str(event.get("replaced", "")),
                last=event.get("last") or {},
                who=str(event.get("who", "")),
            )
        case "part":
            return _with_part(known, event, at)
        case "state":
            state = State(event["state"])
            bundle = str(event.get("bundle", known.bundle))
            parts = dict(known.parts)
            # What is known of another bundle than the last one, perhaps nothing.
            before = known if bundle == known.bundle else parts.get(bundle, Part(State.PENDING))
            if state in GOOD and not parts:
                release, replaced = event.get("release", known.release), event.get("replaced", known.replaced)
                parts = {known.bundle: Part(state, str(release), str(replaced), int(event.get("starts", 1)))}
            return replace(
                known,
                state=state,
                bundle=bundle,
                parts=parts,
                in_doubt=False,
                ordered=known.ordered and state is not State.PENDING,
                checked=bool(event.get("checked", False)),
                time=at,
                starts=int(event.get("starts", known.starts)),
                release=str(event.get("release", before.release)),
                replaced=str(event.get("replaced", before.replaced)),
                error=event.get("error") or {},
                seconds=float(event.get("seconds", 0.0)),
            )
        case "retry":
            kept = {bundle: part for bundle, part in known.parts.items() if part.state in GOOD}
            kept.pop(known.bundle, None)
            fresh = Known(known.name, known.target, bundles=known.bundles, bundle=known.bundles[0])
            return replace(fresh, parts=kept, deploys=known.deploys)
    return known


def _with_part(known: Known, event: Mapping[str, Any], at: float) -> Known:
    part = Part(
        State(event["state"]),
        str(event.get("release", "")),
        str(event.get("replaced", "")),
        int(event.get("starts", 1)),
    )
    parts = {**known.parts, str(event["bundle"]): part}
    if part.state is State.REVERTED:
        return replace(known, parts=parts, time=at)
    # The order of this bundle has ended, and those of the next ones are not given: whoever goes on gives them.
    return replace(known, parts=parts, ordered=False, in_doubt=True, time=at)


def _bundles_of(head: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    several = head.get("bundles")
    return tuple(several) if several else (head,)


def _parsed(line: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def merged(stories: Sequence[Story]) -> tuple[Known, ...]:
    """The gateways of several records, each once: as the record tells that was written to last about it."""
    found: dict[str, Known] = {}
    for story in stories:
        for known in story.gateways:
            other = found.get(known.name)
            if other is None or known.time > other.time:
                found[known.name] = known
    return tuple(found.values())
