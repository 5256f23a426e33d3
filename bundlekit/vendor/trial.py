"""Imports what was vendored under the Python 2.7 of this machine, where it has one."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bundlekit.errors import BadUsage
from bundlekit.quoting import for_terminal
from bundlekit.shipped import sdk

NAME = "python2.7"

_SECONDS = 60
_ASK = r"""
import json, os, sys
folders, modules = json.loads(sys.argv[1])
sys.path[:0] = [str(folder) for folder in folders]
answers = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_RDWR), 1)
for module in modules:
    try:
        __import__(str(module))
        why = ""
    except BaseException as error:
        why = "%s: %s" % (type(error).__name__, error)
    answers.write(json.dumps([module, why]) + "\n")
    answers.flush()
"""


@dataclass(frozen=True)
class Trial:
    """What became of it.

    Attributes:
        version: of the Python, such as 2.7.18.
        failed: by module, why its import failed.
    """

    version: str
    failed: Mapping[str, str]


def find_python_2(given: str | None) -> tuple[str, str] | None:
    """The path of a Python 2.7 that runs, and its version; None if this machine has none.

    Args:
        given: the one to take, a path or a name.

    Raises:
        BadUsage: `given` is none.
    """
    path = shutil.which(given or NAME)
    version = _version(path) if path else ""
    if path and version.startswith("2.7."):
        return path, version
    if given:
        raise BadUsage(f"{given} is not a Python 2.7 that can be run")
    return None


def try_modules(python: tuple[str, str], vendor: Path, modules: Iterable[str]) -> Trial:
    """Import modules of a `vendor/` folder, all in one process, as a bundle does.

    Args:
        python: path of the interpreter, and its version.
        vendor: the folder.
        modules: dotted names.
    """
    path, version = python
    names = sorted(modules)
    asked = json.dumps([[str(vendor.absolute()), str(sdk())], names])
    answers = dict.fromkeys(names, "Python ended before it was imported")
    for line in _run(path, "-c", _ASK, asked).splitlines():
        try:
            module, why = json.loads(line)
        except ValueError:
            continue
        answers[str(module)] = for_terminal(str(why))
    return Trial(version, {module: why for module, why in answers.items() if why})


def _version(path: str) -> str:
    return _run(path, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])").strip()


def _run(python: str, *arguments: str) -> str:
    """What a Python prints; as much as it did where it failed."""
    try:
        done = subprocess.run(
            [python, "-E", "-s", "-B", *arguments],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        return error.stdout.decode("utf-8", "replace") if isinstance(error.stdout, bytes) else ""
    except OSError:
        return ""
    return done.stdout
