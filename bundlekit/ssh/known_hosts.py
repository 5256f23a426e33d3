"""Host keys: known ones are checked, unknown ones are asked for, changed ones stop everything."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.errors import HostKeyRejected, Unreadable
from bundlekit.ssh.certificates import fault_of_host, host_certificate_of
from bundlekit.ssh.prompts import Prompter
from bundlekit.ssh.ssh_config_file import fits_one

if TYPE_CHECKING:
    import paramiko

_REVOKED = "@revoked"
_AUTHORITY = "@cert-authority"


def fingerprint(key: paramiko.PKey) -> str:
    """A key's fingerprint as OpenSSH shows it: `SHA256:` and base64 without padding."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


class KnownHosts:
    """The keys in known_hosts files, as OpenSSH reads them: hashed names, patterns, `@revoked`.

    Lines that make no sense are passed over.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        """Read the files that exist.

        Raises:
            Unreadable: one of them exists and cannot be read.
        """
        self._lines: list[tuple[str, list[str], paramiko.PKey]] = []
        for file in files:
            try:
                text = file.read_text(encoding="utf-8", errors="replace")
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, ValueError) as error:
                raise Unreadable(
                    f"cannot read the known hosts in {file}: {getattr(error, 'strerror', None) or error}",
                    hint="UserKnownHostsFile in the ssh configuration names another file",
                ) from error
            for line in text.splitlines():
                self._add(line.strip())

    def _add(self, line: str) -> None:
        import paramiko
        from paramiko.hostkeys import HostKeyEntry, InvalidHostKey

        marker, _, rest = line.partition(" ") if line.startswith("@") else ("", "", line)
        if not rest or rest.startswith("#") or marker not in ("", _REVOKED, _AUTHORITY):
            return
        try:
            entry = HostKeyEntry.from_line(rest)
        except (paramiko.SSHException, InvalidHostKey, ValueError):
            return
        if entry is not None and entry.key is not None:
            self._lines.append((marker, list(entry.hostnames or ()), entry.key))

    def keys_of(self, host: str) -> list[paramiko.PKey]:
        """The keys that a host may show."""
        return [key for marker, names, key in self._lines if not marker and _matches(names, host)]

    def authorities_of(self, host: str) -> list[paramiko.PKey]:
        """The keys of those who may certify a host."""
        return [
            key
            for marker, names, key in self._lines
            if marker == _AUTHORITY and _matches_either_way(names, host) and not self.is_revoked(host, key)
        ]

    def vouches_for(self, key: paramiko.PKey, host: str) -> bool:
        """Whether a key is known as the host's, by itself or by a certificate; without its port too, as in OpenSSH."""
        certificate = host_certificate_of(key)
        if certificate is not None and not fault_of_host(certificate, _without_port(host), self.authorities_of(host)):
            return True
        return key in (self.keys_of(host) or self.keys_of(_without_port(host)))

    def is_revoked(self, host: str, key: paramiko.PKey) -> bool:
        """Whether a key must not be trusted any more."""
        return any(
            marker == _REVOKED and key == other and _matches(names, host) for marker, names, other in self._lines
        )


def _matches(names: list[str], host: str) -> bool:
    """Whether a line's names, of which some may be hashed, patterns, or denials (`!name`), are about a host."""
    from paramiko import HostKeys

    found = False
    for name in names:
        if name.startswith("|1|"):
            try:
                found = found or HostKeys.hash_host(host, name) == name
            except ValueError:
                continue
        elif name.startswith("!"):
            if fits_one(name[1:], host):
                return False
        else:
            found = found or fits_one(name, host)
    return found


def _without_port(host: str) -> str:
    """As known_hosts has it for port 22."""
    return host[1:].partition("]:")[0] if host.startswith("[") else host


def _matches_either_way(names: list[str], host: str) -> bool:
    """OpenSSH looks for a name without its port too."""
    return _matches(names, host) or _matches(names, _without_port(host))


def check_host_key(
    key: paramiko.PKey,
    host: str,
    known: KnownHosts,
    *,
    ask: Prompter,
    strict: str = "ask",
    remember_in: Path | None = None,
    hash_names: bool = False,
) -> None:
    """Let a server's key pass or not.

    Args:
        key: that the server proved to have.
        host: as known_hosts has it: `host`, or `[host]:port` where the port is not 22.
        known: what is known already.
        ask: about an unknown one, where
        strict: says `ask`; `yes` refuses it, `accept-new` and `no` take it.
        remember_in: the known_hosts file that a new key is added to, if to any.
        hash_names: under the hash of the host's name.

    Raises:
        HostKeyRejected: the key is not the known one, was revoked, or is unknown and nobody trusts it.
    """
    kept = "no password and no file was sent"
    shown = f"{key.get_name()} {fingerprint(key)}"
    if known.is_revoked(host, key):
        raise HostKeyRejected(f"the host key of {host} was revoked in known_hosts: {shown}", kept=kept)
    fault = ""
    if (certificate := host_certificate_of(key)) is not None:
        fault = fault_of_host(certificate, _without_port(host), known.authorities_of(host))
        shown += f", and its certificate {fault}" if fault else ""
    if known.vouches_for(key, host):
        return
    if theirs := known.keys_of(host):
        seen = ", ".join(sorted({f"{other.get_name()} {fingerprint(other)}" for other in theirs}))
        hint = f"somebody may be in between. If you know that the gateway was set up anew: ssh-keygen -R '{host}'"
        if strict == "no":
            hint += "; `StrictHostKeyChecking no` does not count for a changed key"
        raise HostKeyRejected(
            f"the host key of {host} has changed: it shows {shown}, known is {seen}", kept=kept, hint=hint
        )
    if strict == "yes":
        raise HostKeyRejected(
            f"the host key of {host} is not known, and `StrictHostKeyChecking yes` lets nobody ask: {shown}",
            kept=kept,
            hint="compare it with what the gateway's own console shows; then --accept-new-host-key remembers it",
        )
    kind = key.get_name() + (f" (whose certificate {fault})" if fault else "")
    if strict == "ask" and not ask.trust_host_key(host, kind, fingerprint(key)):
        raise HostKeyRejected(
            f"the host key of {host} is not trusted",
            kept=kept,
            hint="compare it with what the gateway's own console shows, and say yes if it is the same",
        )
    if remember_in is not None:
        _remember(key, _hashed(host) if hash_names else host, remember_in)


def _hashed(host: str) -> str:
    from paramiko import HostKeys

    return HostKeys.hash_host(host)


def _remember(key: paramiko.PKey, name: str, file: Path) -> None:
    """Append a line; what is there stays as it is, comments and hashed names too."""
    line = f"{name} {key.get_name()} {key.get_base64()}\n"
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
        raise Unreadable(
            f"cannot add the host key to {file}: {error.strerror}",
            hint="UserKnownHostsFile in the ssh configuration names another file; /dev/null for none",
        ) from error
