"""How often the client waits for the gateway, with the paramiko that is installed and with another one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from bundlekit.cli.archive import checked_archive
from tests.desk import Desk
from tests.link import Relay

pytestmark = pytest.mark.gateway

# Banner, key exchange in one or two, log-in, channel, command, all that it reads.
FLIGHTS = 7

_STATUS = "import paramiko, sys\n{before}\nfrom bundlekit.cli import main\nsys.exit(main())"
_OTHERWISE = "from bundlekit.ssh import transport\ntransport._FITS = False"


@pytest.fixture
def relay(shared_desk: Desk) -> Iterator[Relay]:
    with Relay((shared_desk.machine.address, shared_desk.machine.port)) as relay:
        shared_desk.go_through(relay.port)
        yield relay


def flights_of_status(desk: Desk, relay: Relay, *, before: str = "", libraries: Path | None = None) -> int:
    """How many `bundlekit status` takes.

    Args:
        desk: from which,
        relay: by which.
        before: what its Python does first.
        libraries: that win over the installed ones.
    """
    done = len(relay.flights)
    ended = subprocess.run(
        [sys.executable, "-c", _STATUS.format(before=before), "status", "gateway", "--password-stdin"],
        input=desk.machine.password + "\n",
        env={**desk.environment, **({"PYTHONPATH": str(libraries)} if libraries else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return len(relay.flights[done])


def fewest_flights(desk: Desk, relay: Relay, wanted: int, before: str = "") -> int:
    """Of some tries: on a machine that has much to do, what belongs together may travel apart."""
    fewest = flights_of_status(desk, relay, before=before)
    for _ in range(4):
        if fewest > wanted:
            fewest = min(fewest, flights_of_status(desk, relay, before=before))
    return fewest


def test_paramiko_that_is_made_otherwise_takes_a_flight_more(shared_desk: Desk, relay: Relay) -> None:
    usual = fewest_flights(shared_desk, relay, FLIGHTS - 1)
    assert usual < FLIGHTS
    assert fewest_flights(shared_desk, relay, usual + 1, before=_OTHERWISE) == usual + 1


def test_other_paramiko_takes_as_few_flights(shared_desk: Desk, relay: Relay, tmp_path: Path) -> None:
    wanted, major = ("paramiko>=4,<5", 4) if paramiko.__version__ >= "5" else ("paramiko>=5", 5)
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "pip", "install", "--quiet", "--no-deps", "--target", tmp_path / "other", wanted], check=True)
    check = f"assert paramiko.__version__.startswith('{major}.')"
    assert flights_of_status(shared_desk, relay, before=check, libraries=tmp_path / "other") <= FLIGHTS


def test_upload_and_the_order_to_deploy_travel_in_one_flight(shared_desk: Desk, relay: Relay) -> None:
    bundle = shared_desk.sample(name="in-one-flight")
    (bundle / "table.bin").write_bytes(os.urandom(60_000))
    printed = shared_desk.deploy(bundle)
    assert printed.code == 0, printed.err
    flight = relay.flights[0].index(max(relay.flights[0]))
    assert flight <= FLIGHTS
    assert relay.flights[0][flight + 1 :] == []


def test_unchanged_bundle_is_known_when_the_command_has_begun(shared_desk: Desk, relay: Relay) -> None:
    bundle = shared_desk.sample(name="known-already")
    assert shared_desk.deploy(bundle).code == 0
    for _ in range(2):
        printed = shared_desk.deploy(bundle)
        assert "unchanged" in printed.out, printed.err
    assert min(len(flights) for flights in relay.flights[1:]) < FLIGHTS


def test_another_release_travels_with_all_its_orders_in_one_flight(shared_desk: Desk, relay: Relay) -> None:
    assert shared_desk.deploy(shared_desk.sample(name="in-one-go")).code == 0
    bundle = shared_desk.sample("0.0.2", name="in-one-go")
    # What arrived before does not matter to it: it is sent anew.
    place = f"/opt/bundlekit/uploads/{checked_archive(bundle).digest}-0123"
    shared_desk.machine.run(f"mkdir -p {place}/in && echo before >{place}/start")
    printed = shared_desk.deploy(bundle)
    assert printed.code == 0, printed.err
    assert len(relay.flights[1]) <= FLIGHTS


def test_wrong_password_is_told_where_nobody_waited_for_its_answer(shared_desk: Desk, relay: Relay) -> None:
    assert shared_desk.deploy(shared_desk.sample(name="no-way-in")).code == 0
    printed = shared_desk.deploy(shared_desk.sample("0.0.2", name="no-way-in"), given="wrong\n")
    assert printed.code == 3
    assert "does not accept the password" in printed.err
    assert shared_desk.status()["bundles"]
