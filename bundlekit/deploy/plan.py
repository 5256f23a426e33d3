"""What a deploy will do, from the archive and from what a probe found: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from bundlekit.deploy.events import BundleState, GatewayState
from bundlekit.errors import BundlekitError, GatewayBusy, GatewayUnfit
from bundlekit.pack.archive import Archive

# For the archive, its files and what the file system itself takes; the log and the settings need room as well.
_MARGIN = 2_000_000


class Action(Enum):
    NOTHING = "nothing"  # this very archive runs there
    START = "start"  # this very archive is the current release, but it does not run
    INSTALL = "install"


@dataclass(frozen=True)
class Plan:
    """What a deploy will do.

    Attributes:
        release: the id that the archive has as a release.
        replaces: the id of the release that runs now, or is meant to; empty for a first deploy.
        steps: for people, in order.
    """

    action: Action
    release: str
    replaces: str
    steps: tuple[str, ...]


def release_id(version: str, digest: str) -> str:
    """The name of a release's folder: the version as far as it is safe, and the start of the digest."""
    safe = re.sub(r"[^A-Za-z0-9.+_-]+", "-", version)[:40].strip(".-")
    return f"{safe or 'release'}-{digest[:8]}"


def plan_deploy(archive: Archive, gateway: GatewayState, *, keep: int) -> Plan:
    """Decide what a deploy of `archive` has to do.

    Args:
        archive: to deploy.
        gateway: as it was found, with the bundle of the archive's name as its only one.
        keep: number of good releases that stay there.
    """
    bundle = gateway.bundles[0] if gateway.bundles else BundleState(archive.name)
    id = release_id(archive.version, archive.digest)
    current = bundle.release(bundle.current)
    if current and current.digest == archive.digest:
        if bundle.running and bundle.running.registered:
            return Plan(Action.NOTHING, current.id, current.id, ())
        return Plan(Action.START, current.id, current.id, ("start it, for it does not run", "wait until it registers"))
    steps = [
        f"upload {len(archive.data)} bytes and check their digest",
        f"unpack them as release {id}",
        *([f"stop release {bundle.current}"] if bundle.current else []),
        f"make {id} the current release and link the settings in",
        f"start it by {'a systemd unit' if gateway.boot == 'systemd' else 'an init script'}, now and at each boot",
        "wait until it registers"
        + (f", else go back to {bundle.current}" if bundle.current else ", else remove it again"),
    ]
    good = [release.id for release in bundle.releases if release.state == "good" and release.id != id]
    for old in good[max(keep - 1, 0) :]:
        if old != bundle.current:
            steps.append(f"remove release {old}, for {keep} are kept")
    return Plan(Action.INSTALL, id, bundle.current, tuple(steps))


def obstacle(archive: Archive, gateway: GatewayState) -> BundlekitError | None:
    """What keeps this archive from being deployed on this gateway, if anything does."""
    if gateway.missing:
        return GatewayUnfit(
            f"the gateway has no {' and no '.join(gateway.missing)}",
            hint="install what is missing there with apt, then deploy again",
        )
    if gateway.python is None:
        return GatewayUnfit(
            "the gateway has no Python 2.7, and bundles run under nothing else",
            hint="check with `python --version` there; a ThingsPro gateway has it as `python`",
        )
    if not gateway.sdk:
        return GatewayUnfit(
            f"{gateway.python} on the gateway has no sanji SDK, so no bundle can start there",
            hint="a ThingsPro gateway brings it along; is ThingsPro installed there?",
        )
    needed = len(archive.data) + sum(member.size for member in archive.members) + _MARGIN
    if gateway.free < needed:
        return GatewayUnfit(
            f"the disk of the gateway is full: {_megabytes(needed)} are needed, {_megabytes(gateway.free)} are free",
            hint="free some room there; `bundlekit releases TARGET` shows which old releases lie around",
        )
    bundle = gateway.bundles[0] if gateway.bundles else None
    if bundle and bundle.lock and bundle.lock.alive:
        return busy(bundle.lock.what, bundle.lock.who)
    return None


def busy(what: str, who: str) -> GatewayBusy:
    """The error for a change that meets another one."""
    return GatewayBusy(
        f"another change is under way there: {what}, by {who}" if what else "another change is under way there",
        hint="wait until it has ended; `bundlekit status TARGET` shows it",
    )


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
