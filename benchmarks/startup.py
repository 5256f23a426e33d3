"""How long commands take to start: us beside a click program with three commands and check-jsonschema, in one run.

    python -m benchmarks.startup [ROUNDS]

The rounds are interleaved, so that what else the machine does touches all of them alike; the median counts.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent

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
            begin = time.perf_counter()
            subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            if turn:
                times[name].append((time.perf_counter() - begin) * 1000)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
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
            "check-jsonschema (its bundle.json alone)": check,
        }
        results = measure(commands, rounds, folder)
    print(f"{'median of ' + str(rounds):<42}{'ms':>7}{'ratio':>8}")
    for label, value in results.items():
        print(f"{label:<42}{value:>7.0f}{value / results[CLICK]:>7.2f}x")


if __name__ == "__main__":
    main()
