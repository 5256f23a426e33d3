"""The `file:` URIs of editors, and paths."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlsplit

_DRIVE = re.compile(r"/[A-Za-z]:")


def path_of(uri: str) -> Path | None:
    """The absolute path that a URI of a file means; None for other URIs, such as those of unsaved new files."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme.lower() != "file" or parts.netloc.lower() not in ("", "localhost"):
        return None
    # Not by urllib.request.url2pathname: what it is imported with takes longer than the rest of the start.
    path = os.fsdecode(unquote_to_bytes(parts.path))
    if _DRIVE.match(path) and os.name == "nt":
        path = path[1:]
    if "\0" in path or not Path(path).is_absolute():
        return None
    return Path(os.path.normpath(path))


def uri_of(path: Path) -> str:
    """The URI of an absolute path."""
    text = path.as_posix()
    return "file://" + ("" if text.startswith("/") else "/") + quote(os.fsencode(text))
