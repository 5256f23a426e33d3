"""The record of a rollout: a file of JSON lines that is only added to, and is on the disk before anything is done.

Whoever has the file can go on with the rollout: after a kill, on another machine, as often as it takes. Beside it, in
the folder with `.d` at the end of its name, is each archive, by its digest.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from bundlekit.errors import BundlekitError, CouldNotRun, GatewayBusy, Unreadable
from bundlekit.fleet.story import BY_ANSIBLE, FORMAT, Known, Story, after, read_record, story_of
from bundlekit.io import CLOEXEC, replacing
from bundlekit.pack.signature import SUFFIX, Signatures


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
        import fcntl

        self.path = path
        self._lock = threading.Lock()
        create = head is not None
        flags = os.O_RDWR | os.O_APPEND | CLOEXEC | (os.O_CREAT | os.O_EXCL if create else 0)
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
            _mend_end(self._file)
            if create:
                _sync(path.parent)
        except OSError as error:
            raise CouldNotRun(
                f"cannot write the record {path}: {error.strerror}", kept="no gateway was asked"
            ) from error
        if head is not None:
            self._write([("rollout", {"format": FORMAT if "bundles" in head else 1, **head})])
        try:
            self._story = read_record(path)
            if self._story.status == BY_ANSIBLE:
                raise CouldNotRun(
                    f"Ansible has written the record {path}",
                    kept="no gateway was asked",
                    hint="run the play again; `bundlekit rollout report` shows the record",
                )
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
                    self._known[name] = after(self._known[name], {"event": event, **fields}, now)

    def known(self, gateway: str) -> Known:
        """What is known of a gateway by now."""
        return self._known[gateway]

    @property
    def story(self) -> Story:
        """What the record tells by now."""
        return replace(self._story, gateways=tuple(self._known.values()))

    def _write(self, events: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        try:
            _add(self._file, events)
        except OSError as error:
            raise CouldNotRun(
                f"cannot write the record {self.path}: {error.strerror}",
                kept="gateways that have the command finish it by themselves",
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


def add_to_shared(path: Path, head: Mapping[str, Any], events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Add lines to a record that several processes write at the same time, as those of Ansible do. It may be new.

    Args:
        path: of the record.
        head: of the record, without `id` and `gateways`: each line with a `target` names a gateway.
        events: see `Record.add_all`.

    Raises:
        CouldNotRun: it is the record of something else, or cannot be written.
    """
    import fcntl

    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            _mend_end(file)
            first = os.pread(file, 1_000_000, 0).partition(b"\n")[0]
            if first:
                _check_shared(path, first, head)
            else:
                start = {"format": FORMAT, "id": new_id(time.time()), "ansible": True, **head, "gateways": []}
                events = [("rollout", start), *events]
            _add(file, events)
        finally:
            os.close(file)
    except OSError as error:
        raise CouldNotRun(f"cannot write the record {path}: {error.strerror}") from error


def _check_shared(path: Path, first: bytes, head: Mapping[str, Any]) -> None:
    try:
        story = story_of([json.loads(first)], str(path))
    except ValueError:
        raise Unreadable(f"{path} is not a record of a rollout") from None
    if story.status != BY_ANSIBLE or story.head.get("digest") != head["digest"]:
        raise CouldNotRun(
            f"{path} is the record of {story.what}, rollout {story.id}",
            hint="name another file, such as one with the version of the bundle in its name",
        )


def _add(file: int, events: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    now = round(time.time(), 3)
    lines = "".join(json.dumps({"event": event, "time": now, **fields}) + "\n" for event, fields in events)
    data = memoryview(lines.encode())
    while data:
        data = data[os.write(file, data) :]
    os.fdatasync(file)


def _mend_end(file: int) -> None:
    """Take away a last line of which only a part was written: it was not followed by what it speaks of."""
    size = os.fstat(file).st_size
    tail = os.pread(file, min(size, 1_000_000), max(0, size - 1_000_000))
    whole = tail.rfind(b"\n") + 1
    if tail and whole < len(tail):
        os.ftruncate(file, size - len(tail) + whole)


def request_file(path: Path) -> Path:
    """Where another process asks the controller of a record to pause or abort."""
    return path.with_name(f"{path.name}.request")


def ask(path: Path, what: str) -> bool:
    """Ask the controller of a record to `pause` or to `abort`; False where none is at work.

    Raises:
        CouldNotRun: it cannot be asked.
    """
    import fcntl

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


def keep_archive(path: Path, digest: str, data: bytes, signatures: Signatures | None = None) -> None:
    """Put an archive beside a record, and its signatures beside the archive.

    Args:
        path: of the record.
        digest: of the archive.
        data: the archive itself.
        signatures: of the archive; None if it has none.

    Raises:
        CouldNotRun: it cannot be written.
    """
    place = archive_place(path, digest)
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(place) as stream:
            stream.write(data)
        if signatures is not None:
            with replacing(place.with_name(place.name + SUFFIX)) as stream:
                stream.write(signatures.text)
        _sync(place.parent)
    except OSError as error:
        raise CouldNotRun(f"cannot write {place}: {error.strerror}", kept="no gateway was asked") from error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
