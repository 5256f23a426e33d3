"""The names that the ssh configuration has for hosts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

_DEEPEST = 16  # files that include each other, as in OpenSSH
_LINE = re.compile(r"\s*(Host|Include)(?:\s*=\s*|\s+)(.*)", re.IGNORECASE)
_NAMES_MANY = re.compile(r"[*?!]")


def host_names(file: Path | None = None) -> list[str]:
    """The `Host` names without wildcards, in their order; of files that cannot be read, none.

    Args:
        file: by default `~/.ssh/config`.
    """
    folder = Path("~/.ssh").expanduser()
    return list(dict.fromkeys(_hosts(file or folder / "config", folder, _DEEPEST)))


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
