"""Answers from a file."""

from __future__ import annotations

import difflib
import json
import tomllib
from pathlib import Path
from typing import Any

from bundlekit.errors import BadUsage, Unreadable
from bundlekit.quoting import quoted
from bundlekit.scaffold.questions import KEYS

# What `.bundlekit/answers.json` in a bundle has besides the answers.
_RECORDED = "template_version"


def read_answers(path: Path) -> dict[str, Any]:
    """The answers in a file: one JSON object, or TOML.

    Returns:
        What the file says, by the names of the answers; not checked yet.

    Raises:
        Unreadable: it cannot be read.
        BadUsage: it is neither JSON nor TOML, or has a key that is no answer's.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"cannot read {path}: {error.strerror}") from error
    return parsed_answers(content, path)


def parsed_answers(content: bytes, path: Path) -> dict[str, Any]:
    """The answers in the content of a file.

    Args:
        content: of the file.
        path: how messages call it.

    Raises:
        BadUsage: as `read_answers` does.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadUsage(f"{path} is not UTF-8, see its byte {error.start}") from error
    is_json = text.lstrip().startswith("{")
    try:
        answers = json.loads(text) if is_json else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadUsage(f"{path} is not {'JSON' if is_json else 'TOML'}: {error}") from error
    for key in answers:
        if key not in (*KEYS, _RECORDED):
            close = difflib.get_close_matches(key, KEYS, 1)
            raise BadUsage(
                f"{path} has {quoted(key)}, expected some of {', '.join(KEYS)}",
                hint=f'did you mean "{close[0]}"?' if close else None,
            )
    return {key: value for key, value in answers.items() if key != _RECORDED}
