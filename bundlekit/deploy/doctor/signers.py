"""What the list of signers of a gateway means for a deploy: pure, from what `examine.sh` printed."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bundlekit.deploy.doctor.checks import CheckResult, fail, of_error, ok, skip
from bundlekit.errors import Refused
from bundlekit.pack import sshsig
from bundlekit.remote.events import Event

if TYPE_CHECKING:
    from bundlekit.bundle.manifest import Manifest
    from bundlekit.pack.archive import Archive

_NAME = "signers"
_MOST_NAMED = 5
_ANEW = "`bundlekit signers TARGET remove --all` removes the list, `bundlekit signers TARGET add FILE` makes a new one"


@dataclass(frozen=True)
class MeantBundle:
    """A bundle that is to be deployed.

    Attributes:
        manifest: of it.
        archive: it as it was packed; None for a folder.
        is_named: whether the user has named it; else it is that of the current folder.
    """

    manifest: Manifest
    archive: Archive | None = None
    is_named: bool = True


def judge_signers(events: Sequence[Event], meant: MeantBundle | None) -> CheckResult:
    """Whether the gateway takes signed bundles alone, and whether it would take the one that is meant.

    Args:
        events: of `examine.sh`.
        meant: the bundle; None where none is.
    """
    state = next((event for event in events if event.word == "signers"), None)
    if state is None:
        return ok(_NAME, "there is no list of signers, so bundles need no signature")
    if state.field(0) == "unreadable":
        return skip(_NAME, "only root can read the list of signers")
    if state.field(0) == "broken":
        return fail(_NAME, "the list of signers is a link that leads nowhere, so every bundle is refused", _ANEW)
    if state.field(0) == "writable":
        why = "others than root can write the list of signers or its folder, so every bundle is refused"
        return fail(
            _NAME, why, "on the gateway: `sudo chmod go-w /etc/bundlekit /etc/bundlekit/signers`, and look at it"
        )
    try:
        text = base64.b64decode("".join(event.field(0) for event in events if event.word == "signers-part"))
        signers = sshsig.read_signers(text, True)
    except (ValueError, sshsig.Wrong) as wrong:
        return fail(_NAME, f"the list of signers is damaged, so every bundle is refused: {wrong}", _ANEW)
    # By its own clock, as for the gateway.
    now = next((event.number(0) for event in events if event.word == "time"), 0) or time.time()
    names = list(dict.fromkeys(one.principals for one in signers if not one.fault(now)))
    if not names:
        faults = "; ".join(one.fault(now) for one in signers[:_MOST_NAMED])
        return fail(_NAME, f"no key in the list of signers counts, so every bundle is refused: {faults}", _ANEW)
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    required = f"unsigned bundles are refused; {', '.join(names[:_MOST_NAMED])}{more} may sign"
    if meant is None or not meant.is_named:
        return ok(_NAME, required)
    return _judged(meant, text, now, required, has_openssl=bool(state.field(1)))


def _judged(meant: MeantBundle, signers: bytes, now: float, required: str, *, has_openssl: bool) -> CheckResult:
    from bundlekit.pack.signature import verify
    from bundlekit.remote.delta import inventory_of

    name, archive = meant.manifest.name, meant.archive
    if archive is None or archive.signatures is None:
        what = f"{name} is a folder" if archive is None else f"the archive of {name} has no signature"
        how = (
            "`bundlekit pack --sign KEY` packs and signs it" if archive is None else "`bundlekit sign ARCHIVE` signs it"
        )
        return fail(_NAME, f"{what}, and {required}", how)
    inventory = inventory_of(archive.data)
    contents = inventory.text if inventory is not None else None
    try:
        found = verify(archive.data, contents, archive.signatures, signers, label=name, now=now)
    except Refused as refused:
        return of_error(_NAME, refused)
    if not has_openssl and sshsig.kind_of(archive.signatures.key) != b"ssh-ed25519":
        return fail(_NAME, "the gateway has no openssl to check this signature", "sign with an Ed25519 key")
    return ok(_NAME, f"{name} is signed by {found.signer}; unsigned bundles are refused")
