"""`/system/time`: a clock that can be set, ahead of or behind the host's, which stays as it is.

Time zone and NTP are kept and told, and nothing is done with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bundlekit.emulator.builtin.model import BadRequest, Handler, Reply, Request, settings
from bundlekit.emulator.builtin.system import System

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def clock(system: System) -> Mapping[str, Handler]:
    def tell(_request: Request) -> Reply:
        now = datetime.now(UTC) + timedelta(seconds=system.time_offset)
        time = now.isoformat(timespec="seconds").replace("+00:00", "Z")
        return Reply({"time": time, "timezone": system.timezone, "ntp": system.ntp})

    def put(request: Request) -> Reply:
        data = settings(request.data)
        timezone, ntp = data.get("timezone", system.timezone), data.get("ntp", system.ntp)
        if not isinstance(timezone, str) or not timezone:
            raise BadRequest("The field 'timezone' must be a name such as Europe/Berlin.")
        if not isinstance(ntp, dict):
            raise BadRequest("The field 'ntp' must be an object.")
        offset = system.time_offset
        if "time" in data:
            offset = (_time(data["time"]) - datetime.now(UTC)).total_seconds()
        system.set_clock(offset, timezone, ntp)
        return tell(request)

    return {"get": tell, "put": put}


def _time(text: object) -> datetime:
    try:
        time = datetime.fromisoformat(text) if isinstance(text, str) else None
        if time and time.tzinfo and _FIRST <= time < _LAST:
            return time
    except ValueError:
        pass
    raise BadRequest(
        "The field 'time' must be a time of the years 1970 to 2099 with its offset, such as 2026-01-31T12:00:00Z."
    )
