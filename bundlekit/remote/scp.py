"""The upload: SCP over the channel of the conversation, and nothing that it answers is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

from bundlekit.remote.events import parse_event

if TYPE_CHECKING:
    from bundlekit.remote.channel import Conversation

Rate = int | Callable[[int], None] | None
"""Bytes a second at most, or what waits after so many bytes were sent, for uploads that share a rate; None: as fast as
it goes."""

AT_ONCE = 65_536  # bytes that travel with the command that follows; of more it is known first that they arrived

_OK = b"\0"
_END = b"E\n"  # of a folder, and of the gateway's scp
_BEFORE_DATA = 2  # answers: to the call, to the header
_ANSWERS = 4  # and to the data, to the end
_CHUNK = 16_384  # bytes: small enough for a bar that moves on a slow link
_LONGEST_COMPLAINT = 1_000  # characters


class Lane:
    """What the scp package takes for its channel.

    The answers are read when all is sent, unless one comes earlier: then it says that something is wrong. Of a large
    file, nothing is sent before the gateway has it open, or all would be lost if the link broke meanwhile.
    """

    closed = False

    def __init__(self, conversation: Conversation, pace: Callable[[int], None], *, is_large: bool) -> None:
        self._conversation = conversation
        self._is_large = is_large
        self._pace = pace
        self._answered = 0

    def exec_command(self, command: bytes) -> None:
        self._conversation.give("put", command.decode().removeprefix("scp -t "))

    def settimeout(self, seconds: float) -> None:
        """The conversation has its own."""

    def recv(self, _size: int) -> bytes:
        if self._is_large and self._answered < _BEFORE_DATA:
            self._read_answer()
        return _OK

    def sendall(self, data: bytes | str) -> None:
        data = data.encode() if isinstance(data, str) else data
        if self._conversation.greeted and self._conversation.has_more:
            self._read_answer()
        self._conversation.send(data)
        self._pace(len(data))

    def shutdown_write(self) -> None:
        self._conversation.send(_END)
        self._conversation.later(self.settle)

    def recv_exit_status(self) -> int:
        return 0

    def close(self) -> None:
        """The channel goes on."""

    def settle(self) -> None:
        """Read the answers that have not come yet.

        Raises:
            scp.SCPException: one of them says what is wrong.
            EOFError: the connection broke.
        """
        import scp

        while self._answered < _ANSWERS:
            self._read_answer()
        for _ in self._conversation.answer():
            pass
        if self._conversation.status != 0:
            raise scp.SCPException(self._conversation.complaint)

    def _read_answer(self) -> None:
        import scp

        answer = self._conversation.read(1)
        self._answered += 1
        if answer == _OK:
            return
        if not answer:
            raise EOFError("it ended during the upload")
        self._conversation.bound()
        said = self._conversation.read_line() or ""
        if answer not in (b"\1", b"\2"):  # it is not scp that answers
            said = "\n".join([answer.decode("utf-8", "replace") + said, *self._conversation.answer()])
            events = [parse_event(line) for line in said.splitlines()]
            said = " ".join(event.field(0) for event in events if event.word == "complaint") or said
        raise scp.SCPException(said[:_LONGEST_COMPLAINT])


def put(
    conversation: Conversation, data: bytes, path: str, tell: Callable[[int, int], None], *, rate: Rate = None
) -> None:
    """Send a file, and read the answers with the next command's.

    Args:
        conversation: that has begun.
        data: the file.
        path: on the gateway.
        tell: hears of what is sent, of how much.
        rate: of it.

    Raises:
        scp.SCPException: the gateway does not take it.
        OSError, EOFError, paramiko.SSHException: the connection broke.
    """
    import scp

    def progress(_: bytes, total: int, sent: int) -> None:
        tell(sent, total)

    client = scp.SCPClient(conversation.channel.get_transport(), buff_size=_CHUNK, progress=progress)
    client.channel = Lane(conversation, _pace(rate), is_large=len(data) > AT_ONCE)
    client.putfo(BytesIO(data), path, mode="0600", size=len(data))


def _pace(rate: Rate) -> Callable[[int], None]:
    """What waits after so many bytes were sent, to keep to a rate."""
    if callable(rate):
        return rate
    begin, total = time.monotonic(), 0

    def wait(size: int) -> None:
        nonlocal total
        total += size
        if rate:
            time.sleep(max(begin + total / rate - time.monotonic(), 0))

    return wait
