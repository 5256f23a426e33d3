"""The verbs over many gateways: names of an inventory that lead to one booted gateway."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pexpect
import pytest

from tests.ssh.sshd import Sshd, make_key
from tests.workstation import Workstation

pytestmark = pytest.mark.gateway

PATIENCE = "--wait-lock=120"  # its names have one gateway, and one lock


@pytest.fixture
def workstation(shared_workstation: Workstation) -> Workstation:
    """A workstation with an inventory of five names of the gateway, whose keys are known, and of two others."""
    write_names(shared_workstation)
    return shared_workstation


def write_names(workstation: Workstation, *lines: str, known: str = "gw*") -> None:
    entry = [f"HostName {workstation.machine.address}", f"User {workstation.machine.user}", *lines]
    text = "".join(f"Host gw{number}\n    HostKeyAlias gw{number}\n" for number in range(1, 6))
    text += "Host gw?\n" + "".join(f"    {line}\n" for line in entry)
    (workstation.home / ".ssh/config").write_text(f"{text}Host closed\n    HostName 127.0.0.1\n    Port 1\n")
    keys = workstation.machine.known_hosts.read_text().splitlines()
    workstation.known_hosts.write_text("".join(f"{known} {line.split(maxsplit=1)[1]}\n" for line in keys))
    (workstation.home / "gateways.ini").write_text("[field]\ngw[1-5]\n[shut]\nclosed\n")


def test_results_are_folded_and_failures_are_grouped(workstation: Workstation) -> None:
    printed = workstation.run("status", "-i", "gateways.ini", "--password-stdin", "--bundle", "never-there")
    assert printed.code == 3
    assert printed.out.splitlines() == ["offline  closed", "failed   gw[1-5]"]
    assert "error: gw[1-5]: never-there is not deployed on HOST\n" in printed.err
    assert "error: closed: 127.0.0.1 port 1 refuses connections\n" in printed.err
    lines = workstation.run(
        "status", "-i", "gateways.ini", "field,closed,!gw[1-4]", "--password-stdin", "--format", "json"
    )
    found = {one["name"]: one for one in map(json.loads, lines.out.splitlines())}
    assert found.keys() == {"gw5", "closed"}
    assert found["closed"]["error"]["kind"] == "GatewayUnreachable"
    assert (found["gw5"]["hostname"], found["gw5"]["user"]) == ("Moxa", "moxa")
    fit = workstation.run("doctor", "-i", "gateways.ini", "gw[1-2]", "--password-stdin")
    assert fit.code == 0, fit.err
    assert re.search(r"^nothing stands in the way of a deploy +gw\[1-2\]$", fit.out, re.MULTILINE)


def test_one_name_of_an_inventory_is_like_one_target(workstation: Workstation) -> None:
    printed = workstation.run("status", "-i", "gateways.ini", "gw3", "--password-stdin", "--bundle", "never-there")
    assert printed.err.startswith("error: never-there is not deployed on gw3\n")
    (workstation.home / "bundlekit.toml").write_text('inventory = "gateways.ini"\n')
    printed = workstation.run("releases", "field", "--password-stdin")
    assert printed.err == "error: field means 5 gateways, and this verb takes only one\n"
    wrong = workstation.run("status", "gw4", "--password-stdin", given="wrong\n")
    assert wrong.err.startswith(f"error: moxa@{workstation.machine.address} does not accept the password")
    (workstation.home / "gateways.ini").chmod(0o666)
    assert "is not safe: every user can write to" in workstation.run("status", "gw4", given="").err


def test_changed_host_key_fails_its_gateway_alone(workstation: Workstation) -> None:
    write_names(workstation, known="gw1,gw2,gw3")
    other = make_key(workstation.home / "other").with_suffix(".pub").read_text()
    workstation.known_hosts.write_text(workstation.known_hosts.read_text() + f"gw4 {other}")
    printed = workstation.run("status", "-i", "gateways.ini", "field", "--password-stdin", "--bundle", "never-there")
    assert "error: gw4: the host key of gw4 has changed" in printed.err
    assert "error: gw[1-3]: never-there is not deployed on HOST\n" in printed.err
    assert "The host keys of 1 of 5 gateways are not known yet:\n  gw5  ssh-" in printed.err
    assert "error: gw5: the host key of gw5 is not known\n" in printed.err
    trusted = workstation.run("status", "-i", "gateways.ini", "gw[4-5]", "--password-stdin", "--accept-new-host-key")
    assert "error: gw4: the host key of gw4 has changed" in trusted.err
    assert workstation.run("status", "-i", "gateways.ini", "gw5", "--password-stdin").code in {0, 1}


def test_terminal_is_asked_once_for_all(workstation: Workstation) -> None:
    write_names(workstation, known="gw1")
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "bundlekit", "status", "-i", "gateways.ini", "field", "--bundle", "never-there"],
        env=workstation.environment,
        cwd=str(workstation.home),
        encoding="utf-8",
        timeout=60,
        dimensions=(60, 150),
    )
    terminal.expect(r"The host keys of 4 of 5 gateways are not known yet:")
    terminal.expect(r"gw2 +ssh-\S+ SHA256:\S+\s+gw3(.|\n)*gw5 ")
    terminal.expect(r"trust all of them\? \[y/N\]: ")
    terminal.sendline("y")
    terminal.expect("password of moxa, for all gateways that ask for it: ")
    terminal.sendline("wrong")
    terminal.expect("that is not the password")
    terminal.expect("password of moxa, for all gateways that ask for it: ")
    terminal.sendline(workstation.machine.password)
    terminal.expect(pexpect.EOF)
    assert "assword" not in str(terminal.before)
    assert "gw[1-5]: never-there is not deployed" in str(terminal.before)
    terminal.close()
    assert terminal.exitstatus == 3


def test_inventory_of_ansible_has_all_that_a_log_in_needs(
    workstation: Workstation, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = Path(__file__).parents[2] / ".venv/ansible/bin"
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    (workstation.home / ".ssh/config").unlink()
    (workstation.home / "hosts.yml").write_text(
        f"""
