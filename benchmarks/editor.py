"""How long the editor server takes: from a change to its diagnostics, to be ready, and how much memory it needs.

    python -m benchmarks.editor [CHANGES]

The client types a character into an index.py of 1,000 lines with 15 resources, waits for the diagnostics of that
version, and pauses as somebody who types does. Every tenth change is in bundle.json. The server's processor time is
shown too: it suffers less from what else the machine does than the time on the clock.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.bundles import make_large_bundle

LINES = 1000
STARTS = 7
PAUSE = 0.08
"""Seconds between an answer and the next change: a fast typist's."""


class Client:
    """The least client that there can be."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [str(Path(sys.executable).with_name("bundlekit")), "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def send(self, method: str, params: Any, number: int | None = None) -> None:
        """Send a notification, or a request if it has a number."""
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        body = json.dumps(message if number is None else {**message, "id": number}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def receive(self) -> Any:
        """The next message."""
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            length = int(line.partition(b":")[2])
        return json.loads(self.process.stdout.read(length))

    def answer(self, number: int) -> None:
        """Wait for the answer to a request."""
        while self.receive().get("id") != number:
            pass

    def diagnostics(self, uri: str, version: int) -> None:
        """Wait for the diagnostics of a version of a file."""
        while True:
            params = self.receive().get("params", {})
            if params.get("uri") == uri and params.get("version") == version:
                return

    def initialize(self) -> float:
        """Wait until the server is ready; the seconds since now."""
        begin = time.perf_counter()
        self.send("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": {}}, 0)
        self.answer(0)
        taken = time.perf_counter() - begin
        self.send("initialized", {})
        return taken

    def end(self) -> None:
        """Shut the server down."""
        self.send("shutdown", None, 1)
        self.answer(1)
        self.send("exit", None)
        self.process.wait()

    @property
    def processor(self) -> float:
        """The seconds of processor time that the server has taken so far."""
        threads = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((one / "schedstat").read_text().split()[0]) for one in threads) / 1e9

    @property
    def memory(self) -> float:
        """The most MiB that the server has had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def show(name: str, values: list[float]) -> None:
    """Print the median and the 95th percentile of some seconds."""
    p95 = statistics.quantiles(values, n=20)[18]
    print(f"{name:<44}{statistics.median(values) * 1000:>9.0f}{p95 * 1000:>9.0f}")


def ready() -> tuple[float, float]:
    """The seconds from the start of a server until it is ready: on the clock, and of the processor."""
    begin = time.perf_counter()
    client = Client()
    client.initialize()
    taken, processor = time.perf_counter() - begin, client.processor
    client.process.kill()
    client.process.wait()
    return taken, processor


def main() -> None:
    changes = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled
    random = Random(1)
    starts = [ready() for _ in range(STARTS + 1)][1:]
    with tempfile.TemporaryDirectory() as place:
        folder = make_large_bundle(Path(place) / "large", LINES)
        files = {name: (folder / name).read_text() for name in ("index.py", "bundle.json")}
        client = Client()
        client.initialize()
        begin = time.perf_counter()
        for name, text in files.items():
            item = {"uri": (folder / name).as_uri(), "languageId": "x", "version": 0, "text": text}
            client.send("textDocument/didOpen", {"textDocument": item})
        client.diagnostics((folder / "bundle.json").as_uri(), 0)
        opened = time.perf_counter() - begin
        waits: dict[str, list[float]] = {name: [] for name in files}
        spent: dict[str, list[float]] = {name: [] for name in files}
        for version in range(1, changes + 1):
            name = "bundle.json" if version % 10 == 0 else "index.py"
            uri = (folder / name).as_uri()
            line = random.randrange(files[name].count("\n")) if name == "index.py" else 0
            at = {"line": line, "character": 0}
            change = {"range": {"start": at, "end": at}, "text": " " if name == "bundle.json" else "#"}
            time.sleep(PAUSE)
            processor, begin = client.processor, time.perf_counter()
            client.send(
                "textDocument/didChange",
                {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]},
            )
            client.diagnostics(uri, version)
            waits[name].append(time.perf_counter() - begin)
            spent[name].append(client.processor - processor)
            if name == "index.py":  # and take it back, so that it stays Python
                back = {"range": {"start": at, "end": {**at, "character": 1}}, "text": ""}
                identifier = {"uri": uri, "version": changes + version}
                client.send("textDocument/didChange", {"textDocument": identifier, "contentChanges": [back]})
                client.diagnostics(uri, changes + version)
        memory = client.memory
        client.end()
    print(f"{LINES} lines of index.py; {len(os.sched_getaffinity(0))} processors, Python {sys.version.split()[0]}")
    print(f"{'milliseconds':<44}{'median':>9}{'p95':>9}")
    show("ready", [clock for clock, _ in starts])
    show("  of the processor", [processor for _, processor in starts])
    print(f"{'opened: rules loaded, first diagnostics':<44}{opened * 1000:>9.0f}")
    for name in files:
        show(f"{name} changed: to its diagnostics", waits[name])
        show("  of the processor", spent[name])
    print(f"memory: {memory:.0f} MiB")


if __name__ == "__main__":
    main()
