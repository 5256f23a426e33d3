"""What saves round trips, and what bounds a server, by private ways of paramiko; where it is made otherwise, it goes
the public way.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from typing import Any

import paramiko
from paramiko.auth_handler import AuthHandler
from paramiko.buffered_pipe import BufferedPipe
from paramiko.common import MSG_SERVICE_ACCEPT, MSG_USERAUTH_INFO_REQUEST, cMSG_USERAUTH_REQUEST

from bundlekit.errors import trace_of

_SERVICE = "ssh-userauth"
_LONGEST_PACKET = 256 * 1024  # bytes, as in OpenSSH; what is sent in one of ours has 32 kB
_LONGEST_BACKLOG = 1 << 23  # bytes of a channel that nobody has read; a server may send a quarter of that
_LOOKS = 5.0  # seconds between two looks whether a keepalive is due
_MOST_PROMPTS = 16  # of one round, which a hostile server could make billions of
_LINUX = {
    "TCP_USER_TIMEOUT": 60_000,  # milliseconds that nothing is acknowledged: the link is dead then
    "TCP_NOTSENT_LOWAT": 65_536,  # bytes that may wait here, so that what counts as sent is under way
}


def _trace() -> list[str]:
    error = sys.exc_info()[1]
    return trace_of(error) if error else []


# What the thread of a connection that breaks logs; see `trace_of`.
paramiko.util.tb_strings = _trace


class PacketTooLong(paramiko.SSHException):
    """A server announced a packet that none is as long as."""

    def __init__(self) -> None:
        super().__init__(f"it announces a packet of more than {_LONGEST_PACKET // 1024} kB")


def check_packet(size: int) -> None:
    """Refuse to wait for a packet that a server has announced, whose length paramiko believes.

    Raises:
        PacketTooLong: nobody sends such a one.
    """
    if size > _LONGEST_PACKET:
        raise PacketTooLong


class Stream:
    """A TCP socket as paramiko takes it, for short questions and answers over a link that may end without a word."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        # Acknowledged at once: a server that holds back small packets waits for that.
        self._option: int | None = getattr(socket, "TCP_QUICKACK", None)
        # Our requests are small and each waits for an answer: Nagle's algorithm would hold them back.
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for name, value in _LINUX.items():
            if (option := getattr(socket, name, None)) is not None:
                stream.setsockopt(socket.IPPROTO_TCP, option, value)

    def recv(self, size: int) -> bytes:
        check_packet(size)
        data = self._stream.recv(size)
        if self._option is not None:  # the kernel forgets it
            self._stream.setsockopt(socket.IPPROTO_TCP, self._option, 1)
        return data

    def close(self) -> None:
        """Close it, and wake whoever reads."""
        with contextlib.suppress(OSError):
            self._stream.shutdown(socket.SHUT_RDWR)
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Backlog(BufferedPipe):  # type: ignore[type-arg] # of the stubs alone
    """What has come and was not read: no more than was allowed to come, with room to spare."""

    def feed(self, data: bytes) -> None:
        if len(self) + len(data) > _LONGEST_BACKLOG:
            raise paramiko.SSHException("it sends more than it may")
        super().feed(data)


class _AtOnce(AuthHandler):
    """Asks for the service and for the log-in in one flight: what the server says to the first is always yes.

    A server that does not offer the service hangs up, and the log-in was of no use to it.
    """

    def _request_auth(self) -> None:
        transport: Any = self.transport
        if not transport.has_service:
            transport.has_service = True
            super()._request_auth()  # type: ignore[misc]
        accepted = paramiko.Message()
        accepted.add_string(_SERVICE)
        accepted.rewind()
        self._parse_service_accept(accepted)  # type: ignore[attr-defined]

    @property
    def _client_handler_table(self) -> dict[int, Any]:
        handlers: dict[int, Any] = dict(super()._client_handler_table)  # type: ignore[misc]
        known = {MSG_SERVICE_ACCEPT: lambda _: None}
        if (answer := handlers.get(MSG_USERAUTH_INFO_REQUEST)) is not None:
            known[MSG_USERAUTH_INFO_REQUEST] = lambda message: answer(_with_few_prompts(message))
        return {**handlers, **known}


