"""Where a target leads to, once the ssh configuration had its say."""

from __future__ import annotations

import getpass
import shlex
from dataclasses import dataclass
from pathlib import Path

from bundlekit.deploy.target import Target
from bundlekit.errors import Unreadable

SSH_FOLDER = Path("~/.ssh")
SYSTEM_KNOWN_HOSTS = Path("/etc/ssh/ssh_known_hosts")


@dataclass(frozen=True)
class Address:
    """Where and as whom to log in.

    Attributes:
        host: to connect to.
        port: there.
        user: to log in as.
        key_name: under which known_hosts has its key: `host`, or `[host]:port` where the port is not 22.
        identities: private key files to try.
        known_hosts: files to look the key up in.
        remember_in: the file that a new key is added to; None where the configuration wants none.
        proxy: a command that connects, in place of TCP.
    """

    host: str
    port: int
    user: str
    key_name: str
    identities: tuple[str, ...] = ()
    known_hosts: tuple[Path, ...] = ()
    remember_in: Path | None = None
    proxy: str | None = None


def look_up(target: Target, config_file: Path | None = None) -> Address:
    """Apply the ssh configuration to a target.

    Args:
        target: as the user named it; what it says wins.
        config_file: by default `~/.ssh/config`, if it exists.

    Raises:
        Unreadable: the configuration cannot be read, or says something that makes no sense.
    """
    file = config_file or (SSH_FOLDER / "config").expanduser()
    options = _options(target.host, file) if config_file or file.exists() else {}

    def option(name: str) -> str | None:
        value = options.get(name)
        return value if isinstance(value, str) and value.lower() != "none" else None

    host = option("hostname") or target.host
    alias = option("hostkeyalias")
    identities = options.get("identityfile")
    try:
        port = target.port or int(option("port") or 22)
        known = shlex.split(str(options.get("userknownhostsfile") or SSH_FOLDER / "known_hosts"))
    except ValueError as error:
        raise Unreadable(f"the ssh configuration {file} makes no sense for {target.host}: {error}") from error
    own_files = tuple(Path(name).expanduser() for name in known if name != "none")
    return Address(
        host=host,
        port=port,
        user=target.user or option("user") or getpass.getuser(),
        key_name=alias or (host if port == 22 else f"[{host}]:{port}"),
        identities=tuple(identities) if isinstance(identities, list) else (),
        known_hosts=(*own_files, SYSTEM_KNOWN_HOSTS),
        remember_in=next(iter(own_files), None),
        proxy=option("proxycommand") or _through(option("proxyjump"), host, port, config_file),
    )


def _options(host: str, file: Path) -> dict[str, str | list[str]]:
    import paramiko

    try:
        return dict(paramiko.SSHConfig.from_path(str(file)).lookup(host))
    except (OSError, ValueError, KeyError, paramiko.SSHException) as error:
        raise Unreadable(f"cannot read the ssh configuration {file}: {error}") from error


def _through(jump: str | None, host: str, port: int, config_file: Path | None) -> str | None:
    """The command that connects through jump hosts. The chain is OpenSSH's to walk; it checks the keys on the way."""
    if jump is None:
        return None
    *others, last = jump.split(",")
    command = ["ssh", *(["-F", str(config_file)] if config_file else []), *(["-J", ",".join(others)] if others else [])]
    return shlex.join([*command, "-W", f"[{host}]:{port}", last if "://" in last else f"ssh://{last}"])
