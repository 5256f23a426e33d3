"""Which gateways the command line means: addresses as they are typed, or names and patterns of an inventory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.errors import BadUsage, CouldNotRun
from bundlekit.quoting import quoted

if TYPE_CHECKING:
    from bundlekit.fleet.inventory import Gateway, Inventory


@dataclass(frozen=True)
class Meant:
    """The gateways that are meant.

    Attributes:
        gateways: in the order of the inventory, or as they are typed.
        inventory: where they are from; None for addresses.
        is_single: whether it is one gateway by its name or address, and no group or pattern.
    """

    gateways: tuple[Gateway, ...]
    inventory: Path | None
    is_single: bool


def meant_by(targets: Sequence[str], inventory: Path | None, ssh_config: Path | None = None) -> Meant:
    """The gateways that TARGETs mean; all of the inventory where there are none.

    Args:
        targets: as typed.
        inventory: of `--inventory`; without one, that of the settings counts for the words that it knows.
        ssh_config: whose Hosts globs mean where there is no inventory.

    Raises:
        BundlekitError: a word means nothing, or the inventory cannot be read.
    """
    from bundlekit.fleet.inventory import Gateway, read_inventory
    from bundlekit.fleet.patterns import is_pattern
    from bundlekit.ssh.target import parse_target

    is_plain = not any(map(is_pattern, targets))
    if inventory is not None:
        return _from(read_inventory(inventory), inventory, targets)
    if (file := _inventory_here()) is not None:
        known = read_inventory(file)
        if not is_plain or any(target in known for target in targets):
            return _from(known, file, targets)
    if is_plain:
        named = tuple(Gateway(target, target) for target in dict.fromkeys(targets))
        if len(named) > 1:  # of one, its verb does so
            for gateway in named:
                parse_target(gateway.target)
        return Meant(named, None, len(named) == 1)
    return Meant(_without_inventory(targets, ssh_config), None, is_single=False)


def _from(known: Inventory, file: Path, targets: Sequence[str]) -> Meant:
    found = known.select(",".join(targets) if targets else "all")
    if not found:
        raise BadUsage(f"{quoted(','.join(targets))} matches no gateway of the inventory {file}")
    is_single = len(targets) == 1 and targets[0] == found[0].name and targets[0] not in known.groups
    return Meant(found, file, is_single)


def _without_inventory(targets: Sequence[str], ssh_config: Path | None) -> tuple[Gateway, ...]:
    """Ranges mean addresses, and globs the Hosts of the ssh configuration."""
    from bundlekit.fleet.folding import expand
    from bundlekit.fleet.inventory import Gateway, Inventory, read_inventory
    from bundlekit.fleet.patterns import words_of
    from bundlekit.ssh.target import parse_target

    words = words_of(",".join(targets))
    if any(word == "all" for _, word in words):
        raise BadUsage("`all` needs an inventory", hint="name it with -i FILE")
    if all(sign for sign, _ in words):
        what = f"{quoted(','.join(targets))} means all gateways but some, and there is no inventory"
        raise BadUsage(what, hint="name it with -i FILE, or name gateways before `!` and `&`")
    typed = [each for sign, word in words if not sign and "*" not in word and "?" not in word for each in expand(word)]
    for each in typed:
        parse_target(each)
    hosts = read_inventory(None, ssh_config).gateways
    known = {gateway.name: gateway for gateway in (*(Gateway(each, each) for each in typed), *hosts)}
    found = Inventory(tuple(known.values()), {}).select(",".join(targets))
    if not found:
        raise BadUsage(f"{quoted(','.join(targets))} matches no gateway")
    return found


def _inventory_here() -> Path | None:
    try:
        folder = Path.cwd()
    except FileNotFoundError:  # the folder is gone, and its settings with it
        return None
    return inventory_of_settings(folder)


def inventory_of_settings(folder: Path) -> Path | None:
    """The inventory that the settings which count in a folder name, if they do.

    Raises:
        BundlekitError: they cannot be read or make no sense, or somebody else can write the inventory.
    """
    files = (one / name for one in (folder, *folder.parents) for name in ("bundlekit.toml", "pyproject.toml"))
    if not any(map(_may_name_one, files)):  # the usual case; to read settings takes time, and they may have mistakes
        return None
    from bundlekit.bundle.ownership import why_foreign
    from bundlekit.cli.report_error import note
    from bundlekit.lint.settings import TRUST_HINT, NearestSettings

    nearest = NearestSettings()
    settings = nearest.of(folder)
    for file, reason in nearest.left_out.items():
        note(f"the settings in {file} are ignored: {reason}")
    if settings is None or settings.inventory is None:
        return None
    if why := why_foreign(settings.inventory):
        raise CouldNotRun(f"the inventory {settings.inventory} in the settings is not safe: {why}", hint=TRUST_HINT)
    return settings.inventory


def _may_name_one(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return b"inventory" in stream.read(1024 * 1024)
    except OSError:
        return False
