"""Inventories of bundlekit's own form, and those of the ssh configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundlekit.errors import BadUsage, CouldNotRun, Unreadable
from bundlekit.fleet.inventory import Gateway, read_inventory

SAMPLE = """
; what stands in front of the groups is in none
moxa@10.0.0.7:2222
moxa@[fe80::1]:22     # an IPv6 address

[north]
gw[01-03] target=moxa@10.0.1.[1,9,3] identity=keys/north
gw07 ansible_host=10.0.1.7 ansible_port=2222 ansible_user=root ansible_ssh_private_key_file=~/k

[south]
gw02
plain.example.com ansible_user="field user"

[field:children]
north
south
"""


def written(folder: Path, text: str, name: str = "gateways.ini") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_sample_has_these_gateways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    key = tmp_path / "keys/north"
    text = SAMPLE.replace('"field user"', "field")
    assert read_inventory(written(tmp_path, text)).gateways == (
        Gateway("moxa@10.0.0.7:2222", "moxa@10.0.0.7:2222"),
        Gateway("moxa@[fe80::1]:22", "moxa@[fe80::1]:22"),
        Gateway("gw01", "moxa@10.0.1.1", key, groups=("north", "field")),
        Gateway("gw02", "moxa@10.0.1.9", key, groups=("north", "south", "field")),
        Gateway("gw03", "moxa@10.0.1.3", key, groups=("north", "field")),
        Gateway("gw07", "root@10.0.1.7:2222", Path("/home/me/k"), groups=("north", "field")),
        Gateway("plain.example.com", "field@plain.example.com", groups=("south", "field")),
    )


def test_groups_contain_the_gateways_of_their_children(tmp_path: Path) -> None:
    file = written(tmp_path, "[a]\ngw1\n[b]\ngw2\n[c:children]\na\nd\n[d:children]\nb\nc\n")
    groups = read_inventory(file).groups
    assert groups == {"a": ("gw1",), "b": ("gw2",), "c": ("gw1", "gw2"), "d": ("gw1", "gw2")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gw1 target=a b", r'gateways.ini:1: "b" is not NAME=VALUE'),
        ("\ngw1 target=a identiy=k", r"gateways.ini:2: the variable identiy is not known beside"),
        ("gw[1-3] target=10.0.0.[1-2]", "gateways.ini:1: 3 names, but 2 addresses"),
        ("gw1 target=a\ngw1 target=b", 'gateways.ini:2: "gw1" has another target than before'),
        ("gw1 target=a:port", 'gateways.ini: "a:port" is not a gateway'),
        ("gw1 ansible_port=99999", 'gateways.ini: "gw1:99999" is not a gateway'),
        ("gw1 ansible_port=ssh", 'gw1: "ssh" is not a port'),
        ("a!b target=a", r'"a!b" is not a valid name of a gateway'),
        ("gw1 target='a", "gateways.ini:1: .*No closing quotation"),
        ("[a:children]\nb\n", 'gateways.ini:2: there is no group "b"'),
        ("[a b]\ngw1", "gateways.ini:1"),
        ("gw1 password=open-sesame", "gateways.ini:1: `password` takes only `group` or `own`, no password$"),
        ("gw1 password=group", "gateways.ini:1: `password=group` is of no group"),
        ("[a]\ngw1\n[a:vars]\npassword = open-sesame", "gateways.ini:4: `password` takes only"),
        ("gw1 target=a ansible_password=x", "gateways.ini:1: a password does not belong in this file"),
        ("gw1 target=a\n[all:vars]\nansible_become_pass=x", "gateways.ini:3: a password does not belong"),
        ("[b:vars]\npassword=own\n[a]\ngw1", 'gateways.ini:2: there is no group "b"'),
        ("[a]\ngw1\n[b]\ngw1\n[a:vars]\npassword=group\n[b:vars]\npassword=group", "is in another group"),
        ("# nothing\n", "has no gateways"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "that is a private key"),
    ],
)
def test_line_that_makes_no_sense_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadUsage, match=said):
        read_inventory(written(tmp_path, text))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("gateways.ini", "gw1\n[all:vars]\nansible_user=moxa\n", r"gateways.ini:3: \[all:vars\]: only Ansible"),
        ("gateways.ini", "gw1 location=roof\n", "gateways.ini:1: the variable location: only Ansible"),
        ("gateways.ini", "gw1 ansible_host={{ip}}\n", "gateways.ini:1: a template in ansible_host: only Ansible"),
        ("gateways.yml", "all: {hosts: {gw1: {}}}\n", "gateways.yml is not an INI file: only Ansible"),
    ],
)
def test_file_for_ansible_without_ansible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, said: str
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CouldNotRun, match=said):
        read_inventory(written(tmp_path, text, name))


@pytest.mark.parametrize(("content", "said"), [(b"\xff\xfe", "not text in UTF-8"), (None, "No such file")])
def test_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "gateways.ini"
    if content:
        file.write_bytes(content)
    with pytest.raises(Unreadable, match=said):
        read_inventory(file)


def test_hosts_of_the_ssh_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh/more").mkdir(parents=True)
    (tmp_path / ".ssh/config").write_text("Include more/*\nHost gw1 gw2 !gw3\nHost *\n  User moxa\nHost gw1\n")
    (tmp_path / ".ssh/more/north").write_text("Host north-1\n")
    assert [one.name for one in read_inventory(None).gateways] == ["north-1", "gw1", "gw2"]


def test_password_is_of_a_group_or_of_a_gateway(tmp_path: Path) -> None:
    text = "gw1\n[a]\ngw[2-3]\ngw4 password=own\n[b]\ngw5 password=group\n[c:children]\na\n[c:vars]\npassword=group\n"
    file = written(tmp_path, text)
    found = {one.name: (one.password_of, one.password_kept_as) for one in read_inventory(file).gateways}
    of_c = ("c", f"c of {file}")
    assert found == {"gw1": ("", ""), "gw2": of_c, "gw3": of_c, "gw4": ("gw4", ""), "gw5": ("b", f"b of {file}")}


def test_password_of_a_gateway_is_not_shown() -> None:
    assert "hidden" not in repr(Gateway("gw1", "gw1", password="hidden"))
