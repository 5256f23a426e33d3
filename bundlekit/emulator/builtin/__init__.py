"""The resources that a gateway has before any bundle is installed, each a component behind the controller."""

from __future__ import annotations

from collections.abc import Sequence

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.builtin.clock import clock
from bundlekit.emulator.builtin.interfaces import interfaces
from bundlekit.emulator.builtin.model import Model
from bundlekit.emulator.builtin.reboot import reboot
from bundlekit.emulator.builtin.status import Status
from bundlekit.emulator.builtin.system import System
from bundlekit.emulator.link import LocalBroker
from bundlekit.errors import BadUsage


def builtins(broker: SocketAddress | LocalBroker, system: System, without: Sequence[str] = ()) -> list[Model]:
    """All of them, to be started after the controller.

    Args:
        broker: where they connect.
        system: what they tell of, and change.
        without: resources that are left out, with what is below them.

    Raises:
        BadUsage: there is none of these resources.
    """
    models = [
        Model(broker, "/system/status", "State of the gateway, and its hostname", Status(system).handlers),
        Model(broker, "/system/time", "Clock of the gateway", clock(system)),
        Model(broker, "/system/reboot", "Starts again what is deployed", reboot(system)),
        Model(broker, "/network/interfaces", "Network interfaces of the gateway", interfaces()),
    ]
    for left_out in without:
        below = left_out.rstrip("/") + "/"
        if not any(f"{one.resource}/".startswith(below) for one in models):
            there = ", ".join(one.resource for one in models)
            raise BadUsage(f"--without {left_out}: the gateway has no such resource", hint=f"there are {there}")
        models = [one for one in models if not f"{one.resource}/".startswith(below)]
    return models
