"""What verbs take over a slow link, as whole programs, beside the quickest thing that ssh can do there, in one run.

    python -m benchmarks.verbs [--rounds 5] [--rtt 100]

The gateway and the links are those of `benchmarks.deploy`. Each verb is a new process with its start and imports, its
output is piped, and it logs in by a key. `ssh HOST true` is what it is compared with. The rounds are interleaved; the
median counts. Wants root, as the tests of gateways do.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.deploy import place
from benchmarks.deploying import Bundle, Deploys
from benchmarks.ways import Gateway

BASE = "ssh HOST true"
PROGRAM = str(Path(sys.executable).with_name("bundlekit"))


def commands(gateway: Gateway, archive: Path, folder: Path) -> dict[str, list[str]]:
    """What is measured, by name."""
    reach = [f"{gateway.user}@{gateway.host}", "--ssh-config", str(gateway.ssh_config), "--password-stdin"]
    return {
        BASE: ["ssh", "-F", str(gateway.ssh_config), gateway.host, "true"],
        "status": [PROGRAM, "status", *reach],
        "logs": [PROGRAM, "logs", *reach, "--bundle", "verbs"],
        "api": [PROGRAM, "api", "GET", "/verbs", *reach],
        "doctor": [PROGRAM, "doctor", *reach],
        "deploy, an archive that runs there": [PROGRAM, "deploy", *reach, "--bundle", str(archive)],
        "deploy, a folder that runs there": [PROGRAM, "deploy", *reach, "--bundle", str(folder)],
        "--version": [PROGRAM, "--version"],
    }


def times(command: list[str], password: str) -> tuple[float, float]:
    """Seconds until the first line of output, of whichever kind, and until the end."""
    begin = time.perf_counter()
    reader, writer = os.pipe()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=writer, stderr=writer) as process:
        os.close(writer)
        assert process.stdin is not None
        if "--password-stdin" in command:  # for sudo
            process.stdin.write(password.encode() + b"\n")
        process.stdin.close()
        said, first = b"", 0.0
        while part := os.read(reader, 65536):
            first = first or time.perf_counter() - begin
            said += part
        os.close(reader)
    taken = time.perf_counter() - begin
    if process.returncode:
        raise SystemExit(f"{command} ended with exit code {process.returncode}\n{said.decode(errors='replace')}")
    return first or taken, taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rtt", type=int, default=100, help="in ms")
    asked = parser.parse_args()
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with place() as (box, links), tempfile.TemporaryDirectory() as folder:
        gateway = links.to(asked.rtt, 0)
        bundle = Bundle("verbs", files=1, size=48_000, folder=links.folder)
        packed = bundle.next()
        archive = Path(folder) / packed.file_name
        archive.write_bytes(packed.data)
        Deploys(gateway, box.password).deploy(packed)
        for number in range(asked.rounds + 1):
            for name, command in commands(gateway, archive, links.folder / "verbs").items():
                taken = times(command, box.password)
                if number:  # the first round warms up
                    found[name].append(taken)
    base = statistics.median(end for _, end in found[BASE])
    print(f"RTT {asked.rtt} ms, seconds\n{'':<40}{'first line':>11}{'end':>8}{f'of {BASE}':>18}")
    for name, each in found.items():
        first, end = (statistics.median(column) for column in zip(*each, strict=True))
        print(f"{name:<40}{first:>11.2f}{end:>8.2f}{end / base:>18.2f}")


if __name__ == "__main__":
    main()
