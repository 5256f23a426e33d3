"""What the built-in resources tell of and change. It is never the host that is changed."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from bundlekit.emulator.files import read_kept, write_secret

_FILE = "system.json"
_HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_DEFAULT = "Moxa"


class System(Protocol):
    """A gateway's own settings, wherever they are kept.

    Attributes:
        hostname: is set only to what `is_hostname` holds for.
        time_offset: seconds by which its clock is ahead of the host's.
    """

    hostname: str
    time_offset: float

    @property
    def disk(self) -> Path:
        """Any folder on the disk that it lives on."""

    @property
    def uptime(self) -> float:
        """Seconds since it started or was rebooted."""

    async def reboot(self) -> None:
        """Start again what is deployed; whoever asked has its answer already."""


def is_hostname(text: str) -> bool:
    """Whether it can be a gateway's name: one label of a domain name (RFC 1123)."""
    return bool(_HOSTNAME.fullmatch(text))


class KeptSystem:
    """Keeps the settings in a state folder.

    Args:
        restart: what `reboot` does.

    Raises:
        Unreadable: what was kept is damaged; it is left as it is.
    """

    def __init__(self, state: Path, restart: Callable[[], Awaitable[None]] | None = None) -> None:
        self._file = state / _FILE
        self._restart = restart
        hint = f"put it right, or move it away: then the hostname is {_DEFAULT} again"
        self._hostname, self._time_offset = read_kept(self._file, _read, absent=(_DEFAULT, 0.0), hint=hint)
        self._booted = time.monotonic()

    @property
    def hostname(self) -> str:
        return self._hostname

    @hostname.setter
    def hostname(self, name: str) -> None:
        self._keep(name, self._time_offset)

    @property
    def time_offset(self) -> float:
        return self._time_offset

    @time_offset.setter
    def time_offset(self, seconds: float) -> None:
        self._keep(self._hostname, seconds)

    @property
    def disk(self) -> Path:
        return self._file.parent

    @property
    def uptime(self) -> float:
        return time.monotonic() - self._booted

    async def reboot(self) -> None:
        self._booted = time.monotonic()
        if self._restart:
            await self._restart()

    def _keep(self, hostname: str, time_offset: float) -> None:
        kept = {"hostname": hostname, "timeOffset": time_offset}
        write_secret(self._file, f"{json.dumps(kept)}\n".encode())
        self._hostname, self._time_offset = hostname, time_offset


def _read(kept: Any) -> tuple[str, float]:
    hostname, time_offset = kept["hostname"], float(kept["timeOffset"])
    if not is_hostname(hostname) or not math.isfinite(time_offset):
        raise ValueError("not what was written")
    return hostname, time_offset
