"""Reads inventories of bundlekit's own form: a gateway a line, groups as Ansible's INI files have them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from bundlekit.errors import BadUsage
from bundlekit.fleet.ansible_variables import PASSWORDS, SYNONYMS
from bundlekit.fleet.folding import expand, has_range
from bundlekit.fleet.listing import Listing
from bundlekit.quoting import quoted
from bundlekit.ssh.target import parse_target

OWN_WORDS = ("target", "identity", "password")
OF_ITSELF = "="  # in place of the name of a group, and no group is called so: the gateway has a password of its own
_SECTION = re.compile(r"\[([^\[\]:\s]+)(?::(\w+))?\]\s*(?:[#;].*)?")
_GROUP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@%+/\\-]*")  # without what patterns give a meaning
_KEEP_IT = "`bundlekit login -i FILE NAME` keeps it in the keyring; --password-stdin gives one for all"
_LONGEST_NAME = 255  # characters; DNS has no longer names


class NeedsAnsible(Exception):
    """The file has something that only Ansible understands; the text says what and where."""


def read_ini(text: str, file: Path) -> Listing:
    """Read `[groups]` and lines such as `gw[01-80] target=moxa@10.0.0.[1-80] identity=keys/gateways`.

    Args:
        text: of the file.
        file: for messages.

    Raises:
        NeedsAnsible: it has something of Ansible's that is not understood here.
        BadUsage: a line makes no sense, for Ansible neither.
    """
    return _Reader(file).read(text)


class _Reader:
    def __init__(self, file: Path) -> None:
        self._listing = Listing(file)
        self._place = ""
        self._lines_of_children: list[tuple[str, str]] = []
        self._own: str | None = None  # where the first word of bundlekit's own stands
        self._foreign: NeedsAnsible | None = None
        self._secret: str | None = None  # where the first password stands
        self._passwords: dict[str, tuple[str, str]] = {}  # what `password` says of each group, and where

    def read(self, text: str) -> Listing:
        group, kind = "", None
        for number, line in enumerate(text.splitlines(), start=1):
            self._place = f"{self._listing.file}:{number}"
            stripped = line.strip()
            if not stripped or stripped[0] in "#;":
                continue
            if found := _SECTION.fullmatch(stripped):
                group, kind = found[1], found[2]
                self._begin(group, kind)
            elif kind == "children":
                self._add_child(group, stripped)
            elif kind == "vars":
                self._add_variable(group, stripped)
            elif kind is None:
                self._add_line(group, stripped)
        self._check()
        return self._listing

    def _begin(self, group: str, kind: str | None) -> None:
        if not _GROUP.fullmatch(group):
            raise BadUsage(
                f"{self._place}: {quoted(group)} is not a valid name of a group", hint="such as [substations]"
            )
        if kind not in (None, "children", "vars"):
            self._leave_to_ansible(f"[{group}:{kind}]")
        elif kind != "vars" and group not in ("all", "ungrouped"):
            self._listing.groups.setdefault(group, [])

    def _add_child(self, group: str, line: str) -> None:
        child = line.partition("#")[0].strip()
        self._listing.children.setdefault(group, []).append(child)
        self._lines_of_children.append((child, self._place))

    def _add_variable(self, group: str, line: str) -> None:
        key, _, value = (part.strip() for part in line.partition("="))
        if key != "password":
            self._secret = self._secret or (self._place if key in PASSWORDS else None)
            self._leave_to_ansible(f"[{group}:vars]")
            return
        self._own = self._own or self._place
        self._passwords[group] = self._whose(group, value), self._place

    def _whose(self, group: str, value: str) -> str:
        """Whose a password is: a group's, or `OF_ITSELF`. The value is not shown: it may be the password."""
        if value == "own":
            return OF_ITSELF
        if value != "group":
            raise BadUsage(f"{self._place}: `password` takes only `group` or `own`, no password", hint=_KEEP_IT)
        if not group or group == "ungrouped":
            raise BadUsage(f"{self._place}: `password=group` is of no group", hint="write it below [GROUP]")
        return group

    def _add_line(self, group: str, line: str) -> None:
        try:
            name, *words = shlex.split(line, comments=True)
        except ValueError as error:
            raise BadUsage(f"{self._place}: {quoted(line)} cannot be read: {error}") from error
        variables = dict(self._variable(word) for word in words)
        if "password" in variables:
            variables["password"] = self._whose(group, variables["password"])
        names = expand(name) if has_range(name) else (name,)
        columns = {key: self._column(key, value, len(names)) for key, value in variables.items()}
        for at, each in enumerate(names):
            self._add_gateway(group, each, {key: column[at] for key, column in columns.items()})

    def _variable(self, word: str) -> tuple[str, str]:
        key, sign, value = word.partition("=")
        if not sign or not re.fullmatch(r"\w+", key):
            hint = "write one gateway per line: NAME target=[USER@]HOST[:PORT] identity=KEYFILE"
            raise BadUsage(f"{self._place}: {quoted(word)} is not NAME=VALUE", hint=hint)
        if key in OWN_WORDS:
            self._own = self._own or self._place
        elif key not in SYNONYMS:
            self._secret = self._secret or (self._place if key in PASSWORDS else None)
            self._leave_to_ansible(f"the variable {key}")
        if "{{" in value or "{%" in value:
            self._leave_to_ansible(f"a template in {key}")
        return key, value

    def _column(self, key: str, value: str, count: int) -> tuple[str, ...]:
        """The value for each gateway of a line: one of a range each, or the same for all."""
        if key not in ("target", "ansible_host") or not has_range(value):
            return (value,) * count
        values = expand(value)
        if len(values) != count:
            raise BadUsage(f"{self._place}: {count} names, but {len(values)} addresses in {quoted(value)}")
        return values

    def _add_gateway(self, group: str, name: str, variables: dict[str, str]) -> None:
        if not variables and not _NAME.fullmatch(name):
            parse_target(name)  # an IPv6 address has brackets
        elif not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
            raise BadUsage(f"{self._place}: {quoted(name)} is not a valid name of a gateway", hint="such as gw-07")
        known = self._listing.hosts.setdefault(name, {})
        for key, value in variables.items():
            if known.setdefault(key, value) != value:
                raise BadUsage(f"{self._place}: {quoted(name)} has another {key} than before")
        if group not in ("", "all", "ungrouped"):
            self._listing.groups[group].append(name)

    def _leave_to_ansible(self, what: str) -> None:
        self._foreign = self._foreign or NeedsAnsible(f"{self._place}: {what}")

    def _check(self) -> None:
        if self._secret and self._own:
            raise BadUsage(f"{self._secret}: a password does not belong in this file", hint=_KEEP_IT)
        if self._foreign and self._own:
            where, _, what = str(self._foreign).partition(": ")
            raise BadUsage(
                f"{where}: {what} is not known beside words of bundlekit (first in line "
                f"{self._own.rpartition(':')[2]})",
                hint=f"known are {', '.join((*OWN_WORDS, *SYNONYMS))}; a file for Ansible has no words of bundlekit",
            )
        if self._foreign:
            raise self._foreign
        self._spread_passwords()
        for child, place in self._lines_of_children:
            if child not in self._listing.groups and child not in self._listing.children:
                raise BadUsage(f"{place}: there is no group {quoted(child)}")

    def _spread_passwords(self) -> None:
        """Give what is said of groups to their gateways; what is said of a gateway itself wins."""
        members = {"all": tuple(self._listing.hosts), **self._listing.members()}
        said: dict[str, str] = {}
        for group, (whose, place) in self._passwords.items():
            if group not in members:
                raise BadUsage(f"{place}: there is no group {quoted(group)}")
            for name in members[group]:
                if "password" in self._listing.hosts[name]:
                    continue
                if said.setdefault(name, whose) != whose:
                    raise BadUsage(f"{place}: {quoted(name)} is in another group that has a password of its own, too")
        for name, whose in said.items():
            self._listing.hosts[name]["password"] = whose
