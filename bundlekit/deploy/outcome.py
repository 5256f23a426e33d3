"""How a change on the gateway ended: from the events of the script to an Outcome, or to an error."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from bundlekit.deploy.events import Act, Event, Mended, Release
from bundlekit.deploy.neighbours import refusal, shared_in
from bundlekit.deploy.plan import busy
from bundlekit.errors import BundlekitError, CouldNotRun, GatewayUnfit, NeedsHuman, Refused, RolledBack

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
                    hint="`bundlekit status TARGET` tells what runs there now",
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
        "the gateway broke off before it told how the change ended",
        hint="`bundlekit status TARGET` tells what runs there now",
    )


def raise_refusal(events: Iterable[Event], bundle: str = "") -> None:
    """Raise the error of the first event that says why the script did not go on; without one do nothing."""
    events = tuple(events)
    for event in events:
        if event.word == "fail" and event.field(0) == "resource":
            raise refusal(bundle, [shared_in(one) for one in events if one.word == "fail"])
        if event.word == "fail":
            problems = [one for one in events if one.word == "problem"]
            failure = _failure(event)
            if len(problems) > 1:
                failure.details = tuple(f"{problem.field(1)}: {problem.field(2)}" for problem in problems)
            raise failure


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
    damaged = "the disk there may be full or damaged: `bundlekit status TARGET`, and `dmesg` there, tell more"
    if before == "up":
        return NeedsHuman(
            f"{what}; release {previous} runs now, but not all of the way back to it was done",
            hint=damaged,
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
            f"{what}, and not all of it could be taken away again: {', '.join(undone)}", hint=damaged, details=details
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


def mended_in_words(mended: Mended) -> str:
    """That settings were restored, of what age they are, and what to do."""
    when, of = (time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(number)) for number in (mended.time, mended.of))
    return (
        f"settings were damaged, probably by a power cut, and were restored at {when}: {mended.files} as saved at {of};"
        " check whether a later change is missing"
    )


def act_in_words(act: Act) -> str:
    """A line of the history: what was done, by whom, from where, and how it ended."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(act.time))
    place = f" from {act.address}" if act.address else ""
    origin = f" ({act.account}{place})" if act.account else ""
    what = f"{act.verb} {act.release}".rstrip()
    ended = _ENDED.get(act.outcome, act.outcome).format(act.replaced or "nothing")
    if why := act_reason(act):
        ended += f": {why}" if act.outcome == "refused" else f": it {why}"
    if act.finished_by:
        ended += f"; broken off, and brought to its end by {_FINISHED_BY.get(act.finished_by, act.finished_by)}"
    return f"{when} {what} by {act.who}{origin}: {ended}"


def act_reason(act: Act) -> str:
    """Why a change did not end as it should have; empty if it did."""
    if act.outcome == "refused":
        word, _, rest = act.reason.strip().partition(" ")
        return _REFUSED[word].format(rest) if word in _REFUSED else act.reason.strip()
    if act.outcome in ("up", "stopped", "removed", "marked", "dropped"):
        return ""
    return reason_in_words(act.reason, act.bundle)


_ENDED = {
    "up": "it runs",
    "back": "taken back to {}",
    "down": "taken back, nothing runs",
    "by-hand": "taken back, the copy that ran by hand runs again",
    "stuck": "neither it nor {} runs as it should",
    "not-up": "did not come up",
    "marked": "done",
    "dropped": "it is gone",
}
_REFUSED = {
    "broken-off": "it was broken off in phase {}",
    "syntax": "the gateway's Python does not take {}",
    "import": "the gateway does not have what it imports: {}",
    "resource": "another bundle has its resource: {}",
}
_FINISHED_BY = {
    "guard": "the gateway",
    "boot": "the gateway's next boot",
    "status": "the next look at it",
    "next": "the next change",
}


