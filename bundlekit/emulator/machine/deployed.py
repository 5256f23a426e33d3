"""What the release of a bundle in a box says of itself. Whoever is root inside may have put anything there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from typing import Any

from bundlekit.emulator.machine.machine import Machine
from bundlekit.errors import BundlekitError

LOG = "/opt/bundlekit/bundles/{}/log"
"""What a bundle prints, by its name."""

_RELEASE = "/opt/bundlekit/bundles/{}/current/"
_LARGEST = 1 << 20  # bytes of an archive: Python packs to a fifth
_PATIENCE = 20.0  # seconds
# No link is followed below the release, and nothing but plain files goes into the archive.
_PACK = """cd "$1" && find . \\( -name '*.py' -o -path ./bundle.json \\) -type f -print0 |
exec tar -cz --no-recursion --null -T -"""


async def manifest_text(machine: Machine, name: str) -> str:
    """The text of the release's bundle.json; nothing where there is none.

    Raises:
        CouldNotRun: the machine has broken down.
    """
    return await machine.read(f"{_RELEASE.format(name)}bundle.json")


async def source_archive(machine: Machine, name: str) -> bytes:
    """The bundle.json and the Python of the release, as `tar` packs them; nothing where that is too much.

    Raises:
        CouldNotRun: the machine has broken down.
    """
    with contextlib.suppress(TimeoutError):
        async with (
            asyncio.timeout(_PATIENCE),
            printed(machine, ["sh", "-c", _PACK, "sh", _RELEASE.format(name)]) as one,
        ):
            data = await one.read(_LARGEST + 1)
            while len(data) <= _LARGEST and (more := await one.read(_LARGEST + 1 - len(data))):
                data += more
            return data if len(data) <= _LARGEST else b""
    return b""


def bodies_in(archive: bytes) -> dict[str, dict[str, Any]]:
    """The JSON Schemas of bodies, as `bodies_of` reads them in a source; none where the archive is no sound one."""
    from bundlekit.emulator.bundles.bodies import bodies_of
    from bundlekit.pack.reading import open_stream

    try:
        with tempfile.TemporaryFile() as packed:
            packed.write(archive)
            packed.seek(0)
            return bodies_of(open_stream(packed, "the release"))
    except BundlekitError:
        return {}


@contextlib.asynccontextmanager
async def printed(machine: Machine, arguments: list[str], limit: int = _LARGEST) -> AsyncIterator[asyncio.StreamReader]:
    """What a program of the machine's root prints; it is ended with the block.

    Args:
        machine: the machine.
        arguments: the program and its arguments.
        limit: bytes of a line.

    Raises:
        CouldNotRun: the machine has broken down.
    """
    said, say = os.pipe()
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        program = await machine.spawn(arguments, user="root", environment={}, files=(nothing, say, nothing))
    except BaseException:
        os.close(said)
        raise
    finally:
        os.close(say)
        os.close(nothing)
    reader = asyncio.StreamReader(limit=limit)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(said, "rb", buffering=0)
    )
    try:
        yield reader
    finally:
        transport.close()
        machine.send_signal(program, signal.SIGKILL)
