"""The history of a gateway, for people: what was done there, by whom, and how it ended."""

from __future__ import annotations

import time

from bundlekit.deploy.outcome import reason_in_words
from bundlekit.remote.events import Act, Mended


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
