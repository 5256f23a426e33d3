"""Which release on a gateway somebody means, and which one a rollback goes to: pure."""

from __future__ import annotations

from bundlekit.deploy.plan import reason_of_mark
from bundlekit.errors import BadUsage, CouldNotRun
from bundlekit.remote.events import BundleState


def rollback_target(state: BundleState, release: str | None) -> str:
    """The id of the release that a rollback goes to; see `verbs.rollback`.

    Raises:
        BadUsage: `release` names none of them, or several, or the current one.
        CouldNotRun: there is none to go back to, or it is one that failed.
    """
    others = [other.id for other in state.releases if other.state == "good" and other.id != state.current]
    if release is None:
        # Where nothing is current there is no last change to undo.
        targets = [id for id in reversed(state.trail) if id in others] if state.current else others
        if not targets:
            raise CouldNotRun(
                f"there is no change of {state.name} to undo: {state.current or 'nothing'} is current, and "
                "no good release that was before it is left",
                hint=f"name another release: {', '.join(others)}" if others else "there is no other good release",
            )
        return targets[0]
    id = release_named(state, release)
    if id == state.current:
        raise BadUsage(f"{id} is the current release already", hint="to restart it: `bundlekit restart TARGET`")
    if (named := state.release(id)) and named.state == "bad":
        raise CouldNotRun(
            f"release {id} of {state.name} {reason_of_mark(named)}, so nothing goes back to it",
            hint=f"`bundlekit releases mark TARGET {id} good` undoes that",
        )
    if id not in others:
        raise CouldNotRun(
            f"release {id} of {state.name} did not come up when it was deployed, so nothing goes back to it",
            hint="to try it again, deploy it again; "
            f"`bundlekit logs TARGET --bundle {state.name} --release {id}` shows what it printed",
        )
    return id


def release_named(state: BundleState, release: str) -> str:
    """The id of the release that has this id, this version, or alone an id that starts so.

    Raises:
        BadUsage: none of them, or several.
    """
    known = [other.id for other in state.releases]
    fits = [other.id for other in state.releases if release in (other.id, other.version)]
    fits = fits or [id for id in known if id.startswith(release)]
    if len(fits) != 1:
        problem = f"{release!r} names several releases" if fits else f"there is no release {release!r}"
        hint = f"there are: {', '.join(known)}" if known else "there are no releases"
        raise BadUsage(f"{problem} of {state.name}", hint=hint)
    return fits[0]
