"""Names of findings that stay when other lines of a file come and go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256

from bundlekit.lint.finding import Finding
from bundlekit.lint.formats.report import Checked, dumped, from_root


def fingerprinted(checked: Checked, root: str) -> Iterator[tuple[Finding, str]]:
    """The findings of a bundle, each with a fingerprint that no other finding has.

    It is made of bundle, file, rule and the place in the JSON, or what stands in the line where there is none; among
    those that are alike so far, of which one it is. It holds no line number and no message.
    """
    alike: Counter[str] = Counter()
    for finding in checked.findings:
        what = ["at", finding.pointer] if finding.pointer is not None else ["line", " ".join(finding.excerpt.split())]
        names = [from_root(checked.label, root), from_root(finding.file, root)]
        identity = dumped([*names, finding.code, *what])
        yield finding, sha256(f"{identity}{alike[identity]}".encode()).hexdigest()[:32]
        alike[identity] += 1
