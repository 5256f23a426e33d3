"""How a deploy is told: to people, to programs as JSON lines, and in a summary for a CI system's page."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bundlekit.cli.terminal import TerminalListener
from bundlekit.errors import BundlekitError
from bundlekit.quoting import printable

if TYPE_CHECKING:
    from bundlekit.remote.listener import Listener

_LONGEST_DETAILS = 20  # lines in a summary


class JsonLines:
    """Writes each event as a line of JSON on standard output: an object with `event`, `time`, and what it is about."""

    def __init__(self) -> None:
        self._told = -1

    def write(self, event: str, **fields: Any) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        click.echo(json.dumps({"event": event, "time": now, **fields}))

    def phase(self, word: str, text: str) -> None:
        self.write("phase", phase=word, text=text)

    def answer(self, request: str, status: int, milliseconds: int) -> None:
        self.write("answer", request=request, status=status or None, milliseconds=milliseconds)

    def note(self, text: str) -> None:
        self.write("note", text=text)

    def sent(self, size: int, total: int) -> None:
        tenth = size * 10 // max(total, 1)
        if tenth != self._told:
            self._told = tenth
            self.write("sent", bytes=size, total=total)


class DeployReport:
    """Tells of one deploy, as a listener and at its end.

    Args:
        target: as the user named it.
        form: `text` or `json`.
        summary: a file that some Markdown about it is appended to; None for none.
    """

    def __init__(self, target: str, *, form: str, summary: Path | None = None) -> None:
        self._lines = JsonLines() if form == "json" else None
        self._shown: Listener = self._lines or TerminalListener()
        self._summary = summary
        self._target = target
        self._where: dict[str, Any] = {"target": target}
        self._what: dict[str, str] = {}
        self._answers: list[tuple[str, int, int]] = []
        self._notes: list[str] = []

    def reached(self, gateway: dict[str, Any]) -> None:
        """It is known which gateway it is; see `Address.identity`."""
        self._where = gateway

    def begin(self, bundle: str, version: str) -> None:
        """It is known what is deployed."""
        self._what = {"bundle": bundle, "version": version}
        if self._lines:
            self._lines.write("begin", target=self._target, **self._what)

    def phase(self, word: str, text: str) -> None:
        self._shown.phase(word, text)

    def answer(self, request: str, status: int, milliseconds: int) -> None:
        self._answers.append((request, status, milliseconds))
        self._shown.answer(request, status, milliseconds)

    def note(self, text: str) -> None:
        self._notes.append(text)
        self._shown.note(text)

    def sent(self, size: int, total: int) -> None:
        self._shown.sent(size, total)

    def end(self, outcome: str, *sentences: str, **fields: Any) -> None:
        """It ended well.

        Args:
            outcome: `up`, `unchanged` or `planned`.
            sentences: for people, a line each.
            fields: for programs.
        """
        if self._lines:
            self._lines.write("end", outcome=outcome, code=0, **self._where, **self._what, **fields)
        else:
            for sentence in sentences:
                click.echo(sentence)
        self._summarize("Plan to deploy" if outcome == "planned" else "Deploy", True, sentences)

    def fail(self, error: BundlekitError) -> None:
        """It ended with an error, which somebody else tells people."""
        if self._lines:
            told = {**self._where, **self._what, "error": error.fields()}
            self._lines.write("end", outcome="failed", code=error.exit_code, **told)
        self._summarize("Deploy", False, [error.message], error)

    def of_several(self, done: list[str], left: list[str], *, is_plan: bool) -> None:
        """How far several went.

        Args:
            done: the names of the bundles that are deployed.
            left: of the others; the first of them failed.
            is_plan: whether nothing was to be deployed.
        """
        failed, not_begun = left[:1], left[1:]
        if self._lines:
            self._lines.write("summary", done=done, failed=failed[0] if failed else None, not_begun=not_begun)
            return
        parts = [f"{'planned' if is_plan else 'deployed'}: {', '.join(done) or 'none'}"]
        parts += [f"failed: {failed[0]}"] if failed else []
        parts += [f"not begun: {', '.join(not_begun)}"] if not_begun else []
        click.echo("; ".join(parts), err=True)

    def close(self) -> None:
        """However it ended, the terminal is left as it was."""
        if isinstance(self._shown, TerminalListener):
            self._shown.close()

    def _summarize(
        self, verb: str, is_well: bool, sentences: tuple[str, ...] | list[str], error: BundlekitError | None = None
    ) -> None:
        if self._summary is None:
            return
        title = " ".join([verb, *self._what.values(), "to", self._target])
        parts = [f"### {'✅' if is_well else '❌'} {markdown(title)}", *(f"- {markdown(one)}" for one in sentences)]
        if error:
            parts += [
                f"- **{word}:** {markdown(text)}" for word, text in (("kept", error.kept), ("hint", error.hint)) if text
            ]
        parts += [f"- note: {markdown(note)}" for note in self._notes]
        for request, status, milliseconds in self._answers:
            answer = f"{request} answers {status or 'nothing'} ({milliseconds} ms)"
            parts.append(f"- {markdown(answer)}")
        if error and error.details:
            parts += ["", *code([printable(line.expandtabs()) for line in error.details[-_LONGEST_DETAILS:]])]
        try:
            with self._summary.open("a", encoding="utf-8") as stream:
                stream.write("\n".join(parts) + "\n\n")
        except OSError as problem:
            self._shown.note(f"no summary: cannot write {self._summary}: {problem.strerror}")


def code(lines: list[str]) -> list[str]:
    """Lines as a block of code in Markdown. Indented, they would be text of the list that stands before them."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, *lines, fence]


def markdown(text: str) -> str:
    """A text as Markdown that shows it and does nothing else: no link, no mention, no HTML."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", printable(" ".join(text.split())))
