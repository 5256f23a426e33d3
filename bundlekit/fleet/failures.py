"""What a task that failed makes of its gateway."""

from __future__ import annotations

import re

from bundlekit.errors import (
    BundlekitError,
    CouldNotRun,
    GatewayUnreachable,
    HostKeyRejected,
    LoginRefused,
    NeedsHuman,
    Refused,
    RolledBack,
    trace_of,
)
from bundlekit.fleet.states import State, Work
from bundlekit.fleet.watcher import Result


def result_of_failure(error: Exception, work: Work, *, ordered: bool, bundle: str) -> Result:
    """What a failed task comes to: the state of its gateway, and the error with what a rollout adds to it.

    Args:
        error: of the task.
        work: that failed.
        ordered: whether the order may have reached the gateway.
        bundle: of several, the one that the gateway was asked about; else empty.
    """
    if not isinstance(error, BundlekitError):
        error = _own_fault(error)
    state = State.REFUSED
    # Such as a gateway that was offline as all host keys were shown.
    if isinstance(error, (HostKeyRejected, LoginRefused)) and error.hint:
        of_key = ": it asks whether to trust the key, or takes this option" * ("--accept-new" in error.hint)
        error.hint += f"; then `bundlekit rollout retry` tries it again{of_key}"
    if isinstance(error, NeedsHuman):
        state = State.NEEDS_HUMAN
    elif type(error) is BundlekitError and work in (Work.ASK, Work.CHECK):
        state = State.NEEDS_HUMAN  # a fault of ours: the same would come of another try
    elif work is Work.DEPLOY:
        state = state_of_failure(error, ordered=ordered)
    elif work is Work.ASK and isinstance(error, RolledBack):
        state = State.ROLLED_BACK
    elif work is Work.REVERT and not isinstance(error, GatewayUnreachable):
        state = State.NEEDS_HUMAN
    elif work is not Work.ASK or not isinstance(error, Refused):
        state = State.OFFLINE  # it did not get as far as to look
    if bundle and not re.search(rf"\b{re.escape(bundle)}\b", error.message):
        error.message = f"{bundle}: {error.message}"
    return Result(state, error=error, bundle=bundle)


def state_of_failure(error: BundlekitError, *, ordered: bool) -> State:
    """What a deploy that failed makes of a gateway.

    Args:
        error: of the deploy.
        ordered: whether the order may have reached the gateway.
    """
    is_away = isinstance(error, GatewayUnreachable)
    # Not a refusal of the gateway's, but the end of what it said.
    if ordered and (is_away or type(error) in (CouldNotRun, BundlekitError)):
        return State.HANDED_OVER
    if is_away:
        return State.OFFLINE
    if isinstance(error, NeedsHuman):
        return State.NEEDS_HUMAN
    return State.ROLLED_BACK if isinstance(error, RolledBack) else State.REFUSED


def _own_fault(error: Exception) -> BundlekitError:
    """An error that nobody has thought of, with where it comes from; values of variables stay out of it."""
    return BundlekitError(
        f"bundlekit failed with {type(error).__name__}, and that is a fault of bundlekit: {error}",
        hint="please report this, with the lines below",
        details=(*trace_of(error), f"{type(error).__name__}: {error}"),
    )
