"""Private keys in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from bundlekit.ssh.address import Address
from bundlekit.ssh.identities import identities_for, key_in


@pytest.mark.parametrize("size", range(24, 32))
def test_key_without_a_comment_is_read_whatever_its_size(size: int, tmp_path: Path) -> None:
    """In the form of OpenSSH it is padded to a multiple of eight bytes, and paramiko loses one that has that size."""
    key, file = derive_private_key(1 << 8 * size, SECP256R1()), tmp_path / "key"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    address = Address("", 0, "", "", identities=(str(file),), identities_only=True)
    assert [identity.fault for identity in identities_for(address)] == [""]
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, BestAvailableEncryption(b"geheim")))
    assert key_in(file, "geheim") is not None
