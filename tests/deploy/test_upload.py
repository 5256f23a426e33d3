"""Uploads over links that break, by others who upload the same, and into folders where something lies in wait."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.pack.archive import pack
from tests.desk import Desk, Printed
from tests.link import Relay

pytestmark = pytest.mark.gateway


def large(desk: Desk, name: str, size: int = 2_000_000) -> Path:
    """A bundle that compression does not make smaller."""
    bundle = desk.sample(name=name)
    for number in range(4):
        (bundle / f"table_{number}.bin").write_bytes(os.urandom(size // 4))
    return bundle


@contextmanager
def cut(desk: Desk, after: int, *, cuts: int | None = None) -> Iterator[Relay]:
    """Let the desk's gateway be reached by a link that is cut each time so many bytes went over it."""
    with Relay((desk.machine.address, desk.machine.port), cut_after=after, cuts=cuts) as relay:
        desk.write_config(
            f"IdentityFile {desk.machine.client_key}",
            f"Port {relay.port}",
            f"HostKeyAlias {desk.machine.address}",
            host="127.0.0.1",
        )
        yield relay


def uploads(desk: Desk) -> str:
    return desk.machine.run("ls /opt/bundlekit/uploads 2>/dev/null || true").stdout


def test_upload_goes_on_where_it_stopped_over_a_link_that_is_cut_again_and_again(shared_desk: Desk) -> None:
    bundle = large(shared_desk, "cut-often")
    with cut(shared_desk, 300_000) as relay:
        printed = shared_desk.deploy(bundle)
    assert printed.code == 0, printed.err
    there = [int(size) for size in re.findall(r"(\d+) of them are there already", printed.err)]
    assert there == sorted(set(there)), "each connection brings it further"
    assert len(there) == len(relay.carried) - 1
    assert "connecting again" in printed.err
    assert sum(relay.carried) < 2 * 2_000_000, "what had arrived was sent again"
    assert uploads(shared_desk) == ""


def broken_off(desk: Desk, bundle: Path) -> str:
    """Begin to deploy and be killed during the upload; the place on the gateway where its begin is."""
    digest = pack(Bundle.in_folder(bundle)).digest
    client = desk.start("deploy", "gateway", "--password-stdin", "--bundle", str(bundle), "--limit-rate", "400k")
    part = f"/opt/bundlekit/uploads/{digest}-*/in/part"
    desk.machine.run(f"until [ $(cat {part} 2>/dev/null | wc -c) -gt 60000 ]; do sleep .1; done")
    client.kill()
    client.communicate()
    return desk.machine.run(f"ls -d /opt/bundlekit/uploads/{digest}-*").stdout.strip()


def there_already(printed: Printed) -> int:
    found = re.search(r"upload \d+ bytes, (\d+) of them are there already", printed.err)
    return int(found[1]) if found else 0


def test_upload_of_a_client_that_was_killed_goes_on_and_old_ones_are_dropped(shared_desk: Desk) -> None:
    bundle = large(shared_desk, "killed", 500_000)
    broken_off(shared_desk, bundle)
    shared_desk.machine.run(
        f"cd /opt/bundlekit/uploads; mkdir -p {'0' * 64}-1/in {'1' * 64}-1/in; touch -d '5 days ago' {'0' * 64}-1"
    )
    printed = shared_desk.deploy(bundle)
    assert printed.code == 0, printed.err
    assert there_already(printed) > 60_000
    assert uploads(shared_desk) == f"{'1' * 64}-1\n"
    shared_desk.machine.run("rm -r /opt/bundlekit/uploads/1*")


def test_begin_that_is_not_the_archives_is_dropped_with_a_word(shared_desk: Desk) -> None:
    bundle = large(shared_desk, "damaged", 500_000)
    place = broken_off(shared_desk, bundle)
    shared_desk.machine.run(f"printf x | dd of={place}/in/part conv=notrunc 2>/dev/null")
    damaged = shared_desk.deploy(bundle)
    assert damaged.code == 3
    assert there_already(damaged) > 60_000
    assert "its SHA-256 differs" in damaged.err
    assert "what had arrived was dropped" in damaged.err
    assert uploads(shared_desk) == ""
    printed = shared_desk.deploy(bundle)
    assert printed.code == 0, printed.err
    assert there_already(printed) == 0


def test_links_that_lie_among_the_uploads_are_not_followed(shared_desk: Desk) -> None:
    bundle = large(shared_desk, "planted", 500_000)
    place = broken_off(shared_desk, bundle)
    modes = shared_desk.machine.run(f"cd {place}; stat -c '%U %a' .. . start in").stdout
    assert modes == "root 711\nroot 711\nroot 600\nmoxa 700\n"
    digest = Path(place).name.partition("-")[0]
    shared_desk.machine.run(
        f"mkdir /root/mine; ln -s /root/mine /opt/bundlekit/uploads/{digest}-aa;"
        f" head -c 400000 /dev/zero >/root/mine/start; ln -sf /root/mine/start {place}/in/part"
    )
    printed = shared_desk.deploy(bundle)
    assert printed.code == 0, printed.err
    assert there_already(printed) == 0
    assert shared_desk.machine.run("ls -s --block-size=1 /root/mine/start").stdout.startswith("401408 ")
    assert uploads(shared_desk) == ""


def test_two_who_upload_the_same_at_once_do_not_mix(shared_desk: Desk) -> None:
    bundle = large(shared_desk, "both", 500_000)
    arguments = ("deploy", "gateway", "--password-stdin", "--bundle", str(bundle), "--limit-rate", "300k")
    clients = [shared_desk.start(*arguments) for _ in range(2)]
    said = [client.communicate(timeout=120)[1] for client in clients]
    assert 0 in [client.returncode for client in clients]
    for client, text in zip(clients, said, strict=True):
        assert client.returncode == 0 or "another change is under way" in text or "changed the gateway" in text, text
    assert shared_desk.deploy(bundle).out.startswith("unchanged: ")
    assert uploads(shared_desk) == ""
