"""The resources that a gateway has by itself, which a bundle must not override."""

from __future__ import annotations

from functools import cache

from bundlekit.bundle.patterns import Pattern

API = "2"
"""The version of the gateway's API that is meant where nobody says another."""

GATEWAY_RESOURCES = {
    "2": (
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
    ),
}
"""By the major version of the API, as the reference of that API lists them; a version that is added can be chosen."""


def gateway_resource(path: str, api: str = API) -> str | None:
    """The gateway's own resource that shares a request with this one, or None.

    Args:
        path: of a resource, maybe with params and wildcards.
        api: a key of `GATEWAY_RESOURCES`.
    """
    pattern = Pattern.of(path)
    return next((taken for taken, there in _patterns(api) if pattern.meets(there)), None)


@cache
def _patterns(api: str) -> tuple[tuple[str, Pattern], ...]:
    return tuple((resource, Pattern.of(resource)) for resource in GATEWAY_RESOURCES[api])
