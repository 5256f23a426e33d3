"""Files of signers as OpenSSH has them, and every changed bit of an archive, its signature and its signers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from bundlekit.errors import Refused
from bundlekit.pack import sshsig
from bundlekit.pack.archive import pack
from bundlekit.pack.ignore import open_folder
from bundlekit.pack.signature import parse, sign, verify
from bundlekit.remote.delta import inventory_of
from tests.pack.folders import make_folder
from tests.pack.keys import ALICE, accepted_by_ssh_keygen, make_key, signed_by_ssh_keygen

YEAR = time.gmtime().tm_year


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive, `key` and its signature by ssh-keygen."""
    folder = tmp_path_factory.mktemp("signed")
    make_folder(folder / "bundle")
    (folder / "archive").write_bytes(pack(open_folder(folder / "bundle")).data)
    make_key(folder / "key")
    signed_by_ssh_keygen(folder / "archive", folder / "key")
    return folder


def _verdict(folder: Path, signers: str) -> str:
    """Who has signed, or the reason against it."""
    data, signatures = (folder / "archive").read_bytes(), parse((folder / "archive.sig").read_bytes(), "archive.sig")
    try:
        return verify(data, None, signatures, signers.encode(), label="archive").signer
    except Refused as refused:
        return refused.message


ACCEPTED = {
    "plain": f"{ALICE} KEY",
    "several principals": f"bob@example.com,{ALICE} KEY",
    "a pattern": "*@example.com KEY",
    "comments": f"# the release team\n\n  {ALICE}  KEY alice's laptop",
    "another line before": f'bob@example.com namespaces="git" KEY\n{ALICE} KEY',
    "namespaces": f'{ALICE} namespaces="git,bundlekit" KEY',
    "namespaces by a pattern": f'{ALICE} namespaces="bundle*" KEY',
    "a day": f'{ALICE} valid-after="20200229" KEY',
    "days": f'{ALICE} valid-after="20200101",valid-before="{YEAR + 2}0101" KEY',
    "a minute, and a second of UTC": f'{ALICE} valid-after="202001010000",valid-before="{YEAR + 2}0101000000Z" KEY',
    "all": f'{ALICE} namespaces="bundlekit",valid-after="20200101Z" KEY',
}
REFUSED = {
    "another namespace": (f'{ALICE} namespaces="git" KEY', "signs for the namespaces git alone"),
    "an excluded namespace": (f'{ALICE} namespaces="*,!bundlekit" KEY', "signs for the namespaces"),
    "not yet": (f'{ALICE} valid-after="{YEAR + 2}0101" KEY', "counts after"),
    "no more": (f'{ALICE} valid-before="20200101" KEY', "counted before"),
    "nobody": ("", "not one of the signers"),
    "no quotes": (f"{ALICE} namespaces=bundlekit KEY", "options are not some of"),
    "twice": (f'{ALICE} namespaces="bundlekit",namespaces="git" KEY', "options are not some of"),
    "unknown": (f'{ALICE} port-forwarding="no" KEY', "options are not some of"),
}
REFUSED_BY_US = {
    "no such day": (f'{ALICE} valid-after="20210229" KEY', "20210229 is not a time"),
    "an authority": (f"{ALICE} cert-authority KEY", "options are not some of"),
    "option in capitals": (f'{ALICE} NAMESPACES="bundlekit" KEY', "options are not some of"),
    "an option as a name": ("--all KEY", "the name --all begins with -"),
    "name in quotes": (f'"alice liddell",{ALICE} KEY', "it is not `NAME [OPTIONS] KIND KEY`"),
    "line without an end": (f"{ALICE} KEY\nbob@example.com KEY", "last line has no end"),
    "a security key": (f"{ALICE} KEY\nbob@example.com sk-ssh-ed25519@openssh.com AAAA", "line 2: it is not"),
}


