"""A fleet of booted gateways with inventory names, and an operator's machine that rolls out to them."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.box import Box
from tests.box.crowd import Crowd
from tests.workstation import Printed, Workstation

PASSWORD = "--password-stdin"
_SMALL = Path(__file__).parents[1] / "fixtures" / "small"
NOBODY = "off"  # the name of one that cannot be reached


@contextmanager
def booted(count: int) -> Iterator[list[Box]]:
    """So many gateways, booted side by side."""
    with ExitStack() as running:
        boxes = [Box() for _ in range(count)]
        for box in boxes:
            running.callback(box.stop)
        starts = [threading.Thread(target=box.start) for box in boxes]
        for start in starts:
            start.start()
        for start in starts:
            start.join()
        yield boxes


def closed_port() -> int:
    """A port of the loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


class Controller(Workstation):
    """Rolls out to the gateways of an inventory; see `Workstation`."""

    def __init__(self, home: Path, box: Box) -> None:
        super().__init__(home, box)
        self.inventory = home / "gateways.ini"

    def roll_out(self, bundle: Path, *options: str, to: str = "all") -> Printed:
        """Deploy a bundle to all gateways, or to those of a pattern."""
        return self.run("deploy", *self.to(to), "--bundle", str(bundle), PASSWORD, *options)

    def to(self, pattern: str = "all") -> tuple[str, ...]:
        return ("-i", str(self.inventory), pattern)

    def rollout(self, verb: str, *arguments: str) -> Printed:
        """Do something with the last rollout."""
        return self.run("rollout", verb, *arguments)

    def story(self, *record: str) -> dict[str, Any]:
        """What a record tells, by default that of the last rollout."""
        told: dict[str, Any] = json.loads(self.rollout("show", *record, "--format", "json").out)
        return told

    def states(self, *record: str) -> dict[str, str]:
        """The state of each gateway in a rollout, by default in the last one."""
        return {one["gateway"]: one["state"] for one in self.story(*record)["gateways"]}


class Operator(Controller):
    """Rolls out to booted gateways that are called gw1, gw2 and so on."""

    def __init__(self, home: Path, boxes: Sequence[Box]) -> None:
        super().__init__(home, boxes[0])
        self.boxes = {f"gw{number}": box for number, box in enumerate(boxes, 1)}
        self.known_hosts.write_text("".join(box.known_hosts.read_text() for box in boxes))
        self.write_inventory()

    def write_inventory(self, *, off: int | None = None) -> None:
        """Name the gateways, and one that cannot be reached at a port of the loopback if `off` is one."""
        lines = ["[substations]"]
        lines += [
            f"{name} target={box.user}@{box.address} identity={box.client_key}" for name, box in self.boxes.items()
        ]
        lines += [f"{NOBODY} target=moxa@127.0.0.1:{off}"] if off else []
        self.inventory.write_text("\n".join(lines) + "\n")

    def deploys(self, release: str) -> dict[str, int]:
        """How often a release was deployed, by what each gateway remembers itself."""
        found = {}
        for name, box in self.boxes.items():
            history = box.run("cat /opt/bundlekit/history").stdout
            found[name] = sum(f"\tdeploy\t{release}\t" in line for line in history.splitlines())
        return found


class OfCrowd(Controller):
    """Rolls out to a crowd of small gateways, each by its own port."""

    def __init__(self, home: Path, crowd: Crowd) -> None:
        super().__init__(home, crowd.box)
        self.crowd = crowd
        self.write_names({})

    def write_names(self, ways: Mapping[str, str]) -> None:
        """Name all gateways in ~/.ssh/config and in the inventory.

        Args:
            ways: lines for some of them, by name: how else they are reached.
        """
        box = self.crowd.box
        entries = [
            f"Host {one.name}\n" + ways.get(one.name, f"HostName {box.address}\nPort {one.port}\n")
            for one in self.crowd.gateways
        ]
        # They all have the keys of the box.
        common = f"Host *\nUser {box.user}\nIdentityFile {box.client_key}\nHostKeyAlias {box.address}\n"
        config = self.home / ".ssh/config"
        config.write_text("".join([*entries, common]))
        config.chmod(0o600)
        self.inventory.write_text("".join(f"{one.name}\n" for one in self.crowd.gateways))

    def small(self, version: str) -> Path:
        """A bundle for small gateways. It does not come up where there is a file /etc/breaks."""
        folder = self.home / f"small-{version}"
        shutil.copytree(_SMALL, folder)
        manifest = json.loads((folder / "bundle.json").read_text())
        (folder / "bundle.json").write_text(json.dumps({**manifest, "version": version}))
        return folder
