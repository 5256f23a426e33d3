"""Uploads over links that break, by others who upload the same, and into folders where something lies in wait."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.deploy import verbs
from bundlekit.errors import CouldNotRun
from bundlekit.pack.archive import pack
from bundlekit.remote.session import Session
from bundlekit.ssh.address import look_up
from bundlekit.ssh.connection import Connection
from bundlekit.ssh.target import parse_target
from tests.link import Relay
from tests.workstation import Printed, Workstation

pytestmark = pytest.mark.gateway


def large(workstation: Workstation, name: str, size: int = 1_000_000) -> Path:
    """A bundle that compression does not make smaller."""
    bundle = workstation.sample(name=name)
    for number in range(4):
        (bundle / f"table_{number}.bin").write_bytes(os.urandom(size // 4))
    return bundle


def uploads(workstation: Workstation) -> str:
    return workstation.machine.run("ls /opt/bundlekit/uploads 2>/dev/null || true").stdout


def test_upload_goes_on_where_it_stopped_over_a_link_that_is_cut_again_and_again(
    shared_workstation: Workstation,
) -> None:
    bundle = large(shared_workstation, "cut-often")
    with Relay((shared_workstation.machine.address, shared_workstation.machine.port), cut_after=150_000) as relay:
        shared_workstation.go_through(relay.port)
        printed = shared_workstation.deploy(bundle)
    assert printed.code == 0, printed.err
    there = [int(size) for size in re.findall(r"(\d+) of them are there already", printed.err)]
    assert there == sorted(set(there)), "each connection brings it further"
    assert len(there) == len(relay.carried) - 1
    assert "connecting again" in printed.err
    assert sum(relay.carried) < 2 * 1_000_000, "what had arrived was sent again"
    assert uploads(shared_workstation) == ""


def broken_off(workstation: Workstation, bundle: Path) -> str:
    """Begin to deploy and be killed during the upload; the place on the gateway where its begin is."""
    digest = pack(Bundle.in_folder(bundle)).digest
    client = workstation.start("deploy", "gateway", "--password-stdin", "--bundle", str(bundle), "--limit-rate", "400k")
    part = f"/opt/bundlekit/uploads/{digest}-*/in/part"
    workstation.machine.run(f"until [ $(cat {part} 2>/dev/null | wc -c) -gt 60000 ]; do sleep .1; done")
    client.kill()
    client.communicate()
    return workstation.machine.run(f"ls -d /opt/bundlekit/uploads/{digest}-*").stdout.strip()


def there_already(printed: Printed) -> int:
    found = re.search(r"upload \d+ bytes, (\d+) of them are there already", printed.err)
    return int(found[1]) if found else 0


def test_upload_of_a_client_that_was_killed_goes_on_and_old_ones_are_dropped(shared_workstation: Workstation) -> None:
    bundle = large(shared_workstation, "killed", 500_000)
    broken_off(shared_workstation, bundle)
    shared_workstation.machine.run(
        "cd /opt/bundlekit/uploads; for n in 0 1 2; do mkdir -p $n-1/in; touch $n-1/start; done; touch 0-1/in/part;"
        " head -c 70000 /dev/zero | tee 1-1/in/part >2-1/in/part; touch -d '5 days ago' 1-1"
    )
    printed = shared_workstation.deploy(bundle)
    assert printed.code == 0, printed.err
    assert there_already(printed) > 60_000
    assert uploads(shared_workstation) == "2-1\n"
    shared_workstation.machine.run("rm -r /opt/bundlekit/uploads/2-1")


def test_begin_that_is_not_the_archives_is_dropped_with_a_word(shared_workstation: Workstation) -> None:
    bundle = large(shared_workstation, "damaged", 500_000)
    place = broken_off(shared_workstation, bundle)
    shared_workstation.machine.run(f"printf x | dd of={place}/in/part conv=notrunc 2>/dev/null")
    damaged = shared_workstation.deploy(bundle)
    assert damaged.code == 3
    assert there_already(damaged) > 60_000
    assert "its SHA-256 differs" in damaged.err
    assert "what had arrived was dropped" in damaged.err
    assert uploads(shared_workstation) == ""
    printed = shared_workstation.deploy(bundle)
    assert printed.code == 0, printed.err
    assert there_already(printed) == 0


def test_links_that_lie_among_the_uploads_are_not_followed(shared_workstation: Workstation) -> None:
    bundle = large(shared_workstation, "planted", 500_000)
    place = broken_off(shared_workstation, bundle)
    modes = shared_workstation.machine.run(f"cd {place}; stat -c '%U %a' .. . start in").stdout
    assert modes == "root 711\nroot 711\nroot 600\nmoxa 700\n"
    digest = Path(place).name.partition("-")[0]
    shared_workstation.machine.run(
        f"mkdir /root/mine; ln -s /root/mine /opt/bundlekit/uploads/{digest}-aa;"
        f" head -c 400000 /dev/zero >/root/mine/start; ln -sf /root/mine/start {place}/in/part"
    )
    printed = shared_workstation.deploy(bundle)
    assert printed.code == 0, printed.err
    assert there_already(printed) == 0
    assert shared_workstation.machine.run("ls -s --block-size=1 /root/mine/start").stdout.startswith("401408 ")
    assert uploads(shared_workstation) == ""


def test_two_who_upload_the_same_at_once_do_not_mix(shared_workstation: Workstation) -> None:
    bundle = large(shared_workstation, "both", 500_000)
    arguments = ("deploy", "gateway", "--password-stdin", "--bundle", str(bundle), "--limit-rate", "300k")
    clients = [shared_workstation.start(*arguments) for _ in range(2)]
    said = [client.communicate(timeout=120)[1] for client in clients]
    assert 0 in [client.returncode for client in clients]
    for client, text in zip(clients, said, strict=True):
        assert client.returncode == 0 or "another change is under way" in text or "changed the gateway" in text, text
    assert shared_workstation.deploy(bundle).out.startswith("unchanged: ")
    assert shared_workstation.deploy(shared_workstation.sample(name="both")).code == 0
    assert uploads(shared_workstation) == ""


@pytest.mark.parametrize(("name", "size", "least"), [("changed", 1_000_000, 20), ("changed-little", 50_000, 4)])
def test_only_what_changed_is_sent(shared_workstation: Workstation, name: str, size: int, least: int) -> None:
    """A line of it; and a file that has another name now, one that goes, one that is new."""
    bundle = large(shared_workstation, name, size)
    for folder in ("empty", "with space"):
        (bundle / folder).mkdir()
    (bundle / "with space" / "é.sh").write_text("#!/bin/sh\n")
    (bundle / "with space" / "é.sh").chmod(0o755)
    with Relay((shared_workstation.machine.address, shared_workstation.machine.port)) as relay:
        shared_workstation.go_through(relay.port)
        assert shared_workstation.deploy(bundle).code == 0
        with (bundle / "index.py").open("a") as stream:
            stream.write("# another line\n")
        line = shared_workstation.deploy(bundle)
        assert line.code == 0, line.err
        (bundle / "table_1.bin").rename(bundle / "with space" / "table.bin")
        (bundle / "table_2.bin").unlink()
        (bundle / "new.txt").write_text("new\n")
        (bundle / "with space" / "é.sh").chmod(0o644)
        renamed = shared_workstation.deploy(bundle)
        assert renamed.code == 0, renamed.err
    whole, one_line, others = relay.carried
    print(f"bytes sent: {whole} for all, {one_line} for a line, {others} for a file renamed and one new")  # noqa: T201
    assert one_line < whole / least
    assert others < whole / least
    assert re.search(r"upload \d+ bytes that changed, of \d+", line.err)
    found = shared_workstation.machine.run(
        f"cd /opt/bundlekit/bundles/{name}/current/ && sha256sum -c SHA256SUMS >/dev/null"
        " && find . ! -name '*.pyc' ! -path './data/*' -printf '%m %p\\n' | sort -k 2"
    ).stdout
    members = [member for member in pack(Bundle.in_folder(bundle)).members if not member.path.startswith("data/")]
    assert [f"{755 if member.executable else 644} ./{member.path}\n" in found for member in members] == [True] * 8
    assert "755 ./empty\n" in found
    assert "table_2" not in found
    assert uploads(shared_workstation) == ""


class Meddler:
    """Has the password, and changes a file on the gateway when the upload begins."""

    def __init__(self, workstation: Workstation, command: str) -> None:
        self.given = workstation.machine.password
        self._workstation = workstation
        self._command = command

    def password(self, account: str, *, again: bool = False, for_sudo: bool = False) -> str:
        return self.given

    def passphrase(self, file: str, *, again: bool = False) -> str | None:
        return None

    def trust_host_key(self, host: str, kind: str, fingerprint: str) -> bool:
        return False

    def phase(self, word: str, text: str) -> None:
        if word == "upload":
            assert "that changed" in text
            self._workstation.machine.run(self._command)

    def answer(self, request: str, status: int, milliseconds: int) -> None:
        """Is not reached."""

    def note(self, text: str) -> None:
        """There is none."""

    def sent(self, size: int, total: int) -> None:
        """Is of no interest."""


def test_what_was_there_and_changes_meanwhile_is_not_taken(shared_workstation: Workstation) -> None:
    bundle = large(shared_workstation, "slipped", 50_000)
    assert shared_workstation.deploy(bundle).code == 0
    (bundle / "new.txt").write_text("new\n")
    meddler = Meddler(shared_workstation, "echo more >>/opt/bundlekit/bundles/slipped/current/table_0.bin")
    config = shared_workstation.home / ".ssh" / "config"
    address = replace(look_up(parse_target("gateway"), config), known_hosts=(shared_workstation.known_hosts,))
    with Connection(address, ask=meddler) as connection, pytest.raises(CouldNotRun, match="SHA-256 differs"):
        verbs.deploy(Session(connection, meddler), pack(Bundle.in_folder(bundle)), meddler)
    assert uploads(shared_workstation) == ""
    assert shared_workstation.deploy(bundle).code == 0
    shared_workstation.machine.run("cd /opt/bundlekit/bundles/slipped/current && sha256sum -c SHA256SUMS")
