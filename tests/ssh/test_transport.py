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
from tests.link import Relay
from tests.workstation import Workstation

pytestmark = pytest.mark.gateway

# Banner, key exchange in one or two, log-in, channel, command, all that it reads.
FLIGHTS = 7

_STATUS = "import paramiko, sys\n{before}\nfrom bundlekit.cli import main\nsys.exit(main())"
_OTHERWISE = "from bundlekit.ssh import transport\ntransport._FITS = False"


@pytest.fixture
def relay(shared_workstation: Workstation) -> Iterator[Relay]:
    with Relay((shared_workstation.machine.address, shared_workstation.machine.port)) as relay:
        shared_workstation.go_through(relay.port)
        yield relay


def flights_of_status(
    workstation: Workstation, relay: Relay, *, before: str = "", libraries: Path | None = None
) -> int:
    """How many `bundlekit status` takes.

    Args:
        workstation: from which,
        relay: by which.
        before: what its Python does first.
        libraries: that win over the installed ones.
    """
    done = len(relay.flights)
    ended = subprocess.run(
        [sys.executable, "-c", _STATUS.format(before=before), "status", "gateway", "--password-stdin"],
        input=workstation.machine.password + "\n",
        env={**workstation.environment, **({"PYTHONPATH": str(libraries)} if libraries else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return len(relay.flights[done])


def fewest_flights(workstation: Workstation, relay: Relay, wanted: int, before: str = "") -> int:
    """Of some tries: on a machine that has much to do, what belongs together may travel apart."""
    fewest = flights_of_status(workstation, relay, before=before)
    for _ in range(4):
        if fewest > wanted:
            fewest = min(fewest, flights_of_status(workstation, relay, before=before))
    return fewest


def test_paramiko_that_is_made_otherwise_takes_a_flight_more(shared_workstation: Workstation, relay: Relay) -> None:
    usual = fewest_flights(shared_workstation, relay, FLIGHTS - 1)
    assert usual < FLIGHTS
    assert fewest_flights(shared_workstation, relay, usual + 1, before=_OTHERWISE) == usual + 1


def test_other_paramiko_takes_as_few_flights(shared_workstation: Workstation, relay: Relay, tmp_path: Path) -> None:
    wanted, major = ("paramiko>=4,<5", 4) if paramiko.__version__ >= "5" else ("paramiko>=5", 5)
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "pip", "install", "--quiet", "--no-deps", "--target", tmp_path / "other", wanted], check=True)
    check = f"assert paramiko.__version__.startswith('{major}.')"
    assert flights_of_status(shared_workstation, relay, before=check, libraries=tmp_path / "other") <= FLIGHTS


def test_upload_and_the_order_to_deploy_travel_in_one_flight(shared_workstation: Workstation, relay: Relay) -> None:
    bundle = shared_workstation.sample(name="in-one-flight")
    (bundle / "table.bin").write_bytes(os.urandom(60_000))
    printed = shared_workstation.deploy(bundle)
    assert printed.code == 0, printed.err
    flight = relay.flights[0].index(max(relay.flights[0]))
    assert flight <= FLIGHTS
    assert relay.flights[0][flight + 1 :] == []


def test_unchanged_bundle_is_known_when_the_command_has_begun(shared_workstation: Workstation, relay: Relay) -> None:
    bundle = shared_workstation.sample(name="known-already")
    assert shared_workstation.deploy(bundle).code == 0
    for _ in range(2):
        printed = shared_workstation.deploy(bundle)
        assert "unchanged" in printed.out, printed.err
    assert min(len(flights) for flights in relay.flights[1:]) < FLIGHTS


def test_another_release_travels_with_all_its_orders_in_one_flight(
    shared_workstation: Workstation, relay: Relay
) -> None:
    assert shared_workstation.deploy(shared_workstation.sample(name="in-one-go")).code == 0
    bundle = shared_workstation.sample("0.0.2", name="in-one-go")
    # What arrived before does not matter to it: it is sent anew.
    place = f"/opt/bundlekit/uploads/{checked_archive(bundle)[0].digest}-0123"
    shared_workstation.machine.run(f"mkdir -p {place}/in && echo before >{place}/start")
    printed = shared_workstation.deploy(bundle)
    assert printed.code == 0, printed.err
    assert len(relay.flights[1]) <= FLIGHTS


def test_wrong_password_is_told_where_nobody_waited_for_its_answer(
    shared_workstation: Workstation, relay: Relay
) -> None:
    assert shared_workstation.deploy(shared_workstation.sample(name="no-way-in")).code == 0
    printed = shared_workstation.deploy(shared_workstation.sample("0.0.2", name="no-way-in"), given="wrong\n")
    assert printed.code == 3
    assert "does not accept the password" in printed.err
    assert shared_workstation.status()["bundles"]
