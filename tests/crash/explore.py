"""Records changes, looks at the disks that a power cut leaves of them, and boots gateways with a choice of these."""

from __future__ import annotations

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from tests.chaos.gateway import Watch
from tests.crash.boots import Judge, Verdict
from tests.crash.examine import Examined, State, examine
from tests.crash.recording import Recording, Setting, record, record_recovery
from tests.crash.states import TORN, Image, Log

Tell = Callable[[str], None]
# Of the states that look suspicious for the same reasons in the same change, so many are booted at least.
_ALIKE = 2
# A recovery is recorded too: from here it has the most to do.
_RECOVERED = ("upgrade", "taken-back", "rollback-settings", "handover-last-words")
_MIDDLE = ("switch", "start", "confirm", "take-back", "stop", "beside")


@dataclass(frozen=True)
class Effort:
    """How much is done.

    Attributes:
        torn: parts of what was not flushed, for each flush.
        share: of the disks that are looked at.
        boots: for a recording; None for all.
        recoveries: that are recorded and explored too.
        judges: gateways that boot side by side.
        product: a folder with another `bundlekit` than this one, see `tests.crash`.
    """

    torn: int = TORN
    share: float = 1.0
    boots: int | None = None
    recoveries: int = len(_RECOVERED)
    judges: int = 3
    product: Path | None = None


@dataclass
class Row:
    """What was found of a change."""

    flushes: int = 0
    written: int = 0
    disks: int = 0
    states: int = 0
    booted: int = 0
    wrong: int = 0


@dataclass
class Report:
    """What was found of a recording, and of the recoveries that begin in it."""

    name: str
    rows: dict[str, Row] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def table(self) -> str:
        """A line for each change."""
        head = f"{self.name:45}{'flushes':>9}{'kB':>7}{'disks':>7}{'states':>8}{'booted':>8}{'wrong':>7}"
        lines = [head]
        for name, row in self.rows.items():
            numbers = f"{row.flushes:9}{row.written // 1000:7}{row.disks:7}{row.states:8}{row.booted:8}{row.wrong:7}"
            lines.append(f"  {name:43}{numbers}")
        total = [sum(getattr(row, key) for row in self.rows.values()) for key in ("disks", "states", "booted", "wrong")]
        lines.append(f"  {'in all':43}{'':16}{total[0]:7}{total[1]:8}{total[2]:8}{total[3]:7}")
        return "\n".join(lines)


