"""A wheel or an sdist that was read: the modules in it, and what it says of itself. Nothing of it is run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from bundlekit.bundle.files import Entry
from bundlekit.errors import Refused
from bundlekit.pack import safety
from bundlekit.quoting import printable

LICENCE_FILE = re.compile(
    r"(?:licen[cs]e|copying|copyright|notice|authors|e[dp]l-v[0-9]+)[^/]*|.*\.licen[cs]e", re.IGNORECASE
)

_EXTRA = re.compile(r"""\bextra\s*==\s*["']([\w.-]+)["']""")
_LONGEST_LICENCE = 100
_CLASSIFIER = "License :: "
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0-only",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
}
"""The classifiers that mean one licence, with its identifier of SPDX. `BSD License` and its like mean several."""


@dataclass(frozen=True)
class Distribution:
    """A package as it was published.

    Attributes:
        name: normalised: lower case, hyphens.
        version: of it.
        metadata: what it says of itself: METADATA of a wheel, PKG-INFO of an sdist.
        files: its modules and their data, by the path below `vendor/`.
        licences: the licence texts, by file name.
        requires: what it requires, as `Requires-Dist` has it.
        native: a file in it that is for one processor, or that compiles to such; empty if there is none.
    """

    name: str
    version: str
    metadata: Message
    files: Mapping[str, bytes]
    licences: Mapping[str, bytes]
    requires: tuple[str, ...]
    native: str = ""

    @property
    def extras(self) -> tuple[str, ...]:
        """The extras that it has, sorted."""
        named = {name for one in self.requires for name in _EXTRA.findall(one)}
        return tuple(sorted(named.union(map(str, self.metadata.get_all("Provides-Extra", ())))))

    @property
    def licence(self) -> str:
        """An SPDX expression where one can be told, else its own words, else nothing."""
        return licence_of(self.metadata)

    @property
    def modules(self) -> tuple[str, ...]:
        """The names that it can be imported by at the top, sorted."""
        packages = {path.removesuffix("/__init__.py") for path in self.files if path.endswith("/__init__.py")}
        singles = {path.removesuffix(".py") for path in self.files if path.endswith(".py")}
        return tuple(sorted(name for name in packages | singles if "/" not in name))


def parse_metadata(content: bytes) -> Message:
    """What a METADATA or PKG-INFO says."""
    return BytesParser().parsebytes(content, headersonly=True)


def licence_of(metadata: Message) -> str:
    """See `Distribution.licence`."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    said = [str(metadata.get(key) or "").strip() for key in ("License-Expression", "License")]
    for text in said:
        try:
            if text and len(text) <= _LONGEST_LICENCE:
                return str(canonicalize_license_expression(text))
        except InvalidLicenseExpression:
            continue
    classifiers = [
        one.rpartition(" :: ")[2] for one in map(str, metadata.get_all("Classifier", ())) if one.startswith(_CLASSIFIER)
    ]
    known = sorted({_CLASSIFIERS[one] for one in classifiers if one in _CLASSIFIERS})
    if known and len(known) == len(set(classifiers) - {"OSI Approved"}):
        return " OR ".join(known)
    words = said[1].splitlines()[0] if said[1] else ", ".join(sorted(set(classifiers)))
    return printable(words)[:_LONGEST_LICENCE].strip()


def unzipped(archive: ZipFile, one: ZipInfo) -> bytes:
    """The content of a file in an archive, of which no more is unpacked than its size in the list."""
    with archive.open(one) as stream:
        return stream.read(one.file_size)  # ZipFile.read unpacks all that comes before it looks at the size


def refuse_unsafe(archive: Path, entries: Iterable[Entry]) -> None:
    """Hold what an archive lists against the rules for what may be in a bundle.

    Raises:
        Refused: it has links, paths that lead out of it, or more than a gateway takes.
    """
    try:
        safety.check(archive.name, entries)
    except Refused as error:
        raise Refused(
            f"{error.message}, so nothing of it is taken",
            details=error.details,
            hint="a package does not look like that by accident: find out where your pip gets packages from",
        ) from error
