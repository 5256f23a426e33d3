"""What can be done with a bundle on a gateway; each verb a function from a session to an Outcome."""

from __future__ import annotations

import getpass
import re
import socket
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace

from bundlekit.deploy.await_outcome import Change, await_outcome
from bundlekit.deploy.delivery import deliver
from bundlekit.deploy.outcome import Outcome, outcome_of
from bundlekit.deploy.plan import Action, Plan, needed, not_newer, notes_on_neighbours, obstacle, plan_deploy
from bundlekit.deploy.release_choice import rollback_target
from bundlekit.errors import CouldNotRun, GatewayBusy, GatewayUnreachable
from bundlekit.pack.archive import Archive
from bundlekit.remote.commands import (
    Command,
    deploy_command,
    remove_command,
    restart_command,
    rollback_command,
    room_command,
    start_command,
    stop_command,
)
from bundlekit.remote.events import BundleState, Event, GatewayState, Neighbour
from bundlekit.remote.listener import Listener
from bundlekit.remote.scp import AT_ONCE, Rate
from bundlekit.remote.session import Session
from bundlekit.remote.ssh_errors import UNTOUCHED

WAIT = 60  # seconds for a bundle to register; the SDK alone takes up to 5 before it tries
KEEP = 3  # good releases


@dataclass(frozen=True)
class Deployed:
    """What a deploy did: its plan, the gateway before it, and the outcome, None if there was nothing to do."""

    plan: Plan
    gateway: GatewayState
    outcome: Outcome | None


