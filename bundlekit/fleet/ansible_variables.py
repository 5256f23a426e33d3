"""What Ansible's variables of a host say about the log-in, in bundlekit's terms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bundlekit.errors import BadUsage
from bundlekit.fleet.ssh_arguments import ArgumentsUnfit, parse_arguments
from bundlekit.quoting import quoted
from bundlekit.ssh.target import Target, parse_target

SYNONYMS = {
    "ansible_host": "host",
    "ansible_ssh_host": "host",
    "ansible_port": "port",
    "ansible_ssh_port": "port",
    "ansible_user": "user",
    "ansible_ssh_user": "user",
    "ansible_ssh_private_key_file": "identity",
    "ansible_private_key_file": "identity",
}
"""The variables that a file of bundlekit's own form may have as well."""

PASSWORDS = {
    "ansible_password": "password",
    "ansible_ssh_pass": "password",
    "ansible_ssh_password": "password",
    "ansible_become_password": "become password",
    "ansible_become_pass": "become password",
    "ansible_sudo_pass": "become password",
}
"""The variables that are passwords."""

_ARGUMENTS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
# Other variables of these kinds change who logs in where: to leave one out in silence could reach the wrong gateway.
_MATTERS = re.compile(
    r"ansible_(connection|password|port|host|user|timeout|private_key|host_key_checking|"
    r"ssh_|become|sudo|su_|su$|paramiko_).*"
)
# They are about what Ansible does once it is logged in, or about its speed.
_HARMLESS = re.compile(
    r"ansible_(ssh_(pipelining|retries|transfer_method|control_path|control_path_dir|use_tty|reconnection_retries|"
    r"verbosity)|connection_(?!user).*|sudo_flags|host_pinned|paramiko_(pty|look_for_keys|record_host_keys))"
)
_CONNECTIONS = ("ssh", "smart", "ansible.builtin.ssh", "paramiko", "paramiko_ssh", "ansible.netcommon.paramiko_ssh")
_TEMPLATE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_DEEPEST = 5  # variables in variables


@dataclass(frozen=True)
class LogIn:
    """How to log in to a host: the fields of a `Gateway`."""

    target: str
    identity: str | None
    ssh_options: tuple[str, ...]
    password: str | None


def log_in_by(name: str, variables: Mapping[str, Any], *, target: str | None = None) -> LogIn:
    """What variables say.

    Args:
        name: of the host in the inventory.
        variables: of it, with those of its groups.
        target: where to log in, where the variables do not say it; by default the name is the host's.

    Raises:
        BadUsage: a variable cannot be honoured; it is named.
    """
    said = {key: _filled_in(name, key, value, variables) for key, value in variables.items() if _counts(key)}
    plain: dict[str, str] = {}
    for synonyms in (SYNONYMS, PASSWORDS):
        for key, meaning in synonyms.items():
            if said.get(key) not in (None, ""):
                plain.setdefault(meaning, str(said[key]))
    for key, value in said.items():
        if key not in SYNONYMS and key not in PASSWORDS and key not in _ARGUMENTS:
            _check(name, key, value, plain.get("user"))
    if plain.get("password") and plain.get("become password", plain["password"]) != plain["password"]:
        raise _unfit(
            name, "ansible_become_password", "differs from ansible_password; bundlekit uses one password for both"
        )
    options: list[str] = []
    for key in _ARGUMENTS:
        options += _ssh_options(name, key, str(said[key])) if said.get(key) else []
    if (seconds := said.get("ansible_timeout", said.get("ansible_ssh_timeout"))) is not None:
        options += ["-o", f"ConnectTimeout={seconds}"]
    checking = said.get("ansible_ssh_host_key_checking", said.get("ansible_host_key_checking"))
    if checking is not None and not _truth(checking):
        options += ["-o", "StrictHostKeyChecking=accept-new"]
    return LogIn(
        _target(name, target or name, plain),
        plain.get("identity"),
        tuple(options),
        plain.get("password", plain.get("become password")),
    )


def _counts(key: str) -> bool:
    return bool(_MATTERS.fullmatch(key)) and not _HARMLESS.fullmatch(key)


def _target(name: str, target: str, plain: Mapping[str, str]) -> str:
    port = plain.get("port", "")
    if not (port.isascii() and port.isdigit()) and port:
        raise BadUsage(f"{name}: {quoted(port)} is not a port")
    base = parse_target(plain.get("host", target))
    found = str(Target(base.host, plain.get("user", base.user), int(port) if port else base.port))
    parse_target(found)  # the user and the port may be odd
    return found if plain.keys() & {"host", "port", "user"} else target


def _filled_in(name: str, key: str, value: Any, variables: Mapping[str, Any]) -> Any:
    """A value with the variables in it that are plain texts themselves."""
    if isinstance(value, dict) and "__ansible_vault" in value:
        raise _unfit(name, key, "is in a vault that was not decrypted")
    if not isinstance(value, str):
        return value
    known = {**variables, "inventory_hostname": name}

    def value_of(found: re.Match[str]) -> str:
        other = known.get(found[1])
        return str(other) if isinstance(other, str | int) and not isinstance(other, bool) else found[0]

    for _ in range(_DEEPEST):
        value = _TEMPLATE.sub(value_of, value)
    if "{{" in value or "{%" in value:
        raise _unfit(name, key, f"is the template {quoted(value)}, which Ansible fills in only when it runs a play")
    return value


def _check(name: str, key: str, value: Any, user: str | None) -> None:
    """That a variable asks for nothing but what bundlekit does anyway."""
    text = str(value)
    accepted = {
        "ansible_connection": _CONNECTIONS,
        "ansible_become_method": ("sudo", "ansible.builtin.sudo"),
        "ansible_become_user": ("root",),
        "ansible_become_exe": ("sudo", ""),
        "ansible_become_flags": ("-H -S -n", "-H -S", "-H", ""),
        "ansible_ssh_executable": ("ssh", "/usr/bin/ssh", ""),
    }
    if key in accepted:
        if text not in accepted[key]:
            raise _unfit(name, key, f"is {quoted(text)}; bundlekit connects by ssh, and becomes root by sudo")
    elif key in ("ansible_become", "ansible_sudo"):
        if not _truth(value) and user != "root":
            raise _unfit(name, key, "is false, but bundlekit works as root")
    elif key not in (
        *("ansible_timeout", "ansible_ssh_timeout"),
        *("ansible_ssh_host_key_checking", "ansible_host_key_checking"),
    ):
        raise _unfit(name, key, "is not known to bundlekit")


def _truth(value: Any) -> bool:
    return str(value).lower() in ("true", "yes", "on", "1", "y", "t")


def _ssh_options(name: str, key: str, text: str) -> list[str]:
    """Options as `-o KEYWORD=VALUE` and `-F FILE`."""
    try:
        found = parse_arguments(text)
    except ArgumentsUnfit as error:
        raise _unfit(name, key, str(error)) from error
    options = ["-F", str(found.config_file)] if found.config_file else []
    return [*options, *(word for option in found.options for word in ("-o", option))]


def _unfit(name: str, variable: str, why: str) -> BadUsage:
    return BadUsage(f"{name}: the variable {variable} {why}", hint="see docs/fleet.md for the variables that count")
