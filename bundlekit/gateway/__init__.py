"""A gateway's REST API, from its client's side: GatewayClient asks, an Answer comes back."""

from bundlekit.gateway.client import Answer, GatewayClient
from bundlekit.gateway.trust import certificate_in

__all__ = ["Answer", "GatewayClient", "certificate_in"]
