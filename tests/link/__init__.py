"""Links between a workstation and a gateway as they are met in the field: far, narrow, cut again and again.

with Far(box_namespace, delay=0.05, rate=1_000_000) as link:
    ...                  # the gateway answers on link.address as well, 100 ms away, with 1 Mbit/s
with Relay((box.address, 22), cut_after=300_000) as relay:
    ...                  # 127.0.0.1:relay.port leads there, and each connection ends after so many bytes
"""

from tests.link.far import Far
from tests.link.relay import Relay

__all__ = ["Far", "Relay"]
