"""JSON-RPC 2.0 in the frames of the Language Server Protocol: headers, an empty line, and a body of JSON."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Any, BinaryIO

LARGEST = 64 * 1024 * 1024
"""The most bytes of a message; a larger one is thrown away unread."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
NOT_INITIALIZED = -32002
REQUEST_CANCELLED = -32800

_LONGEST_HEADER = 4096  # bytes
_CHUNK = 1024 * 1024

Json = dict[str, Any]


class MalformedMessage(Exception):
    """Something that is no message; the next one may be one.

    Args:
        code: of the error that the client gets.
        message: what is wrong.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Channel:
    """The messages of a client, and the way back to it."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        """Nothing is read before `start`.

        Args:
            source: what the client writes to.
            sink: what the client reads.
        """
        self._source = source
        self._sink = sink
        self._inbox: SimpleQueue[Json | MalformedMessage | None] = SimpleQueue()
        self._cancelled: set[int | str] = set()
        self.is_broken = False
        """Whether the client does not read any more."""

    def start(self) -> None:
        """Read from now on."""
        threading.Thread(target=self._read, name="reader", daemon=True).start()

    def receive(self, timeout: float | None) -> Json | MalformedMessage | None:
        """The next message; None at the end of the stream.

        Args:
            timeout: seconds to wait for it.

        Raises:
            TimeoutError: there is none yet.
        """
        try:
            return self._inbox.get(timeout=timeout)
        except Empty:
            raise TimeoutError from None

    def is_cancelled(self, request: int | str) -> bool:
        """Whether the client has taken a request back that waits for its turn. It is asked once for each."""
        if request not in self._cancelled:
            return False
        self._cancelled.discard(request)
        return True

    def forget(self, request: int | str) -> None:
        """A request that the client takes back has been answered long since."""
        self._cancelled.discard(request)

    def send(self, message: Json) -> None:
        """Write a message. A client that does not read any more is no error: `is_broken` says so."""
        body = json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode("ascii")
        try:
            self._sink.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            self._sink.flush()
        except (OSError, ValueError):  # ValueError: it is closed
            self.is_broken = True

    def _read(self) -> None:
        try:
            for message in messages(self._source):
                if isinstance(message, dict) and message.get("method") == "$/cancelRequest":
                    self._note_cancelled(message)
                self._inbox.put(message)
        except (OSError, ValueError):
            pass
        self._inbox.put(None)

    def _note_cancelled(self, message: Json) -> None:
        """Known at once, so that a request that still waits is not worked on."""
        params = message.get("params")
        request = params.get("id") if isinstance(params, dict) else None
        if isinstance(request, int | str):
            self._cancelled.add(request)


def messages(source: BinaryIO) -> Iterator[Json | MalformedMessage]:
    """What stands in a stream, up to its end.

    Raises:
        OSError: the stream cannot be read.
    """
    while True:
        try:
            length = _length(source)
            if length is None:
                return
            message = _message(source, length)
            if message is None:
                return
            yield message
        except MalformedMessage as fault:
            yield fault


def _length(source: BinaryIO) -> int | None:
    """The length of the body that follows, after the headers; None at the end of the stream."""
    length: int | None = None
    seen = False
    while True:
        line = source.readline(_LONGEST_HEADER)
        if not line:
            return None
        if not line.endswith(b"\n"):
            raise MalformedMessage(PARSE_ERROR, "a header is too long")
        line = line.strip()
        if not line:
            if length is not None:
                return length
            if seen:
                raise MalformedMessage(PARSE_ERROR, "the headers have no Content-Length")
            continue
        seen = True
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            if not value.strip().isdigit() or len(value) > 20:
                raise MalformedMessage(PARSE_ERROR, "Content-Length is no number")
            length = int(value)


def _message(source: BinaryIO, length: int) -> Json | None:
    """The message in a body; None if the stream ends in it."""
    if length > LARGEST:
        while length > 0:
            skipped = len(source.read(min(length, _CHUNK)))
            if not skipped:
                return None
            length -= skipped
        raise MalformedMessage(INVALID_REQUEST, f"the message is larger than {LARGEST // 2**20} MiB; it was not read")
    body = source.read(length)
    if len(body) < length:
        return None
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage(PARSE_ERROR, f"the body is not JSON: {error}") from None
    if not isinstance(message, dict):
        raise MalformedMessage(INVALID_REQUEST, "the message is not an object")
    return message
