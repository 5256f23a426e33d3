"""The gateways of a rollout that are away: what there is to do when they are back, and when to look for them."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator, Mapping

from bundlekit.fleet.states import Work

_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)  # seconds between two looks for a gateway that is away
# All those that are away are looked for so often a second at most: of ten thousand, each is looked for less often.
_LOOKS_A_SECOND = 20
_PATIENCE = 300.0  # seconds to wait at least for one that has its order: so long may a change take, and a boot


class Away:
    """Those that are away. Times are those of the scheduler."""

    def __init__(self, rank: Mapping[str, int], seed: int | None, *, now: float, deadline: float) -> None:
        """Nobody is away yet.

        Args:
            rank: the place of each gateway in the order of the rollout.
            seed: of the rollout.
            now: the time.
            deadline: until when those without an order are waited for.
        """
        self._rank = rank
        self._order = list(rank)
        self._seed = seed
        self._deadline = deadline
        self._patience = now + _PATIENCE
        self._looks: list[tuple[float, int]] = []  # when to look for it again, and the rank; a heap
        self._tries: dict[str, int] = {}
        self._work: dict[str, Work] = {}  # what to do when it is back
        self._owed = 0  # how many have the release, or its order

    def add(self, name: str, work: Work, now: float, *, look_now: bool = False) -> None:
        """It cannot be reached.

        Args:
            name: of the gateway.
            work: what to do when it is back.
            now: the time.
            look_now: whether it is looked for at once; else after a while.
        """
        self._work[name] = work
        if work is not Work.DEPLOY:
            self._owed += 1
            self._patience = max(self._patience, now + _PATIENCE)
        if look_now:
            heapq.heappush(self._looks, (now, self._rank[name]))
        else:
            self.look_later(name, now)

    def look_later(self, name: str, now: float) -> None:
        """It is still away."""
        tries = self._tries.get(name, 0)
        self._tries[name] = tries + 1
        # Never fewer than two of them at the same time: all come back together after a power cut or a broken network.
        pause = _PAUSES[min(tries, len(_PAUSES) - 1)] * (
            0.5 + random.Random(f"{self._seed}/{name}/{tries}").random()  # noqa: S311 - no secret
        )
        pause = max(pause, len(self._work) / _LOOKS_A_SECOND)
        heapq.heappush(self._looks, (now + pause, self._rank[name]))

    def due(self, now: float) -> Iterator[str]:
        """The gateways that it is time to look for."""
        while self._looks and self._looks[0][0] <= now:
            yield self._order[heapq.heappop(self._looks)[1]]

    def back(self, name: str) -> Work:
        """It is back; what there is to do with it."""
        work = self._work.pop(name)
        self._owed -= work is not Work.DEPLOY
        return work

    def settled(self, name: str) -> None:
        """It has come to an end: if it is away again, it is looked for as often as at first."""
        self._tries.pop(name, None)

    def is_waited_for(self, now: float) -> bool:
        """Whether one of them may still come back in time."""
        return bool(self._work) and now < self._end

    def times(self, now: float) -> list[float]:
        """When to look for the next one, and when the wait for all of them is over."""
        ends = [self._end] if self.is_waited_for(now) else []
        return [*(at for at, _ in self._looks[:1]), *ends]

    @property
    def _end(self) -> float:
        """Until when they are waited for. One that has its order does not count as any other."""
        return max(self._deadline, self._patience) if self._owed else self._deadline
