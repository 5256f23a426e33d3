"""`bundlekit restart`."""

from __future__ import annotations

from bundlekit.cli.access import bundle_option, wait_lock_option, wait_option
from bundlekit.cli.commands.start import come_up
from bundlekit.cli.fleet_access import FleetAccess, fleet_options
from bundlekit.cli.verb import verb


@verb(
    "restart",
    examples="""
    bundlekit restart moxa@192.168.4.127 --bundle thermostat
    bundlekit restart -i gateways.ini 'substations,!gw07' --jobs 5  on a group of gateways, five at once
    """,
)
@fleet_options
@bundle_option()
@wait_option
@wait_lock_option
def command(access: FleetAccess, bundle: str | None, wait: int, wait_lock: int) -> int:
    """Stop and start a bundle on a gateway, or on many."""
    return come_up(access, bundle, "restart", wait=wait, wait_lock=wait_lock)