class Explorer:
    """Explores what changes leave on gateways of a setting.

    Attributes:
        report: of what was found so far.
    """

    def __init__(self, setting: Setting, seed: str, folder: Path, effort: Effort, tell: Tell) -> None:
        self._setting = setting
        self._seed = seed
        self._folder = folder
        self._effort = effort
        self._tell = tell
        self._telling = threading.Lock()
        self.report = Report(setting.name)

    def go(self) -> Report:
        """Record and explore."""
        recording = record(self._setting, self._folder / self._setting.name, self._effort.product)
        with ExitStack() as stack:
            watch = stack.enter_context(Watch())
            judges = [
                stack.enter_context(
                    Judge(self._setting, recording.chain, self._folder / f"judge-{number}", watch, self._effort.product)
                )
                for number in range(self._effort.judges)
            ]
            found = self._explore(recording, judges, "")
            for state in self._in_the_middle(found):
                again = self._record_recovery(recording, state)
                self._explore(again, judges, " again")
        return self.report

    def _explore(self, recording: Recording, judges: list[Judge], suffix: str) -> Examined:
        log = Log(recording.log, self._seed, self._effort.torn)
        # A recovery leaves few disks: all of them are looked at.
        found = examine(recording, self._seed, self._effort.torn, 1.0 if suffix else self._effort.share)
        rows = self.report.rows
        for span in log.spans:
            row = rows[span.change + suffix] = Row(span.flushes, span.written)
            row.disks = found.looked_at.get(span.change, 0)
            row.states = sum(state.change == span.change for state in found.states)
        for state in found.states:
            if state.wrong:
                self._say_wrong(recording, state, rows[state.change + suffix], list(state.wrong))
        chosen = self.choose([state for state in found.states if not state.wrong], bool(suffix))
        self._boot(recording, log, chosen, judges, suffix)
        return found

    def choose(self, states: list[State], again: bool) -> list[State]:
        """Those to boot: what looks suspicious, and of the others some of each kind."""
        if self._effort.boots is None:
            return states
        dice = random.Random(f"{self._seed} boots")
        mixed = dice.sample(states, len(states))
        suspicious: Counter[tuple[object, ...]] = Counter()
        chosen = set()
        kinds: dict[tuple[object, ...], list[State]] = defaultdict(list)
        for state in mixed:
            sign = (state.change, state.suspicious)
            if state.suspicious and suspicious[sign] < _ALIKE:
                suspicious[sign] += 1
                chosen.add(state.name)
            else:
                kinds[state.change, state.kind, state.told].append(state)
        wanted = self._effort.boots // (4 if again else 1)
        order = dice.sample(list(kinds.values()), len(kinds))
        rounds = (alike[turn] for turn in range(len(states)) for alike in order if turn < len(alike))
        chosen |= {state.name for state in islice(rounds, max(0, wanted - len(chosen)))}
        return [state for state in states if state.name in chosen]

    def _boot(self, recording: Recording, log: Log, states: list[State], judges: list[Judge], suffix: str) -> None:
        disks = Disks(recording, log, states, self._folder)
        # Every fifth, and all that is suspicious.
        thorough = {state.name for number, state in enumerate(states) if number % 5 == 0 or state.suspicious}

        def work(judge: Judge) -> None:
            for state, image in disks:
                verdict = judge.judge(state, image, thorough=state.name in thorough)
                image.unlink()
                row = self.report.rows[state.change + suffix]
                with self._telling:
                    row.booted += 1
                    if verdict.wrong:
                        self._say_wrong(recording, state, row, verdict.wrong)

        with ThreadPoolExecutor(len(judges)) as pool:
            list(pool.map(work, judges))

    def _in_the_middle(self, found: Examined) -> list[State]:
        """States from which a recovery is recorded: one of each change, seen by the seed."""
        dice = random.Random(f"{self._seed} recoveries")
        begun = {
            name: [state for state in found.states if state.change == name and state.kind.split()[0] in _MIDDLE]
            for name in dice.sample(_RECOVERED, len(_RECOVERED))
        }
        return [dice.choice(states) for states in begun.values() if states][: self._effort.recoveries]

    def _record_recovery(self, recording: Recording, state: State) -> Recording:
        log = Log(recording.log, self._seed, self._effort.torn)
        folder = self._folder / f"{recording.folder.name}+{state.name}"
        folder.mkdir()
        log.write_image(recording.image, state.name, folder / "disk.img")
        return record_recovery(recording, folder, state.change, told=state.told)

    def _say_wrong(self, recording: Recording, state: State, row: Row, wrong: list[str]) -> None:
        row.wrong += 1
        head = f"{recording.folder.name}/{state.name} ({state.kind}; {', '.join(state.suspicious) or 'not suspicious'})"
        again = f"make crash SEED={self._seed} RECORDING={recording.folder} STATE={state.name}"
        text = "\n  ".join((head, *wrong, f"again: {again}"))
        self._tell(text)
        self.report.wrong.append(text)


class Disks:
    """Writes the disks of states, one after the other, for whoever asks next."""

    def __init__(self, recording: Recording, log: Log, states: list[State], folder: Path) -> None:
        self._states = {state.name: state for state in states}
        cuts = [cut for span in log.spans for cut in span.cuts if cut.name in self._states]
        self._image = Image(recording.image)
        self._built = log.build(self._image, cuts)
        self._asking = threading.Lock()
        self._folder = folder
        self._count = 0

    def __iter__(self) -> Iterator[tuple[State, Path]]:
        return self

    def __next__(self) -> tuple[State, Path]:
        with self._asking:
            cut, over = next(self._built)
            self._count += 1
            # A name of its own: the file system that was on the last one goes a moment after its gateway.
            path = self._folder / f"state-{cut.name}-{self._count}.img"
            with path.open("wb") as stream:
                self._image.put(stream.fileno(), over)
            return self._states[cut.name], path


def boot_one(recording: Recording, seed: str, name: str, folder: Path, torn: int = TORN) -> tuple[State, Verdict]:
    """Build and boot one state by the name of its cut."""
    log = Log(recording.log, seed, torn)
    state = examine(recording, seed, torn, 1.0, only=name).states[0]
    image = folder / "state.img"
    log.write_image(recording.image, name, image)
    with Watch() as watch, Judge(recording.setting, recording.chain, folder / "judge", watch) as judge:
        return state, judge.judge(state, image, thorough=True)
