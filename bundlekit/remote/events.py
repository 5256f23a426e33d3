"""What the gateway's script prints, as values. A line is a word and fields, with tabs between them.

All words are in `vocabulary`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from bundlekit.bundle.manifest import NAME
from bundlekit.quoting import for_terminal

PROTOCOL = "1"

_LONGEST_FIELD = 4096  # characters; the rest of it is left out
_LONGEST_NUMBER = 15  # digits; so that it is a point in time for every C library
_ID = re.compile(r"[A-Za-z0-9_+][A-Za-z0-9._+-]{0,254}")  # what the script takes for the name of a release's folder


@dataclass(frozen=True)
class Event:
    """One line of the script.

    Attributes:
        word: what happened.
        fields: to what; an index out of range reads as an empty string through `field`.
    """

    word: str
    fields: tuple[str, ...] = ()

    def field(self, index: int) -> str:
        return self.fields[index] if index < len(self.fields) else ""

    def number(self, index: int) -> int:
        """A field as a natural number; 0 if it is none."""
        text = self.field(index)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else 0


def parse_event(line: str) -> Event:
    word, *fields = (for_terminal(field[:_LONGEST_FIELD]) for field in line.split("\t"))
    return Event(word, tuple(fields))


@dataclass(frozen=True)
class Release:
    """A release that lies on the gateway.

    Attributes:
        id: version and start of the identity; its folder's name.
        identity: of its archive; of one that an earlier version deployed, the digest of the archive's file.
        time: when it was last deployed, seconds since 1970 by the gateway's clock.
        state: `good` once it has come up, `failed`, `new` when that was never decided, or `bad` if somebody said so.
        who: deployed it.
        reason: why it failed, as the script puts it; of a bad one, who said so.
        size: of its files, in bytes; 0 if it is not known.
        signer: who has signed it, as the gateway's list of signers says; empty where that was not checked.
    """

    id: str
    version: str
    identity: str
    time: int
    state: str
    who: str = ""
    reason: str = ""
    size: int = 0
    signer: str = ""


@dataclass(frozen=True)
class Lock:
    """Somebody's change: under way, or, when `alive` is false, broken off.

    Attributes:
        what: is done.
        who: does it, by what he says, and
        origin: as which user and from which address, by what the gateway sees.
        time: since when, seconds since 1970.
        phase: how far it is.
    """

    what: str
    who: str
    time: int
    alive: bool
    origin: str = ""
    phase: str = ""


@dataclass(frozen=True)
class HistoryEntry:
    """A change that has ended.

    Attributes:
        time: when it ended, seconds since 1970 by the gateway's clock, and
        began: when it began.
        bundle: whose; empty for a change of the signers.
        verb: `deploy`, `rollback`, `start` and so on; `signers add` or `signers remove`.
        release: that it was about, and
        replaced: the one before it.
        who: did it, by what he says.
        account: as which user of the gateway, and
        address: from where.
        outcome: `up`, `stopped`, `removed`, `marked`, `dropped`, `done`; `back`, `down` or `by-hand` when it was rolled
            back; `stuck` or `not-up` when nothing runs as it should; `refused` when it was not begun.
        reason: of an outcome that is none of the first six, as the script puts it.
        finished_by: who went on with it when it was broken off: `guard`, `boot`, `status` or `next`; else empty.
        signer: who has signed the release, as the gateway's list of signers says; of a change of that list, whom it
            was about, with the fingerprints of the keys.
    """

    time: int
    began: int
    bundle: str
    verb: str
    release: str
    replaced: str
    who: str
    account: str
    address: str
    outcome: str
    reason: str
    finished_by: str
    signer: str = ""


@dataclass(frozen=True)
class Running:
    """The process of a bundle: since when (seconds since 1970), how often it was started, whether it registered."""

    pid: int
    release: str
    since: int
    starts: int
    registered: bool


@dataclass(frozen=True)
class Mended:
    """Settings that were damaged when the bundle was to start, as a power cut leaves them, and were restored.

    Attributes:
        time: when they were restored, and
        of: when the copy of them was made; seconds since 1970 by the gateway's clock.
        files: their names, with spaces between them.
    """

    time: int
    of: int
    files: str


@dataclass(frozen=True)
class BundleState:
    """A bundle on the gateway; with no current release it is not deployed.

    Attributes:
        releases: the last deployed one first.
        held_by: the process that holds the lock where no change of bundlekit does, such as
            `process 12 of root: flock ...`.
        trail: the ids of the releases that were replaced one after the other, the one before the current one last.
        is_there: whether the gateway has anything of it.
    """

    name: str
    current: str = ""
    running: Running | None = None
    crashed: str | None = None
    at_boot: bool = False
    settings: bool = False
    mended: Mended | None = None
    lock: Lock | None = None
    held_by: str = ""
    releases: tuple[Release, ...] = ()
    last: HistoryEntry | None = None
    trail: tuple[str, ...] = ()
    is_there: bool = False

    @property
    def version(self) -> str:
        """Of the current release; empty where there is none."""
        current = self.release(self.current)
        return current.version if current else ""

    @property
    def is_well(self) -> bool:
        """Whether it does what it was last told to: run, or be stopped."""
        if self.lock and not self.lock.alive:
            return False
        return not self.at_boot or bool(self.running and self.running.registered)

    def release(self, id: str) -> Release | None:
        return next((release for release in self.releases if release.id == id), None)


@dataclass(frozen=True)
class Neighbour:
    """Another bundle on the gateway than the one that is asked about.

    Attributes:
        name: that its bundle.json says, and
        version: empty where it says none, and
        resources: that it answers.
        pid: of its process if it runs by hand; 0 if bundlekit has deployed it.
        folder: that it runs from by hand.
    """

    name: str
    version: str
    resources: tuple[str, ...] = ()
    pid: int = 0
    folder: str = ""


@dataclass(frozen=True)
class GatewayState:
    """What a probe found.

    Attributes:
        hostname: as the gateway calls itself.
        boot: `systemd` or `init`.
        python: the path of its Python 2.7, or of a newer one that has the SDK; None if there is none.
        sdk: whether that Python has the sanji SDK.
        free: room on the disk that holds /opt, in bytes.
        missing: tools that the script needs and does not find.
        bundles: those asked for.
        neighbours: other bundles, where somebody looked who may see them.
        signers: whether only what one of its signers has signed is deployed there.
        had: the SHA-256 of files that are there, where it told without being asked.
        upload: the place to upload to, if one was asked for and is needed.
        uploaded: bytes that are there already.
        notes: what it has to say besides, for people.
    """

    hostname: str = ""
    boot: str = ""
    python: str | None = None
    sdk: bool = False
    free: int = 0
    missing: tuple[str, ...] = ()
    bundles: tuple[BundleState, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    signers: bool = False
    had: frozenset[str] = frozenset()
    upload: str | None = None
    uploaded: int = 0
    notes: tuple[str, ...] = ()

    def bundle(self, name: str) -> BundleState:
        """A bundle, whether it was ever there or not."""
        return next((bundle for bundle in self.bundles if bundle.name == name), BundleState(name))


def parse_probe(events: Iterable[Event]) -> GatewayState:
    """The events of `probe` as one value.

    Words that we do not know are passed over, and so are bundles and releases with names that none has: people copy
    them from messages into a shell.
    """
    gateway = GatewayState()
    bundles: list[BundleState] = []
    for event in events:
        if event.word in _OF_GATEWAY:
            gateway = _OF_GATEWAY[event.word](gateway, event)
        elif event.word == "bundle":
            bundles.append(BundleState(event.field(0)))
        elif event.word in _OF_BUNDLE and bundles:
            bundles[-1] = _OF_BUNDLE[event.word](bundles[-1], event)
    return replace(gateway, bundles=tuple(bundle for bundle in bundles if NAME.fullmatch(bundle.name)))


def _id(text: str) -> str:
    return text if _ID.fullmatch(text) else ""


def neighbour_in(event: Event) -> Neighbour:
    """A bundle that an event `by-hand` or `deployed` tells of."""
    if event.word == "by-hand":
        return Neighbour(event.field(2), event.field(3), event.fields[4:], event.number(0), event.field(1))
    return Neighbour(event.field(0), event.field(1), event.fields[2:])


def _with_neighbour(gateway: GatewayState, event: Event) -> GatewayState:
    return replace(gateway, neighbours=(*gateway.neighbours, neighbour_in(event)))


_OF_GATEWAY: dict[str, Callable[[GatewayState, Event], GatewayState]] = {
    "gateway": lambda gateway, event: replace(gateway, hostname=event.field(0)),
    "boot": lambda gateway, event: replace(gateway, boot=event.field(0)),
    "python": lambda gateway, event: replace(gateway, python=event.field(0)),
    "sdk": lambda gateway, event: replace(gateway, sdk=event.field(0) == "yes"),
    "free": lambda gateway, event: replace(gateway, free=event.number(0) * 1024),
    "missing": lambda gateway, event: replace(gateway, missing=(*gateway.missing, event.field(0))),
    "signers": lambda gateway, event: replace(gateway, signers=event.field(0) == "yes"),
    "has": lambda gateway, event: replace(gateway, had=gateway.had | {event.field(0)}),
    "by-hand": _with_neighbour,
    "deployed": _with_neighbour,
    "upload": lambda gateway, event: replace(gateway, upload=event.field(0), uploaded=event.number(1)),
    "note": lambda gateway, event: replace(gateway, notes=(*gateway.notes, event.field(0))),
}


def _with_running(bundle: BundleState, event: Event) -> BundleState:
    running = Running(
        pid=event.number(0),
        release=_id(event.field(1)),
        since=event.number(2),
        starts=event.number(3),
        registered=event.field(4) == "yes",
    )
    return replace(bundle, running=running)


def _with_lock(bundle: BundleState, event: Event) -> BundleState:
    what, who, _, origin, phase = (event.field(index) for index in range(5))
    return replace(bundle, lock=Lock(what, who, event.number(2), event.word == "locked", origin, phase))


def _with_release(bundle: BundleState, event: Event) -> BundleState:
    id, version, identity, _, state, who, reason = (event.field(index) for index in range(7))
    release = Release(
        id, version, identity, event.number(3), state, who, reason, event.number(7) * 1024, event.field(8)
    )
    return replace(bundle, releases=(*bundle.releases, release)) if _id(id) else bundle


def parse_history_entry(event: Event) -> HistoryEntry:
    return HistoryEntry(event.number(0), event.number(1), *(event.field(index) for index in range(2, 13)))


_OF_BUNDLE: dict[str, Callable[[BundleState, Event], BundleState]] = {
    "current": lambda bundle, event: replace(bundle, current=_id(event.field(0)), is_there=True),
    "trail": lambda bundle, event: replace(bundle, trail=tuple(filter(_id, event.field(0).split()))),
    "running": _with_running,
    "crashed": lambda bundle, event: replace(bundle, crashed=event.field(0)),
    "at-boot": lambda bundle, event: replace(bundle, at_boot=event.field(0) == "yes"),
    "settings": lambda bundle, event: replace(bundle, settings=event.field(0) == "yes"),
    "mended": lambda bundle, event: replace(bundle, mended=Mended(event.number(0), event.number(1), event.field(2))),
    "locked": _with_lock,
    "broken-off": _with_lock,
    "held": lambda bundle, event: replace(bundle, held_by=event.field(0)),
    "release": _with_release,
    "last": lambda bundle, event: replace(bundle, last=parse_history_entry(event)),
}
