"""How a rollout is told while it goes on, and at its end: on a terminal, in lines, or as JSON lines."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bundlekit.cli.deploy_report import JsonLines, code, markdown
from bundlekit.cli.document import put
from bundlekit.cli.looks import can_redraw
from bundlekit.fleet.report import (
    WORDS,
    counts_in_words,
    for_programs,
    gateway_for_programs,
    groups_of,
    junit,
    lines_of,
    named_by,
    title_of,
)
from bundlekit.fleet.scheduler import Scheduler
from bundlekit.fleet.states import FAILED, GOOD, State, Work
from bundlekit.fleet.watcher import Result
from bundlekit.quoting import printable

if TYPE_CHECKING:
    from bundlekit.fleet.story import Story

_REDRAW = 0.2  # seconds between two pictures of the terminal
_LAST = 4  # events on a terminal
_BAR = 24  # characters
_COLOURS = {**dict.fromkeys(GOOD, "green"), **dict.fromkeys(FAILED, "red")}
_DOES = {Work.ASK: "asked how its change ended", Work.CHECK: "checked after the soak", Work.REVERT: "rollback"}


class _LockedLines(JsonLines):
    """Events of many threads, a whole line each."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def write(self, event: str, **fields: Any) -> None:
        with self._lock:
            super().write(event, **fields)


class RolloutReport:
    """Tells of one rollout; a `Watcher`."""

    def __init__(self, story: Story, path: Path, *, named: str, form: str) -> None:
        """Begin.

        Args:
            story: so far.
            path: of its record.
            named: how `rollout resume` finds it, quoted for a shell.
            form: `text` or `json`.
        """
        self._story = story
        self._named = named
        self._path = path
        self._json = _LockedLines() if form == "json" else None
        self._is_live = form == "text" and can_redraw()
        self._drawn = 0  # lines on the terminal that the next picture replaces
        self._drawn_at = 0.0
        self._last: deque[str] = deque(maxlen=_LAST)
        self._waves: dict[int, list[str]] = {}
        self._wave = 0
        self._states = {known.name: known.state for known in story.gateways}
        self._began = time.monotonic()
        self._ends = 0
        self._noted = ""

    def begin(self) -> None:
        """It begins, or goes on."""
        story = self._story
        if self._json:
            self._json.write(
                "begin",
                rollout=story.id,
                record=str(self._path),
                bundle=story.head.get("bundle"),
                version=story.head.get("version"),
                bundles=[{"bundle": one.get("bundle"), "version": one.get("version")} for one in story.bundles],
                gateways=len(story.gateways),
            )
            return
        known = sum(known.state is not State.PENDING or known.in_doubt for known in story.gateways)
        so_far = f", {known} of them already tried" if known else ""
        click.echo(f"rollout {story.id}: {story.what} to {len(story.gateways)} gateways{so_far}", err=True)

    def began(self, gateway: str, work: Work, wave: int) -> None:
        if wave and wave != self._wave and work is Work.DEPLOY:
            self._wave = wave
            if self._json:
                self._json.write("wave", wave=wave)
            elif not self._is_live:
                click.echo(f"wave {wave}", err=True)
        if work is Work.DEPLOY:
            self._waves.setdefault(wave, []).append(gateway)
        if self._json:
            self._json.write("gateway", gateway=gateway, work=work.value, wave=wave or None)

    def phase(self, gateway: str, bundle: str, word: str, text: str) -> None:
        if self._json:
            self._json.write("phase", gateway=gateway, bundle=bundle, phase=word, text=text)

    def ended(self, gateway: str, work: Work, result: Result) -> None:
        is_news = (result.state is not None and self._states.get(gateway) is not result.state) or result.checked
        if result.state is None or not is_news:
            return
        self._states[gateway] = result.state
        if self._json:
            error = result.error.fields() if result.error else None
            self._json.write(
                "state",
                gateway=gateway,
                state=result.state.value,
                work=work.value,
                release=result.release or None,
                replaced=result.replaced or None,
                seconds=round(result.seconds, 3),
                error=error,
            )
            return
        self._ends += 1
        line = self._line(gateway, work, result)
        if self._is_live:
            self._last.append(line)
        else:
            click.echo(line, err=True)

    def tick(self, scheduler: Scheduler, note: str) -> None:
        waits = f"stopping: {scheduler.halted}" if scheduler.halted else note and f"waiting for {note}"
        if waits and waits != self._noted and not self._is_live:
            self._noted = waits
            if self._json:
                self._json.write("note", text=waits)
            else:
                click.echo(click.style("note: ", fg="yellow") + printable(waits), err=True)
        now = time.monotonic()
        if self._is_live and now - self._drawn_at >= _REDRAW:
            self._drawn_at = now
            self._draw(self._picture(scheduler, waits))

    def end(self, story: Story, status: str) -> None:
        """It is over, for now."""
        reason = story.reason if status == story.status else ""
        if self._json:
            self._json.write("end", **for_programs(story) | {"status": status})
            return
        self._draw([])
        click.echo("\n".join(lines_of(story.gateways, named_by(story))))
        click.echo(f"\n{story.id}: {status}{f', {reason}' if reason else ''}: {counts_in_words(story.gateways)}")
        if status in ("paused", "interrupted"):
            again = "`rollout retry` also tries the failed gateways again"
            click.echo(f"`bundlekit rollout resume {self._named}` continues; {again}")

    def _line(self, gateway: str, work: Work, result: Result) -> str:
        assert result.state is not None  # noqa: S101 - `ended` has looked
        words = click.style(WORDS[result.state], fg=_COLOURS.get(result.state))
        what = f", release {result.release}" if result.release and result.state in GOOD else ""
        if result.error:
            what = f": {printable(result.error.message)}"
        does = f" ({_DOES[work]})" if work in _DOES else ""
        return f"{gateway}  {words}{what}{does}  {result.seconds:.1f} s"

    def _picture(self, scheduler: Scheduler, waits: str) -> list[str]:
        lines = []
        for wave, names in self._waves.items():
            states = [scheduler.states[name] for name in names]
            good, bad = (sum(state in those for state in states) for those in (GOOD, FAILED))
            filled = _BAR * (good + bad) // max(len(names), 1)
            bar = click.style("#" * filled, fg="red" if bad else "green") + "." * (_BAR - filled)
            lines.append(f"wave {wave}  [{bar}] {good + bad}/{len(names)}")
        counts = scheduler.counts()
        parts = [f"{count} {WORDS[state]}" for state, count in counts.items() if count and state is not State.PENDING]
        parts += [f"{scheduler.at_work} in progress"] if scheduler.at_work else []
        parts += [f"{scheduler.soaking} soaking"] if scheduler.soaking else []
        left = scheduler.to_come
        parts += [f"{left} to come"] if left else []
        if self._ends and left:
            seconds = (time.monotonic() - self._began) * left / self._ends
            parts.append(f"about {max(1, round(seconds / 60))} min left")
        lines.append(", ".join(parts) or "begins")
        lines += [click.style(printable(waits), fg="yellow")] if waits else []
        return [*lines, *(f"  {line}" for line in self._last)]

    def _draw(self, lines: list[str]) -> None:
        """Put lines in the place of those that were drawn before."""
        if not self._is_live:
            return
        width = shutil.get_terminal_size().columns - 1
        shown = [line if len(click.unstyle(line)) <= width else click.unstyle(line)[:width] for line in lines]
        back = f"\x1b[{self._drawn}F\x1b[J" if self._drawn else ""
        click.echo(back + "".join(f"{line}\n" for line in shown), err=True, nl=False)
        self._drawn = len(shown)


