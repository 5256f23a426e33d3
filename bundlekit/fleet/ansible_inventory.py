"""Inventories as Ansible reads them: YAML, scripts, folders, plugins, with the variables beside them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bundlekit.bundle.ownership import why_foreign
from bundlekit.errors import BadUsage, CouldNotRun, Unreadable
from bundlekit.fleet.listing import Listing

_VAULT = "__ansible_vault"
_DECRYPTING = 4  # at once: each is a process that takes a second of a processor


def ask_ansible(path: Path, why: str) -> Listing:
    """What `ansible-inventory --list` says about a path. Values in a vault are opened as Ansible is set to do it.

    Args:
        path: of a file or folder.
        why: Ansible is needed for it, for the message where there is none.

    Raises:
        CouldNotRun: Ansible is not here.
        Unreadable: it does not understand the path, or cannot open a vault.
    """
    program = _program("ansible-inventory")
    if program is None:
        raise CouldNotRun(
            f"{why}: only Ansible can read that, and ansible-inventory is not installed here",
            hint="install ansible-core; or use a file with one gateway per line, see docs/fleet.md",
        )
    said = _run([program, "--list", "-i", str(path.absolute())], f"ansible-inventory cannot read {path}")
    try:
        document = json.loads(said)
        variables = document["_meta"]["hostvars"]
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"ansible-inventory printed an unexpected document for {path}") from error
    listing = _listing(path, document, variables)
    _open_vaults(listing)
    return listing


def _program(name: str) -> str | None:
    """A program of Ansible: where bundlekit is installed, or else on the path."""
    return shutil.which(name, path=os.path.dirname(sys.executable)) or shutil.which(name)  # noqa: PTH120


def _run(command: list[str], what: str, given: str = "") -> str:
    environment = {
        **os.environ,
        "ANSIBLE_NOCOLOR": "1",
        # Without these, a file that makes no sense is an empty inventory.
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "1",
    }
    if os.path.lexists("ansible.cfg") and (foreign := why_foreign(Path("ansible.cfg"))):
        raise BadUsage(f"the ansible.cfg in this folder is not safe: {foreign}", hint="change to another folder")
    ended = subprocess.run(
        command, input=given, capture_output=True, text=True, errors="replace", env=environment, check=False
    )
    if ended.returncode != 0:
        lines = [line for line in ended.stderr.splitlines() if line.startswith("[")]  # what follows is said twice
        raise Unreadable(what, details=tuple((lines or ended.stderr.splitlines())[:5]))
    return ended.stdout


def _listing(path: Path, document: dict[str, Any], variables: dict[str, dict[str, Any]]) -> Listing:
    found = Listing(path, is_own=False)
    for name in dict.fromkeys(_in_order("all", document, set())):
        found.hosts[name] = variables.get(name, {})
    for group, content in document.items():
        if group not in ("_meta", "all", "ungrouped"):
            found.groups[group] = list(content.get("hosts", ()))
            found.children[group] = list(content.get("children", ()))
    return found


def _in_order(group: str, document: dict[str, Any], seen: set[str]) -> Iterator[str]:
    """The hosts, as the inventory has them: the variables of all are sorted by name."""
    if group in seen:
        return
    seen.add(group)
    content = document.get(group, {})
    yield from content.get("hosts", ())
    for child in content.get("children", ()):
        yield from _in_order(child, document, seen)


def _open_vaults(listing: Listing) -> None:
    """Put the text in the place of each value that a vault keeps, if it can have to do with the log-in."""
    places = [
        (variables, key)
        for variables in listing.hosts.values()
        for key, value in variables.items()
        if isinstance(value, dict) and _VAULT in value
    ]
    closed = list(dict.fromkeys(variables[key][_VAULT] for variables, key in places))
    if not closed:
        return
    program = _program("ansible-vault")
    if program is None:
        raise CouldNotRun("the inventory has vaults, and ansible-vault is not installed here")

    def opened(text: str) -> str:
        what = f"a vault in the inventory {listing.file} cannot be opened"
        return _run([program, "decrypt", "--output", "-"], what, given=text)

    with ThreadPoolExecutor(_DECRYPTING) as pool:
        texts = dict(zip(closed, pool.map(opened, closed), strict=True))
    for variables, key in places:
        variables[key] = texts[variables[key][_VAULT]]
