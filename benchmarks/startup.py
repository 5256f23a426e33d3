"""How long commands take to start: us beside a click program with three commands and check-jsonschema, in one run.

    python -m benchmarks.startup [ROUNDS]

The rounds are interleaved, so that what else the machine does touches all of them alike; the median counts. Of deploy
it is the time to its first line on a terminal; no gateway is asked by then.
"""

from __future__ import annotations

import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent

FIRST_LINE = "bundlekit deploy, its first line"
CLICK = "click, three commands: --version"
BY_CLICK = """
import click

@click.group()
@click.version_option("1")
def cli(): ...

for name in ("one", "two", "three"):
    cli.command(name, short_help="It does something.")(lambda: None)

cli()
"""


def measure(commands: dict[str, list[str]], rounds: int, folder: Path) -> dict[str, float]:
    """The median time of each command in milliseconds, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            if name == FIRST_LINE:
                taken = first_line(command, folder)
            else:
                begin = time.perf_counter()
                subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
                taken = time.perf_counter() - begin
            if turn:
                times[name].append(taken * 1000)
    return {name: statistics.median(values) for name, values in times.items()}


def first_line(command: list[str], folder: Path) -> float:
    """The seconds until a command writes something to its terminal; it is ended then."""
    ours, terminal = pty.openpty()
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal)
    os.close(terminal)
    os.read(ours, 1)
    taken = time.perf_counter() - begin
    process.kill()
    process.wait()
    os.close(ours)
    return taken


def main() -> None:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundlekit = str(BIN / "bundlekit")
        subprocess.run(
            [bundlekit, "new", "--name", "thermostat", "--resource", "/thermostat:get,put", "--no-input"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        schema = subprocess.run(
            [sys.executable, "-c", "from bundlekit import shipped; print(shipped.manifest_schema())"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        check = [str(BIN / "check-jsonschema"), "--schemafile", schema, "thermostat/bundle.json"]
        (folder / "by_click.py").write_text(BY_CLICK)
        by_click = [sys.executable, "by_click.py"]
        completing = {"_BUNDLEKIT_COMPLETE": "bash_complete", "COMP_WORDS": "bundlekit re", "COMP_CWORD": "1"}
        commands = {
            CLICK: [*by_click, "--version"],
            "click, three commands: --help": [*by_click, "--help"],
            "bundlekit --version": [bundlekit, "--version"],
            "bundlekit, completing a verb": [
                "env",
                *(f"{key}={value}" for key, value in completing.items()),
                bundlekit,
            ],
            "bundlekit --help": [bundlekit, "--help"],
            "bundlekit validate (one bundle)": [bundlekit, "validate", "thermostat"],
            FIRST_LINE: [bundlekit, "deploy", "moxa@127.0.0.1:1", "--bundle", "thermostat"],
            "check-jsonschema (its bundle.json alone)": check,
        }
        results = measure(commands, rounds, folder)
    print(f"{'median of ' + str(rounds):<42}{'ms':>7}{'ratio':>8}")
    for label, value in results.items():
        print(f"{label:<42}{value:>7.0f}{value / results[CLICK]:>7.2f}x")


if __name__ == "__main__":
    main()
