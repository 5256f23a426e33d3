"""Which gateway is next, and when a rollout stops: pure, with no gateway, thread or clock of its own.

Each gateway goes one way through its states, and each state belongs to one of a few places here:

    waiting -> working -> settled           it has the release and, after the soak, still runs well; or it failed
                  |  ^--- soaking           until it is checked
                  `------ away              offline, or the link broke behind the order: it is looked for again

A wave is a number of gateways that have to be settled well before the next wave begins. One that is offline or that
fails makes room for another: a canary that cannot be reached says nothing about the release.
"""

from __future__ import annotations

import heapq
import random
import sys
from collections.abc import Iterator, Mapping, Sequence

from bundlekit.fleet.away import Away
from bundlekit.fleet.states import FAILED, GOOD, Memory, State, Task, Work, names_of
from bundlekit.fleet.waves import Policy


class Scheduler:
    """Decides what to do next, from what has happened. Times are seconds of any clock that only goes forward.

    Attributes:
        wave: the number of the wave that is under way, from 1.
        halted: why nothing new is begun; empty while the rollout goes on.
        is_taken_back: whether those that have the new release get their earlier one again.
        states: of all gateways, in order.
    """

    def __init__(
        self,
        gateways: Sequence[str],
        policy: Policy,
        *,
        now: float = 0.0,
        via: Mapping[str, str] | None = None,
        known: Mapping[str, Memory] | None = None,
        age: float = 0.0,
    ) -> None:
        """Begin, or go on with what is known.

        Args:
            gateways: their names, in the order of the inventory.
            policy: of the rollout.
            now: the time.
            via: the jump host of a gateway, of those that have one.
            known: of the gateways that a record tells of.
            age: seconds since the rollout began.
        """
        self._policy = policy
        order = list(gateways)
        if policy.seed is not None:
            random.Random(policy.seed).shuffle(order)  # noqa: S311 - an order that can be had again
        self._rank = {name: rank for rank, name in enumerate(order)}
        self.states = dict.fromkeys(order, State.PENDING)
        self.wave = 1
        self.halted = ""
        self.is_taken_back = False
        self._via = via or {}
        self._waiting: dict[str, list[tuple[int, Work]]] = {}  # by rank, a heap for each jump host
        self._order = order
        self._working: dict[str, Work] = {}
        self._finding: set[str] = set()
        self._load: dict[str, int] = {}  # gateways that are worked on, by jump host
        self._soaking: list[tuple[float, int]] = []  # when to check, and the rank; a heap
        self._partial: set[str] = set()  # gateways with only some of several bundles up
        # What there is to do with those that have the release and soaked, or are back; as those that wait.
        self._ready: dict[str, list[tuple[int, Work]]] = {}
        self._wave_of: dict[str, int] = {}
        self._good: dict[int, int] = {}  # gateways that are settled well, by wave
        self._busy: dict[int, int] = {}  # that are worked on or soak, by wave
        self._settled = 0
        self._failed = 0
        self._reverts: dict[str, list[tuple[int, Work]]] = {}
        deadline = now + policy.offline.seconds - age if policy.offline.way == "wait" else now
        self._away = Away(self._rank, policy.seed, now=now, deadline=deadline)
        for name in order:
            self._restore(name, (known or {}).get(name, Memory(State.PENDING)), now)
        self._judge()

    # What happens ----------------------------------------------------------------------------------------------------

    def decide(self, now: float, *, is_open: bool = True) -> list[Task]:
        """What to begin now. Each task has to be answered by `ended`, in whatever order.

        Args:
            now: the time.
            is_open: whether new gateways may be begun; see `Window`.
        """
        tasks: list[Task] = []
        if self.halted:
            if all(work is Work.REVERT for work in self._working.values()) and not self._finding:
                tasks = [self._begin(work, name) for name, work in self._taken(self._reverts)]
            return tasks
        for name in self._away.due(now):
            self._finding.add(name)
            tasks.append(Task(Work.FIND, name, self._wave_of.get(name, 0)))
        while self._soaking and self._soaking[0][0] <= now:
            self._queue(self._ready, self._order[heapq.heappop(self._soaking)[1]], Work.CHECK)
        for name, work in self._taken(self._ready):
            self._count(self._busy, name, -1)  # it is counted again as it begins
            tasks.append(self._begin(work, name))
        if is_open:
            self._next_wave()
            tasks += self._deploys()
        return tasks

    def ended(self, name: str, work: Work, result: State | None, now: float, *, partial: bool = False) -> None:
        """A task has ended.

        Args:
            name: of the gateway.
            work: that was done with it.
            result: what it came to. OFFLINE of any work: it was not reached. PENDING of FIND: it is back, and of ASK:
                it was not begun there. UP of CHECK: it still runs well. None: it is as it was before.
            now: the time.
            partial: whether only some of several bundles are up there now.
        """
        (self._partial.add if partial else self._partial.discard)(name)
        if work is Work.FIND:
            self._finding.discard(name)
            if result is State.OFFLINE:
                self._away.look_later(name, now)
            else:
                self._back(name)
            return
        del self._working[name]
        via = self._via.get(name, "")
        self._load[via] -= 1
        self._count(self._busy, name, -1)
        if work is Work.REVERT:
            if result is not None and result is not State.OFFLINE:
                self.states[name] = result
            return
        if result is State.OFFLINE or result is State.HANDED_OVER:
            self._leave(name, work, result, now)
        elif result is State.PENDING:
            self.states[name] = State.PENDING
            self._queue(self._waiting, name, Work.DEPLOY)
        elif result is not None:
            self._settle(name, result, now, soaks=work is not Work.CHECK and result is State.UP)
        self._judge()

    def halt(self, reason: str, *, reverts: bool = False) -> None:
        """Begin nothing new; what was begun ends.

        Args:
            reason: for people.
            reverts: whether those that have the new release get their earlier one again.
        """
        self.halted = self.halted or reason
        if reverts and not self.is_taken_back:
            self.is_taken_back = True
            for name in {*names_of(self.states, State.UP), *self._partial}:
                self._queue(self._reverts, name, Work.REVERT)

    def finished(self, now: float) -> bool:
        """Whether there is nothing left to do, or to wait for."""
        if self._is_at_work:
            return False
        if self.halted:
            return not any(self._reverts.values())
        if self._is_left or self._soaking or any(self._ready.values()):
            return False
        return not self._away.is_waited_for(now)

    def next_time(self, now: float) -> float | None:
        """When there is something to do, if nothing ends before; None where only an end or a window matters."""
        if self.halted:
            return None
        return min([*self._away.times(now), *(at for at, _ in self._soaking[:1])], default=None)

    def counts(self) -> dict[State, int]:
        """How many gateways there are of each state."""
        found: dict[State, int] = {}
        for state in self.states.values():
            found[state] = found.get(state, 0) + 1
        return found

    @property
    def at_work(self) -> int:
        """How many gateways are worked on."""
        return len(self._working)

    @property
    def to_come(self) -> int:
        """How many gateways are not begun."""
        return sum(map(len, self._waiting.values()))

    @property
    def soaking(self) -> int:
        """How many gateways have the release and are not checked yet."""
        return len(self._soaking)

    # How it is decided -----------------------------------------------------------------------------------------------

    @property
    def _is_at_work(self) -> bool:
        return bool(self._working or self._finding)

    def _restore(self, name: str, memory: Memory, now: float) -> None:
        state = memory.state
        if memory.partial:
            self._partial.add(name)
        if memory.wave:
            self._wave_of[name] = memory.wave
            self.wave = max(self.wave, memory.wave)
        if memory.ordered and (memory.in_doubt or state is State.HANDED_OVER):
            self.states[name] = State.HANDED_OVER
            self._away.add(name, Work.ASK, now, look_now=True)
        elif memory.in_doubt or state is State.PENDING:
            self._queue(self._waiting, name, Work.DEPLOY)
        elif state is State.OFFLINE:
            self.states[name] = State.OFFLINE
            self._away.add(name, Work.DEPLOY, now, look_now=True)
        else:
            self._settle(name, state, now - memory.age, soaks=state is State.UP and not memory.checked)

    def _next_wave(self) -> None:
        """Go on to the next wave when this one has what it wants, or nobody is left who could give it."""
        while self._good.get(self.wave, 0) >= self._quota and not self._busy.get(self.wave, 0) and self._is_left:
            self.wave += 1

    @property
    def _is_left(self) -> bool:
        return any(self._waiting.values())

    @property
    def _quota(self) -> int:
        waves = self._policy.waves
        return max(1, waves[min(self.wave, len(waves)) - 1].of(len(self._order)))

    def _deploys(self) -> list[Task]:
        room = self._quota - self._good.get(self.wave, 0) - self._busy.get(self.wave, 0)
        tasks = []
        for name, work in self._taken(self._waiting, most=room):
            self._wave_of[name] = self.wave
            tasks.append(self._begin(work, name))
        return tasks

    def _taken(
        self, queues: Mapping[str, list[tuple[int, Work]]], *, most: int = sys.maxsize
    ) -> Iterator[tuple[str, Work]]:
        """The next ones of those that wait, while there is room; each has to be begun before the next is taken."""
        for _ in range(min(most, self._policy.jobs - len(self._working))):
            free = [
                (queue[0], via)
                for via, queue in queues.items()
                if queue and (not via or self._load.get(via, 0) < self._policy.per_jump_host)
            ]
            if not free:
                return
            (rank, work), via = min(free, key=lambda one: one[0][0])
            heapq.heappop(queues[via])
            yield self._order[rank], work

    def _queue(self, queues: dict[str, list[tuple[int, Work]]], name: str, work: Work) -> None:
        heapq.heappush(queues.setdefault(self._via.get(name, ""), []), (self._rank[name], work))

    def _begin(self, work: Work, name: str) -> Task:
        self._working[name] = work
        via = self._via.get(name, "")
        self._load[via] = self._load.get(via, 0) + 1
        self._count(self._busy, name, 1)
        return Task(work, name, self._wave_of.get(name, 0))

    def _leave(self, name: str, work: Work, result: State, now: float) -> None:
        """It cannot be reached: look for it again, unless such gateways are left out or count as failed."""
        if work is Work.CHECK:  # the release was seen to run there
            self._away.add(name, Work.CHECK, now)
        elif result is State.HANDED_OVER or work is Work.ASK:
            self.states[name] = State.HANDED_OVER
            self._away.add(name, Work.ASK, now)
        elif self._policy.offline.way == "fail":
            self._settle(name, State.OFFLINE, now, soaks=False)
        else:
            self.states[name] = State.OFFLINE
            self._away.add(name, Work.DEPLOY, now)

    def _back(self, name: str) -> None:
        work = self._away.back(name)
        if work is Work.DEPLOY:
            self.states[name] = State.PENDING
            self._queue(self._waiting, name, Work.DEPLOY)
        else:
            self._count(self._busy, name, 1)
            self._queue(self._ready, name, work)

    def _settle(self, name: str, state: State, now: float, *, soaks: bool) -> None:
        self.states[name] = state
        self._away.settled(name)
        if soaks and self._policy.soak:
            self._count(self._busy, name, 1)
            heapq.heappush(self._soaking, (now + self._policy.soak, self._rank[name]))
            return
        self._settled += 1
        if state in GOOD:
            self._count(self._good, name, 1)
        elif state in FAILED or state is State.OFFLINE:
            self._failed += 1

    def _count(self, counts: dict[int, int], name: str, change: int) -> None:
        wave = self._wave_of.get(name, 0)
        counts[wave] = counts.get(wave, 0) + change

    def _judge(self) -> None:
        """Stop where more have failed than may."""
        allowed = self._policy.max_failed
        most = allowed.of(self._settled)
        if self._failed > most and self._settled >= self._policy.min_tried and not self.halted:
            failed = f"{self._failed} of {self._settled} gateways failed, and at most {allowed} may fail"
            self.halt(failed, reverts=self._policy.on_abort == "rollback")
