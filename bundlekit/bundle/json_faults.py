"""What to tell somebody whose text is not JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from json import JSONDecodeError

from bundlekit.quoting import printable

_PYTHON_WORDS = {"True": "true", "False": "false", "None": "null", "undefined": "null"}
_EXPECTED = {
    "Expecting ',' delimiter": "a comma or the closing bracket",
    "Expecting ':' delimiter": "a colon",
    "Expecting property name": "a key in double quotes",
}
_LONGEST_WORD = 30  # characters; of a longer one the first alone is shown


@dataclass(frozen=True, slots=True)
class Explanation:
    """A fault in the words of somebody who writes JSON by hand, and the characters it is about."""

    message: str
    start: int
    length: int = 1
    hint: str = ""


def explain(text: str, error: JSONDecodeError) -> Explanation:
    """Say what stands where Python's json module gave up, and what was expected there."""
    if not text.strip():
        return Explanation("the file is empty, expected a JSON object", 0, 0)
    at = error.pos
    rest = text[at:]
    trailing = re.compile(r",\s*([}\]])").match(text, _comma_before(text, at))
    if trailing:
        hint = f"remove the comma before the closing {trailing[1]}"
        return Explanation("not JSON: a comma after the last item", trailing.start(), 1, hint)
    if error.msg.startswith("Unterminated string"):
        return Explanation("not JSON: the string that begins here does not end", at, 1, 'close it with "')
    if error.msg.startswith("Invalid control character"):
        message = f"not JSON: the control character {printable(rest[0])} in a string"
        return Explanation(message, at, 1, "a string ends on its own line; write a line break as \\n")
    if error.msg.startswith("Invalid \\"):
        backslash = text.rfind("\\", 0, at + 1)
        return Explanation("not JSON: a backslash that begins no known escape", backslash, 1, "write it as \\\\")
    if not rest.strip():
        return Explanation("not JSON: the file ends too early", len(text.rstrip()), 0, "a bracket is not closed")
    return _explain_word(rest, at, error)


def _explain_word(rest: str, at: int, error: JSONDecodeError) -> Explanation:
    word = re.match(r"[A-Za-z_$][A-Za-z0-9_$]*", rest)
    found = word[0] if word and len(word[0]) < _LONGEST_WORD else printable(rest[0])
    if rest.startswith(("//", "/*", "#")):
        return Explanation("not JSON: a comment", at, 1, "JSON has no comments; remove it")
    if found == "'":
        return Explanation("not JSON: a single quote", at, 1, 'strings and keys take double quotes: "')
    if found in _PYTHON_WORDS:
        hint = f"write {_PYTHON_WORDS[found]}"
        return Explanation(f"not JSON: {found} is not a word of JSON", at, len(found), hint)
    if error.msg.startswith("Extra data"):
        message = f"not JSON: {found} after the end, expected nothing more"
        return Explanation(message, at, len(found), "a bracket may be closed too early")
    expected = next((what for start, what in _EXPECTED.items() if error.msg.startswith(start)), "a value")
    return Explanation(f"not JSON: found {found}, expected {expected}", at, len(found))


def _comma_before(text: str, at: int) -> int:
    """Where the comma is that a closing bracket at this place follows, or this place itself."""
    before = len(text[:at].rstrip()) - 1
    return before if before >= 0 and text[before] == "," and text[at : at + 1] in ("}", "]") else at
