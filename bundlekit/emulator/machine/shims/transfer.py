"""`scp` and `sftp-server` where this host has none: those of asyncssh, over standard input and output."""

from __future__ import annotations

import asyncio
import os
import select
import shlex
import sys
from collections.abc import Callable
from typing import Any

_CHUNK = 65536  # bytes; what a pipe holds


def main(name: str, words: list[str]) -> int:
    """Serve one transfer. `name` is `scp`, with its options in `words`, or `sftp-server`."""
    return asyncio.run(_serve(name, words))


async def _serve(name: str, words: list[str]) -> int:
    from asyncssh import SFTPServer
    from asyncssh.logging import logger
    from asyncssh.scp import run_scp_server
    from asyncssh.sftp import run_sftp_server

    output = _Output(sys.stdout.fileno(), logger)
    errors = _Output(sys.stderr.fileno(), logger)
    files: Any = SFTPServer(_Nobody(logger))  # type: ignore[arg-type]
    taken: Any = _Input(sys.stdin.fileno(), logger)
    if name == "scp":
        work: Any = run_scp_server(files, shlex.join([name, *words]), taken, output, errors)  # type: ignore[arg-type]
    else:
        work = run_sftp_server(files, taken, output, 3)  # type: ignore[arg-type]
    if work is not None:
        await work
    return errors.status or output.status


class _Nobody:
    """What a file server asks of the connection that it is for."""

    def __init__(self, logger: Any) -> None:
        self.logger = logger

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_arguments, **_options: None


class _Input:
    """Standard input as a channel's reader. What follows a transfer is left for the next program, as OpenSSH's do."""

    def __init__(self, descriptor: int, logger: Any) -> None:
        self.logger = logger
        self._descriptor = descriptor

    async def read(self, size: int = -1) -> bytes:
        return await asyncio.to_thread(os.read, self._descriptor, size if size >= 0 else _CHUNK)

    async def readexactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            if not (more := await self.read(size - len(data))):
                raise asyncio.IncompleteReadError(data, size)
            data += more
        return data

    async def readline(self) -> bytes:
        line = b""
        while not line.endswith(b"\n") and (character := await self.read(1)):
            line += character
        return line

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        return default


class _Output:
    """Standard output, or error, as a channel and its writer. What is written is written at once."""

    def __init__(self, descriptor: int, logger: Any) -> None:
        self.logger = logger
        self.channel = self
        self.status = 0
        self._descriptor = descriptor
        self._is_closed = False

    def write(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:  # it is the same socket as standard input, which the loop does not wait for
                select.select([], [self._descriptor], [])

    async def drain(self) -> None:
        """There is nothing left to be written."""

    def exit(self, status: int) -> None:
        self.status = status
        self._is_closed = True

    def close(self) -> None:
        self._is_closed = True

    abort = write_eof = close

    def is_closing(self) -> bool:
        return self._is_closed

    async def wait_closed(self) -> None:
        """There is nothing to wait for."""
