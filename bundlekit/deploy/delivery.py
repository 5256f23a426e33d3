"""Bringing an archive to the gateway: what is there already is not sent again, and a link that breaks is made anew."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from bundlekit.errors import GatewayUnreachable
from bundlekit.pack.archive import Archive
from bundlekit.remote.delta import UploadInventory, inventory_of
from bundlekit.remote.events import GatewayState
from bundlekit.remote.listener import Listener
from bundlekit.remote.scp import AT_ONCE, Rate
from bundlekit.remote.session import Session

_PAUSES = (0.2, 1, 2, 4, 8, 15)  # seconds, before each try; as many as these without progress, and it is given up
_WORTH_IT = 0.8  # of the archive: below that, what changed goes alone


@dataclass(frozen=True)
class StagedUpload:
    """Where an upload is, and how it is made whole.

    Attributes:
        place: on the gateway.
        list: the digest of the list by which the gateway adds what it has already; empty where it knows that.
        signature: of what the gateway has then, the archive or the list; empty without one.
    """

    place: str
    list: str = ""
    signature: bytes = b""


@dataclass(frozen=True)
class Payload:
    """What goes to the gateway: a file, where it goes, and how much of it is there already."""

    data: bytes
    to: StagedUpload
    there: int


def deliver(
    session: Session,
    listener: Listener,
    archive: Archive,
    gateway: GatewayState,
    *,
    has_releases: bool,
    rate: Rate = None,
) -> StagedUpload:
    """Upload an archive, or what of it has changed, over as many connections as it takes while each brings it further.

    Args:
        session: on the gateway.
        listener: hears of what is sent, and of broken links.
        archive: to upload.
        gateway: which has made a place for it.
        has_releases: whether the gateway has earlier releases of it.
        rate: bytes a second, at most.

    Returns:
        Where it is: a later connection has another place.

    Raises:
        GatewayUnreachable: the link broke again and again, and nothing more arrived.
        BundlekitError: the gateway does not take it.
    """
    place, there = gateway.upload or "", gateway.uploaded
    most, fruitless = there, 0
    payload: Payload | None = _at_once(session, archive, gateway, place) if gateway.had else None
    is_large = len(archive.data) - there > AT_ONCE
    inventory = _inventory(archive, gateway) if has_releases and is_large else None
    begun: tuple[str, int] | None = (place, there)
    while True:
        try:
            payload = payload or _payload(session, archive, inventory, *(begun or session.receive(archive.digest)))
            if payload.there > most:
                most, fruitless = payload.there, 0
            listener.phase("upload", _in_words(payload, archive))
            session.upload(payload.data[payload.there :], payload.to.place, _offset(listener.sent, payload), rate=rate)
            if len(payload.data) - payload.there > AT_ONCE:
                session.settle()
        except GatewayUnreachable as error:
            broken = error
        else:
            return payload.to
        payload = begun = None
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


def _inventory(archive: Archive, gateway: GatewayState) -> UploadInventory | None:
    """The list by which only what changed is sent; None where the gateway would miss a signature of it."""
    inventory = inventory_of(archive.data)
    if inventory is None or not gateway.signers:
        return inventory
    return inventory if archive.signatures is not None and archive.signatures.covers(inventory.text) else None


def _signature(archive: Archive, *, of_list: bool) -> bytes:
    if archive.signatures is None:
        return b""
    return archive.signatures.contents if of_list else archive.signatures.archive


def _at_once(session: Session, archive: Archive, gateway: GatewayState, place: str) -> Payload | None:
    """What the gateway has not told to have, if that is worth it."""
    inventory = _inventory(archive, gateway)
    if inventory is None:
        return None
    changed = inventory.archive_of(inventory.lacking(gateway.had))
    if len(changed) + len(inventory.packed) > _WORTH_IT * len(archive.data):
        return None
    session.upload_list(inventory, place)
    place = session.place_of(sha256(changed).hexdigest(), place)
    return Payload(changed, StagedUpload(place, inventory.digest, _signature(archive, of_list=True)), 0)


def _payload(session: Session, archive: Archive, inventory: UploadInventory | None, place: str, there: int) -> Payload:
    if inventory is not None:
        changed = inventory.archive_of(session.compare(archive.name, place, inventory))
        if len(changed) < _WORTH_IT * (len(archive.data) - there):
            place, there = session.receive(sha256(changed).hexdigest(), compared=place)
            return Payload(changed, StagedUpload(place, signature=_signature(archive, of_list=True)), there)
    return Payload(archive.data, StagedUpload(place, signature=_signature(archive, of_list=False)), there)


def _in_words(payload: Payload, archive: Archive) -> str:
    size = f"{len(payload.data)} bytes"
    if payload.data is not archive.data:
        size += f" that changed, of {len(archive.data)}"
    return size + (f", {payload.there} of them are there already" if payload.there else "")


def _offset(tell: Callable[[int, int], None], payload: Payload) -> Callable[[int, int], None]:
    return lambda sent, _: tell(payload.there + sent, len(payload.data))
