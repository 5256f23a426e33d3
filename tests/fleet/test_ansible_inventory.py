"""What Ansible takes as an inventory, asked of the real one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bundlekit.errors import BadUsage, Unreadable
from bundlekit.fleet.ansible_variables import log_in_by
from bundlekit.fleet.inventory import Gateway, read_inventory

PROGRAMS = Path(__file__).parents[2] / ".venv/ansible/bin"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with Ansible on the path."""
    monkeypatch.setenv("PATH", f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_yaml_with_variables_of_a_folder_and_a_vault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "vault-password").write_text("open sesame\n")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(folder / "vault-password"))
    encrypt = [str(PROGRAMS / "ansible-vault"), "encrypt_string", "gateways' own", "--name", "ansible_become_password"]
    vault = subprocess.run(encrypt, capture_output=True, text=True, check=True).stdout
    (folder / "group_vars").mkdir()
    (folder / "group_vars/north.yml").write_text(f"ansible_user: moxa\nsite: roof\n{vault}")
    (folder / "gateways.yml").write_text(
        """
all:
  children:
    north:
      hosts:
        gw[2:3]: {ansible_host: "{{ inventory_hostname }}.example.com"}
        gw1:
          ansible_host: 10.0.0.1
          ansible_port: 2222
          ansible_ssh_private_key_file: "{{ inventory_dir }}/key"
          ansible_ssh_common_args: -J jump -o ServerAliveInterval=9
          ansible_python_interpreter: /usr/bin/python2
    field:
      children: {north: {}}
"""
    )
    inventory = read_inventory(Path("gateways.yml"))
    groups, password = ("field", "north"), "gateways' own"
    assert sorted(inventory.gateways, key=lambda one: one.name) == [
        Gateway(
            "gw1",
            "moxa@10.0.0.1:2222",
            folder / "key",
            ("-o", "ProxyJump=jump"),
            groups,
            password,
        ),
        Gateway("gw2", "moxa@gw2.example.com", groups=groups, password=password),
        Gateway("gw3", "moxa@gw3.example.com", groups=groups, password=password),
    ]
    assert [one.name for one in inventory.select("field")] == ["gw2", "gw3", "gw1"]
    monkeypatch.delenv("ANSIBLE_VAULT_PASSWORD_FILE")
    with pytest.raises(Unreadable, match=r"a vault in the inventory gateways\.yml cannot be opened"):
        read_inventory(Path("gateways.yml"))


def test_folder_with_a_program_and_a_file(folder: Path) -> None:
    (folder / "all").mkdir()
    (folder / "all/1.ini").write_text("gw1\n[north]\ngw1\n[north:vars]\nansible_user=moxa\n")
    program = folder / "all/2"
    program.write_text('#!/bin/sh\necho \'{"south": {"hosts": ["gw2"]}}\'\n')
    program.chmod(0o755)
    gateways = (Gateway("gw1", "moxa@gw1", groups=("north",)), Gateway("gw2", "gw2", groups=("south",)))
    assert read_inventory(folder / "all").gateways == gateways
    assert read_inventory(program).gateways == gateways[1:]


def test_host_that_is_no_gateway_matters_only_where_it_is_meant(folder: Path) -> None:
    (folder / "hosts.yml").write_text("all: {hosts: {gw1: {}, here: {ansible_connection: local}}}")
    inventory = read_inventory(Path("hosts.yml"))
    assert inventory.select("all,!here") == (Gateway("gw1", "gw1"),)
    with pytest.raises(BadUsage, match=r"inventory hosts\.yml: here: the variable ansible_connection is \"local\""):
        inventory.select("all")


def test_file_that_ansible_does_not_understand(folder: Path) -> None:
    (folder / "gateways.yml").write_text("all: {hosts: [gw1")
    with pytest.raises(Unreadable, match=r"cannot read gateways\.yml") as refused:
        read_inventory(Path("gateways.yml"))
    assert "did not find expected ',' or ']'" in refused.value.details[0]


def test_settings_of_another_user_are_not_obeyed(folder: Path) -> None:
    (folder / "gateways.yml").write_text("all: {hosts: {gw1: {}}}")
    (folder / "ansible.cfg").write_text("[defaults]\n")
    (folder / "ansible.cfg").chmod(0o666)
    with pytest.raises(BadUsage, match=r"ansible\.cfg in this folder is not safe: every user can write"):
        read_inventory(Path("gateways.yml"))


@pytest.mark.parametrize(
    ("variables", "options"),
    [
        (
            {"ansible_ssh_common_args": "-4 -C -o 'ProxyCommand=nc %h %p' -o ControlPersist=60s"},
            ("AddressFamily=inet", "ProxyCommand=nc %h %p"),
        ),
        ({"ansible_ssh_extra_args": "-oUser=x -l y -p 22 -b ::1"}, ("User=x", "User=y", "Port=22", "BindAddress=::1")),
        ({"ansible_timeout": 7}, ("ConnectTimeout=7",)),
        ({"ansible_host_key_checking": False}, ("StrictHostKeyChecking=accept-new",)),
        ({"ansible_become": True, "ansible_become_method": "sudo", "ansible_connection": "ssh"}, ()),
        ({"ansible_ssh_pipelining": True, "ansible_python_interpreter": "/usr/bin/python", "ansible": 1}, ()),
        ({"ansible_user": "root", "ansible_become": False}, ()),
    ],
)
def test_variables_that_are_honoured(variables: dict[str, object], options: tuple[str, ...]) -> None:
    wanted = tuple(word for option in options for word in ("-o", option))
    assert log_in_by("gw1", variables).ssh_options == wanted


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"ansible_connection": "local"}, "ansible_connection"),
        ({"ansible_become": "no"}, "ansible_become"),
        ({"ansible_become_method": "su"}, "ansible_become_method"),
        ({"ansible_become_user": "moxa"}, "ansible_become_user"),
        ({"ansible_password": "a", "ansible_become_password": "b"}, "ansible_become_password"),
        ({"ansible_host": "{{ ip | default('x') }}"}, "ansible_host"),
        ({"ansible_password": {"__ansible_vault": "x"}}, "ansible_password"),
        ({"ansible_ssh_common_args": "-o User=x evil"}, "ansible_ssh_common_args"),
        ({"ansible_ssh_extra_args": "-L 1:x:2"}, "ansible_ssh_extra_args"),
        ({"ansible_ssh_args": "'"}, "ansible_ssh_args"),
        ({"ansible_ssh_args": "-o Ciphers=aes256-ctr"}, "ansible_ssh_args"),
        ({"ansible_ssh_private_key": "BEGIN"}, "ansible_ssh_private_key"),
        ({"ansible_paramiko_proxy_command": "nc"}, "ansible_paramiko_proxy_command"),
    ],
)
def test_variable_that_cannot_be_honoured_is_named(variables: dict[str, object], named: str) -> None:
    with pytest.raises(BadUsage, match=f"gw1: the variable {named} ") as refused:
        log_in_by("gw1", variables)
    assert "'b'" not in refused.value.message
