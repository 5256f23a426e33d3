"""A request and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Key = tuple[Any, str]
"""By what an answer finds its request: id and resource."""


class State(Enum):
    """How far a row is."""

    WAITING = "waiting"
    ANSWERED = "answered"
    EXPIRED = "expired"
    EVENT = "event"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Passed:
    """A message as it passed the controller.

    Attributes:
        after: seconds since the row's first message.
        who: the component that sent it or got it; empty where that is not known.
        sent: by the controller, not to it.
    """

    after: float
    topic: str
    who: str
    sent: bool
    payload: bytes


@dataclass(slots=True, eq=False)
class Row:
    """A request and what came of it, or a message that is none.

    Attributes:
        number: counts the rows.
        version: rises, over all rows, with each change of one.
        time: of its first message, seconds since the epoch.
        began: the same by the controller's clock.
        to: the components that got it.
        answered_by: empty until somebody did.
        duration: from the request's arrival at the controller to the answer's, in seconds; None where the controller
            answered at once.
        deadline: when it expires, by the controller's clock.
        left_out: messages that were too many for a row.
    """

    number: int
    time: float
    began: float
    state: State
    method: str
    resource: str
    asked_by: str
    version: int = 0
    to: list[str] = field(default_factory=list)
    answered_by: str = ""
    code: int | str | None = None
    duration: float | None = None
    note: str = ""
    messages: list[Passed] = field(default_factory=list)
    left_out: int = 0
    key: Key | None = None
    deadline: float = 0

    @property
    def size(self) -> int:
        return sum(len(message.payload) for message in self.messages)
