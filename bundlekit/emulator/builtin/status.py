"""`/system/status`: how the gateway is. What is told of processor, memory and disk is the host's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psutil

from bundlekit import __version__
from bundlekit.emulator.builtin.model import BadRequest, Handler, Reply, Request, settings
from bundlekit.emulator.builtin.system import System, is_hostname

FIELDS = ("hostname", "version", "uptimeSec", "cpuUsage", "memoryUsage", "memory", "disks")


class Status:
    """Tells of a system."""

    def __init__(self, system: System) -> None:
        self._system = system
        psutil.cpu_percent()  # each call tells of the time since the one before

    @property
    def handlers(self) -> Mapping[str, Handler]:
        return {"get": self._get, "put": self._put}

    def _get(self, request: Request) -> Reply:
        return Reply(self._status(_fields(request)))

    def _put(self, request: Request) -> Reply:
        _fields(request)
        hostname = settings(request.data).get("hostname", self._system.hostname)
        if not isinstance(hostname, str) or not is_hostname(hostname):
            raise BadRequest(
                "The field 'hostname' must be 1 to 63 letters, digits and hyphens, with no hyphen at its ends."
            )
        if hostname != self._system.hostname:
            self._system.hostname = hostname
        return Reply(request.data)

    def _status(self, fields: tuple[str, ...]) -> dict[str, Any]:
        memory = psutil.virtual_memory()
        disk = psutil.disk_usage(str(self._system.disk))
        whole = {
            "hostname": self._system.hostname,
            "version": f"{__version__}-emulated",
            "uptimeSec": int(self._system.uptime),
            "cpuUsage": psutil.cpu_percent(),
            "memoryUsage": memory.percent,
            "memory": memory.total,
            "disks": [{"name": "system", "mount": "/", "device": "rootfs", "usage": disk._asdict()}],
        }
        return {field: whole[field] for field in fields}


def _fields(request: Request) -> tuple[str, ...]:
    """The fields that are asked for, all unless `fields` says which."""
    if "fields" not in request.query:
        return FIELDS
    asked = ",".join(request.query["fields"]).split(",")
    if unknown := [field for field in asked if field not in FIELDS]:
        raise BadRequest(f"There is no field '{unknown[0][:40]}'; there are {', '.join(FIELDS)}.")
    return tuple(asked)
