"""Boots a gateway with a disk that a power cut has left, and judges what it comes to."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.box.host import as_root
from tests.chaos.gateway import Facts, Watch, wait_until
from tests.crash import checks
from tests.crash.changes import NEXT, Change, End
from tests.crash.examine import State
from tests.crash.gateway import OnDisk
from tests.crash.recording import Client, Setting
from tests.crash.releases import NAME, content
from tests.crash.tree import Tree, read_tree, read_tree_as_root

_PATIENCE = 90.0  # seconds; a recovery takes a few


@dataclass
class Verdict:
    """What came of a boot.

    Attributes:
        end: what the gateway has come to, in words.
        wrong: all that should not be.
    """

    end: str = ""
    wrong: list[str] = field(default_factory=list)


class Judge:
    """Has a gateway of its own, off in between. A context manager.

    Attributes:
        machine: that gateway.
        client: of it.
        chain: the changes that were recorded.
        watch: tells what there is on the gateway.
    """

    def __init__(
        self, setting: Setting, chain: tuple[Change, ...], folder: Path, watch: Watch, product: Path | None = None
    ) -> None:
        self._setting = setting
        self.chain = chain
        self.machine: OnDisk = setting.gateway()
        self._folder = folder
        self.watch = watch
        self._product = product
        folder.mkdir(parents=True)

    def __enter__(self) -> Judge:
        self.machine.start()
        self.client = Client(self._folder, self.machine, self._product)
        return self

    def __exit__(self, *_: object) -> None:
        self.machine.stop()

    def judge(self, state: State, image: Path, *, thorough: bool) -> Verdict:
        """Boot with a disk and look.

        Args:
            state: that is on the disk.
            image: the disk, which is written to.
            thorough: whether its history is asked for, and the next deploy is tried, which takes as long as the rest.
        """
        verdict = Verdict()
        # As a boot does it; 1 says that something was mended, such as a journal replayed.
        mended = as_root(["e2fsck", "-p", image], check=False)
        if mended.returncode > 1:
            verdict.wrong.append(f"e2fsck: {mended.stdout}{mended.stderr}")
            return verdict
        with self.machine.disk(image, self._setting.mode):
            try:
                self.machine.boot()
                _Boot(self, state, verdict).judge(thorough=thorough)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                verdict.wrong.append(str(error))
            if verdict.wrong:
                log = self.machine.run(f"tail -n 12 /opt/bundlekit/bundles/{NAME}/log 2>/dev/null", check=False)
                verdict.wrong.append(f"its log: {log.stdout}")
        return verdict


class _Boot:
    """One boot, and what there is to see."""

    def __init__(self, judge: Judge, state: State, verdict: Verdict) -> None:
        self._machine = judge.machine
        self._client = judge.client
        self._watch = judge.watch
        self._state = state
        self._before, self._change = next(
            (number, change) for number, change in enumerate(judge.chain) if change.name == state.change
        )
        self._verdict = verdict
        self._wrong = verdict.wrong

    def judge(self, *, thorough: bool) -> None:
        if not self._come_to_rest():
            self._wrong.append(f"it does not come to rest: {self._look().lines}")
            return
        end = self._end()
        self._verdict.end = f"{end.version or ('stopped' if end.deployed else 'nothing')} {end.generation}"
        self._judge_end(end)
        lines = self._judge_words(end)
        if thorough:
            self._judge_history(lines)
            if not self._wrong:
                self._deploy(end)

    def _come_to_rest(self) -> bool:
        """Nobody looks at it until the boot has done what it does."""
        facts = self._look()
        if not facts.all("enabled") and self._is_broken_off():
            self._client.ask("status")  # is what goes on where nothing starts at a boot
        return wait_until(self._is_quiet, _PATIENCE, 0.25) and wait_until(self._runs_or_does_not, 30, 0.25)

    def _is_broken_off(self) -> bool:
        home = self._machine.root / checks.HOME
        return (home / "journal").exists() or bool((home / "lock").exists() and (home / "lock").stat().st_size)

    def _is_quiet(self) -> bool:
        facts = self._look()
        if facts.all("enabled"):
            return facts.is_quiet and bool(facts.running)
        # Of what ended before there was a journal, the name of who began it stays until the next change.
        return not facts.all("works") and not facts.all("journal")

    def _runs_or_does_not(self) -> bool:
        return not self._look().all("enabled") or self._answer()[0] == 200

    def _look(self) -> Facts:
        return self._watch.look(self._machine, NAME)

    def _answer(self) -> tuple[int, Any]:
        return self._machine.api("GET", f"/{NAME}")

    def _end(self) -> End:
        """What it has come to."""
        facts = self._look()
        if not facts.all("enabled") and not facts.running:
            found = set(self._settings())
            if len(found) > 1 or None in found:
                self._wrong.append(f"the settings are of {self._settings()}")
            return End("", found.pop() if len(found) == 1 else None, deployed=bool(facts.current))
        status, answer = self._answer()
        assert status == 200, f"it answers {status} {answer}, and this is there: {facts.lines}"
        if len(facts.running) != 1 or facts.running != [facts.current] or not facts.all("enabled"):
            self._wrong.append(f"{facts.running} run, and {facts.current} is current: {facts.lines}")
        if not facts.current.startswith(f"{answer['version']}-"):
            self._wrong.append(f"{answer['version']} answers, and {facts.current} is current")
        numbers = [one.get("generation") for one in answer["settings"]]
        known = (content(numbers[0]), content(numbers[0], last_words=True))
        is_one = all(one in known for one in answer["settings"])
        lay_so = tuple(numbers) == self._state.settings and self._change.last_words
        if not is_one and not (lay_so and answer["version"] == self._change.ends[0].version):
            self._wrong.append(f"{answer['version']} runs with settings of {numbers}")
        return End(answer["version"], numbers[0])

    def _settings(self) -> list[int | None]:
        return checks.generations(self._tree())

    def _tree(self) -> Tree:
        return read_tree(self._machine.root) if os.geteuid() == 0 else read_tree_as_root(self._machine.root)

    def _judge_end(self, end: End) -> None:
        ends = self._change.ends[-1:] if self._state.told else self._change.ends
        fits = [
            one
            for one in ends
            if (one.version, one.deployed) == (end.version, end.deployed) and one.generation in (None, end.generation)
        ]
        if not fits:
            was = "was told of" if self._state.told else "may find"
            self._wrong.append(f"it has come to {end}, and the user {was} {ends}")
        lay = set(self._state.settings)
        last = self._change.ends[-1].generation
        if self._change.last_words and lay == {last} and end.generation != last:
            self._wrong.append(
                f"what the release before wrote last was on the disk, and the settings are {end.generation}"
            )

    def _judge_words(self, end: End) -> list[list[str]]:
        """Whether history and status tell what is the case; the lines of the history."""
        tree = self._tree()
        lines = checks.acts(tree)
        self._wrong += checks.wrong_acts(lines)
        most = self._before + 1
        least = most if self._state.told or self._state.begun else self._before
        if not least <= len(lines) <= most:
            self._wrong.append(f"{len(lines)} changes in the history, and {most} were begun: {lines[-2:]}")
        elif len(lines) == most and not self._wrong:
            self._judge_act(lines[-1], end)
        printed = self._client.ask("status")
        bundles = json.loads(printed.out)["bundles"] if printed.out else []
        runs = [bundle["running"]["release"] for bundle in bundles if bundle["running"]]
        well = not self._look().all("lock")
        if printed.code != (0 if well else 1) or [run.rpartition("-")[0] for run in runs] != [end.version] * bool(
            end.version
        ):
            self._wrong.append(f"bundlekit status ends with {printed.code}: {printed.out}{printed.err}")

        return lines

    def _judge_history(self, lines: list[list[str]]) -> None:
        """Whether the client shows all of it."""
        printed = self._client.ask("history")
        acts = json.loads(printed.out)["acts"] if printed.code == 0 else []
        if len(acts) != len(lines):
            self._wrong.append(
                f"bundlekit history tells {len(acts)} changes of {len(lines)}: {printed.out}{printed.err}"
            )

    def _judge_act(self, act: list[str], end: End) -> None:
        verb, outcome = act[3], act[9]
        if verb != self._change.verb:
            self._wrong.append(f"the history tells of a {verb}: {act}")
        elif verb in ("deploy", "rollback") and self._change.code == 0:
            is_new = end.version == self._change.ends[-1].version
            if is_new != (outcome == "up"):
                self._wrong.append(f"{end.version or 'nothing'} runs, and the history tells: {act}")

    def _deploy(self, end: End) -> None:
        printed = self._client.deploy(NEXT)
        if printed.code != 0:
            self._wrong.append(f"the next deploy ends with {printed.code}\n{printed.out}{printed.err}")
            return
        status, answer = self._answer()
        expected = content(end.generation if end.generation is not None else 0)
        settings = [{**one, "last_words": False} for one in answer["settings"]] if status == 200 else []
        mine = self._change.last_words and end.generation is not None and end.version == self._change.ends[0].version
        allowed = [expected, content(expected["generation"] + 1)] if mine else [expected]
        if status != 200 or answer["version"] != NEXT or not all(one in allowed for one in settings):
            self._wrong.append(f"after the next deploy it answers {status} {str(answer)[:300]}")
        # What a cut leaves may lie there until the next change, and no longer.
        left = [*checks.litter(self._tree()), *self._look().all("left")]
        self._wrong += [f"left behind: {path}" for path in left]
