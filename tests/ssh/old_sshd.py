"""An SSH server as old gateways have it: its OpenSSH of 2014 checks keys of RSA with SHA-1 only."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh


class _Old(asyncssh.SSHServer):
    def __init__(self, accepted: Path) -> None:
        self._accepted = asyncssh.read_public_key(accepted.with_suffix(".pub"))

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key == self._accepted


@contextmanager
def old_server(host_key: Path, accepted: Path) -> Iterator[int]:
    """One that lets a key in; it listens on a port of 127.0.0.1."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(_listen(host_key, accepted), loop).result(10)
    try:
        yield listening.get_port()
    finally:
        asyncio.run_coroutine_threadsafe(_close(listening), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _listen(host_key: Path, accepted: Path) -> asyncssh.SSHAcceptor:
    return await asyncssh.create_server(
        lambda: _Old(accepted),
        "127.0.0.1",
        0,
        server_host_keys=[host_key],
        server_version="OpenSSH_6.7p1",
        signature_algs=["ssh-rsa", "ssh-ed25519"],
    )


async def _close(listening: asyncssh.SSHAcceptor) -> None:
    listening.close()
    await listening.wait_closed()
