"""The controller and REST front of a box. They run in its network, on this host's Python."""

from __future__ import annotations

from typing import Any

from tests.box.place import Place


class Front:
    def __init__(self, place: Place) -> None:
        self._place = place

    def answers(self) -> bool:
        return True

    def alive(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def ask(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        raise NotImplementedError
