"""Which gateways the command line means."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bundlekit.cli.inventories import meant_by
from bundlekit.cli.main import cli
from bundlekit.errors import BadUsage, BundlekitError, CouldNotRun

INVENTORY = "[north]\ngw[01-03] target=moxa@10.0.0.[1-3]\n[lone]\ngw09\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "gateways.ini").write_text(INVENTORY)
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/config").write_text("Host field-1 field-2 other\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("targets", "inventory", "names", "is_single"),
    [
        ("moxa@10.0.0.9", False, "moxa@10.0.0.9", True),
        ("gw01", False, "gw01", True),
        ("all", False, "all", True),
        ("a b a", False, "a b", False),
        ("a,moxa@b:7", False, "a moxa@b:7", False),
        ("moxa@10.0.0.[8-9]", False, "moxa@10.0.0.8 moxa@10.0.0.9", False),
        ("field-*", False, "field-1 field-2", False),
        ("field-*,!field-1", False, "field-2", False),
        ("gw01", True, "gw01", True),
        ("gw01,", True, "gw01", False),
        ("lone", True, "gw09", False),
        ("north gw09", True, "gw01 gw02 gw03 gw09", False),
        ("", True, "gw01 gw02 gw03 gw09", False),
    ],
)
def test_words_of_the_command_line_mean(targets: str, inventory: bool, names: str, is_single: bool) -> None:
    meant = meant_by(targets.split(), Path("gateways.ini") if inventory else None)
    assert ([gateway.name for gateway in meant.gateways], meant.is_single) == (names.split(), is_single)


@pytest.mark.parametrize(
    ("targets", "inventory", "said"),
    [
        ("gw01 10.0.0.9", True, "no gateway and no group 10.0.0.9"),
        ("north,&lone", True, "matches no gateway of the inventory"),
        ("!field-1", False, '"!field-1" means all gateways but some, and there is no inventory'),
        ("&field-1", False, '"&field-1" means all gateways but some, and there is no inventory'),
        ("all,!field-1", False, "`all` needs an inventory"),
        ("a b:port", False, '"port" is not a port'),
        ("a,-oProxyCommand=x", False, "is not a gateway"),
        ("a,a&field-*", False, "matches no gateway"),
    ],
)
def test_words_that_mean_nothing(targets: str, inventory: bool, said: str) -> None:
    with pytest.raises(BadUsage, match=said):
        meant_by(targets.split(), Path("gateways.ini") if inventory else None)


def test_inventory_of_the_settings_counts_for_what_it_knows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "pyproject.toml").write_text('[tool.bundlekit]\ninventory = "gateways.ini"\n')
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    for targets, found in (("gw01", "moxa@10.0.0.1"), ("north", "moxa@10.0.0.1"), ("gw04", "gw04"), ("a@b", "a@b")):
        assert meant_by([targets], None).gateways[0].target == found
    everything = meant_by(["all"], None)
    assert (everything.gateways, everything.is_single) == (meant_by([], folder / "gateways.ini").gateways, False)
    (folder / "gateways.ini").chmod(0o666)
    with pytest.raises(CouldNotRun, match="is not safe: every user can write"):
        meant_by(["gw01"], None)
    (folder / "pyproject.toml").chmod(0o666)
    assert meant_by(["gw01"], None).inventory is None


@pytest.mark.parametrize("verb", ["status", "restart", "remove"])
def test_no_target_is_never_all_of_the_settings_inventory(folder: Path, verb: str) -> None:
    (folder / "bundlekit.toml").write_text('inventory = "gateways.ini"\n')
    with pytest.raises(BadUsage, match="no gateway is named"):
        CliRunner().invoke(cli, [verb], catch_exceptions=False)


def test_key_in_place_of_an_inventory(folder: Path) -> None:
    (folder / "key").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    for verb in ("status", "deploy"):
        with pytest.raises(BundlekitError, match="key: that is a private key") as refused:
            CliRunner().invoke(cli, [verb, "-i", "key", "gw01"], catch_exceptions=False)
        assert "--identity" in str(refused.value.hint)
