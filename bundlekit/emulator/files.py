"""Files of an emulated gateway's state folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from bundlekit.errors import Unreadable
from bundlekit.io import replacing

_T = TypeVar("_T")


def write_secret(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, for its owner alone."""
    with replacing(path, mode=0o600) as stream:
        stream.write(content)


def read_kept(path: Path, read: Callable[[Any], _T], *, absent: _T, hint: str) -> _T:
    """What was kept as JSON.

    Args:
        path: of the file.
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
