"""Host keys: known ones are checked, unknown ones are asked for, changed ones stop everything."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.deploy.asking import Asker
from bundlekit.errors import HostKeyRejected, Unreadable

if TYPE_CHECKING:
    import paramiko

SYSTEM_FILE = Path("/etc/ssh/ssh_known_hosts")


def fingerprint(key: paramiko.PKey) -> str:
    """A key's fingerprint as OpenSSH shows it: `SHA256:` and base64 without padding."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def read_known_hosts(files: list[Path]) -> paramiko.HostKeys:
    """The keys of all the files that exist.

    Raises:
        Unreadable: one of them exists and cannot be read.
    """
    import paramiko

    known = paramiko.HostKeys()
    for file in files:
        if file.exists():
            try:
                known.load(str(file))
            except (OSError, paramiko.SSHException) as error:
                raise Unreadable(f"cannot read the known hosts in {file}: {error}") from error
    return known


def check_host_key(
    key: paramiko.PKey,
    host: str,
    known: paramiko.HostKeys,
    *,
    ask: Asker,
    accept_new: bool,
    remember_in: Path,
) -> None:
    """Let a server's key pass or not.

    Args:
        key: that the server proved to have.
        host: as known_hosts has it: `host`, or `[host]:port` where the port is not 22.
        known: what is known already.
        ask: about an unknown one, unless
        accept_new: says yes beforehand.
        remember_in: the known_hosts file that a new key is added to.

    Raises:
        HostKeyRejected: the key is not the known one, or is unknown and nobody trusts it.
    """
    theirs = known.lookup(host)
    if theirs:
        if theirs.get(key.get_name()) == key:
            return
        seen = ", ".join(sorted(f"{entry.get_name()} {fingerprint(entry)}" for entry in theirs.values()))
        raise HostKeyRejected(
            f"the host key of {host} has changed: it shows {key.get_name()} {fingerprint(key)}, known is {seen}",
            kept="no password and no file was sent",
            hint=f"somebody may be in between. If you know that the gateway was set up anew: ssh-keygen -R '{host}'",
        )
    if not accept_new and not ask.trust_host_key(host, key.get_name(), fingerprint(key)):
        raise HostKeyRejected(f"the host key of {host} is not trusted", kept="no password and no file was sent")
    _remember(key, host, remember_in)


def _remember(key: paramiko.PKey, host: str, file: Path) -> None:
    """Append a line; what is there stays as it is, comments and hashed names too."""
    line = f"{host} {key.get_name()} {key.get_base64()}\n"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "rb+") as stream:
            if stream.seek(0, os.SEEK_END):
                stream.seek(-1, os.SEEK_END)
                if stream.read(1) != b"\n":
                    line = "\n" + line
            stream.write(line.encode())
    except OSError as error:
        raise Unreadable(f"cannot add the host key to {file}: {error.strerror}") from error
