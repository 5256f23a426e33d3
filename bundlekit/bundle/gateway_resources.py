"""The resources that a gateway has by itself (API 2.x), which a bundle must not override; where resources meet."""

from __future__ import annotations

from itertools import starmap

GATEWAY_RESOURCES = (
    "/mxc/custom/equipments",
    "/mxc/custom/equipments/:id",
    "/mxc/equipments",
    "/mxc/logprofile",
    "/mxc/logprofile/:id",
    "/mxc/modbus/equipment-templates",
    "/mxc/modbus/equipment-templates/:id",
    "/mxc/modbus/equipments",
    "/mxc/modbus/interfaces",
    "/mxc/modbus/interfaces/:id",
    "/mxc/modbusslave",
    "/mxc/modbusslave/mappings",
    "/mxc/mxmodbusslave/mappings/:id",
    "/mxc/system/equipments",
    "/network/cellulars",
    "/network/cellulars/:id",
    "/network/cellulars/:id/firmware",
    "/network/dhcpd",
    "/network/dhcpd/:id",
    "/network/dns",
    "/network/ethernets",
    "/network/ethernets/:id",
    "/network/firewall/wan/https",
    "/network/interfaces",
    "/network/openvpn",
    "/network/openvpn/config",
    "/network/openvpn/sample",
    "/network/portmapping",
    "/network/portmapping/:id",
    "/network/routes/default",
    "/network/ssnat",
    "/network/ssnat/:id",
    "/network/wifi",
    "/network/wifi/:id",
    "/network/wifi/:id/blacklist",
    "/network/wifi/:id/blacklist/:mac_id",
    "/network/wifi/:id/scan-networks",
    "/system/export",
    "/system/firmware",
    "/system/import",
    "/system/password",
    "/system/programs",
    "/system/programs/:id",
    "/system/programs/:id/file",
    "/system/programs/:id/logs",
    "/system/properties",
    "/system/properties/:key",
    "/system/reboot",
    "/system/remotecontrol",
    "/system/remotecontrol/test",
    "/system/serial",
    "/system/serial/:id",
    "/system/services",
    "/system/services/:name",
    "/system/status",
    "/system/syslog",
    "/system/time",
    "/system/zoneinfo",
)


def gateway_resource(path: str) -> str | None:
    """The gateway's own resource that shares a request with this one, or None."""
    return next((taken for taken in GATEWAY_RESOURCES if meeting(path, taken)), None)


def meeting(first: str, second: str) -> str | None:
    """A request that two resources would both answer, such as `/rooms/all` for that and `/rooms/:id`, or None.

    A `:param` stands for any one segment; where both have one, it stays in the answer.
    """
    ours, theirs = first.split("/"), second.split("/")
    if len(ours) != len(theirs):
        return None
    segments = list(starmap(_both, zip(ours, theirs, strict=True)))
    return None if None in segments else "/".join(segment for segment in segments if segment is not None)


def _both(first: str, second: str) -> str | None:
    if first == second or second.startswith(":"):
        return first
    return second if first.startswith(":") else None
