"""A gateway that is far away: a pair of TUN devices, one here and one in its network, and a process between them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.box.host import as_root, root_prefix

# For benchmarks between networks (RFC 2544), beside the addresses of the boxes.
_NETWORK = "198.19"


class Far:
    """Another way to a network namespace, and real TCP of the kernel on it. A context manager; needs root.

    Attributes:
        address: of the far end.
        host_address: of ours.
    """

    def __init__(
        self, there: Path, *, number: int, delay: float = 0.0, rate: int | None = None, here: Path | None = None
    ) -> None:
        """Describe it.

        Args:
            there: the far network's namespace, such as /run/netns/NAME.
            number: that no other link on this host has, 0 to 16000; a box's own will do.
            delay: seconds in each direction.
            rate: bits a second in each direction.
            here: our network's namespace; None for the one that we are in.
        """
        self._ends = (here, there)
        self._devices = (f"bk-here-{number}", f"bk-far-{number}")
        self._delay, self._rate = delay, rate
        high, low = divmod(4 * number, 256)
        self.host_address = f"{_NETWORK}.{high}.{low + 1}"
        self.address = f"{_NETWORK}.{high}.{low + 2}"
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [*root_prefix(), sys.executable, "-m", "tests.link.carry", *self._devices, str(self._delay)]
            + ([str(self._rate)] if self._rate else []),
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert self._process.stdout
            assert self._process.stdout.readline() == "ready\n", "no TUN devices"
            addresses = (self.host_address, self.address)
            for namespace, device, address, peer in zip(
                self._ends, self._devices, addresses, reversed(addresses), strict=True
            ):
                inside: list[str] = []
                if namespace is not None:
                    as_root(["ip", "link", "set", device, "netns", namespace.name])
                    inside = ["-netns", namespace.name]
                as_root(
                    ["ip", *inside, "-batch", "-"],
                    given=f"address add {address} peer {peer} dev {device}\nlink set {device} up\n",
                )
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The devices go with the process that made them, and it goes with its standard input."""
        if self._process and self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()
