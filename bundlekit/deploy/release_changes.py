"""Changes of a release that need not be the current one: mark it, or remove it."""

from __future__ import annotations

from bundlekit.deploy.outcome import Outcome, outcome_of
from bundlekit.deploy.release_choice import release_named
from bundlekit.deploy.verbs import this_person
from bundlekit.remote.commands import drop_command, mark_command
from bundlekit.remote.events import BundleState
from bundlekit.remote.listener import Listener
from bundlekit.remote.session import Session


def mark_release(
    session: Session, state: BundleState, release: str, mark: str, listener: Listener, *, wait_lock: int = 0
) -> Outcome:
    """Mark a release as `good` or `bad`: nothing goes back to one that is bad.

    Args:
        session: on the gateway.
        state: of the bundle, as a probe found it.
        release: see `verbs.rollback`.
        mark: `good` or `bad`.
        listener: hears of phases and notes.
        wait_lock: seconds to wait for another change to end; 0 to wait for none.
    """
    id = release_named(state, release)
    command = mark_command(state.name, release=id, mark=mark, who=this_person(), lock_wait=wait_lock)
    return outcome_of(session.change(listener, wait_lock, command), state.name)


def drop_release(
    session: Session, state: BundleState, release: str, listener: Listener, *, wait_lock: int = 0
) -> Outcome:
    """Remove a release that is not the current one, with its log and the settings that it had when it was left.

    Args:
        session: on the gateway.
        state: of the bundle, as a probe found it.
        release: see `verbs.rollback`.
        listener: hears of phases and notes.
        wait_lock: seconds to wait for another change to end; 0 to wait for none.
    """
    command = drop_command(state.name, release=release_named(state, release), who=this_person(), lock_wait=wait_lock)
    return outcome_of(session.change(listener, wait_lock, command), state.name)
