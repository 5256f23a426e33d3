"""Which gateways there are, and how to log in to each of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bundlekit.errors import BadUsage, Unreadable, reason_of
from bundlekit.fleet.listing import Listing
from bundlekit.fleet.patterns import matching
from bundlekit.ssh.host_names import host_names

_LARGEST = 16 * 1024 * 1024  # bytes: far more than anybody has gateways
_BESIDE = ("group_vars", "host_vars")


@dataclass(frozen=True)
class Gateway:
    """A gateway of an inventory.

    Attributes:
        name: in the inventory; every message, event and report uses it.
        target: where to log in: `[user@]host[:port]`.
        identity: a private key file.
        ssh_options: for `ssh -G`: `-o KEYWORD=VALUE`, or `-F FILE`.
        groups: that it is in.
        password: for the log-in and for sudo.
        password_of: the group that has a password of its own, or the name of the gateway if that has; else empty.
        password_kept_as: what the keyring has the password of this group under; empty if it is of no group.
    """

    name: str
    target: str
    identity: Path | None = None
    ssh_options: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    password: str | None = field(default=None, repr=False)
    password_of: str = ""
    password_kept_as: str = ""


@dataclass(frozen=True)
class Inventory:
    """Gateways in order, and the names of those in each group.

    Attributes:
        unfit: what cannot be honoured, by the names of hosts. An inventory of Ansible has other hosts than gateways.
    """

    gateways: tuple[Gateway, ...]
    groups: Mapping[str, tuple[str, ...]]
    unfit: Mapping[str, BadUsage] = field(default_factory=dict)

    def select(self, pattern: str) -> tuple[Gateway, ...]:
        """The gateways that a pattern means, in the order of the inventory; see `matching`.

        Raises:
            BadUsage: it makes no sense, a word of it matches nothing, or what is said of a gateway cannot be honoured.
        """
        wanted = set(matching(pattern, (one.name for one in self.gateways), self.groups))
        for name, error in self.unfit.items():
            if name in wanted:
                raise error
        return tuple(one for one in self.gateways if one.name in wanted)

    def __contains__(self, name: object) -> bool:
        """Whether a gateway or a group is called so; the group of all is `all`."""
        return name == "all" or name in self.groups or any(one.name == name for one in self.gateways)


def read_inventory(path: Path | None, ssh_config: Path | None = None) -> Inventory:
    """Read an inventory.

    Args:
        path: of a file of bundlekit's own form, or of a file or folder that Ansible takes; None for the Hosts of
        ssh_config: by default `~/.ssh/config`.

    Raises:
        BundlekitError: it cannot be read, or makes no sense.
    """
    if path is None:
        return Inventory(tuple(Gateway(name, name) for name in host_names(ssh_config)), {})
    listing = _listed(path)
    if not listing.hosts:
        raise BadUsage(f"the inventory {path} has no gateways", hint="write one per line, such as moxa@192.168.4.127")
    groups = listing.members()
    of_each: dict[str, list[str]] = {name: [] for name in listing.hosts}
    for group, members in groups.items():
        for name in members:
            of_each[name].append(group)
    gateways, unfit = [], {}
    for name in listing.hosts:
        try:
            gateways.append(_gateway(listing, name, tuple(of_each[name])))
        except BadUsage as error:
            if listing.is_own:
                raise
            gateways.append(Gateway(name, name, groups=tuple(of_each[name])))
            unfit[name] = error
    return Inventory(tuple(gateways), groups, unfit)


def _listed(path: Path) -> Listing:
    # Most commands name one gateway, and load none of what reads inventories.
    from bundlekit.fleet.ansible_inventory import ask_ansible
    from bundlekit.fleet.ini_file import NeedsAnsible, read_ini

    if path.is_dir():
        return ask_ansible(path, f"{path} is a folder")
    text = _text(path)
    if text.startswith(("-----BEGIN", "PuTTY-User-Key-File")):
        raise BadUsage(f"{path}: that is a private key", hint="use --identity; -i is for an inventory of gateways")
    if os.access(path, os.X_OK) and text.startswith("#!"):
        return ask_ansible(path, f"{path} is a program")
    if path.suffix in (".yml", ".yaml", ".json", ".toml") or text.startswith(("---", "{")):
        return ask_ansible(path, f"{path} is not an INI file")
    if beside := next((name for name in _BESIDE if (path.parent / name).is_dir()), None):
        return ask_ansible(path, f"{path.parent / beside} has variables for {path.name}")
    try:
        return read_ini(text, path)
    except NeedsAnsible as needed:
        return ask_ansible(path, str(needed))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        raise Unreadable(f"cannot read the inventory {path}: {reason_of(error)}") from error
    if len(content) > _LARGEST:
        raise Unreadable(f"the inventory {path} is larger than {_LARGEST // 1024 // 1024} MB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"the inventory {path} is not text in UTF-8: {reason_of(error)}") from error


def _gateway(listing: Listing, name: str, groups: tuple[str, ...]) -> Gateway:
    from bundlekit.fleet.ansible_variables import log_in_by
    from bundlekit.fleet.ini_file import OF_ITSELF, OWN_WORDS

    place = listing.file.absolute()
    folder = place if place.is_dir() else place.parent
    variables = {"inventory_dir": str(folder), "inventory_file": str(place), **listing.hosts[name]}
    own = {word: variables.pop(word, None) for word in OWN_WORDS} if listing.is_own else {}
    password_of, kept_as = own.get("password") or "", ""
    if password_of == OF_ITSELF:
        password_of = name
    elif password_of:
        kept_as = f"{password_of} of {place}"
    try:
        found = log_in_by(name, variables, target=own.get("target"))
    except BadUsage as error:
        raise BadUsage(f"the inventory {listing.file}: {error.message}", hint=error.hint) from error
    if named := own.get("identity"):
        identity: Path | None = folder / Path(named).expanduser()
    else:  # Ansible starts from the current folder
        identity = Path(found.identity).expanduser() if found.identity else None
    return Gateway(name, found.target, identity, found.ssh_options, groups, found.password, password_of, kept_as)