def this_person() -> str:
    """Who makes a change, for locks and releases: user and machine, in plain characters."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "somebody"
    return re.sub(r"[^A-Za-z0-9@._-]", "?", f"{user}@{socket.gethostname()}")[:80]


def preview(
    session: Session,
    archive: Archive,
    listener: Listener,
    *,
    keep: int = KEEP,
    verify: bool = True,
    hand_over: bool = False,
    force: bool = False,
    write: bool = False,
    newer: bool = False,
) -> Deployed:
    """What `deploy` would do, against the gateway's real state; changes nothing.

    Args:
        session: on the gateway.
        archive: of a bundle without errors.
        listener: hears of notes.
        keep: number of good releases to keep.
        verify: see `deploy`.
        hand_over: see `deploy`.
        force: see `deploy`.
        write: see `deploy`.
        newer: see `deploy`.

    Raises:
        BundlekitError: what would keep it from being done.
    """
    gateway = session.probe(archive.name)
    plan = plan_deploy(archive, gateway, keep=keep, verify=verify, hand_over=hand_over, write=write)
    try:
        _check(archive, gateway, plan, keep=keep, waits=False, force=force, newer=newer)
    except GatewayBusy as busy:
        busy.hint = "what a deploy would do is known when that has ended; `bundlekit status TARGET` shows it"
        raise
    for note in (*plan.notes, *notes_on_neighbours(archive, gateway)):
        listener.note(note)
    return Deployed(plan, gateway, None)


def deploy(
    session: Session,
    archive: Archive,
    listener: Listener,
    *,
    wait: int = WAIT,
    keep: int = KEEP,
    rate: Rate = None,
    verify: bool = True,
    hand_over: bool = False,
    force: bool = False,
    write: bool = False,
    newer: bool = False,
    wait_lock: int = 0,
    copy: Neighbour | None = None,
    kept_settings: bool = False,
    before_order: Callable[[Plan, GatewayState], None] = lambda *_: None,
) -> Deployed:
    """Make `archive` the current release of its bundle, and see that it comes up.

    Args:
        session: on the gateway.
        archive: of a bundle without errors.
        listener: hears of the phases.
        wait: seconds for the bundle to register.
        keep: number of good releases to keep.
        rate: bytes a second to upload, at most.
        verify: whether it counts as come up only if its GETs answer.
        hand_over: whether it is started beside the one that runs, which is stopped when it has come up.
        force: whether it may have a resource that another bundle on the gateway has.
        write: whether it also has to keep what its GETs answer when that is sent back by PUT; not without `verify`.
        newer: whether it is refused unless its version is newer than that of the release that is there.
        wait_lock: seconds to wait for another change to end.
        copy: of the bundle, that runs by hand and gives way; then bundlekit has deployed nothing of that name.
        kept_settings: whether settings that are kept on the gateway count, and not those of the copy.
        before_order: hears of the plan just before the gateway gets the order; from then on it may finish by itself.

    Raises:
        RolledBack: it did not come up; what ran before runs again.
        NeedsHuman: what ran before did not come up again.
        BundlekitError: it was not begun.
    """
    try:
        gateway = session.look(archive.name, archive.identity, archive.digest, to_upload=len(archive.data) <= AT_ONCE)
        if gateway is None:
            gateway = session.probe(archive.name, to_upload=(archive.identity, archive.digest))
    except GatewayUnreachable as broken:
        broken.kept = broken.kept or UNTOUCHED
        raise
    if copy:
        others = tuple(one for one in gateway.neighbours if one.folder != copy.folder)
        gateway = replace(gateway, neighbours=others)
    plan = plan_deploy(archive, gateway, keep=keep)
    _check(archive, gateway, plan, keep=keep, waits=wait_lock > 0, force=force, newer=newer)
    # Before a change, the gateway tells what the bundle shares with others there.
    on_neighbours = notes_on_neighbours(archive, gateway) if plan.action is Action.NOTHING else ()
    for note in (*gateway.notes, *plan.notes, *on_neighbours):
        listener.note(note)
    if plan.action is Action.NOTHING:
        return Deployed(plan, gateway, None)
    if plan.action is Action.START:
        before_order(plan, gateway)
        started = start(session, archive.name, listener, wait=wait, wait_lock=wait_lock, force=force)
        return Deployed(plan, gateway, started)
    if gateway.upload is None:
        raise CouldNotRun("the gateway made no folder to upload to", hint="run the same again")
    if gateway.free < needed(archive):
        room = room_command(archive.name, keep=keep, who=this_person())
        outcome_of(session.change(listener, 0, room), archive.name)
    delivered = deliver(session, listener, archive, gateway, has_releases=bool(plan.replaces), rate=rate)
    before_order(plan, gateway)
    events = _change_to(
        session,
        listener,
        Change("adopt" if copy else "deploy", plan.release, this_person(), gateway.bundle(archive.name)),
        deploy_command(
            archive.name,
            release=plan.release,
            version=archive.version,
            identity=archive.identity,
            upload=delivered.place,
            replaces=plan.replaces,
            wait=wait,
            keep=keep,
            who=this_person(),
            lock_wait=wait_lock,
            verify=verify,
            hand_over=hand_over,
            force=force,
            write=write,
            list=delivered.list,
            signature=b64encode(delivered.signature).decode(),
            folder=copy.folder if copy else "",
            kept_settings=kept_settings,
        ),
        seconds=2.0 * wait + wait_lock,
    )
    return Deployed(plan, gateway, outcome_of(events, archive.name, release=plan.release))


def _change_to(
    session: Session, listener: Listener, change: Change, command: Command, *, seconds: float
) -> list[Event]:
    """Have a release made the current one, and hear how that ends even if the link breaks meanwhile."""
    try:
        return session.change(listener, seconds, command)
    except GatewayUnreachable as broken:
        return await_outcome(session, listener, change, broken, seconds=seconds)


def _check(
    archive: Archive, gateway: GatewayState, plan: Plan, *, keep: int, waits: bool, force: bool, newer: bool
) -> None:
    if plan.action is Action.NOTHING:
        return
    problem = not_newer(archive, gateway) if newer and plan.action is Action.INSTALL else None
    problem = problem or obstacle(archive, gateway, keep=keep, waits=waits, force=force)
    if problem:
        problem.kept = problem.kept or "nothing was changed"
        raise problem


def start(
    session: Session, bundle: str, listener: Listener, *, wait: int = WAIT, wait_lock: int = 0, force: bool = False
) -> Outcome:
    """Start the current release, now and at each boot.

    Args:
        session: on the gateway.
        bundle: its name.
        listener: hears of phases and notes.
        wait: seconds for the bundle to register.
        wait_lock: seconds to wait for another change to end; 0 to wait for none.
        force: see `deploy`.

    Raises:
        NeedsHuman: the gateway is in a state that somebody has to look at.
        BundlekitError: it was not begun, or the link broke; see `kept`.
    """
    command = start_command(bundle, wait=wait, who=this_person(), lock_wait=wait_lock, force=force)
    return outcome_of(session.change(listener, wait + wait_lock, command), bundle)


def stop(session: Session, bundle: str, listener: Listener, *, wait_lock: int = 0) -> Outcome:
    """Stop a bundle; it stays stopped over a reboot.

    Args:
        session: on the gateway.
        bundle: its name.
        listener: hears of phases and notes.
        wait_lock: seconds to wait for another change to end; 0 to wait for none.

    Raises:
        NeedsHuman: the gateway is in a state that somebody has to look at.
        BundlekitError: it was not begun, or the link broke; see `kept`.
    """
    command = stop_command(bundle, who=this_person(), lock_wait=wait_lock)
    return outcome_of(session.change(listener, wait_lock, command), bundle)


def restart(session: Session, bundle: str, listener: Listener, *, wait: int = WAIT, wait_lock: int = 0) -> Outcome:
    """Stop and start the current release.

    Args:
        session: on the gateway.
        bundle: its name.
        listener: hears of phases and notes.
        wait: seconds for the bundle to register.
        wait_lock: seconds to wait for another change to end; 0 to wait for none.

    Raises:
        NeedsHuman: the gateway is in a state that somebody has to look at.
        BundlekitError: it was not begun, or the link broke; see `kept`.
    """
    command = restart_command(bundle, wait=wait, who=this_person(), lock_wait=wait_lock)
    return outcome_of(session.change(listener, wait + wait_lock, command), bundle)


def remove(session: Session, bundle: str, listener: Listener, *, purge: bool, wait_lock: int = 0) -> Outcome:
    """Stop a bundle and take it off the gateway.

    Args:
        session: on the gateway.
        bundle: its name.
        listener: hears of phases and notes.
        purge: whether its settings are removed too; else they wait for a later deploy.
        wait_lock: seconds to wait for another change to end; 0 to wait for none.

    Raises:
        NeedsHuman: the gateway is in a state that somebody has to look at.
        BundlekitError: it was not begun, or the link broke; see `kept`.
    """
    command = remove_command(bundle, purge=purge, who=this_person(), lock_wait=wait_lock)
    return outcome_of(session.change(listener, wait_lock, command), bundle)


def rollback(
    session: Session,
    state: BundleState,
    release: str | None,
    listener: Listener,
    *,
    wait: int = WAIT,
    verify: bool = True,
    hand_over: bool = False,
    wait_lock: int = 0,
    settings: bool = False,
    mark_bad: bool = False,
    force: bool = False,
) -> Outcome:
    """Make an earlier release the current one.

    Args:
        session: on the gateway.
        state: of the bundle, as a probe found it.
        release: its id, its version, or a start of the id that only one has; None to undo the last change: the one
            that the current one has replaced.
        listener: hears of the phases.
        wait: seconds for it to register.
        wait_lock: seconds to wait for another change to end.
        settings: whether they become again what they were when that release was left.
        verify: whether it counts as come up only if its GETs answer.
        hand_over: see `deploy`; not with other settings.
        mark_bad: whether the release that is left is marked as bad once the other one runs.
        force: see `deploy`.
    """
    id = rollback_target(state, release)
    command = rollback_command(
        state.name,
        release=id,
        replaces=state.current,
        wait=wait,
        who=this_person(),
        lock_wait=wait_lock,
        settings=settings,
        verify=verify,
        hand_over=hand_over,
        force=force,
        undo=release is None,
        mark_bad=mark_bad,
    )
    change = Change("rollback", id, this_person(), state)
    events = _change_to(session, listener, change, command, seconds=2.0 * wait + wait_lock)
    return outcome_of(events, state.name, release=id)
