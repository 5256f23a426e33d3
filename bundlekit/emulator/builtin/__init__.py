"""The resources that a gateway has before any bundle is installed, each a component behind the controller."""

from __future__ import annotations

from bundlekit.emulator.address import Address
from bundlekit.emulator.builtin.clock import clock
from bundlekit.emulator.builtin.interfaces import interfaces
from bundlekit.emulator.builtin.model import Model
from bundlekit.emulator.builtin.reboot import reboot
from bundlekit.emulator.builtin.status import Status
from bundlekit.emulator.builtin.system import System


def builtins(broker: Address, system: System) -> list[Model]:
    """All of them, to be started after the controller.

    Args:
        system: what they tell of, and change.
    """
    return [
        Model(broker, "/system/status", "State of the gateway, and its hostname", Status(system).handlers),
        Model(broker, "/system/time", "Clock of the gateway", clock(system)),
        Model(broker, "/system/reboot", "Starts again what is deployed", reboot(system)),
        Model(broker, "/network/interfaces", "Network interfaces of the gateway", interfaces()),
    ]
