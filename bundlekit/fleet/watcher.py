"""What came of a task of a rollout, and who is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bundlekit.errors import BundlekitError
    from bundlekit.fleet.scheduler import Scheduler
    from bundlekit.fleet.states import State, Work


@dataclass(frozen=True)
class Result:
    """What came of a task.

    Attributes:
        state: the gateway has now; None where it is as it was before.
        release: that runs, or that did not come up.
        replaced: the release before.
        bundle: of several, the one that failed.
        error: what failed.
        checked: whether it was found well after the soak.
        starts: how often the bundle was started there.
        seconds: that it took.
    """

    state: State | None
    release: str = ""
    replaced: str = ""
    bundle: str = ""
    error: BundlekitError | None = None
    checked: bool = False
    starts: int = 1
    seconds: float = 0.0


class Watcher(Protocol):
    """Somebody who is told how a rollout goes on. All calls but `phase` come from one thread."""

    def began(self, gateway: str, work: Work, wave: int) -> None:
        """Something is done with a gateway from now on.

        Args:
            gateway: its name.
            work: what is done.
            wave: its number, from 1; 0 outside of waves.
        """
        ...

    def phase(self, gateway: str, bundle: str, word: str, text: str) -> None:
        """A phase of a deploy begins; called from many threads.

        Args:
            gateway: its name.
            bundle: its name.
            word: of the phase.
            text: more about it; may be empty.
        """
        ...

    def ended(self, gateway: str, work: Work, result: Result) -> None:
        """It is done.

        Args:
            gateway: its name.
            work: what was done.
            result: how it ended.
        """
        ...

    def tick(self, scheduler: Scheduler, note: str) -> None:
        """Some time has passed; `note` says what is waited for, if for something."""
        ...
