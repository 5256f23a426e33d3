"""The progress of a change, as its caller hears of it. The command line shows it on a terminal."""

from __future__ import annotations

from typing import Protocol


class Listener(Protocol):
    """Somebody who is told how it goes on."""

    def phase(self, word: str, text: str) -> None:
        """A phase begins: its word, and what happens, for people."""
        ...

    def answer(self, request: str, status: int, milliseconds: int) -> None:
        """The bundle was asked `GET /resource` over the gateway's own REST API; status 0: nothing came.

        Args:
            request: method and resource.
            status: of HTTP; 0 if nothing came.
            milliseconds: that the gateway waited.
        """
        ...

    def note(self, text: str) -> None:
        """Something worth knowing that is no failure."""
        ...

    def sent(self, size: int, total: int) -> None:
        """Of an upload of `total` bytes, `size` have been sent."""
        ...


class SilentListener:
    """Somebody who hears of nothing, to build on."""

    def phase(self, word: str, text: str) -> None:
        pass

    def answer(self, request: str, status: int, milliseconds: int) -> None:
        pass

    def note(self, text: str) -> None:
        pass

    def sent(self, size: int, total: int) -> None:
        pass