def _with_few_prompts(message: paramiko.Message) -> paramiko.Message:
    """A request for answers, once it is seen that it has no four thousand million prompts."""
    request = paramiko.Message(message.get_remainder())
    for _ in range(3):  # name, instruction, language
        request.get_binary()
    if request.get_int() > _MOST_PROMPTS:
        raise paramiko.SSHException("it asks too many questions at once")
    return message


_FITS = all(hasattr(AuthHandler, name) for name in ("_request_auth", "_parse_service_accept", "_client_handler_table"))


class Transport(paramiko.Transport):
    """One that logs in without a round trip for the service."""

    has_service = False
    _handler: AuthHandler | None = None

    def get_exception(self) -> Exception | None:
        """What has ended it. A malformed packet brings about whatever it likes, which is no fault of ours."""
        error = super().get_exception()
        if error is None or isinstance(error, (paramiko.SSHException, OSError, EOFError)):
            return error
        wrapped = paramiko.SSHException(f"what came makes no sense ({type(error).__name__})")
        wrapped.__cause__ = error
        return wrapped

    def calm_down(self) -> None:
        """Have the thread wait for what comes; it would look ten times a second whether it is closed.

        `Stream` wakes it then. To be called after the log-in, whose steps need these looks for their timeouts.
        """
        if isinstance(self.sock, Stream):
            self.sock.settimeout(_LOOKS)

    def open_channel(self, *arguments: Any, **named: Any) -> paramiko.Channel:
        channel = super().open_channel(*arguments, **named)
        for pipe in (getattr(channel, "in_buffer", None), getattr(channel, "in_stderr_buffer", None)):
            if type(pipe) is BufferedPipe:
                pipe.__class__ = _Backlog
        return channel

    @property
    def auth_handler(self) -> AuthHandler | None:
        return self._handler

    @auth_handler.setter
    def auth_handler(self, handler: AuthHandler | None) -> None:
        # Made anew at each try, by methods that are better left alone.
        if _FITS and type(handler) is AuthHandler:
            handler.__class__ = _AtOnce
        self._handler = handler


_KEY_IS_WELCOME = 60  # SSH_MSG_USERAUTH_PK_OK of RFC 4252


class _Question(_AtOnce):
    """Asks whether a key would do, without a signature."""

    algorithm = ""
    blob = b""
    is_welcome = False

    def _parse_service_accept(self, _: paramiko.Message) -> None:
        message = paramiko.Message()
        message.add_byte(cMSG_USERAUTH_REQUEST)
        for text in (self.username or "", "ssh-connection", "publickey"):
            message.add_string(text)
        message.add_boolean(False)
        message.add_string(self.algorithm)
        message.add_string(self.blob)
        transport: Any = self.transport
        transport._send_message(message)

    @property
    def _client_handler_table(self) -> dict[int, Any]:
        return {**super()._client_handler_table, _KEY_IS_WELCOME: self._welcome}

    def _welcome(self, _: paramiko.Message) -> None:
        self.is_welcome = True
        if self.auth_event is not None:
            self.auth_event.set()


def would_accept(transport: paramiko.Transport, user: str, public: bytes) -> bool | None:
    """Whether the server would let a key in, before its passphrase is asked for; None if there is no way to ask.

    Args:
        transport: not logged in yet.
        user: to log in as.
        public: the public key, or the certificate, as it travels.
    """
    if not _FITS or not hasattr(transport, "_send_message"):
        return None
    kind = paramiko.Message(public).get_text()
    question: Any = _Question(transport)
    question.algorithm = kind.replace("ssh-rsa", "rsa-sha2-512")
    question.blob = public
    answered = question.auth_event = threading.Event()
    question.auth_method, question.username = "publickey", user
    with transport.lock:
        transport.auth_handler = question
        question._request_auth()
    # The end of the connection counts as an answer.
    return bool(question.is_welcome) if answered.wait(transport.auth_timeout) else None
