"""The states of a gateway in a rollout, and what there is to do with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """What is known of a gateway in a rollout. The values are what records and reports have."""

    PENDING = "pending"
    OFFLINE = "offline"
    HANDED_OVER = "handed-over"  # it has the command and finishes by itself; how that ended is not known yet
    UP = "up"
    UNCHANGED = "unchanged"
    ROLLED_BACK = "rolled-back"
    REFUSED = "refused"
    NEEDS_HUMAN = "needs-human"
    REVERTED = "reverted"  # it was up, and got its earlier release again as the rollout was rolled back


FAILED = frozenset({State.ROLLED_BACK, State.REFUSED, State.NEEDS_HUMAN})
GOOD = frozenset({State.UP, State.UNCHANGED})


class Work(Enum):
    """What there is to do with a gateway."""

    DEPLOY = "deploy"
    FIND = "find"  # whether it can be reached; a connection is enough, and it takes no turn of the jobs
    ASK = "ask"  # how a change ended whose link broke
    CHECK = "check"  # whether the release still runs well, at the end of the soak
    REVERT = "revert"


@dataclass(frozen=True)
class Task:
    """Something to do with a gateway, in a wave (the first is 1)."""

    work: Work
    gateway: str
    wave: int


@dataclass(frozen=True)
class Memory:
    """What a record knows of a gateway, for a scheduler that goes on with it.

    Attributes:
        state: the last that was noted.
        wave: in which it was begun; 0 for none.
        in_doubt: whether it was begun and nothing was noted since.
        ordered: whether the order may have reached it.
        checked: whether it was found well at the end of the soak.
        age: seconds since it came up.
        partial: whether only some of several bundles are up there.
    """

    state: State
    wave: int = 0
    in_doubt: bool = False
    ordered: bool = False
    checked: bool = False
    age: float = 0.0
    partial: bool = False

    def is_settled(self, *, soaks: bool) -> bool:
        """Whether a rollout that goes on has nothing left to do with it, unless it is rolled back.

        Args:
            soaks: whether its release is checked after a while.
        """
        if self.in_doubt or self.state in (State.PENDING, State.OFFLINE, State.HANDED_OVER):
            return False
        return self.checked or self.state is not State.UP or not soaks


def names_of(states: Mapping[str, State], *wanted: State) -> list[str]:
    """The gateways that are in one of these states, in order."""
    return [name for name, state in states.items() if state in wanted]
