"""A request that is under way: who is asked of it, who is yet to answer, what has been answered so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bundlekit.emulator.components import Component
from bundlekit.emulator.messages import Message


@dataclass(slots=True, eq=False)
class PendingRequest:
    """A request under way.

    Attributes:
        chain: the models to ask, step by step: those of the resource, then those who hook them, and so on.
        views: the names of those who are told the answer, unless the request is direct.
        is_change: it locks all models of its chain.
        step: the one that is being asked.
        unanswered: answers of this step that are yet to come; it is not looked at whose they are.
        deadline: when this step is given up.
        backwards: whether of a step's answers the first counts, where they disagree; it is an accident which is first.
    """

    request: Message
    chain: Sequence[Sequence[Component]]
    views: Sequence[str]
    is_change: bool
    step: int = 0
    unanswered: int = 0
    deadline: float = 0
    backwards: bool = False
    _told: list[dict[str, Any]] = field(default_factory=list)
    _before: int = 0  # of what was told, by earlier steps

    @property
    def models(self) -> Sequence[Component]:
        """Those of the step that is being asked."""
        return self.chain[self.step]

    @property
    def is_last(self) -> bool:
        return self.step + 1 == len(self.chain)

    def ask(self, deadline: float) -> None:
        """All models of the step are asked, and have until then."""
        self.unanswered, self.deadline = len(self.models), deadline
        self._before = len(self._told)

    def take(self, response: Message) -> None:
        """Count an answer with 200."""
        self.unanswered -= 1
        if isinstance(data := response.get("data"), dict):
            self._told.insert(self._before if self.backwards else len(self._told), data)

    def merge(self, response: Message) -> Message:
        """The last answer of a step, with all data that came before under its own; the same object if there was none.

        Only objects are merged: of other data the last answer's counts.
        """
        if len(self._told) < 2 or not isinstance(response.get("data"), dict):
            return response
        merged: dict[str, Any] = {}
        for data in self._told:
            merged |= data
        return {**response, "data": merged}
