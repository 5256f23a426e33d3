"""`/system/reboot`: answers, then starts again what is deployed."""

from __future__ import annotations

from collections.abc import Mapping

from bundlekit.emulator.builtin.model import BadRequest, Handler, Reply, Request
from bundlekit.emulator.builtin.system import System


def reboot(system: System) -> Mapping[str, Handler]:
    def restart(request: Request) -> Reply:
        if request.data not in (None, {}, {"reboot": 1}):  # true is 1 too
            raise BadRequest('The body must be empty, {} or {"reboot": 1}.')
        return Reply(None, then=system.reboot)

    return {"put": restart, "post": restart}
