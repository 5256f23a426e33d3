"""Has pip find and fetch packages: the versions that fit together, from where the user's pip gets its packages."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from bundlekit.errors import BundlekitError, CouldNotRun, Refused
from bundlekit.quoting import for_terminal
from bundlekit.shipped import install_command
from bundlekit.vendor.pip_for_python_2 import UNKNOWN_PIP
from bundlekit.vendor.target import PIP_OPTIONS

_NONE_FITS = re.compile(r"No matching distribution found for ([A-Za-z0-9][A-Za-z0-9._-]*)")
_OFFLINE = re.compile(
    r"connection broken by|Failed to establish a new connection|Name or service not known|Temporary failure in name"
    r"|Could not fetch URL|Max retries exceeded|Network is unreachable",
    re.IGNORECASE,
)
_OTHER_HASH = "DO NOT MATCH THE HASHES"
_MOST_LINES = 12
_LONGEST = 200  # characters of a line


def download(
    lines: Iterable[str],
    folder: Path,
    *,
    constraints: Iterable[str] = (),
    sdists: Iterable[str] = (),
    exact: bool = False,
) -> None:
    """Put the wheels and sdists of packages, and of what they require, into a folder.

    A wheel is preferred; an sdist is taken of a package, or of an exact version, that has no wheel for Python 2.7.

    Args:
        lines: as in a requirements.txt.
        folder: which is made.
        constraints: versions to take of what is required, a line each.
        sdists: packages that are known to have an sdist only.
        exact: whether each line names one version with its digest, and nothing else is to be fetched.

    Raises:
        CouldNotRun: there is no pip, no network, or no versions that fit.
        Refused: a file has another digest than its line says.
    """
    folder.mkdir()
    allowed = sorted(set(sdists))
    with tempfile.TemporaryDirectory(prefix="bundlekit-") as scratch:
        options = [
            option
            for name, content in (("requirement", lines), ("constraint", constraints))
            for option in (f"--{name}", _written(Path(scratch, f"{name}.txt"), content))
        ]
        _until_found(folder, options, allowed, exact=exact)


def _written(path: Path, lines: Iterable[str]) -> str:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def _until_found(folder: Path, options: Sequence[str], allowed: list[str], *, exact: bool) -> None:
    while True:
        status, output = _run(folder, options, allowed, exact=exact)
        if status == 0:
            return
        missing = _NONE_FITS.search(output)
        name = _normalised(missing[1]) if missing else ""
        if not name or name in allowed or exact or _is_offline(output):
            raise _error(output, name)
        allowed.append(name)


def _run(folder: Path, options: Sequence[str], sdists: Sequence[str], *, exact: bool) -> tuple[int, str]:
    # The user's settings for pip count, in files and in the environment: -I keeps PIP_* variables.
    command = [sys.executable, "-I", "-m", "bundlekit.vendor.pip_for_python_2", "download", "--no-input", "--no-color"]
    command += ["--disable-pip-version-check", "--progress-bar=off", *PIP_OPTIONS]
    command += [f"--no-binary={name}" for name in sdists]
    command += ["--no-deps", "--require-hashes"] if exact else []
    command += ["--dest", str(folder.absolute()), *options]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL
    )
    return done.returncode, done.stdout + done.stderr


def _is_offline(output: str) -> bool:
    return _OFFLINE.search(output) is not None


def _error(output: str, name: str) -> BundlekitError:
    """What a failure of pip means."""
    text = for_terminal(output).strip()
    lines = [line.rstrip() for line in text.splitlines()]
    lines = [line if len(line) < _LONGEST else line[:_LONGEST] + "..." for line in lines]
    details = tuple(line for line in lines if line.startswith(("ERROR: ", "    ")))[:_MOST_LINES] or tuple(lines[-3:])
    if "No module named 'pip'" in text:
        return CouldNotRun("there is no pip beside bundlekit, which finds packages", hint=install_command("vendor"))
    if UNKNOWN_PIP in text:
        return CouldNotRun(
            "this pip is not built as bundlekit expects", details=details, hint=install_command("vendor")
        )
    if _OTHER_HASH in text:
        return Refused(
            "a package is not the one that vendor.lock names: its digest differs",
            details=details,
            hint="somebody changed it on the index or on the way; with `--upgrade` you would accept it",
        )
    if _is_offline(text):
        return CouldNotRun(
            "pip reaches no package index",
            details=details,
            hint="check the network and pip's settings (`pip config list`); with PIP_FIND_LINKS pip takes a folder",
        )
    if name and "(from versions: none)" in text:
        return CouldNotRun(
            f"pip finds no package {name} for Python 2.7",
            details=details,
            hint="check its name, and that pip reaches its package index: `pip config list` shows which one",
        )
    if name:
        return CouldNotRun(
            f"no version of {name} that requirements.txt allows runs under Python 2.7",
            details=details,
            hint="write its name without a version, and the newest that does is taken",
        )
    if "ResolutionImpossible" in text or "conflicting dependencies" in text:
        return CouldNotRun(
            "no versions of these packages fit together",
            details=details,
            hint="ask for fewer exact versions in requirements.txt",
        )
    return CouldNotRun("pip failed", details=details, hint="its words are above")


def _normalised(name: str) -> str:
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)
