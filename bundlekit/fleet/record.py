"""The record of a rollout: a file of JSON lines that is only added to, and is on the disk before anything is done.

Whoever has the file can go on with the rollout: after a kill, on another machine, as often as it takes. Beside it, in
the folder with `.d` at the end of its name, is the archive, by its digest.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from bundlekit.errors import BundlekitError, CouldNotRun, GatewayBusy, Unreadable
from bundlekit.fleet.scheduler import Memory, State
from bundlekit.io import replacing
from bundlekit.quoting import quoted

VERSION = 1
_MOST_BYTES = 1_000_000_000  # of a record; a line is some 300


@dataclass(frozen=True)
class Known:
    """What a record tells of a gateway.

    Attributes:
        name: of the inventory.
        target: where it is.
        state: the last that was noted.
        wave: in which it was begun; 0 for none.
        in_doubt: whether it was begun and nothing was noted since.
        ordered: whether the order may have reached it.
        checked: whether it was found well after the soak.
        time: of the last line about it, in seconds since 1970.
        release: that it got or should get, and
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
        return Memory(self.state, self.wave, self.in_doubt, self.ordered, self.checked, max(0.0, now - self.time))


@dataclass(frozen=True)
class Story:
    """What a record tells.

    Attributes:
        id: of the rollout.
        head: the line that it begins with: `bundle`, `version`, `identity`, `digest`, `options`, `by`.
        gateways: in the order of the inventory.
        status: `running`, `paused`, `aborted` or `done`; `running` also where the controller was killed.
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

    def count(self, *states: State) -> int:
        """How many gateways are in one of these states."""
        return sum(known.state in states for known in self.gateways)


def new_id(now: float) -> str:
    """A name for a rollout that no other one has: the time, and four characters of chance."""
    return time.strftime("%Y%m%d-%H%M%S", time.localtime(now)) + f"-{secrets.token_hex(2)}"


class Record:
    """A record that is written to. One process has it at a time. Use it as a context manager.

    Threads may share it.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path, *, head: Mapping[str, Any] | None = None) -> None:
        """Open it, and keep others from writing to it.

        Args:
            path: of the file.
            head: of a new rollout; None where the record is there already.

        Raises:
            GatewayBusy: another controller is at work with it.
            Unreadable: it is no record.
            CouldNotRun: it exists already, does not, or cannot be written.
        """
        self.path = path
        self._lock = threading.Lock()
        create = head is not None
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | (os.O_CREAT | os.O_EXCL if create else 0)
        try:
            if create:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(path, flags, 0o600)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(self._file)
                raise GatewayBusy(
                    f"another bundlekit process is working on the rollout of {path}",
                    hint="`bundlekit rollout show` shows its state, `bundlekit rollout pause` stops it",
                ) from None
            self._mend_end()
            if create:
                _sync(path.parent)
        except OSError as error:
            raise CouldNotRun(
                f"cannot write the record {path}: {error.strerror}", kept="no gateway was asked"
            ) from error
        if head is not None:
            self._write([("rollout", {"format": VERSION, **head})])
        try:
            self._story = read_record(path)
        except BundlekitError:
            os.close(self._file)
            raise
        self._known = {known.name: known for known in self._story.gateways}

    def __enter__(self) -> Record:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def add(self, event: str, **fields: Any) -> None:
        """Add a line, and have it on the disk.

        Raises:
            CouldNotRun: that did not work; nothing may be done then.
        """
        self.add_all([(event, fields)])

    def add_all(self, events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Add lines, and have them on the disk together; see `add`."""
        now = time.time()
        with self._lock:
            if events:
                self._write(events)
            for event, fields in events:
                if event == "status":
                    status, reason = str(fields["status"]), str(fields.get("reason", ""))
                    self._story = replace(self._story, status=status, reason=reason)
                if (name := str(fields.get("gateway", ""))) in self._known:
                    self._known[name] = _after(self._known[name], {"event": event, **fields}, now)

    def known(self, gateway: str) -> Known:
        """What is known of a gateway by now."""
        return self._known[gateway]

    @property
    def story(self) -> Story:
        """What the record tells by now."""
        return replace(self._story, gateways=tuple(self._known.values()))

    def _write(self, events: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        now = round(time.time(), 3)
        lines = "".join(json.dumps({"event": event, "time": now, **fields}) + "\n" for event, fields in events)
        data = memoryview(lines.encode())
        try:
            while data:
                data = data[os.write(self._file, data) :]
            os.fdatasync(self._file)
        except OSError as error:
            raise CouldNotRun(
                f"cannot write the record {self.path}: {error.strerror}",
                kept="gateways that have their order finish it by themselves",
                hint="free some disk space, then `bundlekit rollout resume`",
            ) from error

    def request(self) -> str:
        """What somebody else wants of this rollout, `pause` or `abort`, once; empty for nothing."""
        file = request_file(self.path)
        try:
            said = file.read_text("ascii", "replace").strip()
            file.unlink()
        except OSError:
            return ""
        return said if said in ("pause", "abort") else ""

    def _mend_end(self) -> None:
        """Take away a last line of which only a part was written: it was not followed by what it speaks of."""
        size = os.fstat(self._file).st_size
        tail = os.pread(self._file, min(size, 1_000_000), max(0, size - 1_000_000))
        whole = tail.rfind(b"\n") + 1
        if tail and whole < len(tail):
            os.ftruncate(self._file, size - len(tail) + whole)


def request_file(path: Path) -> Path:
    """Where another process asks the controller of a record to pause or abort."""
    return path.with_name(f"{path.name}.request")


def ask(path: Path, what: str) -> bool:
    """Ask the controller of a record to `pause` or to `abort`; False where none is at work.

    Raises:
        CouldNotRun: it cannot be asked.
    """
    try:
        with path.open("rb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                with replacing(request_file(path), mode=0o600, durable=False) as request:
                    request.write(what.encode())
                return True
    except OSError as error:
        raise CouldNotRun(f"cannot request {what} of the rollout of {path}: {error.strerror}") from error
    return False


def archive_place(path: Path, digest: str) -> Path:
    """Where a record has the archive with this digest."""
    return path.with_name(f"{path.name}.d") / f"{digest}.tar.gz"


def keep_archive(path: Path, digest: str, data: bytes) -> None:
    """Put an archive beside a record.

    Raises:
        CouldNotRun: it cannot be written.
    """
    place = archive_place(path, digest)
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(place) as stream:
            stream.write(data)
        _sync(place.parent)
    except OSError as error:
        raise CouldNotRun(f"cannot write {place}: {error.strerror}", kept="no gateway was asked") from error


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
    """What the lines of a record tell; see `read_record`."""
    head: Mapping[str, Any] = {}
    known: dict[str, Known] = {}
    status, reason, changed = "running", "", 0.0
    for event in events:
        what, at = event.get("event"), event.get("time")
        if not head:
            if what != "rollout" or not isinstance(event.get("gateways"), list):
                raise Unreadable(f"{quoted(name)} is not a record of a rollout")
            if event.get("format", 0) > VERSION:
                raise Unreadable(f"{quoted(name)} was written by a newer bundlekit", hint="update bundlekit")
            head = event
            for gateway in event["gateways"]:
                known[str(gateway["name"])] = Known(str(gateway["name"]), str(gateway["target"]))
        changed = at if isinstance(at, (int, float)) else changed
        if what == "status":
            status, reason = str(event.get("status")), str(event.get("reason", ""))
        elif (gateway_name := str(event.get("gateway", ""))) in known:
            known[gateway_name] = _after(known[gateway_name], event, changed)
    if not head:
        raise Unreadable(f"{quoted(name)} is not a record of a rollout")
    return Story(str(head["id"]), head, tuple(known.values()), status, reason, float(head["time"]), changed)


def _after(known: Known, event: Mapping[str, Any], at: float) -> Known:
    match event.get("event"):
        case "begin":
            wave = known.wave if known.ordered else int(event["wave"])
            return replace(known, wave=wave, in_doubt=True, time=at)
        case "order":
            return replace(
                known,
                ordered=True,
                deploys=known.deploys + 1,
                time=at,
                release=str(event.get("release", "")),
                replaced=str(event.get("replaced", "")),
                last=event.get("last") or {},
                who=str(event.get("who", "")),
            )
        case "state":
            state = State(event["state"])
            return replace(
                known,
                state=state,
                in_doubt=False,
                ordered=known.ordered and state is not State.PENDING,
                checked=bool(event.get("checked", False)),
                time=at,
                starts=int(event.get("starts", known.starts)),
                release=str(event.get("release", known.release)),
                replaced=str(event.get("replaced", known.replaced)),
                error=event.get("error") or {},
                seconds=float(event.get("seconds", 0.0)),
            )
        case "retry":
            return Known(known.name, known.target, deploys=known.deploys)
    return known


def _parsed(line: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def merged(stories: Sequence[Story]) -> tuple[Known, ...]:
    """The gateways of several records, each once: as the record tells that was written to last about it."""
    found: dict[str, Known] = {}
    for story in stories:
        for known in story.gateways:
            other = found.get(known.name)
            if other is None or known.time > other.time:
                found[known.name] = known
    return tuple(found.values())
