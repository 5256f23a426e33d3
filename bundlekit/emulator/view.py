"""A view on every resource: asks the models and hears their answers."""

from __future__ import annotations

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.link import LocalBroker
from bundlekit.emulator.member import FIRST_ID, Member

__all__ = ["FIRST_ID", "View"]


class View(Member):
    """Registers as a view on `/#`."""

    def __init__(self, broker: SocketAddress | LocalBroker, name: str) -> None:
        super().__init__(broker, name=name, description="REST front", role="view", resources=["/#"])
