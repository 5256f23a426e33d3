"""The history of a gateway: what was done there, by whom, and how it ended; also in words."""

from __future__ import annotations

import time

from bundlekit.deploy.outcome import reason_in_words
from bundlekit.remote.events import HistoryEntry, Mended, parse_history_entry
from bundlekit.remote.session import Session


def read_history(session: Session, bundle: str | None, lines: int) -> list[HistoryEntry]:
    """The changes that were made on a gateway, of one bundle or of all, at most so many; the last one first.

    Args:
        session: on the gateway.
        bundle: its name; None for all.
        lines: the most changes that are wanted.

    Raises:
        BundlekitError: the gateway cannot be asked.
    """
    return [
        parse_history_entry(event) for event in session.ask("history", bundle or "*", str(lines)) if event.word == "act"
    ][::-1]


def mended_in_words(mended: Mended) -> str:
    """That settings were restored, of what age they are, and what to do."""
    when, of = (time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(number)) for number in (mended.time, mended.of))
    return (
        f"settings were damaged, probably by a power cut, and were restored at {when}: {mended.files} as saved at {of};"
        " check whether a later change is missing"
    )


def entry_in_words(entry: HistoryEntry) -> str:
    """A line of the history: what was done, by whom, from where, and how it ended."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.time))
    place = f" from {entry.address}" if entry.address else ""
    origin = f" ({entry.account}{place})" if entry.account else ""
    if not entry.bundle:
        return f"{when} {entry.verb.removeprefix('signers ')} {entry.signer or 'nobody'}, by {entry.who}{origin}"
    what = f"{entry.verb} {entry.release}".rstrip() + (f", signed by {entry.signer}," if entry.signer else "")
    ended = _ENDED.get(entry.outcome, entry.outcome).format(entry.replaced or "nothing")
    if why := entry_reason(entry):
        ended += f": {why}" if entry.outcome == "refused" else f": it {why}"
    if entry.finished_by:
        ended += f"; broken off, and brought to its end by {_FINISHED_BY.get(entry.finished_by, entry.finished_by)}"
    return f"{when} {what} by {entry.who}{origin}: {ended}"


def entry_reason(entry: HistoryEntry) -> str:
    """Why a change did not end as it should have; empty if it did."""
    if entry.outcome == "refused":
        word, _, rest = entry.reason.strip().partition(" ")
        return _REFUSED[word].format(rest) if word in _REFUSED else entry.reason.strip()
    if entry.outcome in ("up", "stopped", "removed", "marked", "dropped", "done"):
        return ""
    return reason_in_words(entry.reason, entry.bundle)


_ENDED = {
    "up": "it runs",
    "back": "rolled back to {}",
    "down": "rolled back, nothing runs",
    "by-hand": "rolled back, the copy that ran by hand runs again",
    "stuck": "neither it nor {} runs as it should",
    "not-up": "did not come up",
    "marked": "done",
    "dropped": "it is gone",
}
_REFUSED = {
    "broken-off": "it was broken off in phase {}",
    "syntax": "the gateway's Python does not take {}",
    "import": "the gateway does not have what it imports: {}",
    "signature": "no signer of the gateway has signed it: {}",
    "resource": "another bundle has its resource: {}",
}
_FINISHED_BY = {
    "guard": "the gateway",
    "boot": "the gateway's next boot",
    "status": "the next look at it",
    "next": "the next change",
}
