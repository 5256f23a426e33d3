"""Files of an emulated gateway's state folder."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from bundlekit.errors import Unreadable

_T = TypeVar("_T")


def write_secret(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, for its owner alone."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def read_kept(path: Path, read: Callable[[Any], _T], *, absent: _T, hint: str) -> _T:
    """What was kept as JSON.

    Args:
        read: makes of it what the caller wants; raises ValueError, KeyError or TypeError where it cannot.
        absent: what there is as long as there is no file.
        hint: what to do about a damaged one.

    Raises:
        Unreadable: it is damaged; it is left as it is.
    """
    try:
        return read(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return absent
    except OSError as error:
        raise Unreadable(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable(f"{path} is damaged", kept="it was left as it is", hint=hint) from error
