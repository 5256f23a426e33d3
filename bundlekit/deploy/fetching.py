"""Bringing a bundle from a gateway. Nothing of what arrives is trusted before it was checked."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.manifest import NAME
from bundlekit.errors import BadUsage, CouldNotRun
from bundlekit.pack import reading
from bundlekit.remote.events import GatewayState, Neighbour
from bundlekit.remote.listener import Listener
from bundlekit.remote.session import Session

_MOST = 64_000_000  # bytes, compressed


@dataclass(frozen=True)
class FetchSource:
    """Where a bundle is on a gateway: a release, or the folder of a copy that runs by hand.

    Attributes:
        name: of the bundle.
        release: its id; empty for a copy by hand.
        folder: of the copy; empty for a release.
    """

    name: str
    release: str = ""
    folder: str = ""

    def in_words(self) -> str:
        return f"release {self.release}" if self.release else f"the copy in {self.folder}"


def copies_by_hand(gateway: GatewayState, name: str | None) -> list[Neighbour]:
    """The copies that run by hand, of one bundle or of all."""
    return [one for one in gateway.neighbours if one.pid and name in (None, one.name) and NAME.fullmatch(one.name)]


def only_copy(gateway: GatewayState, name: str | None, where: str) -> Neighbour:
    """The only copy that runs by hand.

    Args:
        gateway: as a probe found it.
        name: of the bundle; None where none was named.
        where: the gateway, for messages.

    Raises:
        CouldNotRun: there is none, or there are several of one bundle.
        BadUsage: there are several, and none was named.
    """
    copies = copies_by_hand(gateway, name)
    if len(copies) == 1:
        return copies[0]
    if not copies:
        raise CouldNotRun(
            f"no copy of {name} runs by hand on {where}" if name else f"no bundle runs by hand on {where}",
            hint="a copy counts if it runs as `python index.py` or similar; `bundlekit status TARGET` shows all",
        )
    names = sorted({one.name for one in copies})
    if len(names) > 1:
        raise BadUsage(f"several bundles run by hand on {where}", hint=f"say --bundle {'|'.join(names)}")
    raise CouldNotRun(
        f"{len(copies)} copies of {names[0]} run by hand on {where}: "
        + ", ".join(f"process {one.pid} in {one.folder}" for one in copies),
        kept="nothing was stopped or changed",
        hint=f"end all but one of them there first, for example by `sudo kill {copies[-1].pid}`",
    )


def fetch(session: Session, source: FetchSource, listener: Listener, *, settings: bool, sbom: bool = False) -> Bundle:
    """Bring a bundle from a gateway.

    Args:
        session: on the gateway.
        source: where it is there.
        listener: hears of it.
        settings: whether its settings come too.
        sbom: whether nothing comes but its manifest and its SBOM, if a release has one.

    Raises:
        Refused: it holds links, paths that lead out or clash, or more than a gateway takes.
        Unreadable: what arrived is no archive.
        BundlekitError: it could not be brought.
    """
    listener.phase("fetch", source.in_words())
    what = "sbom" if sbom else "settings" * settings
    arguments = [source.name, source.release, what] + [source.folder] * (not source.release)
    with tempfile.TemporaryFile() as packed:
        session.fetch(packed, _MOST, *arguments)
        packed.seek(0)
        return reading.open_stream(packed, f"{source.in_words()} of {source.name} on {session.name}")
