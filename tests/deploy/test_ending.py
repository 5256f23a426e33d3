"""The link breaks during a change: the gateway finishes by itself, and the client comes back to hear how it ended."""

from __future__ import annotations

import os
import subprocess
from unittest.mock import Mock

import pytest

from bundlekit.deploy.await_outcome import _GRACE, Change, await_outcome
from bundlekit.errors import GatewayUnreachable, LoginRefused
from bundlekit.remote.events import BundleState
from bundlekit.remote.session import Session
from tests.link import Relay
from tests.workstation import Printed, Workstation

pytestmark = pytest.mark.gateway

# What is in the new release besides: in index.py, and in a module of its own.
_ENDINGS = {
    "good": ("", "", 0, "cut-good 0.0.2 runs on"),
    "dies": ("import sys; sys.exit('no such luck')", "", 1, "no such luck"),
    "broken": (
        "import helper",
        "None = 1\n",
        1,
        "was not put in place: the gateway's Python does not take helper.py:1",
    ),
}


def change_and_cut(workstation: Workstation, relay: Relay, *arguments: str, at: str) -> subprocess.Popen[str]:
    """Begin a change, and cut its link when it says that it is there."""
    client = workstation.begin(*arguments)
    assert client.stderr is not None
    while not client.stderr.readline().startswith(at):
        assert client.poll() is None
    relay.cut()
    return client


@pytest.mark.parametrize("ending", _ENDINGS)
def test_client_comes_back_to_hear_how_it_ended(shared_workstation: Workstation, ending: str) -> None:
    before_main, helper, code, told = _ENDINGS[ending]
    name = f"cut-{ending}"
    assert shared_workstation.deploy(shared_workstation.sample(name=name)).code == 0
    bundle = shared_workstation.sample("0.0.2", name=name, before_main=before_main)
    (bundle / "helper.py").write_text(helper)
    archive = shared_workstation.home / "archive.tar.gz"  # which nobody has validated
    subprocess.run(["tar", "-czf", archive, "-C", bundle, "."], check=True)
    with Relay((shared_workstation.machine.address, shared_workstation.machine.port), cuts=1) as relay:
        shared_workstation.go_through(relay.port)
        client = change_and_cut(
            shared_workstation, relay, "deploy", "--bundle", str(archive), at="- the gateway has the command"
        )
        out, err = client.communicate(timeout=120)
    assert len(relay.connections) == 2
    assert "connecting again to hear how it ends" in err
    assert (client.returncode, told in out + err) == (code, True), err
    assert ("release 0.0.1-" in err) == (ending == "dies"), err


def test_command_that_never_arrived_is_known_as_such(shared_workstation: Workstation) -> None:
    bundle = shared_workstation.sample(name="cut-early")
    gateway = (shared_workstation.machine.address, shared_workstation.machine.port)

    def deploy_over(relay: Relay) -> Printed:
        (bundle / "table.bin").write_bytes(os.urandom(20_000))
        shared_workstation.go_through(relay.port)
        return shared_workstation.deploy(bundle)

    assert shared_workstation.deploy(bundle).code == 0
    with Relay(gateway) as relay:
        assert deploy_over(relay).code == 0
    before = shared_workstation.machine.run("readlink /opt/bundlekit/bundles/cut-early/current").stdout
    # The order is the last that is sent.
    with Relay(gateway, cut_after=relay.carried[0] - 200, cuts=1) as relay:
        printed = deploy_over(relay)
    assert printed.code == 3, printed.err
    assert "kept: nothing there reports this change: it did not begin" in printed.err
    assert shared_workstation.machine.run("readlink /opt/bundlekit/bundles/cut-early/current").stdout == before


def test_who_does_not_get_in_any_more_is_not_told_that_nothing_was_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Session) -> None:
        raise LoginRefused("the key does not count any more", kept="nothing was changed")

    monkeypatch.setattr(Session, "connect_again", refuse)
    change = Change("deploy", "0.0.2-a", "eve@workstation", BundleState("cut-off"))
    broken = GatewayUnreachable("the connection broke", kept="the gateway goes on")
    with pytest.raises(LoginRefused) as raised:
        await_outcome(object.__new__(Session), Mock(), change, broken, seconds=1)
    assert raised.value.kept == "the gateway goes on"


def test_change_that_goes_on_for_too_long_is_not_told_as_never_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "connect_again", Mock())
    change = Change("deploy", "0.0.2-a", "eve@workstation", BundleState("cut-off"))
    broken = GatewayUnreachable("the connection broke", kept="the gateway goes on")
    with pytest.raises(GatewayUnreachable) as raised:
        await_outcome(object.__new__(Session), Mock(), change, broken, seconds=-_GRACE)
    assert (raised.value.message, raised.value.kept) == ("the connection broke", "the gateway goes on")
