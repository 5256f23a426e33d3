"""Why the gateway did not begin a change, or could not go on: from the events of the script to an error."""

from __future__ import annotations

import time
from collections.abc import Iterable

from bundlekit.errors import BundlekitError, CouldNotRun, GatewayBusy, GatewayUnfit, Refused
from bundlekit.remote.events import Event
from bundlekit.remote.neighbours import refusal, shared_in


def raise_refusal(events: Iterable[Event], bundle: str = "") -> None:
    """Raise the error of the first event that says why the script did not go on; without one do nothing.

    Raises:
        BundlekitError: one of the events says why.
    """
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


def busy(what: str, who: str, since: int = 0, origin: str = "") -> GatewayBusy:
    """The error for a change that meets another one: what it is, who does it since when, and where he comes from.

    Without `what` it is no change: `who` is a process that holds the lock.

    Args:
        what: the other change, such as `deploy`; empty for a process that only holds the lock.
        who: makes it, or that process.
        since: seconds since 1970; 0 where that is not known.
        origin: the address that it is made from; empty where that is not known.
    """
    if who and not what:
        return GatewayBusy(
            f"the lock of this bundle is held there by {who}",
            kept="nothing was stopped or changed",
            hint="end that process on the gateway, or wait for it: --wait-lock SECONDS",
        )
    begun = time.strftime(" since %H:%M:%S", time.localtime(since)) if since else ""
    by = f"{what}, by {who}{f' ({origin})' if origin else ''}{begun}"
    return GatewayBusy(
        f"another change is under way there: {by}" if what else "another change is under way there",
        kept="nothing was stopped or changed",
        hint="--wait-lock SECONDS waits so long for it to end; `bundlekit status TARGET` shows it",
    )


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
                hint="run the same again; if it comes back, the disk of the gateway may be damaged",
            )
        case "syntax" | "import" | "signature":
            return _unacceptable(event, kept)
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
                hint="`bundlekit status TARGET` shows what runs there now",
            )
        case "no-release" | "no-snapshot" | "no-log" | "current" | "no-copy" | "not-root" | "signers":
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
        case "signers":
            return CouldNotRun(
                f"the list of signers there is not changed or shown: {first}",
                kept="the list is as it was",
                hint="`bundlekit signers TARGET list` shows it, `remove --all` removes it, also a damaged one",
            )
        case "current":
            return CouldNotRun(
                f"{first} is the current release, which stays",
                kept=kept,
                hint="`bundlekit rollback TARGET` goes to another release, `bundlekit remove TARGET` removes all",
            )
        case _:
            return CouldNotRun(
                f"{first} has printed nothing yet", hint="`bundlekit status TARGET` shows whether it runs"
            )


def _unacceptable(event: Event, kept: str) -> Refused:
    word, where, what, asks = (event.field(index) for index in range(4))
    if word == "signature":
        return Refused(
            f"the gateway takes only bundles that one of its signers has signed: {where}",
            kept=kept,
            hint="`bundlekit signers TARGET list` shows the signers; `bundlekit sign ARCHIVE` signs an archive",
        )
    if word == "syntax":
        return Refused(
            f"the gateway's Python does not take it: {where}: {what}",
            kept=kept,
            hint="correct it, then deploy again; a gateway has Python 2.7, which accepts less than Python 3",
        )
    return Refused(
        f"the gateway does not have what it imports: {where}: {what}",
        kept=kept,
        hint="name its package in requirements.txt and run bundlekit vendor, or put the module beside index.py"
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
