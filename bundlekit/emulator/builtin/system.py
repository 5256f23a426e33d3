"""What the built-in resources tell of and change. It is never the host that is changed."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from bundlekit.emulator.files import read_kept, write_secret

_FILE = "system.json"
_HOSTNAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_DEFAULT = "Moxa"
_NTP = {"enable": False, "server": "pool.ntp.org", "interval": 7200}


@dataclass(frozen=True)
class _Kept:
    """What stays over restarts."""

    hostname: str = _DEFAULT
    time_offset: float = 0.0
    timezone: str = "Etc/UTC"
    ntp: dict[str, Any] = field(default_factory=_NTP.copy)


class System(Protocol):
    """A gateway's own settings, wherever they are kept.

    Attributes:
        hostname: is set only to what `is_hostname` holds for.
        time_offset: seconds by which its clock is ahead of the host's.
        timezone: its name.
        ntp: how it gets the time.
    """

    hostname: str

    @property
    def time_offset(self) -> float: ...

    @property
    def timezone(self) -> str: ...

    @property
    def ntp(self) -> dict[str, Any]: ...

    def set_clock(self, time_offset: float, timezone: str, ntp: dict[str, Any]) -> None:
        """Set all that there is about the time.

        Args:
            time_offset: seconds that the gateway is ahead of the host.
            timezone: its name, such as `Europe/Berlin`.
            ntp: how the gateway gets the time, as the REST API has it.
        """
        ...

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
        self._kept = read_kept(self._file, _read, absent=_Kept(), hint=hint)
        self._booted = time.monotonic()

    @property
    def hostname(self) -> str:
        return self._kept.hostname

    @hostname.setter
    def hostname(self, name: str) -> None:
        self._keep(replace(self._kept, hostname=name))

    @property
    def time_offset(self) -> float:
        return self._kept.time_offset

    @property
    def timezone(self) -> str:
        return self._kept.timezone

    @property
    def ntp(self) -> dict[str, Any]:
        return self._kept.ntp

    def set_clock(self, time_offset: float, timezone: str, ntp: dict[str, Any]) -> None:
        self._keep(replace(self._kept, time_offset=time_offset, timezone=timezone, ntp=ntp))

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

    def _keep(self, kept: _Kept) -> None:
        record = {"hostname": kept.hostname, "timeOffset": kept.time_offset, "timezone": kept.timezone, "ntp": kept.ntp}
        write_secret(self._file, f"{json.dumps(record)}\n".encode())
        self._kept = kept


def _read(record: Any) -> _Kept:
    hostname, time_offset = record["hostname"], float(record["timeOffset"])
    timezone, ntp = record.get("timezone", _Kept.timezone), record.get("ntp", _NTP)  # older versions kept none
    is_clock = math.isfinite(time_offset) and isinstance(timezone, str) and isinstance(ntp, dict)
    if not is_hostname(hostname) or not is_clock:
        raise ValueError("not what was written")
    return _Kept(hostname, time_offset, timezone, ntp)
