"""`bundlekit api` against a booted gateway: by SSH, and by its URL."""

from __future__ import annotations

import json

import pytest

from tests.box import Box
from tests.workstation import Printed, Workstation

pytestmark = pytest.mark.gateway


def api(workstation: Workstation, *arguments: str) -> Printed:
    method, resource, *others = arguments
    return workstation.run("api", method, resource, "gateway", "--password-stdin", *others)


@pytest.fixture(scope="module")
def by_ssh(shared_box: Box, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A bundle that stays on the gateway for all tests."""
    deploy_by_ssh(Workstation(tmp_path_factory.mktemp("by-ssh"), shared_box))


@pytest.fixture
def shared_workstation_with_bundle(by_ssh: None, shared_workstation: Workstation) -> Workstation:
    """Its bundle runs, whatever the test before has done to it."""
    deploy_by_ssh(shared_workstation)
    return shared_workstation


def deploy_by_ssh(workstation: Workstation) -> None:
    deployed = workstation.deploy(workstation.sample(name="by-ssh"))
    assert deployed.code == 0, deployed.err


def test_request_goes_through_ssh_with_the_gateways_own_token(shared_workstation_with_bundle: Workstation) -> None:
    workstation = shared_workstation_with_bundle
    token = workstation.machine.run("cat /etc/mx-api-token").stdout.strip()
    put = api(workstation, "PUT", "/by-ssh", "-d", '{"key": "ü"}')
    assert (put.code, json.loads(put.out), put.err) == (0, {"key": "ü"}, "")
    got = api(workstation, "get", "/by-ssh", "--include")
    assert (got.code, got.err) == (0, "")
    head, _, body = got.out.partition("\n\n")
    assert head.startswith("HTTP 200 OK\n")
    assert json.loads(body) == {"key": "ü"}
    refused = api(workstation, "delete", "/by-ssh")
    assert refused.code == 1
    assert refused.err.startswith("404 Not Found")
    assert token
    assert token not in "".join(printed.out + printed.err for printed in (put, got, refused))


def test_token_is_in_no_list_of_processes(workstation: Workstation) -> None:
    token = workstation.machine.run("cat /etc/mx-api-token").stdout.strip()
    watch = (
        "while :; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; sleep 0.02; done >/root/seen & echo $!"
    )
    pid = workstation.machine.run(f"nohup sh -c '{watch}' 2>/dev/null").stdout.strip()
    printed = api(workstation, "GET", "/nothing")
    workstation.machine.run(f"kill {pid}")
    assert printed.err.startswith("403 Forbidden")
    assert "gateway.sh" in workstation.machine.run("tr '\\0' ' ' </root/seen | grep -o gateway.sh | head -n 1").stdout
    assert workstation.machine.run(f"grep -c {token} /root/seen", check=False).stdout == "0\n"


def test_gateway_that_forbids_forwarding_or_has_no_token_says_so(workstation: Workstation) -> None:
    workstation.machine.run("mv /etc/mx-api-token /root/")
    without = api(workstation, "GET", "/x")
    assert (without.code, "there is no API token in /etc/mx-api-token" in without.err) == (3, True)
    workstation.machine.run("mv /root/mx-api-token /etc/")
    workstation.machine.run("echo 'AllowTcpForwarding no' >>/etc/ssh/sshd_config && systemctl restart ssh")
    forbidden = api(workstation, "GET", "/x")
    assert forbidden.code == 3
    assert "forbids forwarding" in forbidden.err
    assert "AllowTcpForwarding local" in forbidden.err


def test_bad_resource_is_told_before_the_gateway_is_asked(shared_workstation: Workstation) -> None:
    printed = shared_workstation.run("api", "GET", "thermostat", "moxa@127.0.0.1:1")
    assert (printed.code, printed.err) == (
        2,
        "error: 'thermostat' is not a resource\n hint: did you mean /thermostat?\n",
    )


def test_contract_is_verified_through_ssh(shared_workstation_with_bundle: Workstation) -> None:
    workstation = shared_workstation_with_bundle
    folder = next(workstation.home.glob("bundle-*"))
    printed = workstation.run("verify", "gateway", "--password-stdin", "--bundle", str(folder), "--write")
    assert printed.code == 0, printed.err
    assert [line.split()[:2] for line in printed.out.splitlines()] == [
        ["kept", "by-ssh"],
        ["kept", "GET"],
        ["kept", "PUT"],
        ["kept", "POST"],
        ["kept", "DELETE"],
    ]
    assert printed.err.startswith(f"bundle.json of by-ssh 0.0.1, on gateway ({workstation.machine.address}:22): 5 kept")


def test_verify_tells_another_version_and_a_bundle_that_does_not_run(
    shared_workstation_with_bundle: Workstation,
) -> None:
    workstation = shared_workstation_with_bundle
    verify = ("verify", "gateway", "--password-stdin", "--format", "json", "--bundle")
    newer = str(workstation.sample("0.0.2", name="by-ssh"))
    printed = workstation.run(*verify, newer)
    told = json.loads(printed.out)
    assert (printed.code, told["runs"]["version"], told["summary"]["broken"]) == (0, "0.0.1", 0)
    assert "note: 0.0.1 runs there, and 0.0.2 is the version of bundle.json here" in printed.err
    assert workstation.run(*verify, newer, "--strict").code == 1
    absent = workstation.sample(name="absent")
    for file in ("bundle.json", "index.py"):  # what by-ssh answers is no promise that was kept
        (absent / file).write_text((absent / file).read_text().replace("/absent", "/by-ssh"))
    printed = workstation.run(*verify, str(absent))
    told = json.loads(printed.out)
    assert (printed.code, told["runs"]["version"], told["summary"]["kept"]) == (1, None, 0)
    assert told["results"][0]["words"] == "it is not deployed there"
    assert (told["host"], told["port"], told["target"]) == (workstation.machine.address, 22, "gateway")
