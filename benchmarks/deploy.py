"""A deploy over links as they are met in the field, side by side with what one would use otherwise, in one run.

    python -m benchmarks.deploy [--rounds 3] [--rtt 0,100,300] [--rate 0,1] [--part table,change,cuts]

The gateway is the booted one of the tests: its own network namespace, a real sshd, the kernel's TCP over a pair of TUN
devices that hold packets back. Everybody logs in with the same key and brings the same archive of 50 kB. The others
upload it, decompress it, start a process and see that it lives. bundlekit does all that it always does: it looks what
is there, locks, checks the digest, keeps a way back, and waits until the bundle has registered.

The rounds are interleaved, so that what else the machine does touches all alike; the median counts. RTTs are the
seconds that it took longer than at a round trip time of 0, divided by that time: the start of the programs is not in
them. Wants root, and the dependencies of the group `others` in .venv/others, which `make bench-deploy` puts there.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.deploying import Bundle, Deploys, Links
from benchmarks.ways import END, OTHERS, WAYS, end_connections
from tests.box import Box

KILOBYTES = 50
BASE = "scp, then ssh"
Figures = dict[str, dict[int, list[float]]]


def measure(box: Box, links: Links, bundle: Bundle, asked: Options, rate: float) -> Figures:
    """Seconds of each way at each round trip time, at one rate in Mbit/s."""
    figures: Figures = defaultdict(lambda: defaultdict(list))
    for number in range(asked.rounds + 1):
        for rtt in asked.rtts:
            gateway = links.to(rtt, rate)
            archive = bundle.next()
            file = links.folder / "archive.tar.gz"
            file.write_bytes(archive.data)
            found: dict[str, float] = {}
            for way in WAYS:
                begin = time.perf_counter()
                run(way.command(gateway, file, links.folder))
                found[way.name] = time.perf_counter() - begin
                box.run(f"cd /home/{gateway.user} && {{ {END}; }}")
                for command in end_connections(gateway, links.folder):
                    subprocess.run(command, check=False, capture_output=True)
            found |= Deploys(gateway, box.password).times(archive, bundle.with_changed_version())
            if number:  # the first round warms up: for bundlekit it is the one without an earlier release
                for name, seconds in found.items():
                    figures[name][rtt].append(seconds)
        print(f"round {number} of {asked.rounds} is over", file=sys.stderr)
    return figures


def run(command: str) -> None:
    """Run a shell command.

    Raises:
        SystemExit: it failed.
    """
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"{command}\nended with exit code {ended.returncode}\n{ended.stdout}{ended.stderr}")


def show(figures: Figures, rtts: list[int], rate: float) -> None:
    width = f"{rate:g} Mbit/s" if rate else "unlimited"
    print(f"\n{KILOBYTES} kB, rate {width}, seconds at a round trip time in ms")
    least, *more = rtts
    print(f"{'':<40}" + "".join(f"{rtt:>9}" for rtt in rtts), end="")
    print("".join(f"{f'RTTs {rtt}':>11}" for rtt in more if not least) + f"{f'of {BASE}, at {rtts[-1]}':>26}")
    middle = {
        name: {rtt: statistics.median(seconds) for rtt, seconds in those.items()} for name, those in figures.items()
    }
    for name, those in middle.items():
        print(f"{name:<40}" + "".join(f"{those[rtt]:>9.2f}" for rtt in rtts), end="")
        print("".join(f"{(those[rtt] - those[least]) * 1000 / rtt:>11.1f}" for rtt in more if not least), end="")
        print("".join(f"{those[rtt] / middle[BASE][rtt]:>9.2f}" for rtt in rtts), flush=True)


def show_change(links: Links, password: str, rtt: int, rate: float) -> None:
    """A bundle of 2 MB, and a line of it changed: bytes that went over the wire, of everything, with all headers."""
    gateway = links.to(rtt, rate)
    bundle = Bundle("large", files=40, size=50_000, folder=links.folder)
    print(f"\n2 MB in 40 files, RTT {rtt} ms, rate {rate:g} Mbit/s")
    for what, archive in (("the whole of it", bundle.next()), ("one line changed", bundle.with_changed_line())):
        before, begin = links.sent(rtt, rate), time.perf_counter()
        Deploys(gateway, password).deploy(archive)
        seconds = time.perf_counter() - begin
        print(
            f"{what:<24}{len(archive.data):>11,} bytes of archive {links.sent(rtt, rate) - before:>11,} bytes sent",
            end="",
        )
        print(f"{seconds:>8.1f} s", flush=True)


def show_cuts(links: Links, password: str, rtt: int, rate: float, every: int) -> None:
    """An upload of 2 MB over a link that ends again and again."""
    bundle = Bundle("often-cut", files=40, size=50_000, folder=links.folder)
    archive = bundle.next()
    with links.cut(rtt, rate, every) as (gateway, relay):
        before, begin = links.sent(rtt, rate), time.perf_counter()
        Deploys(gateway, password).deploy(archive)
        print(f"\n2 MB over a link that is cut every {every:,} bytes, RTT {rtt} ms, rate {rate:g} Mbit/s")
        print(f"{len(relay.carried)} connections, {links.sent(rtt, rate) - before:,} bytes sent", end="")
        print(f" for an archive of {len(archive.data):,}, {time.perf_counter() - begin:.1f} s", flush=True)


@dataclass(frozen=True)
class Options:
    """What the command line says: round trip times in ms, the least first; rates in Mbit/s, 0 for no limit."""

    rounds: int
    rtts: list[int]
    rates: list[float]
    parts: list[str]


def options() -> Options:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rtt", default="0,100,300", help="in ms")
    parser.add_argument("--rate", default="0,1", help="in Mbit/s; 0 for no limit")
    parser.add_argument("--part", default="table,change,cuts")
    given = parser.parse_args()
    return Options(
        given.rounds,
        sorted(int(word) for word in given.rtt.split(",")),
        [float(word) for word in given.rate.split(",")],
        given.part.split(","),
    )


@contextmanager
def place() -> Iterator[tuple[Box, Links]]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        box = stack.enter_context(Box())
        yield box, stack.enter_context(Links(box, Path(folder)))


def main() -> None:
    asked = options()
    if "table" in asked.parts and not (OTHERS / "pyinfra").exists():
        raise SystemExit(f"{OTHERS} has no pyinfra: `make bench-deploy` puts it there")
    with place() as (box, links):
        if "table" in asked.parts:
            bundle = Bundle("fifty", files=1, size=KILOBYTES * 1000 - 2000, folder=links.folder)
            for rate in asked.rates:
                show(measure(box, links, bundle, asked, rate), asked.rtts, rate)
        rtt, rate = asked.rtts[-1], max(asked.rates)
        if "change" in asked.parts:
            show_change(links, box.password, rtt, rate)
        if "cuts" in asked.parts:
            show_cuts(links, box.password, rtt, rate, 300_000)


if __name__ == "__main__":
    main()
