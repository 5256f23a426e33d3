"""Bringing an archive to the gateway: what is there already is not sent again, and a link that breaks is made anew."""

from __future__ import annotations

import time
from collections.abc import Callable

from bundlekit.deploy.asking import Listener
from bundlekit.deploy.session import Session
from bundlekit.deploy.upload import AT_ONCE
from bundlekit.errors import GatewayUnreachable

_PAUSES = (0.2, 1, 2, 4, 8, 15)  # seconds, before each try; as many as these without progress, and it is given up


def deliver(
    session: Session,
    listener: Listener,
    data: bytes,
    digest: str,
    *,
    place: str,
    there: int,
    rate: int | None = None,
) -> str:
    """Upload a file, over as many connections as it takes while each brings it further.

    Args:
        session: on the gateway.
        listener: hears of what is sent, and of broken links.
        data: the file.
        digest: its SHA-256 in hex.
        place: that the gateway has made for it.
        there: bytes of it that are there already.
        rate: bytes a second, at most.

    Returns:
        The place where it is: a later connection has another one.

    Raises:
        GatewayUnreachable: the link broke again and again, and nothing more arrived.
        BundlekitError: the gateway does not take it.
    """
    most, fruitless = there, 0
    begin = f", {there} of them are there already" if there else ""
    listener.phase("upload", f"{len(data)} bytes{begin}")
    while True:
        try:
            session.upload(data[there:], place, _offset(listener.sent, there, len(data)), rate=rate)
            if len(data) - there > AT_ONCE:
                session.settle()
        except GatewayUnreachable as error:
            broken = error
        else:
            return place
        while True:
            if fruitless == len(_PAUSES):
                raise broken
            listener.note(f"{broken.message}; connecting again")
            time.sleep(_PAUSES[fruitless])
            fruitless += 1
            try:
                session.connect_again()
                place, there = session.receive(digest)
                break
            except GatewayUnreachable as error:
                broken = error
        if there > most:
            most, fruitless = there, 0
        listener.phase("upload", f"{len(data)} bytes, {there} of them are there already")


def _offset(tell: Callable[[int, int], None], there: int, total: int) -> Callable[[int, int], None]:
    return lambda sent, _: tell(there + sent, total)
