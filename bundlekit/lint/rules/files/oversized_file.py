"""A file, or the bundle as a whole, is large for a gateway.

Why: A gateway has 512 MB of memory, about 200 MB of its disk are free, each release needs space again, and the
connection is often a cellular link. A file of more than 8 MiB, or a bundle of more than 32 MiB, often contains files
from the development: recordings, firmware, databases.

Evidence: The vendor's example of `/system/status` shows 257 MB of memory and 217 MB free on the disk. The two limits
are ours; nothing on a gateway was seen to refuse a larger file.

Bad:

    manual.pdf is 9000000 bytes long

Good:

    manual.pdf is 800000 bytes long
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.bundle.bundle import MANIFEST
from bundlekit.bundle.files import Entry
from bundlekit.bundle.text import BEGINNING
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.package_contents import others_of, package_contents
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule

_MEBIBYTE = 1024 * 1024
_LARGE_FILE = 8 * _MEBIBYTE  # see the page above: what a gateway has room and time for
_LARGE_BUNDLE = 32 * _MEBIBYTE
_HINT = "what the gateway does not need stays out by a line in .bundleignore"


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    contents = package_contents(inspection)
    entries = others_of(inspection)
    for entry in entries:
        if entry.size > _LARGE_FILE and contents.goes_in(entry):
            message = f"the file has {_size(entry.size)}, expected no more than {_size(_LARGE_FILE)}"
            yield Diagnostic(entry.path, BEGINNING, message, _HINT)
    if _total(entries) > _LARGE_BUNDLE:
        total = _total([entry for entry in entries if contents.goes_in(entry)])
        if total > _LARGE_BUNDLE:
            message = f"the files of the bundle have {_size(total)}, expected no more than {_size(_LARGE_BUNDLE)}"
            yield Diagnostic(MANIFEST, BEGINNING, message, _HINT)


def _total(entries: list[Entry]) -> int:
    return sum(entry.size for entry in entries)


def _size(size: int) -> str:
    return f"{-(-size // _MEBIBYTE)} MiB"


RULE = Rule(code="BK215", name="oversized-file", severity=Severity.WARNING, page=__doc__, check=check)
