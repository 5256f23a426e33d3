"""In which encoding Python 2.7 takes a source to be written, and whether it can read it so.

Unlike Python 3, Python 2.7 takes a source without a coding line or a byte order mark for ASCII, comments included
(PEP 263).
"""

from __future__ import annotations

import codecs
import re

_CODING = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_COMMENT = re.compile(rb"[ \t\f]*(#|\r?$)")
_UTF8 = frozenset({"utf-8", "utf8"})
# Whole texts in these take long, or are no texts; nobody writes a bundle in them.
_STRANGE = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})


def declared(content: bytes) -> str | None:
    """The encoding that the first or second line of a source names; the second counts only behind a comment."""
    for line in content.removeprefix(codecs.BOM_UTF8).split(b"\n", 2)[:2]:
        found = _CODING.match(line)
        if found is not None:
            return found[1].decode("ascii", "replace")
        if _COMMENT.match(line) is None:
            return None
    return None


def refusal(content: bytes) -> tuple[str, str] | None:
    """Why Python 2.7 cannot read a source's bytes, and what to do about it; None if it can."""
    name = declared(content)
    has_mark = content.startswith(codecs.BOM_UTF8)
    if name is None:
        if has_mark or content.isascii():
            return None
        return "non-ASCII characters without a coding line", "make the first line # -*- coding: utf-8 -*-"
    if has_mark and name.lower().replace("_", "-") not in _UTF8:
        return f"coding line {name} behind a byte order mark, which says utf-8", "take the byte order mark away"
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return f"coding line with the unknown encoding {name[:40]}", "name one that Python knows, such as utf-8"
    if found.name in ("utf-8", "iso8859-1"):  # Python 2.7 takes their bytes as they are, whatever they are
        return None
    is_text = getattr(found, "_is_text_encoding", True) and found.name.replace("-", "_") not in _STRANGE
    return _undecodable(content, found.name) if is_text else None


def _undecodable(content: bytes, name: str) -> tuple[str, str] | None:
    try:
        content.decode(name)
    except UnicodeError:
        return f"bytes that are not {name}, the encoding that the file names", "save the file in that encoding"
    return None
