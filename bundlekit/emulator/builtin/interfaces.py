"""`/network/interfaces`: the two LAN ports of a UC-8112 with the addresses that it leaves the factory with."""

from __future__ import annotations

from collections.abc import Mapping

from bundlekit.emulator.builtin.model import Answer, Handler, Request

_INTERFACES = [
    {
        "name": f"eth{number}",
        "type": "ethernet",
        "up": True,
        "mac": f"00:90:e8:00:00:0{number + 1}",
        "ip": f"192.168.{number + 3}.127",
        "netmask": "255.255.255.0",
    }
    for number in (0, 1)
]


def interfaces() -> Mapping[str, Handler]:
    def tell(_request: Request) -> Answer:
        return Answer(_INTERFACES)

    return {"get": tell}
