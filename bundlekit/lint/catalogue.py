"""The rules by code, name and severity, without their modules, which take as long to load as some bundles to check.

`python -m bundlekit.lint.page` writes the list; a test compares it with the rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bundlekit.lint.finding import Severity

LIST = Path(__file__).with_name("catalogue.txt")

AMONG = frozenset({"BK402", "BK403", "BK404"})
"""The codes of the rules about several bundles."""


class CatalogueEntry(NamedTuple):
    """A rule, as `bundlekit.lint.rule.Rule` says."""

    code: str
    name: str
    severity: Severity


@cache
def catalogue() -> tuple[CatalogueEntry, ...]:
    """Every rule, by code."""
    entries = (line.split() for line in LIST.read_text(encoding="ascii").splitlines())
    return tuple(CatalogueEntry(code, name, Severity(severity)) for code, name, severity in entries)


def written(entries: Iterable[CatalogueEntry]) -> str:
    """The list as it is kept."""
    return "".join(f"{' '.join(entry)}\n" for entry in entries)
