"""`/system/time`: a clock that can be set, ahead of or behind the host's, which stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from bundlekit.emulator.builtin.model import Answer, BadRequest, Handler, Request, settings
from bundlekit.emulator.builtin.system import System

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def clock(system: System) -> Mapping[str, Handler]:
    def tell(_request: Request) -> Answer:
        now = datetime.now(UTC) + timedelta(seconds=system.time_offset)
        return Answer({"time": now.isoformat(timespec="seconds").replace("+00:00", "Z")})

    def put(request: Request) -> Answer:
        wanted = _time(settings(request.data, needed="time", known=()))
        system.time_offset = (wanted - datetime.now(UTC)).total_seconds()
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
