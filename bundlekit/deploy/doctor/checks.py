"""What was found of one thing that a deploy needs, and what to do about it: pure, from the events of the gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bundlekit.errors import BundlekitError
from bundlekit.remote.events import Event, Neighbour, neighbour_in
from bundlekit.remote.neighbours import by_hand_in_words, in_words, refusal, shared

_FULL = 5_000  # kB
_NARROW = 50_000  # bytes a second: half a minute for a bundle of 1.5 MB
_FEWEST_INODES = 200  # files and folders; a release takes some dozens
_SKEW = 120  # seconds
_MOST_NAMED = 3  # in one line
_TOOLS = "bundlekit uses what every Debian has: apt-get install --reinstall the package that brings it"


@dataclass(frozen=True)
class CheckResult:
    """One thing that was looked at.

    Attributes:
        name: of it.
        outcome: `ok`; `warn`, a deploy works all the same; `fail`, it does not; `skip`, it was not looked at.
        found: what is the case.
        remedy: what to do about it.
        details: lines that belong to it.
    """

    name: str
    outcome: str
    found: str
    remedy: str = ""
    details: tuple[str, ...] = ()


def ok(name: str, found: str) -> CheckResult:
    return CheckResult(name, "ok", found)


def warn(name: str, found: str, remedy: str) -> CheckResult:
    """A check that found something that a deploy works with all the same.

    Args:
        name: of what was looked at.
        found: what is the case.
        remedy: what to do about it.
    """
    return CheckResult(name, "warn", found, remedy)


def fail(name: str, found: str, remedy: str) -> CheckResult:
    """A check that found why a deploy does not work.

    Args:
        name: of what was looked at.
        found: what is the case.
        remedy: what to do about it.
    """
    return CheckResult(name, "fail", found, remedy)


def of_error(name: str, error: BundlekitError, outcome: str = "fail") -> CheckResult:
    """What an error tells.

    Args:
        name: of what was looked at.
        error: that this raised.
        outcome: see `CheckResult`.
    """
    return CheckResult(name, outcome, error.message, error.hint or "", error.details)


def judge(events: Sequence[Event], skew: float, doubt: float) -> Iterator[CheckResult]:
    """The checks that the events of `examine.sh` give.

    Args:
        events: that it printed.
        skew: seconds that the gateway's clock is ahead of ours.
        doubt: seconds that this may be wrong by.
    """
    said: dict[str, list[Event]] = {}
    for event in events:
        said.setdefault(event.word, []).append(event)
    for look in _LOOKS:
        yield from look(said, skew, doubt)


_Said = dict[str, list[Event]]


def _field(said: _Said, word: str, index: int = 0) -> str:
    return said[word][0].field(index) if word in said else ""


def _python(said: _Said, *_: float) -> Iterator[CheckResult]:
    if "python" not in said:
        yield fail(
            "python",
            "there is no Python 2.7",
            "bundles run by it: apt-get install python2.7, or is that another machine than a ThingsPro gateway?",
        )
        yield skip("sdk", "there is no Python to ask")
        return
    place, version = _field(said, "python"), _field(said, "python", 1)
    yield ok("python", f"{place} is {version}")
    if "sdk" in said:
        place, number = _field(said, "sdk"), _field(said, "sdk", 1)
        words = f"sanji{f' {number}' if number else ''}"
        yield ok("sdk", f"{words} in {place}" if place else f"{words} is there")
    else:
        yield fail(
            "sdk",
            f"{place} has no sanji SDK",
            "ThingsPro brings it: is ThingsPro installed there? Else: pip2 install sanji",
        )


def _tools(said: _Said, *_: float) -> Iterator[CheckResult]:
    missing = [event.field(0) for event in said.get("missing", [])]
    if missing:
        yield fail("tools", f"there is no {', '.join(missing)}", _TOOLS)
    else:
        yield ok("tools", "tar, gzip, sha256sum, scp and the like are there")


def _disk(said: _Said, *_: float) -> Iterator[CheckResult]:
    if "disk" not in said:
        yield skip("disk", "the gateway did not report it")
        return
    disk = said["disk"][0]
    free, inodes = disk.number(1), disk.field(2)
    room = f"{free / 1000:.0f} MB free on the disk of {disk.field(0)}"
    old = "bundlekit remove what is not needed, empty /tmp and /var/log"
    if "read-only" in said:
        yield fail(
            "disk",
            f"{_field(said, 'read-only')} is mounted read-only",
            "`dmesg` there shows why; an error on the disk does that: repair it, or `mount -o remount,rw` it",
        )
    elif free < _FULL:
        yield fail("disk", f"only {room}", old)
    elif inodes.isdigit() and 0 < int(inodes) < _FEWEST_INODES:
        yield fail("disk", f"only {inodes} more files fit on the disk of {disk.field(0)}", old)
    elif free < _NARROW:
        yield warn("disk", f"only {room}", old)
    else:
        yield ok("disk", room)


def _clock(said: _Said, skew: float, doubt: float) -> Iterator[CheckResult]:
    if "time" not in said:
        yield skip("clock", "the gateway did not report it")
    elif abs(skew) - doubt <= _SKEW:
        yield ok("clock", f"within {max(abs(skew), doubt):.0f} s of ours")
    else:
        yield warn(
            "clock",
            f"{_in_words(abs(skew))} {'ahead of' if skew > 0 else 'behind'} ours",
            "logs, certificates and the history have its time: set it in the web console, or turn NTP on there",
        )


def _in_words(seconds: float) -> str:
    for name, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"


def _boot(said: _Said, *_: float) -> Iterator[CheckResult]:
    system = f"{_field(said, 'system')}, {_field(said, 'system', 1)}".strip(", ")
    how = "systemd starts bundles" if _field(said, "boot") == "systemd" else "an init script starts bundles"
    yield ok("boot", f"{how} ({system})" if system else how)


def _controller(said: _Said, *_: float) -> Iterator[CheckResult]:
    if "broker" not in said:
        yield skip("controller", "there is no Python for this check")
    elif _field(said, "broker") == "open":
        yield ok("controller", "its broker answers on port 1883")
    else:
        refused = _field(said, "broker") == "refused"
        yield fail(
            "controller",
            f"its broker {'refuses clients' if refused else 'does not answer'} on port 1883, so no bundle can register",
            "is ThingsPro up? `ps ax | grep mosquitto` there shows it, and its log in /var/log",
        )


def _bundles(said: _Said, *_: float) -> Iterator[CheckResult]:
    bundles = said.get("bundle", [])
    if not bundles:
        yield ok("bundles", "none is deployed yet")
    for event in bundles:
        name, current, runs, held, what, who = (event.field(index) for index in range(6))
        change = f"{what or 'a change'}{f' by {who}' if who else ''}"
        if held == "broken-off":
            yield warn(
                "bundles", f"{name}: {change} was broken off", "`bundlekit status TARGET` finishes it, and shows how"
            )
        elif held == "held":
            yield warn(
                "bundles",
                f"{name}: its lock is held by {who}, which is not a change of bundlekit",
                "nothing can be changed until a process of root's ends; a process of another user is not an obstacle",
            )
        elif held == "hidden":
            yield warn("bundles", f"{name}: a change is under way or was broken off", "only root can read more")
        elif held == "locked":
            yield warn("bundles", f"{name}: {change} is under way", "wait for it; `--wait-lock` does")
        elif current:
            yield _running(name, current, runs, event.field(6), event.field(7))
        else:
            yield ok("bundles", f"{name}: only its settings are left")
    yield from _around(said)


def _running(name: str, current: str, runs: str, ended: str, starts: str) -> CheckResult:
    logs = f"`bundlekit logs TARGET --bundle {name}` shows what it printed"
    match runs:
        case "yes":
            return ok("bundles", f"{name} {current} runs")
        case "crashes":
            how = f" with status {ended}" if ended else ""
            return warn("bundles", f"{name} {current} ends{how}, again and again: started {starts or '?'} times", logs)
        case "mute":
            return warn("bundles", f"{name} {current} runs, and has not registered yet", logs)
        case "down":
            again = f"`bundlekit start TARGET --bundle {name}`"
            return warn("bundles", f"{name} {current} does not run, though it should", again)
        case _:
            return ok("bundles", f"{name} {current} is stopped")


def _neighbours(said: _Said) -> list[Neighbour]:
    return [neighbour_in(event) for word in ("deployed", "by-hand") for event in said.get(word, [])]


def _around(said: _Said) -> Iterator[CheckResult]:
    """What bundlekit has deployed shares with other bundles, and how many those are."""
    neighbours = _neighbours(said)
    deployed = [one for one in neighbours if not one.pid]
    for number, one in enumerate(deployed):
        for found in shared(one.name, one.resources, [*deployed[:number], *neighbours[len(deployed) :]]):
            remedy = "only one of them may have it" if found.resources else f"end it: sudo kill {found.neighbour.pid}"
            yield warn("bundles", f"{one.name}: {in_words(one.name, found)}", remedy)
    names = {one.name for one in deployed}
    strangers = [f"{one.name} ({by_hand_in_words(one)})" for one in neighbours if one.pid and one.name not in names]
    if strangers:
        more = f", and {len(strangers) - _MOST_NAMED} more" if len(strangers) > _MOST_NAMED else ""
        yield ok("bundles", f"not deployed by bundlekit: {', '.join(strangers[:_MOST_NAMED])}{more}")


def judge_resources(events: Sequence[Event], name: str, resources: Sequence[str]) -> CheckResult:
    """Whether a bundle that is to be deployed would share something with another one there.

    Args:
        events: of `examine.sh`.
        name: of the bundle.
        resources: that it answers.
    """
    said: _Said = {}
    for event in events:
        said.setdefault(event.word, []).append(event)
    found = shared(name, resources, _neighbours(said))
    if found:
        return of_error("resources", refusal(name, found))
    return ok("resources", f"no other bundle there answers those of {name}")


def skip(name: str, why: str) -> CheckResult:
    return CheckResult(name, "skip", f"not looked at: {why}")


_LOOKS: tuple[Callable[[_Said, float, float], Iterator[CheckResult]], ...] = (
    _python,
    _tools,
    _disk,
    _clock,
    _boot,
    _controller,
    _bundles,
)
