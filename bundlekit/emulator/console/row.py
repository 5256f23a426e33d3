"""A request and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

Key = int | float
"""By what an answer finds its request: the id."""


class RowState(Enum):
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
        is_hook: it tells a component of a change that another one has made.
    """

    after: float
    topic: str
    who: str
    sent: bool
    payload: bytes
    is_hook: bool = False


@dataclass(slots=True, eq=False)
class Row:
    """A request and what came of it, or a message that is none.

    Attributes:
        number: counts the rows.
        version: rises, over all rows, with each change of one.
        time: of its first message, seconds since the epoch.
        began: the same by the controller's clock.
        to: the components that got it.
        hooks: those that were told of the change in the end.
        asked: those of both whose answers are waited for now.
        answers: who has answered of them.
        answered_by: empty until somebody did.
        duration: from the request's arrival at the controller to the answer's, in seconds; None where the controller
            answered at once.
        left_out: messages that were too many for a row.
    """

    number: int
    time: float
    began: float
    state: RowState
    method: str
    resource: str
    asked_by: str
    version: int = 0
    to: list[str] = field(default_factory=list)
    hooks: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    answered_by: str = ""
    code: int | str | None = None
    duration: float | None = None
    note: str = ""
    messages: list[Passed] = field(default_factory=list)
    left_out: int = 0
    key: Key | None = None

    @property
    def size(self) -> int:
        return sum(len(message.payload) for message in self.messages)
