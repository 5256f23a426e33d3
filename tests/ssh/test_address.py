"""From a target and an ssh configuration to an address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bundlekit.errors import Unreadable
from bundlekit.ssh.address import look_up
from bundlekit.ssh.target import parse_target

CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("", "moxa@gw", {"host": "gw", "port": 22, "user": "moxa", "key_name": "gw", "proxy": None}),
    ("", "moxa@gw:2222", {"port": 2222, "key_name": "[gw]:2222"}),
    (
        "HostName 10.1.1.1\n User ada\n Port 2222",
        "gw",
        {"host": "10.1.1.1", "user": "ada", "key_name": "[10.1.1.1]:2222"},
    ),
    ("User ada\n Port 2222", "eve@gw:22", {"user": "eve", "port": 22, "key_name": "gw"}),
    ("HostKeyAlias box7\n Port 2222", "gw", {"key_name": "box7"}),
    ("IdentityFile /k1\n IdentityFile /k2", "gw", {"identities": ("/k1", "/k2")}),
    ("ProxyCommand nc %h %p", "gw", {"proxy": "nc gw 22"}),
    ("ProxyCommand none", "gw", {"proxy": None}),
    ("ProxyJump none", "gw", {"proxy": None}),
    ("ProxyJump me@jump:2222", "gw", {"proxy": "ssh -F {config} -W '[gw]:22' ssh://me@jump:2222"}),
    ("ProxyJump a,b:2", "gw", {"proxy": "ssh -F {config} -J a -W '[gw]:22' ssh://b:2"}),
    ("UserKnownHostsFile /a /b", "gw", {"remember_in": Path("/a")}),
    ("UserKnownHostsFile none", "gw", {"remember_in": None}),
]


@pytest.mark.parametrize(("lines", "target", "expected"), CASES)
def test_configuration_counts_and_the_target_wins(
    tmp_path: Path, lines: str, target: str, expected: dict[str, Any]
) -> None:
    config = tmp_path / "config"
    config.write_text(f"Host gw\n {lines}\n")
    address = look_up(parse_target(target), config)
    for name, value in expected.items():
        wanted = value.format(config=config) if isinstance(value, str) else value
        assert getattr(address, name) == wanted


@pytest.mark.parametrize("lines", ["Port none-such", 'UserKnownHostsFile "/a', "Bogus yes"])
def test_configuration_that_makes_no_sense_is_named(tmp_path: Path, lines: str) -> None:
    config = tmp_path / "config"
    config.write_text(f"Host gw\n {lines}\n")
    with pytest.raises(Unreadable, match=str(config)):
        look_up(parse_target("gw"), config)