field:
  vars:
    ansible_user: {workstation.machine.user}
    ansible_password: {workstation.machine.password}
    ansible_ssh_common_args: -o HostKeyAlias={{{{ inventory_hostname }}}} -o PubkeyAuthentication=no
  hosts:
    gw[1:2]: {{ansible_host: {workstation.machine.address}}}
    gw3: {{ansible_host: {workstation.machine.address}, ansible_password: wrong}}
"""
    )
    printed = workstation.run("status", "-i", "hosts.yml", "field", "--bundle", "never-there", given="")
    assert "error: gw[1-2]: never-there is not deployed on HOST\n" in printed.err
    assert "error: gw3: moxa@" in printed.err
    assert "does not accept the password" in printed.err
    assert "wrong" not in printed.err + printed.out


def test_jump_host_that_drops_log_ins_is_asked_again(workstation: Workstation, tmp_path: Path) -> None:
    key = make_key(tmp_path / "jump")
    with Sshd(tmp_path / "sshd") as jump:
        jump.accept(key)
    jump.config.append("MaxStartups 1:100:1")  # a second log-in at once is dropped unheard
    with jump:
        write_names(workstation, "ProxyJump jump")
        with (workstation.home / ".ssh/config").open("a") as stream:
            stream.write(
                f"Host jump\n HostName 127.0.0.1\n Port {jump.port}\n User {jump.user}\n IdentityFile {key}\n"
                " StrictHostKeyChecking no\n LogLevel ERROR\n"
            )
        many = ("-i", "gateways.ini", "field", "--per-jump-host=5", "--password-stdin", "--bundle", "never-there")
        printed = workstation.run("status", *many)
    assert "error: gw[1-5]: never-there is not deployed on HOST\n" in printed.err


def test_life_of_a_bundle_on_many(workstation: Workstation) -> None:
    bundle = str(workstation.sample("0.3.0", name="many"))
    one, two = ("-i", "gateways.ini", "gw1"), ("-i", "gateways.ini", "gw[1-2]")
    of_it = ("--password-stdin", "--bundle", "many")
    first = workstation.run("deploy", *one, "--password-stdin", "--bundle", bundle)
    assert first.code == 0, first.err
    assert "many 0.3.0 runs on gw1, release 0.3.0-" in first.out
    assert workstation.run("status", *two, *of_it).out == "many 0.3.0  gw[1-2]\n"
    answer = workstation.run("api", "GET", "/many", *two, "--password-stdin")
    assert (answer.code, answer.out) == (0, 'gw[1-2]\n{\n  "key": "value"\n}\n200 OK  gw[1-2]\n')
    kept = workstation.run("verify", *two, "--password-stdin", "--bundle", bundle)
    assert (kept.code, kept.out) == (0, "bundle.json of many 0.3.0 is kept  gw[1-2]\n"), kept.err
    assert workstation.run("restart", *two, *of_it, PATIENCE).out == "many 0.3.0 runs  gw[1-2]\n"
    logs = workstation.run("logs", *two, *of_it, "-n", "5").out.splitlines()
    assert {line.split(" | ")[0] for line in logs} == {"gw1", "gw2"}
    assert workstation.run("stop", *two, *of_it, PATIENCE).out == "many 0.3.0 is stopped  gw[1-2]\n"
    stopped = workstation.run("status", *two, *of_it)
    assert (stopped.code, stopped.out) == (0, "many 0.3.0, stopped  gw[1-2]\n")
    assert workstation.run("start", *two, *of_it, PATIENCE).out == "many 0.3.0 runs  gw[1-2]\n"
    back = workstation.run("rollback", *two, *of_it, PATIENCE)
    assert (back.code, back.out) == (3, "failed  gw[1-2]\n")
    history = workstation.run("history", *two, *of_it, "--format", "json")
    assert all(len(json.loads(line)["acts"]) == 7 for line in history.out.splitlines())
    asked = workstation.run("remove", *two, *of_it)
    assert (asked.code, "--yes removes it without a question" in asked.err) == (2, True)
    removed = workstation.run("remove", *one[:2], "gw[1-2],!gw2", *of_it, "--yes")
    assert removed.out == "many is removed, its settings are kept  gw1\n", removed.err
