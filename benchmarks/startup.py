"""How long commands take to start: us beside an empty Python and beside check-jsonschema, in one run.

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
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "bundlekit --version": [bundlekit, "--version"],
            "bundlekit --help": [bundlekit, "--help"],
            "bundlekit validate (one bundle)": [bundlekit, "validate", "thermostat"],
            "check-jsonschema (its bundle.json alone)": check,
        }
        results = measure(commands, rounds, folder)
    base = results["check-jsonschema (its bundle.json alone)"]
    print(f"{'median of ' + str(rounds):<42}{'ms':>7}{'of check-jsonschema':>22}")
    for label, value in results.items():
        print(f"{label:<42}{value:>7.0f}{value / base:>21.0%}")


if __name__ == "__main__":
    main()
