"""Where a target leads to, once the ssh configuration had its say."""

from __future__ import annotations

import os
import re
import shlex
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bundlekit.errors import Unreadable
from bundlekit.io import user_id
from bundlekit.ssh.ssh_config import SSH_FOLDER, Options, config_to_name, options_for
from bundlekit.ssh.ssh_config_file import expand_tokens, own_name
from bundlekit.ssh.target import Target, parse_target

_KNOWN_HOSTS = tuple(str(SSH_FOLDER / name) for name in ("known_hosts", "known_hosts2"))
_SYSTEM_KNOWN_HOSTS = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
_DEFAULT_IDENTITY = re.compile(r"~/\.ssh/id_(dsa|ecdsa|ecdsa_sk|ed25519|ed25519_sk|rsa|xmss)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_FEWEST_DEFAULTS = 4  # that any OpenSSH tells of; fewer were named by somebody


@dataclass(frozen=True)
class Address:
    """Where and as whom to log in.

    Attributes:
        host: to connect to.
        port: there.
        user: to log in as.
        key_name: under which known_hosts has its key: `host`, or `[host]:port` where the port is not 22.
        identities: private key files that are named; without any, the usual ones are tried.
        identities_only: of the agent's keys, only those that are in files are tried.
        certificates: files of certificates that go with the keys.
        agent: the socket of the agent; None for no agent.
        keys_count: whether keys are tried at all.
        known_hosts: files to look the key up in.
        remember_in: the file that a new key is added to; None where the configuration wants none.
        hash_names: whether a new key is added under the hash of its host's name.
        expected_key: the only host key that counts, as in known_hosts after the names; None for those in known_hosts.
        strict: what to do about an unknown key: `ask`, `yes` (refuse it), `accept-new` or `no` (both: take it).
        passwords: how often a password may be tried; 0 where none counts.
        batch: whether nobody may be asked anything.
        family: of the addresses that count: `any`, `inet` or `inet6`.
        bind: an address of this machine's to connect from; None for any.
        proxy: a command that connects, in place of TCP.
        timeout: seconds to wait for an answer; None where the configuration does not say.
        typed: the target as the user named it; empty where nobody did.
        called: its name in an inventory; empty for a target without one.
    """

    host: str
    port: int
    user: str
    key_name: str
    identities: tuple[str, ...] = ()
    identities_only: bool = False
    certificates: tuple[str, ...] = ()
    agent: str | None = None
    keys_count: bool = True
    known_hosts: tuple[Path, ...] = ()
    remember_in: Path | None = None
    hash_names: bool = False
    expected_key: str | None = None
    strict: str = "ask"
    passwords: int = 3
    batch: bool = False
    family: str = "any"
    bind: str | None = None
    proxy: str | None = None
    timeout: float | None = None
    typed: str = ""
    called: str = ""

    @property
    def name(self) -> str:
        """How messages call the gateway: as the inventory or the user names it, and where that leads to if it says
        something else."""
        if self.called:
            return self.called
        target = parse_target(self.typed) if self.typed else None
        if target and (target.host, target.port or 22) == (self.host, self.port):
            return self.typed
        place = str(Target(self.host, port=self.port))
        return f"{self.typed} ({place})" if self.typed else place

    @property
    def identity(self) -> dict[str, Any]:
        """Which gateway it is, for programs: `gateway` (user and host), `target` (as typed), `host`, `port`, `user`."""
        return {
            "gateway": f"{self.user}@{self.host}",
            "target": self.typed,
            "host": self.host,
            "port": self.port,
            "user": self.user,
        }


def look_up(target: Target, config_file: Path | None = None, extra: Sequence[str] = ()) -> Address:
    """Apply the ssh configuration to a target.

    Args:
        target: as the user named it; what it says wins.
        config_file: by default the user's `~/.ssh/config`, then the system's.
        extra: options as on the command line of ssh, which win over the files: `-o KEYWORD=VALUE`, `-F FILE`.

    Raises:
        Unreadable: the configuration cannot be read, or says something that makes no sense.
    """
    pairs = list(zip(extra[::2], extra[1::2], strict=True))
    config_file = next((Path(value) for option, value in pairs if option == "-F"), config_file)
    options = options_for(target, config_file, [value for option, value in pairs if option == "-o"])
    try:
        return address_from(target, options, config_file)
    except (ValueError, RuntimeError) as error:  # RuntimeError of `~somebody` who is not there
        raise Unreadable(f"the ssh configuration makes no sense for {target.host}: {error}") from error


def address_from(target: Target, options: Options, config_file: Path | None = None) -> Address:
    """What the options of the ssh configuration mean for a target.

    Args:
        target: that was named.
        options: of the ssh configuration for it.
        config_file: in place of ~/.ssh/config.

    Raises:
        ValueError: one of them makes no sense.
    """

    def option(name: str) -> str | None:
        value = options.get(name, ("none",))[0]
        return value if value.lower() != "none" else None

    host = option("hostname") or target.host
    port = target.port or int(option("port") or 22)
    me = own_name()
    user = target.user or option("user") or me
    if not user or not 0 < port < 65536:
        raise ValueError(f"port {port} does not exist" if user else "there is no user to log in as: write USER@HOST")
    ways = (option("preferredauthentications") or "publickey,keyboard-interactive,password").lower().split(",")
    alias = option("hostkeyalias")
    tokens = {
        **{"%": "%", "h": host, "p": str(port), "r": user, "n": target.host, "k": alias or target.host},
        **{"d": str(Path("~").expanduser()), "u": me, "i": str(user_id())},
        **{"l": socket.gethostname(), "L": socket.gethostname().partition(".")[0]},
    }
    command = option("proxycommand")
    own_files = _files(options.get("userknownhostsfile", _KNOWN_HOSTS), tokens)
    system_files = _files(options.get("globalknownhostsfile", _SYSTEM_KNOWN_HOSTS))
    timeout = option("connecttimeout")
    return Address(
        typed=str(target),
        host=host,
        port=port,
        user=user,
        key_name=alias or (host if port == 22 else f"[{host}]:{port}"),
        identities=tuple(_file(file, tokens) for file in _named(options.get("identityfile", ()))),
        identities_only=_is_on(option("identitiesonly")),
        certificates=tuple(_file(file, tokens) for file in options.get("certificatefile", ()) if file != "none"),
        agent=_agent(options.get("identityagent", ("SSH_AUTH_SOCK",))[0], tokens),
        keys_count=_is_on(option("pubkeyauthentication") or "yes") and "publickey" in ways,
        known_hosts=(*own_files, *system_files),
        remember_in=next(iter(own_files), None),
        hash_names=_is_on(option("hashknownhosts")),
        strict=_strictness(option("stricthostkeychecking") or "ask"),
        passwords=_passwords(option, ways),
        batch=_is_on(option("batchmode")),
        family=_family(option("addressfamily") or "any"),
        bind=option("bindaddress"),
        proxy=expand_tokens(command, tokens) if command else _through(option("proxyjump"), host, port, config_file),
        timeout=_seconds(timeout) if timeout else None,
    )


def _passwords(option: Callable[[str], str | None], ways: list[str]) -> int:
    """How often a password may be tried; by which of two methods is the gateway's to say."""
    count = any(
        method in ways and _is_on(option(keyword) or "yes")
        for method, keyword in (
            ("password", "passwordauthentication"),
            ("keyboard-interactive", "kbdinteractiveauthentication"),
        )
    )
    return int(option("numberofpasswordprompts") or 3) if count else 0


def _family(value: str) -> str:
    if value.lower() not in ("any", "inet", "inet6"):
        raise ValueError(f"AddressFamily {value} does not exist")
    return value.lower()


def _seconds(text: str) -> float | None:
    """A time as OpenSSH writes it, such as `90` or `1m30s`; None for none."""
    if text.lower() == "none":
        return None
    if not re.fullmatch(r"\d{1,9}([smhdw]\d{1,9})*[smhdw]?", text, re.IGNORECASE):
        raise ValueError(f"{text!r} is not a time")
    parts = re.findall(r"(\d+)([smhdw]?)", text.lower())
    seconds = sum(int(number) * _UNITS[unit] for number, unit in parts)
    return float(min(seconds, _UNITS["d"])) or None


def _file(name: str, tokens: Mapping[str, str]) -> str:
    return str(Path(expand_tokens(name, tokens)).expanduser())


def _files(names: tuple[str, ...], tokens: Mapping[str, str] | None = None) -> tuple[Path, ...]:
    return tuple(Path(_file(name, tokens or {})) for name in names if name.lower() not in ("none", "/dev/null"))


def _named(files: tuple[str, ...]) -> tuple[str, ...]:
    """The files that somebody has named: OpenSSH tells of those that it tries by itself as well."""
    if len(files) >= _FEWEST_DEFAULTS and all(_DEFAULT_IDENTITY.fullmatch(file) for file in files):
        return ()
    return tuple(file for file in files if file.lower() != "none")


def _agent(place: str, tokens: Mapping[str, str]) -> str | None:
    if place.lower() == "none":
        return None
    if place == "SSH_AUTH_SOCK" or place.startswith("$"):
        return os.environ.get(place.removeprefix("$").strip("{}")) or None
    return _file(place, tokens)


def _is_on(value: str | None) -> bool:
    return value is not None and value.lower() in ("yes", "true", "unbound", "host-bound")


def _strictness(value: str) -> str:
    """In one spelling: OpenSSH itself tells `true` for `yes`."""
    return {"true": "yes", "false": "no", "off": "no"}.get(value.lower(), value.lower())


def _through(jump: str | None, host: str, port: int, config_file: Path | None) -> str | None:
    """The command that connects through jump hosts. The chain is OpenSSH's to walk; it checks the keys on the way."""
    if jump is None:
        return None
    *others, last = jump.split(",")
    config = config_to_name(config_file)
    command = ["ssh", *(["-F", str(config)] if config else []), *(["-J", ",".join(others)] if others else [])]
    return shlex.join([*command, "-W", f"[{host}]:{port}", last if "://" in last else f"ssh://{last}"])
