"""`/network/interfaces`: the names of the two LAN ports of a UC-8112."""

from __future__ import annotations

from collections.abc import Mapping

from bundlekit.emulator.builtin.model import Handler, Reply, Request

_INTERFACES = ["eth0", "eth1"]


def interfaces() -> Mapping[str, Handler]:
    def tell(_request: Request) -> Reply:
        return Reply(_INTERFACES)

    return {"get": tell}
