"""Host keys: known ones are checked, unknown ones are asked for, changed ones stop everything."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.errors import HostKeyRejected, Unreadable
from bundlekit.io import CLOEXEC
from bundlekit.ssh.certificates import fault_of_host, host_certificate_of
from bundlekit.ssh.prompts import Prompter
from bundlekit.ssh.ssh_config_file import fits_one

if TYPE_CHECKING:
    import paramiko

_REVOKED = "@revoked"
_AUTHORITY = "@cert-authority"
_SPECIAL = re.compile(r"[|!*?]")  # in names that are hashed, denied or patterns


def fingerprint(key: paramiko.PKey) -> str:
    """A key's fingerprint as OpenSSH shows it: `SHA256:` and base64 without padding."""
    digest = hashlib.sha256(key.asbytes()).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


class _Line:
    """A line of known_hosts; its key is decoded when somebody asks for a host that has it."""

    def __init__(self, marker: str, names: list[str], text: str) -> None:
        self.marker = marker
        self.names = names
        self._text = text

    @cached_property
    def key(self) -> paramiko.PKey | None:
        """None where the line makes no sense."""
        import paramiko
        from paramiko.hostkeys import HostKeyEntry, InvalidHostKey

        try:
            entry = HostKeyEntry.from_line(self._text)
        except (paramiko.SSHException, InvalidHostKey, ValueError):
            return None
        return entry.key if entry is not None else None

    def is_about(self, host: str) -> bool:
        """Whether its names, of which some may be hashed, patterns, or denials (`!name`), are about a host."""
        found = False
        for name in self.names:
            if name.startswith("|1|"):
                found = found or _is_hash_of(host, name)
            elif name.startswith("!"):
                if fits_one(name[1:], host):
                    return False
            else:
                found = found or fits_one(name, host)
        return found


class _File:
    """The lines of a file. Whoever asks for many hosts of many finds most by their plain names at once."""

    def __init__(self, text: str) -> None:
        self._plain: dict[str, list[tuple[int, _Line]]] = {}
        self._others: list[tuple[int, _Line]] = []
        self._found: dict[str, list[_Line]] = {}
        for number, line in enumerate(text.splitlines()):
            self._add(number, line.strip())

    def _add(self, number: int, line: str) -> None:
        marker, _, rest = line.partition(" ") if line.startswith("@") else ("", "", line)
        if not rest or rest.startswith("#") or marker not in ("", _REVOKED, _AUTHORITY):
            return
        found = _Line(marker, re.split("[ \t]", rest)[0].split(","), rest)
        if any(_SPECIAL.search(name) for name in found.names):
            self._others.append((number, found))
            return
        for name in dict.fromkeys(name.lower() for name in found.names):
            self._plain.setdefault(name, []).append((number, found))

    def lines_about(self, host: str) -> list[_Line]:
        """In their order."""
        if host not in self._found:
            others = ((number, line) for number, line in self._others if line.is_about(host))
            found = [*self._plain.get(host.lower(), ()), *others]
            self._found[host] = [line for _, line in sorted(found, key=lambda one: one[0])]
        return self._found[host]


@lru_cache(maxsize=8)
def _file_with(file: Path, *_state: int) -> _File:
    """A file as it is in a state; a thousand log-ins read it once."""
    return _File(file.read_text(encoding="utf-8", errors="replace"))


class KnownHosts:
    """The keys in known_hosts files, as OpenSSH reads them: hashed names, patterns, `@revoked`.

    Lines that make no sense are passed over.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        """Read the files that exist.

        Raises:
            Unreadable: one of them exists and cannot be read.
        """
        self._files: list[_File] = []
        for file in files:
            try:
                state = file.stat()
                self._files.append(_file_with(file, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns))
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, ValueError) as error:
                raise Unreadable(
                    f"cannot read the known hosts in {file}: {getattr(error, 'strerror', None) or error}",
                    hint="UserKnownHostsFile in the ssh configuration names another file",
                ) from error

    def _keys(self, marker: str, host: str) -> list[paramiko.PKey]:
        lines = (line for file in self._files for line in file.lines_about(host) if line.marker == marker)
        return [line.key for line in lines if line.key is not None]

    def keys_of(self, host: str) -> list[paramiko.PKey]:
        """The keys that a host may show."""
        return self._keys("", host)

    def authorities_of(self, host: str) -> list[paramiko.PKey]:
        """The keys of those who may certify a host. OpenSSH looks for a name without its port too."""
        names = dict.fromkeys((host, _without_port(host)))
        found = [key for name in names for key in self._keys(_AUTHORITY, name)]
        return [key for at, key in enumerate(found) if key not in found[:at] and not self.is_revoked(host, key)]

    def vouches_for(self, key: paramiko.PKey, host: str) -> bool:
        """Whether a key is known as the host's, by itself or by a certificate; without its port too, as in OpenSSH."""
        certificate = host_certificate_of(key)
        if certificate is not None and not fault_of_host(certificate, _without_port(host), self.authorities_of(host)):
            return True
        return key in (self.keys_of(host) or self.keys_of(_without_port(host)))

    def is_revoked(self, host: str, key: paramiko.PKey) -> bool:
        """Whether a key must not be trusted any more."""
        return key in self._keys(_REVOKED, host)


def _is_hash_of(host: str, name: str) -> bool:
    """Whether `|1|SALT|HASH` stands for a host."""
    _, _, salt, digest = name.split("|", 3) if name.count("|") == 3 else ("", "", "", "")
    try:
        expected = base64.b64decode(digest, validate=True)
        return bool(expected) and hmac.digest(base64.b64decode(salt, validate=True), host.encode(), "sha1") == expected
    except ValueError:
        return False


def _without_port(host: str) -> str:
    """As known_hosts has it for port 22."""
    return host[1:].partition("]:")[0] if host.startswith("[") else host


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
        hint = f"somebody may intercept the connection. If the gateway was set up again: ssh-keygen -R '{host}'"
        if strict == "no":
            hint += "; `StrictHostKeyChecking no` does not count for a changed key"
        raise HostKeyRejected(
            f"the host key of {host} has changed: it shows {shown}, known is {seen}", kept=kept, hint=hint
        )
    if strict == "yes":
        raise HostKeyRejected(
            f"the host key of {host} is not known, and `StrictHostKeyChecking yes` forbids the question: {shown}",
            kept=kept,
            hint="compare it with the key on the gateway's own console; then --accept-new-host-key stores it",
        )
    kind = key.get_name() + (f" (whose certificate {fault})" if fault else "")
    if strict == "ask" and not ask.trust_host_key(host, kind, fingerprint(key)):
        raise HostKeyRejected(
            f"the host key of {host} is not trusted",
            kept=kept,
            hint="compare it with the key on the gateway's own console, and say yes if it is the same",
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
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | CLOEXEC, 0o600)
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
