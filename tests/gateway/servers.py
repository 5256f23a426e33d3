"""Servers that say what they are told to, over TLS or not."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.box.front import self_signed

Behaviour = Callable[[socket.socket], None]


@dataclass
class Server:
    """Somebody who listens.

    Attributes:
        heard: what each connection sent, up to the empty line and the body it announced.
    """

    port: int
    certificate: Path
    heard: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    """An answer as it should be."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def says(answer: bytes) -> Behaviour:
    def behave(connection: socket.socket) -> None:
        connection.sendall(answer)

    return behave


@contextmanager
def server(folder: Path, behave: Behaviour, *, tls: bool = True) -> Iterator[Server]:
    """Serve one connection after the other, each read first and then treated as `behave` does."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if not certificate.exists():
        self_signed("127.0.0.1", certificate, key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = Server(listening.getsockname()[1], certificate)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    try:
                        secured = context.wrap_socket(connection, server_side=True) if tls else connection
                        with secured:
                            running.heard.append(_request(secured))
                            behave(secured)
                    except OSError:
                        continue  # the client has left, as some of them should

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield running
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def _request(connection: socket.socket) -> bytes:
    heard = b""
    while b"\r\n\r\n" not in heard:
        part = connection.recv(4096)
        if not part:
            return heard
        heard += part
    head, _, body = heard.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            while len(body) < int(value):
                part = connection.recv(4096)
                body += part
                heard += part
    return heard
