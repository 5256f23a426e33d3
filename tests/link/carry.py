"""`python -m tests.link.carry LEFT RIGHT SECONDS [BITS-A-SECOND]`: carry packets between two new TUN devices, late.

Says `ready`, and goes on until the end of its standard input. Wants root.
"""

# ruff: noqa: T201 - its parent waits for the word

from __future__ import annotations

import fcntl
import heapq
import os
import select
import struct
import sys
import time

_SET_INTERFACE = 0x400454CA
_TUN_WITHOUT_HEADER = 0x0001 | 0x1000
_LARGEST = 65_536
_QUEUE = 128_000  # bytes that wait for a narrow link at most; what is more gets lost


def main(left: str, right: str, delay: float, rate: float | None) -> int:
    """Carry until nobody wants it any more."""
    devices = [_open(name) for name in (left, right)]
    print("ready", flush=True)
    free = [0.0, 0.0]  # when each direction can take the next packet
    late: list[tuple[float, int, int, bytes]] = []
    number = 0
    while True:
        pause = max(late[0][0] - time.monotonic(), 0) if late else None
        ready, _, _ = select.select([0, *devices], [], [], pause)
        if 0 in ready and not os.read(0, 1):
            return 0
        for end, device in enumerate(devices):
            if device not in ready:
                continue
            packet, now = os.read(device, _LARGEST), time.monotonic()
            if rate:
                if (free[end] - now) * rate / 8 > _QUEUE:
                    continue
                free[end] = max(free[end], now) + len(packet) * 8 / rate
            number += 1
            heapq.heappush(late, (max(free[end], now) + delay, number, devices[1 - end], packet))
        while late and late[0][0] <= time.monotonic():
            _, _, to, packet = heapq.heappop(late)
            try:
                os.write(to, packet)
            except OSError:  # that end is not up yet
                continue


def _open(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, _SET_INTERFACE, struct.pack("16sH22x", name.encode(), _TUN_WITHOUT_HEADER))
    return device


if __name__ == "__main__":
    left, right, delay, *rate = sys.argv[1:]
    sys.exit(main(left, right, float(delay), float(rate[0]) if rate else None))
