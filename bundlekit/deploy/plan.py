"""What a deploy will do, from the archive and from what a probe found: pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from bundlekit.errors import BundlekitError, GatewayUnfit, Refused
from bundlekit.pack.archive import IDENTITY, Archive
from bundlekit.remote.events import BundleState, GatewayState, Release
from bundlekit.remote.failures import busy
from bundlekit.remote.neighbours import in_words, refusal, shared

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
        notes: what is worth knowing before it is done, for people.
    """

    action: Action
    release: str
    replaces: str
    steps: tuple[str, ...]
    notes: tuple[str, ...] = ()


def release_id(version: str, identity: str) -> str:
    """The name of a release's folder: the version as far as it is safe, and the start of the identity's digest."""
    safe = re.sub(r"[^A-Za-z0-9.+_-]+", "-", version)[:40].strip(".-")
    return f"{safe or 'release'}-{identity.removeprefix(IDENTITY)[:8]}"


def plan_deploy(
    archive: Archive,
    gateway: GatewayState,
    *,
    keep: int,
    verify: bool = True,
    hand_over: bool = False,
    write: bool = False,
) -> Plan:
    """Decide what a deploy of `archive` has to do.

    Args:
        archive: to deploy.
        gateway: as it was found.
        keep: number of good releases that stay there.
        verify: whether its GETs are asked.
        hand_over: whether it is started beside the one that runs, if that runs well.
        write: whether what its GETs answer is sent back by PUT; not without `verify`.
    """
    bundle = gateway.bundle(archive.name)
    id = release_id(archive.version, archive.identity)
    current = bundle.release(bundle.current)
    notes = tuple(_notes(archive, bundle, current))
    if current and _is_of(current, archive):
        if bundle.running and bundle.running.registered:
            return Plan(Action.NOTHING, current.id, current.id, (), notes)
        steps = ["start it, for it does not run", "wait until it registers"]
        return Plan(Action.START, current.id, current.id, tuple(steps), notes)
    stop = [f"stop release {bundle.current}"] if bundle.current else []
    switch = f"make {id} the current release and link the settings in"
    service = "a systemd unit" if gateway.boot == "systemd" else "an init script"
    answers = (" and its GETs answer" + ", also after a PUT of what they gave" * write) * verify
    confirm = f"wait until it registers{answers}" + (
        f", else go back to {bundle.current}" if bundle.current else ", else remove it again"
    )
    steps = [
        f"upload {len(archive.data)} bytes and check their digest",
        f"unpack them as release {id}, compile them and try their imports",
    ]
    if hand_over and bundle.running and bundle.running.registered:
        steps += [f"start it beside release {bundle.current}", confirm, *stop, switch]
    else:
        steps += [*stop, switch, f"start it by {service}, now and at each boot", confirm]
    if gateway.free < needed(archive) <= gateway.free + sum(release.size for release in superfluous(bundle, keep)):
        for old in superfluous(bundle, keep):
            steps.insert(0, f"remove release {old.id}, for the room on the disk")
    else:
        good = [release.id for release in bundle.releases if release.state == "good" and release.id != id]
        for kept in good[max(keep - 1, 0) :]:
            if kept != bundle.current:
                steps.append(f"remove release {kept}, for {keep} are kept")
    return Plan(Action.INSTALL, id, bundle.current, tuple(steps), notes)


def notes_on_neighbours(archive: Archive, gateway: GatewayState) -> list[str]:
    """What the bundle shares with others on the gateway, as far as they are known, for people."""
    return [in_words(archive.name, one) for one in shared(archive.name, archive.resources, gateway.neighbours)]


def _notes(archive: Archive, bundle: BundleState, current: Release | None) -> Iterator[str]:
    if current and _is_of(current, archive):
        return
    if current and _is_older(archive.version, current.version):
        yield f"a downgrade: {archive.version} is older than {current.version}, which is there now"
    for release in bundle.releases:
        if _is_of(release, archive):
            if release.state == "bad":
                yield f"release {release.id} {reason_of_mark(release)}; if it comes up, it is good again"
        elif release.version == archive.version:
            yield f"another content under the same version: release {release.id} is {archive.version} too"


def _is_of(release: Release, archive: Archive) -> bool:
    return release.version == archive.version and archive.is_known_as(release.identity)


def _is_older(version: str, other: str) -> bool:
    """Whether one version comes before another; False where one of them is in no order."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version) < Version(other)
    except InvalidVersion:
        return False


def not_newer(archive: Archive, gateway: GatewayState) -> BundlekitError | None:
    """Why an archive is not newer than the release that is there, if it is not.

    Args:
        archive: to deploy.
        gateway: as it was found.
    """
    bundle = gateway.bundle(archive.name)
    current = bundle.release(bundle.current)
    if current is None or _is_older(current.version, archive.version):
        return None
    return Refused(
        f"{archive.name} {archive.version} is not newer than {current.version}, which is there now",
        kept="nothing was uploaded",
        hint="a deploy without --require-newer takes earlier versions too",
    )


def reason_of_mark(release: Release) -> str:
    """How a release became a bad one, for people."""
    return f"was marked as bad{f' by {release.reason}' if release.reason else ''}"


def obstacle(
    archive: Archive, gateway: GatewayState, *, keep: int = 100, waits: bool = False, force: bool = False
) -> BundlekitError | None:
    """What keeps this archive from being deployed on this gateway, if anything does.

    Args:
        archive: to deploy.
        gateway: as it was found.
        keep: number of good releases that stay there; others may make room.
        waits: whether somebody else's change is waited for.
        force: whether it may have a resource that another bundle has.
    """
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
    if gateway.signers and archive.signatures is None:
        return Refused(
            f"the gateway takes only bundles that one of its signers has signed, and this {archive.name} is not signed",
            kept="nothing was uploaded",
            hint="`bundlekit pack --sign KEY` packs and signs a bundle; then deploy its archive",
        )
    if not force and (found := shared(archive.name, archive.resources, gateway.neighbours)):
        return refusal(archive.name, found)
    bundle = gateway.bundle(archive.name)
    freed = sum(release.size for release in superfluous(bundle, keep))
    if gateway.free + freed < needed(archive):
        removed = f", {_megabytes(gateway.free + freed)} if old releases are removed" if freed else ""
        return GatewayUnfit(
            f"the disk of the gateway is full: {_megabytes(needed(archive))} are needed, "
            f"{_megabytes(gateway.free)} are free{removed}",
            hint="free some room there; `bundlekit releases TARGET` shows the old releases",
        )
    # A recovery ends by itself, within a bounded time, and the gateway waits for that.
    if bundle.held_by and not waits:
        return busy("", bundle.held_by)
    if bundle.lock and bundle.lock.alive and not waits and not bundle.lock.what.startswith("recovery of "):
        return busy(bundle.lock.what, bundle.lock.who, bundle.lock.time, bundle.lock.origin)
    return None


def needed(archive: Archive) -> int:
    """Bytes on the disk of a gateway without which a deploy is not begun."""
    return len(archive.data) + sum(member.size for member in archive.members) + _MARGIN


def superfluous(bundle: BundleState, keep: int) -> list[Release]:
    """The releases that may go before another one comes, so that `keep` good ones are there then."""
    good = [release for release in bundle.releases if release.state == "good"]
    rest = [release for release in bundle.releases if release.state != "good"]
    return [release for release in good[max(keep - 1, 1) :] + rest if release.id != bundle.current]


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
