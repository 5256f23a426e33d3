"""Which keys to log in with, and in which order: those of the agent, in files, with certificates or a passphrase."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bundlekit.ssh.agent import AgentUnfit, keys_of, name_and_certificate
from bundlekit.ssh.certificates import certified_key, parse_certificate, validity
from bundlekit.ssh.prompts import Prompter

if TYPE_CHECKING:
    import paramiko

    from bundlekit.ssh.address import Address

_DEFAULT_FILES = ("id_ed25519", "id_ecdsa", "id_rsa")
_PASSPHRASE_TRIES = 3  # as ssh has it
_ALONE = "the private key is neither there nor in the agent"


@dataclass(frozen=True)
class Identity:
    """A key that may be tried.

    Attributes:
        name: for people: its file, or what the agent calls it.
        key: to log in with; None as long as its passphrase is not known.
        public: its public half as it travels; empty where that is not known.
        named: whether the configuration or the command line names it.
        file: that has it; None for one that only the agent has.
        certificate: to show with it, as it stands in a file.
        fault: why it cannot be tried; empty if it can.
    """

    name: str
    key: paramiko.PKey | None
    public: bytes = b""
    named: bool = False
    file: Path | None = None
    certificate: str = ""
    fault: str = ""

    @property
    def shown(self) -> bytes:
        """What the gateway is shown of it: the certificate, or the public key."""
        return base64.b64decode(self.certificate.split()[1]) if self.certificate else self.public


def identities_for(address: Address) -> list[Identity]:
    """The keys to try, in the order in which they are to be tried; those with a passphrase come last.

    As OpenSSH has it, with one difference: keys that are named and need no passphrase come before those that only the
    agent has, so that a full agent does not use up the tries that a gateway allows.
    """
    named = bool(address.identities)
    files = address.identities or tuple(str(Path("~/.ssh") / name) for name in _DEFAULT_FILES)
    in_files = [found for file in files if (found := _in_file(Path(file).expanduser(), named=named)) is not None]
    in_agent, certificates = _in_agent(address.agent)
    held = {identity.public: identity for identity in in_agent if identity.key is not None}
    # The agent asks for no passphrase.
    known = [
        replace(identity, key=held[identity.public].key, name=f"{identity.name} (in the agent)", fault="")
        if identity.public in held
        else identity
        for identity in in_files
    ]
    public = {identity.public for identity in known}
    others = (
        [] if address.identities_only else [identity for identity in held.values() if identity.public not in public]
    )
    usable = [identity for identity in known if identity.key is not None]
    locked = [identity for identity in known if identity.key is None and not identity.fault]
    faulty = [identity for identity in (*known, *in_agent) if identity.fault]
    ordered = [*usable, *others, *locked] if named else [*others, *usable, *locked]
    certificates += [_read(Path(file).expanduser()) for file in address.certificates]
    return [*_with_certificates(ordered, certificates), *faulty]


def unlock(identity: Identity, ask: Prompter) -> paramiko.PKey | None:
    """Open a key that has a passphrase; None if nobody knows it, or it is wrong three times."""
    if identity.file is None:
        return None
    for number in range(_PASSPHRASE_TRIES):
        passphrase = ask.passphrase(str(identity.file), again=number > 0)
        if passphrase is None:
            return None
        if (key := key_in(identity.file, passphrase)) is not None:
            key.public_blob = None
            return key
    return None


def key_in(file: Path, passphrase: str) -> paramiko.PKey | None:
    """The private key in a file that has a passphrase; None if that is another one, or the file has no such key."""
    import paramiko
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return _private_key(file, passphrase.encode())
    except (
        OSError,
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
        paramiko.SSHException,
        paramiko.pkey.UnknownKeyType,
    ):
        return None


def _private_key(file: Path, passphrase: bytes | None = None) -> paramiko.PKey:
    """The private key in a file. paramiko loses one without a comment whose size needs no padding."""
    import paramiko

    try:
        return paramiko.PKey.from_path(file, passphrase)  # type: ignore[arg-type] # it wants bytes
    except paramiko.PasswordRequiredException:
        raise
    except paramiko.SSHException:
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_ssh_private_key

        key = load_ssh_private_key(file.read_bytes(), passphrase)
        if isinstance(key, EllipticCurvePrivateKey):
            return paramiko.ECDSAKey(vals=(key, key.public_key()))
        if isinstance(key, RSAPrivateKey):
            return paramiko.RSAKey(key=key)
        raise


def _in_file(file: Path, *, named: bool) -> Identity | None:
    import paramiko
    from cryptography.exceptions import UnsupportedAlgorithm

    public = _public_in(file)
    try:
        key = _private_key(file)
    except (paramiko.PasswordRequiredException, TypeError):
        return Identity(str(file), None, public, named, file)
    except FileNotFoundError:
        fault = _ALONE if public else "it is not there" if named else ""
    except OSError as error:
        fault = f"it cannot be read: {error.strerror}"
    except (ValueError, UnsupportedAlgorithm, paramiko.SSHException, paramiko.pkey.UnknownKeyType):
        fault = _ALONE if public else "it is not a private key of a supported kind"
    else:
        key.public_blob = None  # a certificate that lies beside it; it is tried apart
        return Identity(str(file), key, key.asbytes(), named, file)
    # A public key alone tells which one of the agent is meant.
    return Identity(str(file), None, public, named, fault=fault) if fault else None


def _public_in(file: Path) -> bytes:
    for place in (Path(f"{file}.pub"), file):
        try:
            kind, text, *_ = place.read_bytes().split(maxsplit=2)
            if not kind.startswith(b"-"):
                return base64.b64decode(text, validate=True)
        except (OSError, ValueError):
            continue
    return _public_half(file)


def _public_half(file: Path) -> bytes:
    """What a private key in OpenSSH's own form tells without its passphrase."""
    from paramiko import Message

    magic = b"openssh-key-v1\0"
    try:
        lines = file.read_bytes().split(b"-----")
        data = base64.b64decode(b"".join(lines[2].split()), validate=True)
    except (OSError, ValueError, IndexError):
        return b""
    if not data.startswith(magic):
        return b""
    message = Message(data[len(magic) :])
    for _ in range(3):  # cipher, key derivation, its options
        message.get_string()
    message.get_int()
    return bytes(message.get_binary())


def _in_agent(place: str | None) -> tuple[list[Identity], list[bytes]]:
    """The keys of the agent, and its certificates as they would stand in files."""
    if place is None:
        return [], []
    try:
        keys = [(key, *name_and_certificate(key)) for key in keys_of(place)]
    except AgentUnfit as error:
        return [Identity(f"the agent at {place}", None, fault=str(error))], []
    plain = [Identity(name, key, public) for key, name, public, certificate in keys if not certificate]
    known = {identity.public for identity in plain}
    certified = [
        Identity(name, key, public) for key, name, public, certificate in keys if certificate and public not in known
    ]
    return [*plain, *certified], [certificate for *_, certificate in keys if certificate]


def _with_certificates(identities: Iterable[Identity], texts: Iterable[bytes]) -> Iterator[Identity]:
    """Each key with its certificate before the key alone."""
    configured = list(texts)
    for identity in identities:
        beside = _read(Path(f"{identity.file}-cert.pub")) if identity.file else b""
        for text in dict.fromkeys([*configured, beside]):
            certificate = parse_certificate(text)
            if certificate is not None and certified_key(certificate) == identity.public:
                fault = validity(certificate)
                name = f"{identity.name} with its certificate{f', which {fault}' if fault else ''}"
                yield replace(identity, name=name, certificate=text.decode())
        yield identity


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes().strip()
    except OSError:
        return b""