def _failure(event: Event) -> BundlekitError:
    first, second = event.field(1), event.field(2)
    kept = "nothing was stopped or changed"
    match event.field(0):
        case "busy":
            return busy(first, second, event.number(3), event.field(4))
        case "changed":
            return CouldNotRun(
                f"somebody changed the gateway meanwhile: the current release is {first or 'none'} now",
                kept=kept,
                hint="run the same again; it starts from what is there now",
            )
        case "digest":
            return CouldNotRun(
                "the archive that arrived is not the one that was sent: its SHA-256 differs",
                kept=f"{kept}; what had arrived was dropped",
                hint="run the same again; if it comes back, suspect the disk of the gateway",
            )
        case "syntax" | "import":
            return _cannot_start(event, kept)
        case "broken-off":
            return CouldNotRun(
                f"the work there was broken off in phase {first}: it was killed, or the gateway lost its power",
                kept=kept,
                hint="run the same again",
            )
        case "unpack":
            return CouldNotRun(f"the archive could not be unpacked there: {first}", kept=kept)
        case "service":
            return CouldNotRun(f"the service could not be put into {first}: {second}", kept=kept)
        case "stop":
            return CouldNotRun(
                f"what runs there could not be stopped: {first or 'it goes on'}",
                kept="nothing else was changed",
                hint="`bundlekit status TARGET` tells what runs there now",
            )
        case "no-release" | "no-snapshot" | "no-log" | "current" | "no-copy" | "not-root":
            return _missing(event, kept)
        case "no-token":
            return GatewayUnfit(
                f"there is no API token in {first} on the gateway",
                hint="it is made at boot; or make one in the gateway's web console and use --url https://HOST",
            )
        case "space" | "read-only" | "no-python":
            return _unfit(event, kept)
        case word:
            return CouldNotRun(f"the gateway's side refused: {word} {first}".rstrip())


def _missing(event: Event, kept: str) -> CouldNotRun:
    first = event.field(1)
    match event.field(0):
        case "no-release":
            return CouldNotRun(
                f"there is no release {first} there" if first else "it is not deployed there",
                kept=kept,
                hint="`bundlekit releases TARGET` lists what is there",
            )
        case "no-snapshot":
            return CouldNotRun(
                f"there are no settings of release {first} to go back to",
                kept=kept,
                hint="they are kept when a release is replaced; without --settings, only the release is changed",
            )
        case "no-copy":
            return CouldNotRun(
                f"no copy of {first} runs by hand in {event.field(2)} any more",
                kept=kept,
                hint="`bundlekit status TARGET` shows what runs there now",
            )
        case "not-root":
            return CouldNotRun(
                f"process {first} runs as {event.field(2) or 'another user'}, and a release would run as root",
                kept=kept,
                hint="if you trust its folder: `bundlekit fetch TARGET` brings it here; end it there, then deploy it",
            )
        case "current":
            return CouldNotRun(
                f"{first} is the current release, which stays",
                kept=kept,
                hint="`bundlekit rollback TARGET` goes to another one, `bundlekit remove TARGET` takes the bundle off",
            )
        case _:
            return CouldNotRun(
                f"{first} has printed nothing yet", hint="`bundlekit status TARGET` tells whether it runs"
            )


def _cannot_start(event: Event, kept: str) -> Refused:
    word, where, what, asks = (event.field(index) for index in range(4))
    if word == "syntax":
        return Refused(
            f"the gateway's Python does not take it: {where}: {what}",
            kept=kept,
            hint="mend it, then deploy again; a gateway has Python 2.7, which takes less than Python 3 does",
        )
    return Refused(
        f"the gateway does not have what it imports: {where}: {what}",
        kept=kept,
        hint="put the module into the bundle's folder, beside index.py, or install it on the gateway"
        + (f"; {asks}, and a deploy installs nothing" if asks else ""),
    )


def _unfit(event: Event, kept: str) -> GatewayUnfit:
    first, second = event.field(1), event.field(2)
    match event.field(0):
        case "space":
            return GatewayUnfit("the disk of the gateway is full", kept=kept, hint=f"free some room there ({first})")
        case "read-only":
            return GatewayUnfit(
                f"the gateway cannot write below {first}: {second or 'read-only file system'}",
                kept=kept,
                hint="a flash that turned read-only often has errors: see `dmesg` there; else remount it read-write",
            )
        case _:
            return GatewayUnfit("the gateway has no Python 2.7, without which it cannot lock", kept=kept)
