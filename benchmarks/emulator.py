"""The emulated gateway over its own broker and over mosquitto, side by side in one run.

    python -m benchmarks.emulator [REQUESTS] [ROUNDS]

`bundlekit run` with the sample bundle on the real SDK, asked over HTTPS: how long from its start to the first answer,
how long a GET takes for one client and for 32, the processor's time for both (of `run` itself, without its bundle and
without mosquitto), how long it takes until a saved file answers, and a second test of a bundle until it begins; with
the default of three rounds also how much memory it has, and whether that grows over as many requests as a client makes
in an hour that asks once a second. The rounds of the brokers are interleaved, so that what else the machine does
touches all of them alike. mosquitto is run as Debian has it, and once more with set_tcp_nodelay.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil

from bundlekit.emulator.running import RunningGateway, running

SAMPLE = Path(__file__).parents[1] / "tests" / "fixtures" / "example"
ROUNDS = 3
HOUR = 3600


@dataclass
class Figures:
    """What was measured over one broker; seconds and bytes."""

    ready: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    crowd: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    start: list[float] = field(default_factory=list)
    request: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Subject:
    """An emulated gateway that runs."""

    process: psutil.Process
    gateway: RunningGateway

    def processor(self) -> float:
        """Seconds, likewise."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> int:
        """Of itself; the bundle is a process apart."""
        rss: int = self.process.memory_info().rss
        return rss


