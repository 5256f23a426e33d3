"""A gateway with a list of signers: what is deployed there, by whom it was signed, and what is refused."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from tests.pack.keys import make_key, signed_by_ssh_keygen
from tests.workstation import Printed, Workstation

pytestmark = pytest.mark.gateway


class Release:
    """Archives of the sample, signed by keys of the workstation."""

    def __init__(self, workstation: Workstation) -> None:
        self.workstation = workstation
        self.noise = random.Random(1).randbytes(200_000)

    def archive(self, version: str, *arguments: str, large: bool = False) -> Path:
        folder = self.workstation.sample(version)
        if large:
            (folder / "data" / "noise.bin").write_bytes(self.noise)
        packed = self.workstation.run("pack", str(folder), *arguments)
        assert packed.code == 0, packed.err
        return self.workstation.home / f"example-{version}.tar.gz"

    def running(self) -> dict[str, Any]:
        state: dict[str, Any] = self.workstation.status()["bundles"][0]
        return state

    def refused(self, bundle: Path, why: str) -> None:
        before = self.running()["running"]
        done = self.workstation.deploy(bundle)
        assert done.code == 1, done.err
        assert why in done.err
        assert "kept: nothing was" in done.err
        assert self.running()["running"] == before

    def deployed(self, bundle: Path, signer: str) -> Printed:
        done = self.workstation.deploy(bundle)
        assert done.code == 0, done.err
        state = self.running()
        assert state["releases"][0]["signer"] == signer
        assert state["last"]["signer"] == signer
        return done


def test_gateway_with_signers_takes_what_they_have_signed(workstation: Workstation) -> None:
    box, releases = workstation.machine, Release(workstation)
    for name in ("alice", "bob", "mallory"):
        make_key(workstation.home / name, "ecdsa-256" if name == "bob" else "ed25519")
    unsigned = workstation.sample("0.0.1")
    assert workstation.deploy(unsigned).code == 0
    for name in ("alice", "bob"):
        added = workstation.on_gateway("signers", "add", f"{name}.pub", "--name", name)
        assert (added.code, added.out) == (0, "done; signatures are required  gateway\n")

    history = workstation.on_gateway("history", "-n", "1").out
    assert re.match(r"signers: \S+ \S+ add bob SHA256:\S{43}, by \S+ \(moxa from [0-9.]+\)\n$", history), history
    told = workstation.on_gateway("doctor").out
    assert "ok    signers     unsigned bundles are refused; alice, bob may sign\n" in told

    # What runs goes on, and nothing unsigned comes in.
    assert workstation.deploy(unsigned).out.startswith("unchanged: ")
    assert "not signed: it is older than the list" in workstation.on_gateway("status").out
    releases.refused(workstation.sample("0.0.2"), "and this example is not signed")
    archive = releases.archive("0.0.2", "--sign", "mallory")
    releases.refused(archive, "which is not one of the signers")
    for bundle, words in (
        (unsigned, "fail  signers     example is a folder, and"),
        (archive, "fail  signers     the sig"),
    ):
        doctor = workstation.on_gateway("doctor", "--bundle", str(bundle))
        assert (doctor.code, words in doctor.out) == (1, True), doctor.out

    # What only a part of is sent is signed as well: a small one, and one that is compared first.
    archive = releases.archive("0.0.3", "--sign", "alice")
    assert "is signed by alice; unsigned" in workstation.on_gateway("doctor", "--bundle", str(archive)).out
    assert "that changed, of" in releases.deployed(archive, "alice").err
    releases.deployed(releases.archive("0.0.4", "--sign", "bob", large=True), "bob")
    assert "that changed, of" in releases.deployed(releases.archive("0.0.5", "--sign", "bob", large=True), "bob").err

    # A signature of ssh-keygen is of the archive alone, so all of it is sent.
    archive = releases.archive("0.0.6", large=True)
    signed_by_ssh_keygen(archive, workstation.home / "alice")
    assert "that changed, of" not in releases.deployed(archive, "alice").err

    # Signatures of another archive, and of another list.
    other = archive.with_name(f"{archive.name}.sig").read_bytes()
    for version, large in (("0.0.7", False), ("0.0.8", True)):
        archive = releases.archive(version, "--sign", "alice", large=large)
        signature = archive.with_name(f"{archive.name}.sig")
        own = signature.read_bytes()
        signature.write_bytes(other)
        releases.refused(archive, "its signature is of something else")
        signature.write_bytes(own)

    listed = json.loads(workstation.on_gateway("releases", "--format", "json").out)["releases"]
    assert [one["signer"] for one in listed][:2] == ["alice", "bob"]
    assert ", signed by alice, by " in workstation.on_gateway("history").out
    back = workstation.on_gateway("rollback")
    assert back.code == 0, back.err
    assert releases.running()["last"]["signer"] == "bob"

    # A damaged list refuses all, and what runs can still be rolled back.
    box.run("sed -i s/alice/alicf/ /etc/bundlekit/signers")
    releases.refused(archive, "is not the checksum of the other lines")
    assert workstation.on_gateway("signers", "add", "bob.pub", "--name", "bob").code == 3
    assert workstation.on_gateway("rollback").code == 0
    box.run("rm /etc/bundlekit/signers; ln -s /nowhere /etc/bundlekit/signers")
    releases.refused(archive, "cannot be read")

    removed = workstation.on_gateway("signers", "remove", "--all")
    assert (removed.code, removed.out) == (0, "done; no signature is required  gateway\n")
    acts = json.loads(workstation.on_gateway("history", "--format", "json").out)["acts"]
    assert [one["verb"] for one in acts if not one["bundle"]] == ["signers remove", "signers add", "signers add"]
    assert workstation.deploy(workstation.sample("0.0.9")).code == 0


def test_workstation_refuses_what_its_settings_do_not_know(workstation: Workstation) -> None:
    releases = Release(workstation)
    for name in ("alice", "mallory"):
        make_key(workstation.home / name)
    archive = releases.archive("0.0.1", "--sign", "mallory")
    no_signers = workstation.deploy(archive, "--require-signature")
    assert (no_signers.code, "needs to know who may sign" in no_signers.err) == (2, True)
    (workstation.home / "signers").write_text(f"alice {(workstation.home / 'alice.pub').read_text()}")
    (workstation.home / "bundlekit.toml").write_text('signers = "signers"\n')
    assert workstation.deploy(archive).code == 1
    archive = releases.archive("0.0.2")
    assert workstation.deploy(archive, "--require-signature").code == 1
    assert workstation.deploy(workstation.sample("0.0.2"), "--require-signature").code == 1
    assert workstation.run("sign", str(archive), "--key", "alice").code == 0
    done = workstation.deploy(archive, "--require-signature")
    assert done.code == 0, done.err
