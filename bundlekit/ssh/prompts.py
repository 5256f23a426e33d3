"""What a log-in asks the user. The command line answers on a terminal."""

from __future__ import annotations

from typing import Protocol


class Prompter(Protocol):
    """Somebody who can be asked. Each raises a BundlekitError when nobody can."""

    @property
    def given(self) -> str | None:
        """The password, where it was given beforehand; nobody is asked."""
        ...

    def password(self, account: str, *, again: bool = False, for_sudo: bool = False) -> str:
        """The password of `account` (`moxa@192.168.4.127`), for the log-in and for sudo alike.

        Args:
            account: whose.
            again: the one before was wrong.
            for_sudo: it is for sudo: the log-in needed none.
        """
        ...

    def passphrase(self, file: str, *, again: bool = False) -> str | None:
        """The passphrase of a private key; None if nobody can be asked.

        Args:
            file: that has the key.
            again: the one before was wrong.
        """
        ...

    def trust_host_key(self, host: str, kind: str, fingerprint: str) -> bool:
        """Whether a host's unknown key is the right one; `fingerprint` reads as `ssh-keygen -l` prints it.

        Args:
            host: as known_hosts has it.
            kind: of the key, such as `ssh-ed25519`.
            fingerprint: as `ssh-keygen -l` prints it.
        """
        ...