def _file(folder: Path, text: str) -> str:
    public = (folder / "key.pub").read_text().strip()
    signers = text.replace("KEY", public) + "\n" * bool(text)
    (folder / "signers").write_text(signers)
    return signers


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED)
def test_signers_that_openssh_accepts(text: str, folder: Path) -> None:
    assert _verdict(folder, _file(folder, text)) in text
    assert accepted_by_ssh_keygen(folder / "archive", folder / "signers")


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_signers_that_openssh_refuses(text: str, reason: str, folder: Path) -> None:
    assert reason in _verdict(folder, _file(folder, text))
    assert not accepted_by_ssh_keygen(folder / "archive", folder / "signers")


@pytest.mark.parametrize(("text", "reason"), REFUSED_BY_US.values(), ids=REFUSED_BY_US)
def test_signers_of_which_we_take_less(text: str, reason: str, folder: Path) -> None:
    assert reason in _verdict(folder, _file(folder, text).removesuffix("\n" * ("end" in reason)))


def test_date_counts_where_seconds_have_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    def mktime(_: object) -> float:
        raise OverflowError("mktime argument out of range")  # what Python raises there

    expected = sshsig.moment(b"20990101")
    monkeypatch.setattr(time, "mktime", mktime)
    assert abs(sshsig.moment(b"20990101") - expected) <= 3600, "at most daylight saving"


def _flips(data: bytes) -> Iterator[bytes]:
    """The data with one bit changed, for each of its bits."""
    for place in range(8 * len(data)):
        changed = bytearray(data)
        changed[place // 8] ^= 1 << place % 8
        yield bytes(changed)


def _verdict_of(data: bytes, contents: bytes, text: bytes, signers: bytes) -> str:
    """Who has signed; empty where that is refused."""
    try:
        return verify(data, contents, parse(text, "x"), signers, label="x").signer
    except Refused:
        return ""


@pytest.fixture(params=["ed25519", "ecdsa-256"])
def signed(request: pytest.FixtureRequest, folder: Path, tmp_path: Path) -> tuple[bytes, bytes, bytes, bytes]:
    """An archive, the list of its contents, its signatures and the file of their signer."""
    public = make_key(tmp_path / "key", request.param)
    data = (folder / "archive").read_bytes()
    inventory = inventory_of(data)
    assert inventory
    text = sign(data, inventory.text, paramiko.PKey.from_path(tmp_path / "key")).text
    found = data, inventory.text, text, f'{ALICE} namespaces="bundlekit" {public}\n'.encode()
    assert _verdict_of(*found) == ALICE
    return found


def test_every_changed_bit_of_a_signature_is_refused(signed: tuple[bytes, bytes, bytes, bytes]) -> None:
    data, contents, text, signers = signed
    assert {_verdict_of(data, contents, flipped, signers) for flipped in _flips(text)} == {""}


@pytest.mark.parametrize("signed", ["ed25519"], indirect=True)
def test_every_changed_bit_of_what_is_signed_is_refused(signed: tuple[bytes, bytes, bytes, bytes]) -> None:
    data, contents, text, signers = signed
    assert {_verdict_of(flipped, contents, text, signers) for flipped in _flips(data)} == {""}
    assert {_verdict_of(data, flipped, text, signers) for flipped in _flips(contents)} == {""}


@pytest.mark.parametrize("signed", ["ed25519"], indirect=True)
def test_every_changed_bit_of_the_signers_is_refused_or_is_another_name(
    signed: tuple[bytes, bytes, bytes, bytes],
) -> None:
    """Where they have neither comments nor dates. A gateway's file has a checksum, so all are refused there."""
    data, contents, text, signers = signed
    names = [_verdict_of(data, contents, text, flipped) for flipped in _flips(signers)]
    assert ALICE not in names
    assert set(names[8 * len(ALICE) :]) == {""}
    assert _verdict_of(data, contents, text, sshsig.headline(signers) + signers) == ALICE
