"""How a change ended whose link broke: the gateway finishes by itself, and is asked until it tells."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import takewhile

from bundlekit.deploy.history import entry_reason
from bundlekit.errors import BundlekitError, CouldNotRun, GatewayUnreachable, Interrupted, Refused
from bundlekit.remote.events import BundleState, Event, HistoryEntry, parse_history_entry
from bundlekit.remote.listener import Listener
from bundlekit.remote.session import Session
from bundlekit.remote.ssh_errors import UNTOUCHED

_GRACE = 120.0  # seconds over what the change itself may take
_PAUSE = 1.0  # seconds between two looks, and
_LONGEST_PAUSE = 15.0  # between two tries to connect
_LOOKS = 4  # without a trace of the change, after which it counts as never begun
_LINES = 15  # of a log
_ENTRIES = "5"  # of the history of a bundle: others may have changed it since


@dataclass(frozen=True)
class Change:
    """A change that was ordered.

    Attributes:
        verb: of it.
        release: the id of the one that has to be up.
        who: ordered it, by what he says.
        before: the bundle, as it was then.
    """

    verb: str
    release: str
    who: str
    before: BundleState

    def end_in(self, entries: list[HistoryEntry]) -> HistoryEntry | None:
        """How it ended, by a history, the last entry first; None if that does not tell."""
        new = takewhile(lambda entry: entry != self.before.last, entries)
        return next(
            (entry for entry in new if (entry.verb, entry.release, entry.who) == (self.verb, self.release, self.who)),
            None,
        )


def await_outcome(
    session: Session, listener: Listener, change: Change, broken: GatewayUnreachable, *, seconds: float
) -> list[Event]:
    """Connect again, as often as it takes, and wait for the end of a change.

    Args:
        session: whose link broke.
        listener: is told that.
        change: that was ordered.
        broken: what broke the link.
        seconds: that the change may take.

    Returns:
        Its last events, as far as the gateway remembers them.

    Raises:
        GatewayUnreachable: the link stayed broken, or the gateway never got the order.
        Refused: it was not begun.
        Interrupted: by Ctrl-C; the gateway goes on.
        BundlekitError: nobody gets in any more.
    """
    listener.note(f"{broken.message}; connecting again to hear how it ends")
    deadline = time.monotonic() + seconds + _GRACE
    pause = _PAUSE
    try:
        while True:
            try:
                session.connect_again()
                entry = _wait(session, change, deadline)
                break
            except GatewayUnreachable:
                if time.monotonic() > deadline:
                    raise broken from None
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            except BundlekitError as error:  # which knows nothing of the change that goes on
                error.kept = broken.kept
                raise
    except KeyboardInterrupt:
        raise Interrupted("interrupted", kept=broken.kept, hint=broken.hint) from None
    if entry is None:
        broken.kept, broken.hint = "nothing there reports this change: it did not begin", "run the same again"
        raise broken
    return _end_of(session, entry)


def ask_outcome(session: Session, change: Change) -> list[Event] | None:
    """How a change ended, by one look at the gateway.

    Returns:
        Its last events, none where it was never begun; None while the gateway is at it.

    Raises:
        Refused: it was not put in place.
        BundlekitError: the gateway cannot be asked.
    """
    entry = _entry_of(session, change)
    if entry is None:
        # In this order: a change that ends between the two looks must not pass for one that was never begun.
        is_at_it = session.probe(change.before.name).bundle(change.before.name).lock is not None
        entry = _entry_of(session, change)
        if entry is None:
            return None if is_at_it else []
    return _end_of(session, entry)


def _entry_of(session: Session, change: Change) -> HistoryEntry | None:
    events = session.ask("history", change.before.name, _ENTRIES)
    return change.end_in([parse_history_entry(event) for event in reversed(events) if event.word == "act"])


def _end_of(session: Session, entry: HistoryEntry) -> list[Event]:
    if entry.outcome == "refused":
        raise Refused(f"it was not put in place: {entry_reason(entry)}", kept=UNTOUCHED)
    return _last_events(session, entry)


def _wait(session: Session, change: Change, deadline: float) -> HistoryEntry | None:
    looks = 0
    while looks < _LOOKS and time.monotonic() < deadline:
        if entry := _entry_of(session, change):
            return entry
        is_at_it = session.probe(change.before.name).bundle(change.before.name).lock is not None
        looks = 0 if is_at_it else looks + 1
        time.sleep(_PAUSE)
    if looks < _LOOKS:
        raise GatewayUnreachable("the change takes longer there than allowed")
    return None


def _last_events(session: Session, entry: HistoryEntry) -> list[Event]:
    if entry.outcome == "up":
        return [Event("outcome", ("up", entry.release, entry.replaced))]
    printed = session.log_lines(entry.bundle, _LINES, follow=False, release=entry.release)
    try:
        log = [Event("log", (line,)) for line in printed]
    except CouldNotRun:  # it is gone, or has printed nothing
        log = []
    now = "up" if session.probe(entry.bundle).bundle(entry.bundle).running else ""
    return [*log, Event("outcome", (entry.outcome, entry.release, entry.reason, entry.replaced, now))]
