"""What stays out of an archive: `.bundleignore` in gitignore syntax over sensible defaults."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import FolderFiles
from bundlekit.errors import Refused
from bundlekit.pack.gitignore import gitignore
from bundlekit.quoting import quoted

IGNORE_FILE = ".bundleignore"

_LARGEST = 64 * 1024  # bytes; each line becomes a pattern that each path is matched with
_MOST_LINES = 1000

DEFAULTS = (
    ".*",  # of version control, editors and tools; also .env and its like
    "__pycache__/",
    "*.py[co]",
    "*$py.class",
    "*.egg-info/",
    "*.dist-info/",  # what pip writes beside what it installs with --target
    "*.whl",
    "venv/",
    "node_modules/",
    "*.cdx.json",  # SBOMs, of which pack puts a new one in
    "*.tar.gz",  # earlier archives, or each would hold the one before
    "*.tar.gz.sig",
    "*.tar.gz.sigstore.json",
    "*.sw[op]",
    "*~",
    r"\#*#",
    "Thumbs.db",
    "desktop.ini",
    "/bundlekit.toml",  # what is said to tools that look at a bundle is nothing to a gateway
    "/pyproject.toml",
)


class Ignore:
    """The patterns that decide; the last one that matches wins, `!` takes back in.

    Only a `.bundleignore` at the bundle's top counts; `.gitignore` does not, for what is built and not
    committed may well have to go to the gateway. Tests, Makefiles and documents go in unless a pattern says
    otherwise: nothing that somebody wrote stays out unasked, but for hidden files.
    """

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        """`patterns`: in gitignore syntax, one a line; a ValueError or a re.error for one that is none."""
        self._spec = gitignore([*DEFAULTS, *patterns])

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        """What the `.bundleignore` of a bundle says, if there is one.

        Raises:
            Unreadable: it cannot be read.
            Refused: a line of it is not a pattern, or there are more of them than anybody writes.
        """
        if IGNORE_FILE not in bundle.files.entries:
            return cls()
        content = bundle.files.read(IGNORE_FILE, _LARGEST + 1)
        patterns = content.decode("utf-8-sig", "replace").splitlines()
        if len(content) > _LARGEST or len(patterns) > _MOST_LINES:
            raise Refused(
                f"{bundle.shown(IGNORE_FILE)} has more than {_LARGEST // 1024} KiB or {_MOST_LINES} lines",
                hint="a pattern can name a whole folder, or all names with a star in place of what differs",
            )
        for number, pattern in enumerate(patterns, 1):
            try:
                gitignore([pattern])
            except (ValueError, re.error) as error:
                raise Refused(f"{bundle.shown(IGNORE_FILE)}:{number}: {quoted(pattern)} is not a pattern") from error
        return cls(patterns)

    def reason(self, path: str, *, folder: bool) -> str | None:
        """Why a path stays out, for people; None when it goes in.

        A pattern that matches a folder is not looked for in what lies below it: ask for the folders first.
        """
        found = self._spec.check_file(path + "/" if folder else path)
        if not found.include or found.index is None:
            return None
        whose = "default" if found.index < len(DEFAULTS) else IGNORE_FILE
        return f"{whose}: {self._spec.patterns[found.index].pattern!s}"


def open_folder(folder: Path) -> Bundle:
    """The bundle in a folder, without looking into folders that are ignored: they may be huge.

    Raises:
        Unreadable: the folder's `.bundleignore` cannot be read.
        Refused: a line of that is not a pattern.
    """
    ignore = Ignore.of(Bundle.in_folder(folder))
    files = FolderFiles(folder, skip=lambda path: ignore.reason(path, folder=True) is not None)
    return Bundle(label=str(folder), files=files)
