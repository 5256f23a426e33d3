"""What the keyring keeps for bundlekit; without the extra `keyring`, nothing."""

from __future__ import annotations

SERVICE = "bundlekit"


def kept_secret(name: str) -> str | None:
    """What the keyring has under a name; None where there is nothing, or no keyring.

    Args:
        name: `HOST` of an API token, `USER@HOST` or `USER@HOST:PORT` of a password, the path of a key of a passphrase.
    """
    try:
        import keyring
    except ImportError:
        return None
    try:
        return keyring.get_password(SERVICE, name)
    except Exception:  # whatever a backend of somebody else's raises: there is no keyring then
        return None
