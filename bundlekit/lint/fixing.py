"""Mends what can be mended unasked, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import accumulate

from bundlekit.bundle.bundle import MANIFEST, Bundle
from bundlekit.bundle.overlay import Overlaid, Renamed
from bundlekit.errors import Unreadable
from bundlekit.lint.engine import check
from bundlekit.lint.finding import Correction, Edit, Finding
from bundlekit.lint.selection import Choice, Selection, selection, selector

_MOST_BYTES = 2_000_000  # of the manifest, times the number of checks
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# Two things that were told apart only by what is mended; better left to somebody who knows which one is meant.
_CLASHES = frozenset({"BK109", "BK113", "BK123"})


@dataclass(frozen=True, slots=True)
class Fixed:
    """A bundle after its faults were mended.

    Attributes:
        bundle: with the new contents.
        contents: by path, of the files that change: before, and after.
        renames: of files, to a path where there is nothing; those do not change.
        count: how many findings were mended.
    """

    bundle: Bundle
    contents: dict[str, tuple[bytes, bytes]]
    renames: dict[str, str]
    count: int


def fix(bundle: Bundle, chosen: Selection, *, unsafe: bool = False) -> Fixed:
    """Mend what the chosen rules find and know a correction for. Nothing is written.

    A correction that makes two resources or methods the same is left out.

    Args:
        bundle: the bundle.
        chosen: which rules are asked.
        unsafe: whether corrections that are not safe are made too, after the safe ones.

    Returns:
        The bundle as it is then, and what has changed.
    """
    now, count, checks = bundle, 0, _most_checks(bundle)
    clashes = _clashes(now)
    refused: set[tuple[str, str | None, str]] = set()
    touched: set[str] = set()
    renames: dict[str, str] = {}
    while checks > 0:
        offered = [one for one in check(now, chosen) if one.correction is not None and _identity(one) not in refused]
        findings = [one for one in offered if one.correction is not None and one.correction.is_safe]
        if unsafe and not findings:
            findings = offered
        after, mended = _applied(now, findings)
        if not mended:
            break
        new = _clashes(after)
        checks -= 2
        if new - clashes:
            tried = findings[: max(checks, 0)]
            alone = [one for one in tried if not _clashes(_applied(now, [one])[0]) - clashes]
            checks -= len(tried) + 1
            refused.update(_identity(one) for one in findings if one not in alone)
            after, mended = _applied(now, alone)
            new = _clashes(after)
            if new - clashes:
                after, mended = _applied(now, alone[:1])
                new = clashes
        for one in mended:
            rename = one.correction.rename if one.correction is not None else None
            if rename is not None:
                renames[bundle.path_of(rename.old)] = bundle.path_of(rename.new)
            else:
                touched.add(bundle.path_of(one.file))
        now, clashes, count = after, new, count + len(mended)
    contents = {path: (bundle.files.read(path), now.files.read(path)) for path in sorted(touched)}
    return Fixed(now, contents, renames, count)


def _applied(bundle: Bundle, findings: Iterable[Finding]) -> tuple[Bundle, list[Finding]]:
    """The bundle with some findings mended, and those that were: not where edits overlap or the file is no UTF-8."""
    by_path: dict[str, list[tuple[Finding, Correction]]] = {}
    mended: list[Finding] = []
    has_renamed = False
    for finding in findings:
        correction = finding.correction
        if correction is None:
            continue
        if correction.rename is None:
            by_path.setdefault(bundle.path_of(finding.file), []).append((finding, correction))
        elif not has_renamed:  # the next one is looked for anew
            has_renamed = True
            old, new = bundle.path_of(correction.rename.old), bundle.path_of(correction.rename.new)
            bundle = replace(bundle, files=Renamed(bundle.files, old, new))
            mended.append(finding)
    for path, group in by_path.items():
        try:
            content = bundle.files.read(path)
            mark = _BYTE_ORDER_MARK if content.startswith(_BYTE_ORDER_MARK) else b""
            text, done = _edited(content[len(mark) :].decode("utf-8"), [one for one in group if one[1].edits])
        except (Unreadable, UnicodeDecodeError):
            continue
        unmarked = [finding for finding, correction in group if correction.drops_mark]
        after = (b"" if unmarked else mark) + text.encode("utf-8")
        bundle = replace(bundle, files=Overlaid(bundle.files, path, after))
        mended += [*unmarked, *done]
    return bundle, mended


def _edited(text: str, group: list[tuple[Finding, Correction]]) -> tuple[str, list[Finding]]:
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    edits: list[tuple[int, int, str]] = []
    done = []
    made: list[tuple[int, int, str]] = []
    end_of_last = 0
    for finding, correction in sorted(group, key=lambda one: _offsets(starts, one[1].edits[0])):
        places = sorted((*_offsets(starts, edit), edit.text) for edit in correction.edits)
        if places == made:  # such as the import that two lines lack
            done.append(finding)
        elif edits and edits[-1][:2] == places[0][:2]:
            continue  # both insert there, and which of them comes first is seen when one is there
        elif places[0][0] >= end_of_last:
            edits += places
            end_of_last, made = places[-1][1], places
            done.append(finding)
    for start, end, new in reversed(edits):
        text = text[:start] + new + text[end:]
    return text, done


def _offsets(starts: list[int], edit: Edit) -> tuple[int, int]:
    return starts[edit.line - 1] + edit.column - 1, starts[edit.end_line - 1] + edit.end_column - 1


def _clashes(bundle: Bundle) -> Counter[str]:
    only = tuple(map(selector, sorted(_CLASHES)))
    return Counter(one.code for one in check(bundle, selection(Choice(select=only)), heed_comments=False))


def _most_checks(bundle: Bundle) -> int:
    """How often a bundle is checked on the way: often enough for any that somebody wrote, and hostile ones come to an
    end with a part of their faults mended.
    """
    entry = bundle.files.entries.get(MANIFEST)
    return min(400, max(10, _MOST_BYTES // (entry.size + 1))) if entry is not None else 0


def _identity(finding: Finding) -> tuple[str, str | None, str]:
    return finding.code, finding.pointer, finding.message
