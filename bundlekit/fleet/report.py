"""What a rollout came to: folded for people, as JUnit, Markdown and values for programs."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bundlekit.fleet.folding import fold
from bundlekit.fleet.states import FAILED, GOOD, State
from bundlekit.fleet.story import Known, Story
from bundlekit.junit import Case, document, suite
from bundlekit.quoting import printable

_MOST_DETAILS = 15  # lines of a log, of one gateway of a group

WORDS = {
    State.UP: "up",
    State.UNCHANGED: "unchanged",
    State.REVERTED: "reverted",
    State.PENDING: "not begun",
    State.OFFLINE: "offline",
    State.HANDED_OVER: "has the command, result not known",
    State.ROLLED_BACK: "rolled back",
    State.REFUSED: "refused",
    State.NEEDS_HUMAN: "needs a human",
}
"""What people read of each state."""

EXIT_OFFLINE = 6  # see `EXIT_CODES`


@dataclass(frozen=True)
class Group:
    """Gateways that failed in the same way: their state, what failed, and the log of the first one."""

    state: State
    names: tuple[str, ...]
    error: Mapping[str, Any]


def groups_of(gateways: Iterable[Known]) -> list[Group]:
    """The gateways that failed, by state and message, the largest group first."""
    found: dict[tuple[State, str], list[Known]] = {}
    for known in gateways:
        if known.state in FAILED:
            found.setdefault((known.state, str(known.error.get("what", ""))), []).append(known)
    ordered = sorted(found.items(), key=lambda item: -len(item[1]))
    return [Group(state, tuple(one.name for one in those), those[0].error) for (state, _), those in ordered]


def counts_in_words(gateways: Sequence[Known]) -> str:
    """How many there are of each state, such as `97 up, 2 offline, 1 rolled back`."""
    counted = ((state, sum(known.state is state for known in gateways)) for state in WORDS)
    return ", ".join(f"{count} {WORDS[state]}" for state, count in counted if count)


def named_by(story: Story) -> str:
    """The words that come before the name of a gateway on a command line; empty for addresses."""
    inventory = story.head.get("inventory")
    return f"-i {shlex.quote(str(inventory))} " if inventory else ""


def lines_of(gateways: Sequence[Known], named_by: str = "") -> list[str]:
    """For people: a line a state with folded names, then the failures by message, with the log and the hint of one.

    Args:
        gateways: of the rollout.
        named_by: see the function of that name.
    """
    lines = []
    width = max((len(WORDS[known.state]) for known in gateways), default=0)
    for state, words in WORDS.items():
        names = [known.name for known in gateways if known.state is state]
        if names:
            lines.append(f"{words:<{width}}  {len(names):>5}  {fold(names)}")
    for group in groups_of(gateways):
        lines += ["", f"{fold(group.names)}: {printable(str(group.error.get('what') or WORDS[group.state]))}"]
        said = {word: str(group.error[word]) for word in ("kept", "hint") if group.error.get(word)}
        typed = named_by + shlex.quote(group.names[0])  # so that what a hint says to type can be typed
        lines += [f"  {word}: {printable(_typed_out(text, typed))}" for word, text in said.items()]
        details = [printable(str(line).expandtabs()) for line in group.error.get("details", ())]
        lines += [f"    | {line}" for line in details[-_MOST_DETAILS:]]
    return lines + _lines_of_parts(gateways)


def _lines_of_parts(gateways: Sequence[Known]) -> list[str]:
    """What has become of each bundle, where only some of several are there."""
    found: dict[str, list[str]] = {}
    for known in gateways:
        if known.parts and len(known.bundles) > 1 and known.state not in GOOD | {State.REVERTED}:
            parts = ((bundle, known.part(bundle)) for bundle in known.bundles)
            words = (f"{bundle} {part.release or ''} {WORDS[part.state]}" for bundle, part in parts)
            found.setdefault(", ".join(" ".join(each.split()) for each in words), []).append(known.name)
    return ["", *(f"{fold(names)}: {printable(words)}" for words, names in found.items())] if found else []


def _typed_out(text: str, typed: str) -> str:
    return re.sub(r"\bTARGET\b", lambda _: typed, text)


def exit_code(gateways: Sequence[Known], *, is_done: bool) -> int:
    """0 all are up; 1 some failed, or it was stopped; 4 some need a human; 6 all that were reached are up."""
    states = {known.state for known in gateways}
    if State.NEEDS_HUMAN in states:
        return 4
    if states & FAILED or not is_done:
        return 1
    return EXIT_OFFLINE if states & {State.OFFLINE, State.HANDED_OVER, State.PENDING} else 0


def for_programs(story: Story) -> dict[str, Any]:
    """A rollout as values that JSON takes."""
    return {
        "rollout": story.id,
        "bundle": story.head.get("bundle"),
        "version": story.head.get("version"),
        "bundles": [{"bundle": one.get("bundle"), "version": one.get("version")} for one in story.bundles],
        "status": story.status,
        "reason": story.reason or None,
        "began": story.began,
        "changed": story.changed,
        "counts": {state.value: story.count(state) for state in State},
        "gateways": [gateway_for_programs(known) for known in story.gateways],
    }


def gateway_for_programs(known: Known) -> dict[str, Any]:
    """A gateway of a rollout as values that JSON takes."""
    return {
        "gateway": known.name,
        "target": known.target,
        "state": known.state.value,
        "wave": known.wave or None,
        "release": known.release or None,
        "replaced": known.replaced or None,
        "bundles": [
            {
                "bundle": bundle,
                "state": part.state.value,
                "release": part.release or None,
                "replaced": part.replaced or None,
            }
            for bundle, part in ((bundle, known.part(bundle)) for bundle in known.bundles)
        ],
        "checked": known.checked,
        "time": known.time or None,
        "seconds": known.seconds or None,
        "error": dict(known.error) or None,
    }


def junit(what: str, gateways: Sequence[Known]) -> str:
    """A JUnit document of one suite, with a case a gateway."""
    return document(suite(what, [_case(known) for known in gateways]))


def _case(known: Known) -> Case:
    message = str(known.error.get("what") or WORDS[known.state])
    if known.state in FAILED:
        text = "\n".join(printable(str(line).expandtabs()) for line in known.error.get("details", ()))
        return Case("rollout", known.name, "failure", message, known.state.value, text, known.seconds)
    waits = known.state in (State.PENDING, State.OFFLINE, State.HANDED_OVER)
    return Case("rollout", known.name, "skipped" * waits, message * waits, seconds=known.seconds)


def title_of(story: Story) -> str:
    """A rollout in one line: what, its id, and how far it is."""
    status = f"{story.status}{f': {story.reason}' if story.reason else ''}"
    return f"{story.what}, rollout {story.id}, {status}"


def when(seconds: float) -> str:
    """A time of a record, for people."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