def listed(stories: list[tuple[Path, Story]]) -> list[str]:
    """A line a rollout, the last one first."""
    from bundlekit.fleet.report import when

    return [
        f"{story.id}  {when(story.began)}  {story.status:<7}  {story.what}  {counts_in_words(story.gateways)}"
        for _, story in stories
    ]


def shown(story: Story) -> list[str]:
    """A rollout in full."""
    return [title_of(story), "", *lines_of(story.gateways, named_by(story))]


def merged_for_programs(stories: list[Story]) -> dict[str, object]:
    """The gateways of several records, each once."""
    from bundlekit.fleet.story import merged

    known = merged(stories)
    return {
        "rollouts": [story.id for story in stories],
        "counts": {state.value: sum(one.state is state for one in known) for state in State},
        "gateways": [gateway_for_programs(one) for one in known],
    }


def write_junit(file: Path, story: Story) -> None:
    """Write a case a gateway.

    Raises:
        CouldNotRun: the file cannot be written.
    """
    put(junit(story.what, story.gateways), file)


def summarize(story: Story, status: str) -> None:
    """Add a summary in Markdown to the page of a CI system, where it has one."""
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if not page:
        return
    is_well = status == "done" and not groups_of(story.gateways)
    what = f"Rollout of {story.what}"
    lines = [f"### {'✅' if is_well else '❌'} {markdown(what)}", f"- {markdown(counts_in_words(story.gateways))}"]
    lines += [f"- {markdown(f'{status}: {story.reason}' if story.reason else status)}"]
    lines += ["", *code(lines_of(story.gateways, named_by(story)))]
    try:
        with Path(page).open("a", encoding="utf-8") as stream:
            stream.write("\n".join(lines) + "\n\n")
    except OSError as error:
        click.echo(f"note: no summary: cannot write {page}: {error.strerror}", err=True)
