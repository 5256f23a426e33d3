"""Bringing an archive to the gateway: what is there already is not sent again, and a link that breaks is made anew."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from bundlekit.deploy.asking import Listener
from bundlekit.deploy.delta import Inventory, inventory_of
from bundlekit.deploy.session import Session
from bundlekit.deploy.upload import AT_ONCE
from bundlekit.errors import GatewayUnreachable
from bundlekit.pack.archive import Archive

_PAUSES = (0.2, 1, 2, 4, 8, 15)  # seconds, before each try; as many as these without progress, and it is given up
_WORTH_IT = 0.8  # of the archive: below that, what changed goes alone


@dataclass(frozen=True)
class Load:
    """What goes to the gateway: a file, the place for it there, and how much of it is there already."""

    data: bytes
    place: str
    there: int


def deliver(
    session: Session,
    listener: Listener,
    archive: Archive,
    *,
    place: str,
    there: int,
    has_releases: bool,
    rate: int | None = None,
) -> str:
    """Upload an archive, or what of it has changed, over as many connections as it takes while each brings it further.

    Args:
        session: on the gateway.
        listener: hears of what is sent, and of broken links.
        archive: to upload.
        place: that the gateway has made for it.
        there: bytes of it that are there already.
        has_releases: whether the gateway has earlier releases of it.
        rate: bytes a second, at most.

    Returns:
        The place where it is: a later connection has another one.

    Raises:
        GatewayUnreachable: the link broke again and again, and nothing more arrived.
        BundlekitError: the gateway does not take it.
    """
    inventory = inventory_of(archive.data) if has_releases and len(archive.data) - there > AT_ONCE else None
    most, fruitless = there, 0
    begun: tuple[str, int] | None = (place, there)
    while True:
        try:
            load = _load(session, archive, inventory, *(begun or session.receive(archive.digest)))
            if load.there > most:
                most, fruitless = load.there, 0
            listener.phase("upload", _in_words(load, archive))
            session.upload(load.data[load.there :], load.place, _offset(listener.sent, load), rate=rate)
            if len(load.data) - load.there > AT_ONCE:
                session.settle()
        except GatewayUnreachable as error:
            broken = error
        else:
            return load.place
        begun = None
        while True:
            if fruitless == len(_PAUSES):
                raise broken
            listener.note(f"{broken.message}; connecting again")
            time.sleep(_PAUSES[fruitless])
            fruitless += 1
            try:
                session.connect_again()
                break
            except GatewayUnreachable as error:
                broken = error


def _load(session: Session, archive: Archive, inventory: Inventory | None, place: str, there: int) -> Load:
    if inventory is not None:
        changed = inventory.archive_of(session.compare(archive.name, place, inventory))
        if len(changed) < _WORTH_IT * (len(archive.data) - there):
            return Load(changed, *session.receive(sha256(changed).hexdigest(), compared=place))
    return Load(archive.data, place, there)


def _in_words(load: Load, archive: Archive) -> str:
    size = f"{len(load.data)} bytes"
    if load.data is not archive.data:
        size += f" that changed, of {len(archive.data)}"
    return size + (f", {load.there} of them are there already" if load.there else "")


def _offset(tell: Callable[[int, int], None], load: Load) -> Callable[[int, int], None]:
    return lambda sent, _: tell(load.there + sent, len(load.data))
