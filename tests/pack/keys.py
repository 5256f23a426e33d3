"""Keys of signers, and what the real ssh-keygen says of their signatures."""

from __future__ import annotations

import subprocess
from pathlib import Path

KINDS = {
    "ed25519": ("-t", "ed25519"),
    "rsa": ("-t", "rsa", "-b", "2048"),
    "ecdsa-256": ("-t", "ecdsa", "-b", "256"),
    "ecdsa-384": ("-t", "ecdsa", "-b", "384"),
    "ecdsa-521": ("-t", "ecdsa", "-b", "521"),
}
ALICE = "alice@example.com"


def make_key(file: Path, kind: str = "ed25519", *, passphrase: str = "") -> str:
    """Make a private key; its public half as it stands in a file, without the comment.

    The key itself has one: paramiko loses some that have none.
    """
    subprocess.run(["ssh-keygen", "-q", *KINDS[kind], "-N", passphrase, "-C", "a key", "-f", file], check=True)
    return " ".join(file.with_name(file.name + ".pub").read_text().split()[:2])


def signed_by_ssh_keygen(archive: Path, key: Path, namespace: str = "bundlekit") -> None:
    """Have ssh-keygen make ARCHIVE.sig."""
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", str(key)]
    with archive.open("rb") as stream:
        made = subprocess.run(command, stdin=stream, capture_output=True, check=True).stdout
    archive.with_name(archive.name + ".sig").write_bytes(made)


def accepted_by_ssh_keygen(archive: Path, signers: Path, who: str = ALICE) -> bool:
    """What `ssh-keygen -Y verify` says of ARCHIVE.sig."""
    signature = archive.with_name(archive.name + ".sig")
    command = ["ssh-keygen", "-Y", "verify", "-n", "bundlekit", "-f", str(signers), "-I", who, "-s", str(signature)]
    with archive.open("rb") as stream:
        return subprocess.run(command, stdin=stream, capture_output=True, check=False).returncode == 0
