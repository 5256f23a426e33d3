"""A conversation with the script on the gateway, over one channel: bounded memory, no dead-lock, no endless wait."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from bundlekit.errors import CouldNotRun
from bundlekit.quoting import for_terminal
from bundlekit.remote import script
from bundlekit.remote.bootstrap import Opening, command, opening, take
from bundlekit.remote.events import PROTOCOL, parse_event

if TYPE_CHECKING:
    import paramiko

_LONGEST_LINE = 65_536  # bytes; a longer one is given on in parts, so that memory has an end
_LONGEST_COMPLAINT = 16_384  # bytes of standard error that are kept; the rest is read and dropped
_LONGEST_ANSWER = 4_000_000  # bytes; one about ten thousand files has a tenth of that
_LINE = 64  # bytes that a line counts for, besides its own
_LONGEST_WAIT = 10  # times the silence that counts as a dead link: for a whole answer, which may come in drops
_CHUNK = 32_768  # bytes of a packet that SSH servers take, see RFC 4253 6.1
_LAST_BREATH = 1.0  # seconds that it may come after the gateway has stopped to read
_LAST_WORDS = 10.0  # seconds that the exit status may come after the output


class Conversation:
    """Commands to the gateway, and its answers.

    Attributes:
        token: that it goes by on the gateway.
        greeted: whether the gateway has begun to listen; what the login shell printed before is dropped.
        status: how the last command ended; None while it goes on, or where the gateway broke off.
        complaint: what the last command said on standard error, if it failed.
    """

    def __init__(
        self,
        transport: paramiko.Transport,
        *,
        password: str | None,
        silence: float,
        look: Sequence[str] = (),
        label: str = "bundlekit",
    ) -> None:
        """Open the channel. The first command travels with the script, which a gateway that has it is not sent again.

        Args:
            transport: logged in.
            password: for sudo; None to find out whether it asks for one.
            look: a bundle, and identity and digest of an archive; see `seen`.
            label: what it is for; see `opening`.
            silence: seconds without a byte after which TimeoutError is raised.

        Raises:
            OSError, EOFError, paramiko.SSHException: the connection broke.
        """
        self._opening: Opening | None = opening(secrets.token_hex(8), password=password, look=look, label=label)
        self._knows_script: bool | None = None
        self._has_programs = self._has_journal = False
        self._seen: list[str] = []
        self.greeted = False
        self.status: int | None = None
        self.complaint = ""
        self.token = self._opening.token
        self._received = bytearray()
        self._outgoing = bytearray()  # as many packets of a few bytes as one would each take a place on a slow link
        self.bound(math.inf)
        self._unsettled: list[Callable[[], None]] = []
        self._due = 0  # answers to what was sent that were not read to their ends
        self.channel = transport.open_session(timeout=silence)
        self.channel.settimeout(silence)
        # To be waited for: OpenSSH takes no input before it has begun.
        self.channel.exec_command(self._opening.command)
        self._stderr = bytearray()
        # Left unread, two megabytes of it would stop both sides.
        threading.Thread(target=self._read_stderr, daemon=True).start()

    def seen(self) -> list[str]:
        """What the script that the gateway had saw of the bundle without being root, before any command.

        Empty where it had none, or where it takes root to tell.
        """
        self._hear_opening()
        return self._seen

    def give(self, verb: str, *arguments: str) -> None:
        """Send a command; do not wait.

        Raises:
            OSError, EOFError, paramiko.SSHException: the connection broke. TimeoutError: see `silence`.
        """
        self._due += 1
        self.send(command(self.token, verb, *arguments))

    def give_file(self, name: str, content: bytes) -> None:
        """Send a file that a later command reads; do not wait. See `give`."""
        self._due += 1
        self.send(take(self.token, name, content))
        self.later(self._hear_end)

    def give_programs(self, *, unless_at_rest: bool = False) -> None:
        """Send the programs of the script, unless the gateway has them. See `give`.

        Args:
            unless_at_rest: only if there is a change to go on with.
        """
        self._hear_opening()
        if not self._has_programs and (self._has_journal or not unless_at_rest):
            self._has_programs = True
            self.give_file("programs.zip", script.programs())

    def _hear_end(self) -> None:
        for _ in self.answer():
            pass

    def send(self, data: bytes) -> None:
        """Send what a command reads. What is little goes when there is more of it, or when an answer is to be read."""
        begin, self._opening = self._opening, None
        if begin is not None:
            self._outgoing += begin.stdin(known=self._hear_opening())
        self._outgoing += data
        if len(self._outgoing) >= _CHUNK:
            self._flush()

    def _flush(self) -> None:
        data, self._outgoing = bytes(self._outgoing), bytearray()
        try:
            self.channel.sendall(data)
        except OSError:
            if self._exit_status(_LAST_BREATH) is None:
                raise

    def later(self, settle: Callable[[], None]) -> None:
        """Have something done before the next answer is read: the one before it is still to come."""
        self._unsettled.append(settle)

    def settle(self) -> None:
        """Do what is still to be done before the next answer."""
        unsettled, self._unsettled = self._unsettled, []
        for settle in unsettled:
            settle()

    @property
    def is_broken_off(self) -> bool:
        """Whether an answer was left, or a file half sent: what is read next would be taken for another answer."""
        return self._due > len(self._unsettled)

    def bound(self, most: float | None = None, seconds: float = 0) -> None:
        """Let what is read from now on have an end; see `answer`."""
        self._left = _LONGEST_ANSWER if most is None else most
        patience = _LONGEST_WAIT * (self.channel.gettimeout() or 0) + seconds if most is None else math.inf
        self._deadline = time.monotonic() + patience

    def answer(self, *, most: float | None = None, seconds: float = 0) -> Iterator[str]:
        """The lines of the answer to a command, as they come; then `status` is set.

        Args:
            most: bytes that it may have, however long it takes; None where it is no more than events.
            seconds: that it may take besides the usual, where it is no more than events.

        Raises:
            OSError, EOFError, paramiko.SSHException: the connection broke. TimeoutError: see `silence`.
            CouldNotRun: there is no end to it.
        """
        self.status, self.complaint = None, ""
        self.bound()
        if not self.greeted:
            self._hear_greeting()
        self.settle()
        self.bound(most, seconds)
        complaint: list[str] = []
        while self.greeted and (line := self.read_line()) is not None:
            said, found, status = line.partition(f"done\t{self.token}")
            if found:
                if said:  # the last line of a log may have no end yet
                    yield said
                self.complaint = "\n".join(complaint)
                self.status = parse_event(found + status).number(1)
                self._due -= 1
                self.bound(math.inf)
                return
            event = parse_event(line)
            if event.word == "complaint":
                complaint.append(event.field(0))
            else:
                yield line
        self._due -= 1
        self.status = self._exit_status(_LAST_WORDS)
        self.complaint = for_terminal(self._stderr.decode("utf-8", "replace")).strip()
        transport = self.channel.get_transport()
        if self.status is None and not transport.is_active():
            raise EOFError("it ended without a word")

    @property
    def has_more(self) -> bool:
        """Whether something was received that nobody has read."""
        return bool(self._received) or self.channel.recv_ready()

    def read(self, size: int) -> bytes:
        """So many bytes, or those that are there until the gateway ends its side."""
        while len(self._received) < size and (data := self._receive()):
            self._received += data
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken

    def read_line(self) -> str | None:
        """The next line without its end; a longer one in parts; None at the end."""
        searched = 0
        while (end := self._received.find(b"\n", searched)) < 0 and len(self._received) < _LONGEST_LINE:
            searched = len(self._received)
            if not (data := self._receive()):
                break
            self._received += data
        self._left -= _LINE
        size = min(end + 1 or len(self._received), _LONGEST_LINE)
        return self.read(size).decode("utf-8", "replace").rstrip("\n") if size else None

    def _receive(self) -> bytes:
        self._flush()
        data = self.channel.recv(_CHUNK)
        self._left -= len(data)
        if self._left < 0 or time.monotonic() > self._deadline:
            raise CouldNotRun(
                "what the gateway says has no end",
                hint="is it a gateway? `bundlekit status TARGET` shows what runs there",
            )
        return data

    def _hear_opening(self) -> bool:
        """Whether the gateway has the script already."""
        if self._knows_script is not None:
            return self._knows_script
        self.bound()
        seen: list[str] = []
        while (line := self.read_line()) is not None:
            event = parse_event(line)
            if event.word == "looked" and event.field(0) == self.token:
                self._seen = seen
                break
            seen.append(line)
            if event.word == "script" and event.field(0) == self.token:
                seen = []
                self._knows_script = event.field(1) == "known"
                self._has_programs = event.field(2) == "programs"
                self._has_journal = event.field(3) == "journal"
                if not self._knows_script:
                    break
        else:
            self._exit_status(_LAST_WORDS)
        return bool(self._knows_script)

    def _hear_greeting(self) -> None:
        while (line := self.read_line()) is not None:
            event = parse_event(line)
            if event.word == "hello" and event.fields == (PROTOCOL, self.token):
                self.greeted = True
                return

    def _exit_status(self, seconds: float) -> int | None:
        self.channel.status_event.wait(seconds)
        return self.channel.exit_status if self.channel.exit_status >= 0 else None

    def _read_stderr(self) -> None:
        try:
            while part := self.channel.recv_stderr(4096):
                self._stderr += part[: max(_LONGEST_COMPLAINT - len(self._stderr), 0)]
        except (OSError, EOFError):  # told by whoever reads the output
            return
