"""The collection at work, on two booted gateways."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tests.ansible.controller import VERSIONS, Controller, log_in
from tests.box import Box, Machine, PlainBox
from tests.box.host import as_root, root_prefix
from tests.link.far import Far
from tests.pack.keys import make_key
from tests.rotation import in_turn
from tests.workstation import Workstation

HERE = Path(__file__).parent
SECRET = "correct-horse"
WRONG = "battery-staple"

pytestmark = pytest.mark.gateway


@dataclass(frozen=True)
class Fleet:
    """Gateways: with systemd and a key, and without systemd and a password.

    Attributes:
        workstation: with the bundles `v1`, `broken` and `refused`, and the archive of a second version.
        plain: the one without systemd; its password is `SECRET`.
    """

    workstation: Workstation
    box: Box
    plain: PlainBox

    def controller(self, home: Path, version: str = VERSIONS[-1]) -> Controller:
        controller = Controller(home, version, (SECRET, WRONG))
        known = [machine.known_hosts.read_text() for machine in (self.box, self.plain)]
        (home / ".ssh/known_hosts").write_text("".join(known))
        common = f"-o UserKnownHostsFile={home}/.ssh/known_hosts"
        controller.write_inventory(
            {
                "gw1": log_in(self.box, ansible_ssh_private_key_file=self.box.client_key),
                "gw2": log_in(self.plain, ansible_password=SECRET),
            },
            f"[others]\noff ansible_host=127.0.0.1 ansible_port=9 ansible_user=moxa\n"
            f"locked ansible_host={self.plain.address} ansible_user=moxa ansible_password={WRONG}\n"
            f"strange ansible_host={self.box.address} ansible_user=moxa ansible_ssh_common_args='-o "
            f"UserKnownHostsFile=/none -o GlobalKnownHostsFile=/none'\n"
            f"[gateways:vars]\nansible_become_password={{{{ sudo[inventory_hostname] }}}}\n"
            f"sudo={{'gw1': '{self.box.password}', 'gw2': '{SECRET}'}}\n"
            f"[all:vars]\nansible_ssh_common_args={common}\n",
        )
        return controller


@pytest.fixture(scope="module")
def fleet(shared_box: Box, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    workstation = Workstation(tmp_path_factory.mktemp("workstation"), shared_box)
    workstation.sample("0.0.1", name="life").rename(workstation.home / "v1")
    workstation.sample("0.0.3", name="life", before_main='raise ValueError("no sensor")').rename(
        workstation.home / "broken"
    )
    workstation.sample("0.0.4", name="life", before_main="def (").rename(workstation.home / "refused")
    second = workstation.sample("0.0.2", name="life")
    assert workstation.run("pack", str(second)).code == 0
    with PlainBox() as plain:
        plain.run("chpasswd", given=f"moxa:{SECRET}\n")
        yield Fleet(workstation, shared_box, plain)


ANSIBLES = [(VERSIONS[0], "linear"), (VERSIONS[1], "free")]


@pytest.mark.parametrize(("gateways", "given"), in_turn(("gw1:gw2", "gw1"), ANSIBLES))
def test_bundle_lives_and_no_secret_is_shown(
    tmp_path: Path, fleet: Fleet, gateways: str, given: tuple[str, str]
) -> None:
    (version, strategy), home = given, fleet.workstation.home
    extra = {"bundles": home, "archive": home / "life-0.0.2.tar.gz", "how": strategy}
    words = [word for name, value in extra.items() for word in ("-e", f"{name}={value}")]
    line = ["ansible-playbook", "-vvvv", *words, "--limit", gateways, str(HERE / "life.yml")]
    printed = fleet.controller(tmp_path, version).run(*line)
    assert printed.returncode == 0, printed.stdout[-6000:] + printed.stderr[-2000:]
    for gateway in gateways.split(":"):
        assert re.search(f"^{gateway} .*failed=0 ", printed.stdout, re.MULTILINE)
        for shown in ("upload ", "confirm 60", "take-back "):
            assert f"<{gateway}> {shown}" in printed.stdout
    assert "+version: 0.0.1" in printed.stdout
    assert SECRET not in printed.stdout + printed.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_offline_is_unreachable_and_a_refusal_is_a_failure(tmp_path: Path, fleet: Fleet, version: str) -> None:
    results = fleet.controller(tmp_path, version).ask_each("bundle_info", pattern="others")
    assert {host: (one["word"], one["reason"]) for host, one in results.items()} == {
        "off": ("UNREACHABLE", "gateway_unreachable"),
        "locked": ("FAILED", "login_refused"),
        "strange": ("FAILED", "host_key_rejected"),
    }
    assert "StrictHostKeyChecking=accept-new` in ansible_ssh_common_args" in results["strange"]["hint"]


@contextmanager
def signers(lines: str, *machines: Machine) -> Iterator[None]:
    """The gateways take only what these have signed."""
    for machine in machines:
        machine.run("mkdir -p /etc/bundlekit; cat >/etc/bundlekit/signers", given=lines)
    try:
        yield
    finally:
        for machine in machines:
            machine.run("rm /etc/bundlekit/signers")


def test_rolling_update_ends_at_a_broken_canary(tmp_path: Path, fleet: Fleet) -> None:
    controller, home = fleet.controller(tmp_path), fleet.workstation.home
    waves = '{"waves": [1, 1, "100%"], "soak": 1, "gateways": "gw1:off:gw2"}'
    line = ("ansible-playbook", "bundlekit.thingspro.rolling_update", "-e", waves, "-e")
    broken = controller.run(*line, f"bundle={home}/broken")
    assert broken.returncode == 2
    assert "no sensor" in broken.stdout
    assert re.search(r"^gw1 .*failed=1", broken.stdout, re.MULTILINE)
    assert not re.search(r"^(gw2|off) ", broken.stdout, re.MULTILINE)

    key = make_key(home / "alice")
    assert fleet.workstation.run("pack", "v1", "--sign", "alice").code == 0
    # The settings are beside the archive, and know another signer at first.
    (home / "bundlekit.toml").write_text('signers = "team"\n')
    (home / "team").write_text(f"mallory {make_key(home / 'mallory')}\n")
    refused = controller.ask_each("bundle", f"src={home}/life-0.0.1.tar.gz", pattern="gateways")
    assert {one["outcome"] for one in refused.values()} == {"refused"}
    assert {"is not one of the signers" in one["msg"] for one in refused.values()} == {True}
    folder = controller.ask_each("bundle", f"src={home}/v1 require_signature=true", pattern="gw1")
    assert "v1 is a folder, which has no signature" in folder["gw1"]["msg"]
    (home / "team").write_text(f"alice {key}\n")
    with signers(f"alice {key}\n", fleet.box, fleet.plain):
        signed = (*line, "require_signature=true", "-e", "bundle=life-0.0.1.tar.gz")
        fine = controller.run(*signed, PWD=str(home))
        (home / "bundlekit.toml").unlink()
        assert fine.returncode == 0, fine.stdout + fine.stderr
        there = controller.ask_each("bundle_info", "name=life", pattern="gateways")
    assert [one["bundles"][0]["last"]["signer"] for one in there.values()] == ["alice", "alice"]
    assert re.findall('^    "msg": "(.*: .*)"', fine.stdout, re.MULTILINE) == ["life 0.0.1: gw1, gw2", "offline: off"]
    for machine in (fleet.box, fleet.plain):
        assert machine.api("GET", "/life")[0] == 200
    removed = controller.ask_each("bundle", "name=life state=absent purge=true", pattern="gateways")
    assert [one["outcome"] for one in removed.values()] == ["removed", "removed"]


@contextmanager
def network_of_worker(machine: Machine) -> Iterator[tuple[str, str]]:
    """A network namespace from which one gateway can be reached and nothing else: its name, and the address there."""
    number = (int(IPv4Address(machine.address)) - int(IPv4Address("198.18.64.0"))) // 4
    name = f"bk-worker-{number}"
    subprocess.run([*root_prefix(), "ip", "netns", "delete", name], capture_output=True, check=False)  # of a killed run
    as_root(["ip", "netns", "add", name])
    try:
        with Far(Path(f"/run/netns/bundlekit-{number}"), number=number, here=Path("/run/netns", name)) as far:
            yield name, far.address
    finally:
        as_root(["ip", "netns", "delete", name])


def test_two_workers_in_two_networks_do_half_each(tmp_path: Path, fleet: Fleet) -> None:
    controller = fleet.controller(tmp_path)
    job = tmp_path / "job"
    (job / "inventory").mkdir(parents=True)
    shutil.copytree(fleet.workstation.home / "v1", job / "project/life")
    shutil.copy(HERE / "update.yml", job / "project")
    inventory = controller.inventory.read_text()
    with network_of_worker(fleet.box) as (north, first), network_of_worker(fleet.plain) as (south, second):
        for machine, address in ((fleet.box, first), (fleet.plain, second)):
            there = f"{address} ansible_ssh_extra_args='-o HostKeyAlias={machine.address}'"
            inventory = re.sub(f"(gw. .*)'{machine.address}'", rf"\g<1>{there}", inventory)
        (job / "inventory/hosts.ini").write_text(inventory)
        for worker, half in ((north, "gw1:off"), (south, "gw2")):
            sent = controller.pipe("ansible-runner", "transmit", str(job), "-p", "update.yml", "--limit", half)
            within = (*root_prefix(), "ip", "netns", "exec", worker)
            done = controller.pipe("ansible-runner", "worker", given=sent, prefix=within)
            controller.pipe("ansible-runner", "process", str(tmp_path / "all"), "--ident", half[:3], given=done)
    events = [json.loads(file.read_text()) for file in tmp_path.glob("all/artifacts/*/job_events/*.json")]
    ended = {
        (one["event_data"]["host"], one["event_data"]["task"]): one["event_data"]["res"]["outcome"]
        for one in events
        if one["event"] in ("runner_on_ok", "runner_on_unreachable", "runner_on_failed")
    }
    assert ended == {
        **{("gw1", "Deploy"): "up", ("gw1", "Remove"): "removed"},
        **{("gw2", "Deploy"): "up", ("gw2", "Remove"): "removed"},
        **{("off", "Deploy"): "unreachable", ("off", "Remove"): "unreachable"},
    }
    records = sorted(map(str, tmp_path.glob("all/artifacts/*/life.jsonl")))
    merged = fleet.workstation.run("rollout", "report", *records, "--format", "json")
    assert merged.code == 6, merged.err
    states = {one["gateway"]: one["state"] for one in json.loads(merged.out)["gateways"]}
    assert states == {"gw1": "up", "gw2": "up", "off": "offline"}
    goes_on = fleet.workstation.run("rollout", "resume", records[0])
    assert (goes_on.code, "Ansible has written the record" in goes_on.err) == (3, True)
