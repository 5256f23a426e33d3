"""What the keyring keeps for bundlekit; without the extra `keyring`, nothing."""

from __future__ import annotations

SERVICE = "bundlekit"


def kept_secret(name: str) -> str | None:
    """What the keyring has under a name; None where there is nothing, or no keyring.

    Args:
        name: `HOST` of an API token, `USER@HOST` of a password, the path of a key of a passphrase.
    """
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        return keyring.get_password(SERVICE, name)
    except KeyringError:
        return None
