"""The tests that need no root, under each Python that pyproject.toml names and this machine has.

`python -m tests.pythons` makes an environment for each, with the wheel and not the checkout, tries the wheel there, and
runs the tests. `python -m tests.pythons 3.13 tests/pack` takes one Python, and some tests.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLACE = ROOT / ".venv/pythons"
TESTS = [
    "tests/bundle",
    "tests/cli",
    "tests/export",
    "tests/fleet",
    "tests/lint",
    "tests/pack",
    "tests/scaffold",
    "tests/source",
    "tests/test_errors.py",
]
TRY = ("new --name thermostat --resource /thermostat:get,put --no-input", "validate thermostat", "pack thermostat")


def named() -> list[str]:
    """The versions of the classifiers."""
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["classifiers"]
    found = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", one) for one in classifiers)
    return [one[1] for one in found if one]


def python_of(version: str) -> Path | None:
    """An interpreter of a version: on the PATH, else one of pyenv or uv; nothing is downloaded."""
    places = [shutil.which(f"python{version}")]
    for folder, pattern in (
        ("~/.pyenv/versions", f"{version}.*"),
        ("~/.local/share/uv/python", f"cpython-{version}.*"),
    ):
        places += sorted(str(one / f"bin/python{version}") for one in Path(folder).expanduser().glob(pattern))
    ask = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2], sys.executable)"
    for place in filter(None, places):
        run = subprocess.run([place, "-c", ask], capture_output=True, text=True, check=False)
        told, _, executable = run.stdout.strip().partition(" ")
        if told == version:
            return Path(executable)
    return None


def main(arguments: list[str]) -> int:
    versions = [one for one in arguments if re.fullmatch(r"3\.\d+", one)] or named()
    tests = [one for one in arguments if one not in versions] or TESTS
    uv = str(ROOT / ".venv/bin/uv")
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([uv, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        for version in versions:
            python = python_of(version)
            if python is None:
                print(f"Python {version}: not on this machine", flush=True)
                continue
            environment = PLACE / version
            subprocess.run([uv, "venv", "--quiet", "--clear", "--python", python, environment], check=True)
            into = [uv, "pip", "install", "--quiet", "--python", str(environment)]
            subprocess.run([*into, wheel, "--group", f"{ROOT}/pyproject.toml:dev"], check=True)
            print(f"Python {version}: {python}", flush=True)
            if not (tried(environment / "bin/bundlekit") and passed(environment / "bin/python", tests)):
                failed.append(version)
    print(f"failed: {', '.join(failed)}" if failed else "all passed")
    return bool(failed)


def tried(program: Path) -> bool:
    """Whether the wheel works from an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        home = {**os.environ, "HOME": folder}
        lines = ([str(program), *line.split()] for line in TRY)
        return all(subprocess.run(line, cwd=folder, env=home, check=False).returncode == 0 for line in lines)


def passed(python: Path, tests: list[str]) -> bool:
    """Whether the tests pass with the installed package, from a copy without the checkout's."""
    leave = shutil.ignore_patterns("__pycache__")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("tests", "templates", "docs", "schemas", "ansible_collections", "website"):
            shutil.copytree(ROOT / name, Path(folder, name), symlinks=True, ignore=leave)
        for name in ("pyproject.toml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "hatch_build.py"):
            shutil.copy(ROOT / name, folder)
        line = [str(python), "-m", "pytest", "-q", "-n", "2", "-m", "not gateway and not browser and not slow", *tests]
        environment = {**os.environ, "BUNDLEKIT_TESTS": "fast"}
        return subprocess.run(line, cwd=folder, env=environment, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
