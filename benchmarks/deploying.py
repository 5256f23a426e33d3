"""What the benchmark of the deploy is made of: links to a box, bundles, and deploys by bundlekit with a watch."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from benchmarks.ways import Gateway
from bundlekit.cli.archive import checked_archive
from bundlekit.deploy import verbs
from bundlekit.pack.archive import Archive
from bundlekit.remote.session import Session
from bundlekit.ssh.address import look_up
from bundlekit.ssh.connection import Connection
from bundlekit.ssh.target import parse_target
from tests.box import Box
from tests.box.host import as_root
from tests.link import Far, Relay

SAMPLE = Path(__file__).parents[1] / "tests" / "fixtures" / "example"
_NAMESPACES = Path("/run/netns")
# Beside those that tests lay to their boxes, which have the numbers of these.
_FIRST_LINK, _LINKS = 8192, 12


class Links:
    """Links to a box, made when they are asked for. A context manager.

    Attributes:
        folder: for what is written here.
    """

    def __init__(self, box: Box, folder: Path) -> None:
        self.folder = folder
        self._box = box
        self._name = box.root.parent.name
        self._first = _FIRST_LINK + _LINKS * int(self._name.rpartition("-")[2])
        self._made: dict[tuple[int, float], Far] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def to(self, rtt: int, rate: float) -> Gateway:
        """The box behind so many ms and Mbit/s; 0 for no limit."""
        return self._gateway(self._far(rtt, rate).address, 22)

    @contextmanager
    def cut(self, rtt: int, rate: float, every: int) -> Iterator[tuple[Gateway, Relay]]:
        """The same, and each connection ends after so many bytes."""
        with Relay((self._far(rtt, rate).address, 22), cut_after=every) as relay:
            yield self._gateway("127.0.0.1", relay.port), relay

    def sent(self, rtt: int, rate: float) -> int:
        """Bytes that went to the box over this link so far, with the headers of TCP and IP."""
        device = f"bk-here-{self._number(rtt, rate)}"
        return int(Path(f"/sys/class/net/{device}/statistics/tx_bytes").read_text())

    def _number(self, rtt: int, rate: float) -> int:
        return self._first + list(self._made).index((rtt, rate))

    def _far(self, rtt: int, rate: float) -> Far:
        if (rtt, rate) not in self._made:
            number = self._first + len(self._made)
            bits = int(rate * 1_000_000) or None
            far = Far(_NAMESPACES / self._name, number=number, delay=rtt / 2000, rate=bits)
            self._made[rtt, rate] = self._stack.enter_context(far)
            self._use_cubic(f"bk-here-{number}", [], far.address, far.host_address)
            self._use_cubic(f"bk-far-{number}", ["-netns", self._name], far.host_address, far.address)
        return self._made[rtt, rate]

    def _use_cubic(self, device: str, inside: list[str], to: str, source: str) -> None:
        """As nearly everywhere; this host may have another one by default, which sends in other bursts."""
        as_root(["ip", *inside, "route", "replace", to, "dev", device, "src", source, "congctl", "cubic"])

    def _gateway(self, host: str, port: int) -> Gateway:
        name = host if port == 22 else f"[{host}]:{port}"
        box, known, config = self._box, self.folder / f"known-{host}", self.folder / f"config-{host}"
        known.write_text(box.known_hosts.read_text().replace(box.address, name))
        words = {
            "HostName": host,
            "Port": port,
            "User": box.user,
            "IdentityFile": box.client_key,
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "UserKnownHostsFile": known,
        }
        config.write_text(f"Host {host}\n" + "".join(f"    {word} {value}\n" for word, value in words.items()))
        return Gateway(host, box.user, box.client_key, known, config)


class Bundle:
    """A bundle whose archive is different each time. It registers at once, and most of it cannot be compressed."""

    def __init__(self, name: str, *, files: int, size: int, folder: Path) -> None:
        """Make it.

        Args:
            name: of it.
            files: that it has besides code, of
            size: bytes each.
            folder: to make it in.
        """
        self._folder = folder / name
        self._version = 0
        shutil.copytree(SAMPLE, self._folder)
        for file in ("index.py", "bundle.json"):
            path = self._folder / file
            path.write_text(path.read_text().replace('"example"', f'"{name}"').replace('"/example"', f'"/{name}"'))
        (self._folder / "data/example.json.factory").rename(self._folder / "data" / f"{name}.json.factory")
        self._files, self._size, self._random = files, size, Random(name)

    def next(self) -> Archive:
        """Another version, with hardly a byte of the one before."""
        for number in range(self._files):
            (self._folder / f"table-{number}.bin").write_bytes(self._random.randbytes(self._size))
        return self.with_changed_version()

    def with_changed_version(self) -> Archive:
        """Another version, and nothing else but that: a line of the manifest."""
        self._version += 1
        manifest = self._folder / "bundle.json"
        fields = json.loads(manifest.read_text()) | {"version": f"1.0.{self._version}"}
        manifest.write_text(json.dumps(fields, indent=2) + "\n")
        return checked_archive(self._folder)[0]

    def with_changed_line(self) -> Archive:
        """The same version, and one line of its code another one."""
        source = self._folder / "index.py"
        source.write_text(source.read_text().replace("code=200", "code=int(200)", 1))
        return checked_archive(self._folder)[0]


class Watch:
    """Knows the password, hears how a deploy goes on, and remembers when."""

    def __init__(self, password: str) -> None:
        self.given = password
        self.began = time.perf_counter()
        self.phases: dict[str, float] = {}

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def password(self, _account: str, *, again: bool = False, for_sudo: bool = False) -> str:
        return self.given

    def passphrase(self, _file: str, *, again: bool = False) -> str | None:
        return None

    def trust_host_key(self, _host: str, _kind: str, _fingerprint: str) -> bool:
        return False

    def phase(self, word: str, _text: str) -> None:
        self.phases.setdefault(word, self.seconds)

    def answer(self, _request: str, _status: int, _milliseconds: int) -> None:
        """Is part of the phase."""

    def note(self, _text: str) -> None:
        """Is shown nowhere: cut links are expected."""

    def sent(self, _size: int, _total: int) -> None:
        """Is part of the phase."""

    @property
    def handed_over(self) -> float:
        """When the gateway has said that it has all that it needs to finish by itself."""
        return self.phases["lock"]


class Deploys:
    """Deploys to a gateway, in this process: the start of Python and what a checked archive takes are not in them."""

    def __init__(self, gateway: Gateway, password: str) -> None:
        self._address = look_up(parse_target(f"{gateway.user}@{gateway.host}"), gateway.ssh_config)
        self._password = password

    def deploy(self, archive: Archive) -> Watch:
        """Deploy it; the watch runs from before the first packet."""
        watch = Watch(self._password)
        with Connection(self._address, ask=watch) as connection:
            watch.phase("logged in", "")
            deployed = verbs.deploy(Session(connection, watch), archive, watch)
            watch.phase("known" if deployed.outcome is None else "confirmed", "")
        return watch

    def times(self, archive: Archive, changed: Archive) -> dict[str, float]:
        """Of a deploy, of one with a line changed, and of one more of the same, which finds nothing to do."""
        watch = self.deploy(archive)
        at = watch.phases
        return {
            "bundlekit: logged in": at["logged in"],
            "bundlekit: state known": at["upload"],
            "bundlekit: handed over": watch.handed_over,
            "bundlekit: confirmed": at["confirmed"],
            "of it, the bundle itself": at["confirmed"] - at["confirm"],
            "bundlekit: a changed line handed over": self.deploy(changed).handed_over,
            "bundlekit: known to be unchanged": self.deploy(changed).phases["known"],
        }
