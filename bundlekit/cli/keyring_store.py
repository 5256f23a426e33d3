"""What the keyring keeps for bundlekit; without the library `keyring`, nothing."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bundlekit.errors import CouldNotRun

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


def name_of_key(file: str) -> str:
    """What the keyring has the passphrase of a private key under: its path, whichever folder this is."""
    return os.path.abspath(Path(file).expanduser())  # noqa: PTH100 - a link may be what the configuration names


def keep_secret(name: str, secret: str, *, instead: str) -> str:
    """Store a secret in the keyring, in place of the one that is there.

    Args:
        name: see `kept_secret`.
        secret: one line of text.
        instead: what to do without a keyring, for people.

    Returns:
        What the keyring calls itself.

    Raises:
        CouldNotRun: there is none, or it does not keep it.
    """
    with _keyring(instead) as keyring:
        keyring.set_password(SERVICE, name, secret)
        if keyring.get_password(SERVICE, name) != secret:  # one that is switched off takes everything
            raise CouldNotRun("the keyring did not store it", hint=instead)
        return str(keyring.get_keyring().name)


def forget_secret(name: str, *, instead: str) -> bool:
    """Take a secret out of the keyring; False if it had none.

    Raises:
        CouldNotRun: there is no keyring, or it keeps what it has.
    """
    with _keyring(instead) as keyring:
        if keyring.get_password(SERVICE, name) is None:
            return False
        keyring.delete_password(SERVICE, name)
        return True


def require_keyring(name: str, *, instead: str) -> None:
    """Raises:
    CouldNotRun: there is no keyring that could be asked for a name.
    """
    with _keyring(instead) as keyring:
        keyring.get_password(SERVICE, name)


@contextmanager
def _keyring(instead: str) -> Iterator[Any]:
    try:
        import keyring
    except ImportError as error:
        raise CouldNotRun(
            "there is no keyring: bundlekit is installed without the library for it",
            hint=f"`{_installation()}` adds it; {instead}",
        ) from error
    try:
        yield keyring
    except CouldNotRun:
        raise
    except Exception as error:  # whatever a backend of somebody else's raises
        raise CouldNotRun(
            "the keyring of this machine cannot be used",
            hint=f"it has to be installed and unlocked, such as GNOME Keyring or KWallet; {instead}",
            details=tuple(str(error).splitlines()[:3]),
        ) from error


def _installation() -> str:
    """The command that installs the library where bundlekit is installed."""
    place = Path(sys.prefix)
    if (place / "pipx_metadata.json").is_file():
        return "pipx inject bundlekit keyring"
    if (place / "uv-receipt.toml").is_file():
        return "uv tool install --with keyring bundlekit"
    if not list(place.glob("lib*/python*/site-packages/pip")) and (place / "pyvenv.cfg").is_file():
        return f"uv pip install --python {shlex.quote(sys.executable)} keyring"
    return f"{shlex.quote(sys.executable)} -m pip install keyring"
