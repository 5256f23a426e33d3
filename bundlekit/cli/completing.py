"""What Tab offers for values that only bundlekit knows. Nothing is asked over a network, and no error is told."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import click

_DEEPEST = 16  # files that include each other, as in OpenSSH
_LINE = re.compile(r"\s*(Host|Include)(?:\s*=\s*|\s+)(.*)", re.IGNORECASE)
_NAMES_MANY = re.compile(r"[*?!]")
_METHODS = ("GET", "PUT", "POST", "DELETE")


def hosts(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """The `Host` names of the ssh configuration, behind `user@` too."""
    user, at, host = typed.rpartition("@")
    named = context.params.get("ssh_config")
    folder = Path("~/.ssh").expanduser()
    names = dict.fromkeys(_hosts(Path(named) if named else folder / "config", folder, _DEEPEST))
    return [f"{user}{at}{name}" for name in names if name.startswith(host)]


def methods(_context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """The methods of requests."""
    return [method for method in _METHODS if method.startswith(typed.upper())]


def rules(_context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """Codes and names of rules, behind a comma too; codes where nothing tells which of both is meant."""
    from bundlekit.lint.catalogue import catalogue

    before, comma, word = typed.rpartition(",")
    words = [one.code for one in catalogue()] + ([one.name for one in catalogue()] if word else [])
    return [f"{before}{comma}{one}" for one in words if one.lower().startswith(word.lower())]


def severities(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """`CODE=SEVERITY`."""
    from bundlekit.lint.finding import Severity

    rule, sign, word = typed.partition("=")
    if not sign:
        return [f"{one}=" for one in rules(context, parameter, typed)]
    return [f"{rule}={one}" for one in (*(each.value for each in Severity), "off") if one.startswith(word)]


def _hosts(file: Path, base: Path, depth: int) -> Iterator[str]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        found = _LINE.match(line)
        words = found[2].partition(" #")[0].replace('"', " ").split() if found else []
        if found and found[1].lower() == "host":
            yield from (word for word in words if not _NAMES_MANY.search(word))
        elif depth:
            for word in words:
                pattern = os.path.join(base, Path(word).expanduser())  # noqa: PTH118 - keeps an absolute one
                for each in sorted(Path("/").glob(pattern.lstrip("/"))):
                    yield from _hosts(each, base, depth - 1)
