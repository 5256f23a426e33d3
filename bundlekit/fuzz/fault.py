"""What a campaign finds: requests, and how the bundle failed with them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

NO_BODY: Any = object()
_FRAME = re.compile(r'File "([^"\n]+)", line (\d+)')


class Failure(StrEnum):
    """How a bundle fails."""

    ERROR = "error"  # it answers 500 and above
    CRASH = "crash"  # its process ends
    SILENCE = "silence"  # it does not answer
    CONTRACT = "contract"  # it answers something else than its code says


@dataclass(frozen=True)
class FuzzRequest:
    """A request.

    Attributes:
        method: in upper case.
        resource: with its parameters filled in.
        body: what is sent as JSON; NO_BODY for nothing.
    """

    method: str
    resource: str
    body: Any = NO_BODY

    def shown(self) -> str:
        """It on one line."""
        return f"{self.method} {self.resource}" + ("" if self.body is NO_BODY else f" {json.dumps(self.body)}")


@dataclass(frozen=True)
class Fault:
    """A failure, with the least requests that show it.

    Attributes:
        failure: how.
        operation: the method and the resource as bundle.json declares it.
        requests: in their order; the bundle fails at the last one.
        status: of the last answer; None for none.
        words: what happened, such as `KeyError: 'mode'`.
        path: the file of the bundle where it happens; of the handler where that cannot be seen.
        line: in that file, from 1; 0 where that cannot be seen.
    """

    failure: Failure
    operation: str
    requests: tuple[FuzzRequest, ...]
    status: int | None
    words: str
    path: str
    line: int

    @property
    def key(self) -> tuple[str, ...]:
        """What tells one fault from another: where it is, or else of which operation."""
        place = (self.path, str(self.line)) if self.failure is Failure.ERROR and self.line else (self.operation,)
        return (self.failure.value, self.requests[-1].method, *place)

    @property
    def size(self) -> tuple[int, int]:
        """How much there is to read in its requests."""
        return len(self.requests), sum(len(one.shown()) for one in self.requests)


def place_of(trace: str, folder: Path) -> tuple[str, int]:
    """The innermost place of a traceback that is in a bundle, as a path in it and a line; empty and 0 for none.

    Args:
        trace: its text.
        folder: of the bundle.
    """
    found = ("", 0)
    for name, line in _FRAME.findall(trace):
        path = Path(name)
        if path.is_absolute() and path.is_relative_to(folder):
            found = (path.relative_to(folder).as_posix(), int(line))
    return found


def last_error(lines: list[str]) -> str:
    """The last line of the last traceback in a log, such as `KeyError: 'mode'`; empty for none."""
    starts = [index for index, line in enumerate(lines) if line.startswith("Traceback (most recent call last)")]
    rest = lines[starts[-1] + 1 :] if starts else []
    return next((line for line in rest if line and not line.startswith((" ", "\t"))), "")
