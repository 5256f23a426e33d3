"""How a change on the gateway ended: from the events of the script to an Outcome, or to an error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bundlekit.errors import BundlekitError, CouldNotRun, NeedsHuman, RolledBack
from bundlekit.remote.events import Event, Release
from bundlekit.remote.failures import raise_refusal

_FAILURES = ("back", "down", "by-hand", "not-up", "stuck")


@dataclass(frozen=True)
class Outcome:
    """A change that ended well.

    Attributes:
        word: `up`, `stopped`, `removed`, `room` for a removal of old releases, or `marked` or `dropped` of one.
        release: the release that is current now, or that was marked or dropped.
        replaced: the release that was current before.
        pruned: the releases that were removed to keep their number.
        settings_kept: after a removal, whether settings are kept there.
    """

    word: str
    release: str = ""
    replaced: str = ""
    pruned: tuple[str, ...] = ()
    settings_kept: bool = False


def outcome_of(events: Iterable[Event], bundle: str, *, release: str | None = None) -> Outcome:
    """Judge the events of a change of `bundle`.

    Args:
        events: of the gateway.
        bundle: its name.
        release: the id of the one that has to be up.

    Raises:
        RolledBack: the release did not come up; the one before runs again, or nothing does as before.
        NeedsHuman: the one before did not come up again either.
        BundlekitError: the change was not begun, for the reason that it says.
        CouldNotRun: the events end before the outcome is known.
    """
    events = tuple(events)
    log = tuple(event.field(0) for event in events if event.word == "log")
    pruned = tuple(event.field(0) for event in events if event.word == "pruned")
    raise_refusal(events, bundle)
    for event in events:
        if event.word == "outcome":
            word, second, third, *_ = (event.field(index) for index in range(5))
            if release is not None and (word, second) != ("up", release) and word not in _FAILURES:
                raise CouldNotRun(
                    f"the gateway says `{word} {second}` at the end, and {release} should be up",
                    hint="`bundlekit status TARGET` shows what runs there now",
                )
            if word in ("up", "stopped", "removed", "room", "marked", "dropped"):
                return Outcome(
                    word,
                    second if word != "removed" else "",
                    third if third != second else "",
                    pruned,
                    settings_kept=word == "removed" and second == "settings",
                )
            raise _not_up(event, bundle, log)
    raise CouldNotRun(
        "the gateway broke off before it reported how the change ended",
        hint="`bundlekit status TARGET` shows what runs there now",
    )


def _not_up(event: Event, bundle: str, log: tuple[str, ...]) -> BundlekitError:
    word, release, reason, previous, before = (event.field(index) for index in range(5))
    what = f"release {release} of {bundle} {reason_in_words(reason, bundle)}"
    details = log or ("(it printed nothing)",)
    logs = f"`bundlekit logs TARGET --bundle {bundle} --release {release}` shows more of its log"
    if reason.startswith("silent"):
        logs += "; a slow box may need a longer --wait"
    if word == "back":
        state = {
            "running": "runs again",
            "untouched": "runs on; it was not stopped for a moment",
            "failing": "is in place again; it did not run well before either",
            "stopped": "is in place again, stopped as it was",
            "up": "runs",
        }
        return RolledBack(
            what, kept=f"release {previous} {state.get(before, 'is in place again')}", hint=logs, details=details
        )
    if word == "down":
        return RolledBack(
            what,
            kept="there was no release before it, so nothing runs, as before",
            hint=logs,
            details=details,
        )
    if word == "by-hand":
        return RolledBack(
            what,
            kept="the copy that ran by hand runs again, in its folder and with its settings",
            hint=logs,
            details=details,
        )
    if word == "not-up":
        return NeedsHuman(what, hint=logs, details=details)
    undone = before.split()
    damaged = "the disk there may be full or damaged: `bundlekit status TARGET`, and `dmesg` there, show more"
    if before == "up":
        return NeedsHuman(
            f"{what}; release {previous} runs now. It started too late, or a step back to it failed",
            # The history does not say which step it was; a slow start is the usual one.
            hint=f"`bundlekit status TARGET` shows whether it works, `bundlekit logs TARGET --bundle {bundle}` what it "
            "prints; `bundlekit restart TARGET` starts it again",
            details=details,
        )
    if "by_hand" in undone:
        return NeedsHuman(
            f"{what}, and the copy that ran by hand could not be started again",
            kept="its folder is as it was",
            hint="start it there as it was started before; `bundlekit status TARGET` shows what runs",
            details=details,
        )
    if not previous:
        return NeedsHuman(
            f"{what}, and some of it could not be removed again: {', '.join(undone)}", hint=damaged, details=details
        )
    if undone and not {"start", "stop", "switch"} & set(undone):
        return NeedsHuman(
            f"{what}; release {previous} is in place again, but not all else is: {', '.join(undone)}",
            hint=damaged,
            details=details,
        )
    could_not = (
        "could not be put in its place again" if {"stop", "switch"} & set(undone) else "did not come up again either"
    )
    return NeedsHuman(
        f"{what}, and release {previous} {could_not}",
        kept="its files and the settings are as they were" if "settings" not in undone else None,
        hint=f"see `bundlekit logs TARGET --bundle {bundle}`, then `bundlekit restart TARGET` or `rollback TARGET`",
        details=details,
    )


def state_reason(release: Release, bundle: str) -> str:
    """Why a release of `bundle` is not good, for people; empty where there is nothing to say."""
    if release.state == "bad":
        return f"marked by {release.reason}" if release.reason else ""
    return reason_in_words(release.reason, bundle) if release.reason else ""


def reason_in_words(reason: str, bundle: str) -> str:
    """Why a release of `bundle` did not come up, from the word and the value that the script keeps."""
    word, _, rest = reason.partition(" ")
    if word == "died":
        return f"ended with exit status {rest}" if rest else "ended"
    if word == "silent":
        return f"did not say `Register successfully {bundle}` within {rest} s"
    if word == "answers":
        return f"does not answer as it declares: {rest}"
    if word == "broken-off":
        return f"was broken off: the gateway lost its power, or the work there was killed, in phase {rest}"
    if word == "refused":
        return f"was not put in place: {rest}"
    return f"could not be put in place: {rest}"
