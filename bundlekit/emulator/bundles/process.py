"""A bundle's process: its lines, whether it has registered, its end."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from bundlekit.bundle.bundle import MAIN
from bundlekit.emulator.bundles.leash import Leash
from bundlekit.errors import CouldNotRun

READY = "BUNDLEKIT_READY"  # the bridge writes to the descriptor of this number when the bundle has registered
_CHUNK = 65536  # bytes; what a pipe holds
_LONGEST = 1_000_000  # characters of a line without an end
_DRAIN = 1.0  # seconds for what a dead bundle's lines take to us
_COMING_UP = 3.0  # seconds; whoever is not registered by then has its reasons
_PATIENCE = ((signal.SIGINT, 5.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, 5.0))  # seconds each


class BundleProcess:
    """`python index.py` in a bundle's folder, in a process group of its own. Made by `start`.

    Attributes:
        began: when, by the monotonic clock.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        output: _Pipe,
        ready: _Pipe,
        heard: Callable[[str], None],
        leash: Leash,
    ) -> None:
        self.began = time.monotonic()
        self._process = process
        self._leash = leash
        self._pipes = (output, ready)
        self._listening = asyncio.create_task(_listen(output.reader, heard))
        self._registration = asyncio.create_task(_is_told(ready.reader))
        self._end = asyncio.create_task(self._until_end())

    @classmethod
    async def start(
        cls, python: str, folder: Path, environment: Mapping[str, str], heard: Callable[[str], None], leash: Leash
    ) -> Self:
        """Start it.

        Args:
            python: the interpreter.
            folder: of the bundle.
            environment: all of its variables.
            heard: is given each line that it prints.
            leash: ends the process when this one is gone.

        Raises:
            CouldNotRun: there is no such Python, or it is none.
        """
        # Pipes of our own: with those of asyncio, the end of a bundle is that of all who can write to its output.
        (output, its_output), (ready, its_ready) = _pipe(), _pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                python,
                MAIN,
                cwd=folder,
                env={**environment, READY: str(its_ready)},
                pass_fds=[its_ready],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=its_output,
                stderr=its_output,
                start_new_session=True,
            )
        except OSError as error:
            output.close()
            ready.close()
            raise CouldNotRun(f"cannot start {python}: {error.strerror}") from error
        finally:
            os.close(its_output)
            os.close(its_ready)
        leash.hold(process.pid)
        return cls(process, await _Pipe.open(output), await _Pipe.open(ready), heard, leash)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status, or the number of the signal that ended it, negative; None while it runs."""
        return self._process.returncode

    @property
    def is_registered(self) -> bool:
        return self._registration.done() and self._registration.result()

    async def registered(self) -> bool:
        """Wait until it is registered; False if it ends before."""
        await asyncio.wait([self._registration, self._end], return_when=asyncio.FIRST_COMPLETED)
        return self.is_registered

    async def ended(self) -> int:
        """Wait until it has ended and all is heard that it said.

        Returns:
            Its exit status, or the number of the signal that ended it, negative.
        """
        return await asyncio.shield(self._end)

    async def stop(self) -> int:
        """End it, by force in the end, with all of its children."""
        for number, patience in _PATIENCE:
            if number is signal.SIGINT and self._is_coming_up:
                continue  # it may not have its handler yet, and would only show where it was interrupted
            self._signal(number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    return await self.ended()
        return await self.ended()

    async def kill(self) -> int:
        """End it without a word, with all of its children."""
        self._signal(signal.SIGKILL)
        return await self.ended()

    @property
    def _is_coming_up(self) -> bool:
        return not self.is_registered and time.monotonic() < self.began + _COMING_UP

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if number is signal.SIGINT:
                os.kill(self.pid, number)  # to the bundle alone, as on a gateway; its children go after it
            else:
                os.killpg(self.pid, number)

    async def _until_end(self) -> int:
        status = await self._process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._leash.release(self.pid)
        await asyncio.wait([self._listening, self._registration], timeout=_DRAIN)
        for pipe in self._pipes:
            pipe.transport.close()
        return status


@dataclass(frozen=True)
class _Pipe:
    """What a process writes to us."""

    reader: asyncio.StreamReader
    transport: asyncio.ReadTransport

    @classmethod
    async def open(cls, end: IO[bytes]) -> Self:
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), end)
        return cls(reader, transport)


def _pipe() -> tuple[IO[bytes], int]:
    """The end to read from, and the descriptor to write to."""
    ours, its = os.pipe()
    return os.fdopen(ours, "rb", buffering=0), its


async def _is_told(ready: asyncio.StreamReader) -> bool:
    return bool(await ready.read(1))


async def _listen(output: asyncio.StreamReader, heard: Callable[[str], None]) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    while chunk := await output.read(_CHUNK):
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in lines:
            heard(line.removesuffix("\r"))
        if len(rest) > _LONGEST:
            heard(rest)
            rest = ""
    if rest:
        heard(rest)