@contextmanager
def mosquitto(folder: Path, *settings: str) -> Iterator[str]:
    """A broker to compare with; its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    configuration = folder / f"mosquitto-{port}.conf"
    configuration.write_text("\n".join([f"listener {port} 127.0.0.1", "allow_anonymous true", *settings, ""]))
    process = subprocess.Popen(["/usr/sbin/mosquitto", "-c", configuration], stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except OSError:
                time.sleep(0.02)
            else:
                break
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@contextmanager
def emulated(folder: Path, broker: str | None, *, reload: bool = False) -> Iterator[tuple[Subject, float]]:
    """`bundlekit run` with the sample; with it the seconds from the start of the command to the first answer."""
    bundle = folder / "example"
    if not bundle.exists():
        shutil.copytree(SAMPLE, bundle)
    command = [sys.executable, "-m", "bundlekit", "run", str(bundle), "--port", "0"]
    command += [] if reload else ["--no-reload"]
    command += ["--broker", broker] if broker else ["--mqtt-port", "0"]
    begin = time.perf_counter()
    with (folder / "run.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        subject = Subject(psutil.Process(process.pid), _announced(process, folder / "run.log"))
        asyncio.run(_first_answer(subject.gateway))
        yield subject, time.perf_counter() - begin
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _announced(process: subprocess.Popen[bytes], log: Path) -> RunningGateway:
    while process.poll() is None:
        for one in running():
            if one.pid == process.pid:
                return one
        time.sleep(0.005)
    raise SystemExit(log.read_text())


async def _first_answer(gateway: RunningGateway) -> None:
    async with _session(gateway, 1) as session:
        status = 0
        while status != 200:
            # What arrives after the registration and before the bundle has subscribed is lost, as on a gateway.
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    status = await _get(session, gateway)
            await asyncio.sleep(0.005)


def _session(gateway: RunningGateway, clients: int) -> aiohttp.ClientSession:
    context = ssl.create_default_context(cafile=gateway.certificate)
    token = gateway.token_file.read_text().strip()
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context, limit=clients), headers={"mx-api-token": token}
    )


async def _get(session: aiohttp.ClientSession, gateway: RunningGateway) -> int:
    async with session.get(f"{gateway.url}/api/v1/example") as response:
        await response.read()
        return response.status


async def load(gateway: RunningGateway, requests: int, clients: int) -> tuple[list[float], float]:
    """The seconds that each request took, and all of them together."""
    times: list[float] = []
    async with _session(gateway, clients) as session:

        async def client() -> None:
            for _ in range(requests // clients):
                begin = time.perf_counter()
                if await _get(session, gateway) != 200:
                    raise SystemExit("a request failed")
                times.append(time.perf_counter() - begin)

        for _ in range(3):
            await _get(session, gateway)
        begin = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(clients)))
        return times, time.perf_counter() - begin


def percentile(times: list[float], percent: int) -> float:
    """In milliseconds."""
    return sorted(times)[min(len(times) * percent // 100, len(times) - 1)] * 1000


def saved(folder: Path, times: int) -> list[float]:
    """Seconds from the save of a file until its bundle answers what it says now."""
    file, taken = folder / "example" / "index.py", []
    source = file.read_text()
    with emulated(folder, None, reload=True) as (subject, _):
        for number in range(times):
            time.sleep(1)  # it watches by then
            changed = source.replace("data=self.model.db", f"data={{'number': {number}}}")
            assert changed != source
            begin = time.perf_counter()
            file.write_text(changed)
            asyncio.run(_answer_with(subject.gateway, number))
            taken.append(time.perf_counter() - begin)
    file.write_text(source)
    return taken


async def _answer_with(gateway: RunningGateway, number: int) -> None:
    async with _session(gateway, 1) as session:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1), session.get(f"{gateway.url}/api/v1/example") as response:
                    if (await response.json()) == {"number": number}:
                        return
            await asyncio.sleep(0.005)


def later_tests(folder: Path, times: int) -> list[float]:
    """Seconds from the end of a test until the next one of the same bundle begins."""
    from bundlekit.testing.session import GatewaySession

    taken = []
    with GatewaySession(folder / "fixture", None) as session:
        for number in range(times + 1):
            begin = time.perf_counter()
            with session.gateway_with(folder / "example") as gateway:
                if number:
                    taken.append(time.perf_counter() - begin)
                gateway.get("/example")
    return taken


def measure(folder: Path, requests: int, rounds: int) -> dict[str, Figures]:
    """All figures, by the name of the broker."""
    with ExitStack() as stack:
        brokers = {
            "own (amqtt)": None,
            "mosquitto": stack.enter_context(mosquitto(folder)),
            "mosquitto, nodelay": stack.enter_context(mosquitto(folder, "set_tcp_nodelay true")),
        }
        figures = {name: Figures() for name in brokers}
        for _ in range(rounds):
            for name, broker in brokers.items():
                with emulated(folder, broker) as (subject, ready):
                    figures[name].ready.append(ready)
                    figures[name].start.append(subject.processor())
                    figures[name].alone += asyncio.run(load(subject.gateway, requests, 1))[0]
                    before = subject.processor()
                    times, total = asyncio.run(load(subject.gateway, requests, 32))
                    figures[name].request.append((subject.processor() - before) / len(times))
                    figures[name].crowd += times
                    figures[name].rates.append(len(times) / total)
        for name, broker in brokers.items() if rounds >= ROUNDS else ():
            with emulated(folder, broker) as (subject, _):
                figures[name].memory.append(subject.memory())
                for _ in range(6):
                    asyncio.run(load(subject.gateway, HOUR // 6, 4))
                    figures[name].memory.append(subject.memory())
    return figures


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 320
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS
    with tempfile.TemporaryDirectory() as name:
        os.environ["XDG_STATE_HOME"] = name
        figures = measure(Path(name), requests, rounds)
        saves, tests = saved(Path(name), rounds), later_tests(Path(name), rounds)
    own = next(iter(figures.values()))
    print(f"{rounds} rounds of {requests} GETs a broker; in ms unless it says otherwise\n")
    print(
        f"{'':<22}{'ready':>8}{'p50':>8}{'p99':>8}{'p50 of 32':>11}{'p99 of 32':>11}{'a second':>10}{'own is':>9}",
        end="",
    )
    print(f"{'processor: ready':>18}{'a GET':>8}")
    for name, one in figures.items():
        ratio = percentile(own.alone, 50) / percentile(one.alone, 50)
        print(
            f"{name:<22}{statistics.median(one.ready) * 1000:>8.0f}"
            f"{percentile(one.alone, 50):>8.2f}{percentile(one.alone, 99):>8.2f}"
            f"{percentile(one.crowd, 50):>11.1f}{percentile(one.crowd, 99):>11.1f}{statistics.median(one.rates):>10.0f}"
            f"{ratio:>8.2f}x{statistics.median(one.start) * 1000:>18.0f}{statistics.median(one.request) * 1000:>8.2f}"
        )
    print(f"\na saved file answers after {statistics.median(saves) * 1000:.0f} ms")
    print(f"the next test of a bundle begins after {statistics.median(tests) * 1000:.0f} ms")
    if rounds >= ROUNDS:
        print(f"\nmemory of the emulator in MB, at the start and over {HOUR} GETs (an hour's, at one a second)")
        for name, one in figures.items():
            print(f"{name:<22}" + "".join(f"{size / 1e6:>8.1f}" for size in one.memory))


if __name__ == "__main__":
    main()
