"""Findings that are known: those of an old code base that is taken over, so that only new ones are told.

A known finding is known by its file, its rule, and its place: the JSON pointer, or what stands in the line. Never by a
line's number, which any other change would move.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from bundlekit.bundle.bundle import Bundle
from bundlekit.errors import BadUsage
from bundlekit.lint.catalogue import AMONG, catalogue
from bundlekit.lint.finding import Finding
from bundlekit.lint.selection import Selection

FORMAT_VERSION = 1  # so that a file of another version is refused, not misread


@dataclass(frozen=True, slots=True, order=True)
class BaselineEntry:
    """One or several findings that cannot be told apart.

    Attributes:
        file: from the folder of the baseline on.
        code: of the rule.
        kind: `pointer` for a JSON pointer, `line` for a digest of what stands in the line, spaces aside.
        place: the one or the other.
    """

    file: str
    code: str
    kind: str
    place: str


class Baseline:
    """What is known, and what a run of checks makes of it."""

    def __init__(self, known: Counter[BaselineEntry]) -> None:
        self._known = known
        self._left = Counter(known)
        self._new: Counter[BaselineEntry] = Counter()
        self._checked: dict[str, tuple[Selection, str | None]] = {}

    def new(
        self, under: str, bundle: Bundle, findings: Iterable[Finding], selection: Selection, only: str | None = None
    ) -> list[Finding]:
        """Those of a bundle's findings that are not known.

        Args:
            under: where the bundle lies, from the folder of the baseline on.
            bundle: the bundle.
            findings: all that was found in it.
            selection: which rules were asked.
            only: the one file of it that was looked at, as findings call it; by default all were.
        """
        self._checked[str(PurePosixPath(under))] = (selection, bundle.path_of(only) if only else None)
        told = []
        for finding in findings:
            known = _known(under, bundle, finding)
            if self._left[known] > 0:
                self._left[known] -= 1
            else:
                self._new[known] += 1
                told.append(finding)
        return told

    @property
    def gone(self) -> Counter[BaselineEntry]:
        """What is known and was not found any more, of what was looked at; and all of rules that there are no more."""
        return Counter({known: times for known, times in self._left.items() if times > 0 and self._is_gone(known)})

    @property
    def met(self) -> int:
        """How many of the findings are known."""
        return self._known.total() - sum(times for times in self._left.values() if times > 0)

    @property
    def renewed(self) -> Counter[BaselineEntry]:
        """What is known from now on: without what is gone, and with what is new."""
        return self._known - self.gone + self._new

    def _is_gone(self, known: BaselineEntry) -> bool:
        # What one bundle has against another is found where both are looked at.
        is_seen = known.code not in AMONG or len(self._checked) > 1
        return not _is_rule(known.code) or (is_seen and self._was_asked(known))

    def _was_asked(self, known: BaselineEntry) -> bool:
        file = PurePosixPath(known.file)
        for folder in file.parents:
            path = str(file.relative_to(folder))
            if str(folder) in self._checked and not path.startswith("../"):
                selection, only = self._checked[str(folder)]
                return only in (None, path) and known.code in selection.severities and selection.tells(known.code, path)
        return False


def written(known: Counter[BaselineEntry]) -> str:
    """A baseline as a file: JSON, one finding a line, in order, so that changes of it can be read."""
    lines = [json.dumps(_item(one, known[one])) for one in sorted(known)]
    listed = ",\n    ".join(lines)
    return f'{{\n  "version": {FORMAT_VERSION},\n  "findings": [' + (f"\n    {listed}\n  " if lines else "") + "]\n}\n"


def read(text: str) -> Counter[BaselineEntry]:
    """The baseline that a file's text is.

    Raises:
        BadUsage: it is none.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadUsage(f"it is not JSON: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("findings"), list):
        raise BadUsage('it has no list "findings"')
    if value.get("version") != FORMAT_VERSION:
        raise BadUsage(f"its version is not {FORMAT_VERSION}", hint="write it again with --write-baseline")
    known: Counter[BaselineEntry] = Counter()
    for number, item in enumerate(value["findings"], 1):
        one, times = _read(item, number)
        known[one] += times
    return known


def called(known: Counter[BaselineEntry]) -> Iterator[str]:
    """`thermostat/bundle.json BK102 /ttl`, with `(2 times)` behind it, or that there is no such rule any more."""
    for one in sorted(known):
        place = f" {one.place}" if one.kind == "pointer" and one.place else ""
        times = f" ({known[one]} times)" if known[one] > 1 else ""
        rule = "" if _is_rule(one.code) else ": there is no such rule any more"
        yield f"{one.file} {one.code}{place}{times}{rule}"


def _is_rule(code: str) -> bool:
    return any(rule.code == code for rule in catalogue())


def _known(under: str, bundle: Bundle, finding: Finding) -> BaselineEntry:
    file = str(PurePosixPath(under) / bundle.path_of(finding.file))
    if finding.pointer is not None:
        return BaselineEntry(file, finding.code, "pointer", finding.pointer)
    line = " ".join(finding.excerpt.split()).encode("utf-8", "surrogatepass")
    return BaselineEntry(file, finding.code, "line", sha256(line).hexdigest()[:16])


def _item(known: BaselineEntry, times: int) -> dict[str, Any]:
    item: dict[str, Any] = {"file": known.file, "code": known.code, known.kind: known.place}
    return item if times == 1 else {**item, "times": times}


def _read(item: Any, number: int) -> tuple[BaselineEntry, int]:
    if isinstance(item, dict):
        kind = "pointer" if "pointer" in item else "line"
        words, times = [item.get(key) for key in ("file", "code", kind)], item.get("times", 1)
        file, code, place = (word if isinstance(word, str) else None for word in words)
        if file is not None and code is not None and place is not None and type(times) is int and times > 0:
            return BaselineEntry(file, code, kind, place), times
    raise BadUsage(
        f"its finding {number} does not have the form of a finding", hint="write it again with --write-baseline"
    )
