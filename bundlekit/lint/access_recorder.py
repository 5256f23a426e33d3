"""A bundle's folder that takes down what a check asks of it, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

try:
    from _blake2 import blake2b  # hashlib would load OpenSSL
except ImportError:  # pragma: no cover - a Python that keeps it elsewhere
    from hashlib import blake2b

from bundlekit.bundle.files import FolderFiles
from bundlekit.errors import Unreadable

Asked = list[list[Any]]
"""For each question what it is about, its words, and a digest of the answer; all of it as JSON knows it."""


def digest(content: bytes) -> str:
    """A short name for some bytes, that no others have."""
    name: str = blake2b(content, digest_size=16).hexdigest()
    return name


class Watched(FolderFiles):
    """The files below a folder, all of which have been listed.

    Attributes:
        asked: what was asked besides the list, in its order.
    """

    def __init__(self, files: FolderFiles) -> None:
        self.root = files.root
        self.entries = files.entries
        self._answers: dict[tuple[str, str, int | None], str] = {}
        self._is_steady = True

    @property
    def asked(self) -> Asked | None:
        """None if something had two answers, because it was changed meanwhile.

        A file that was read with two limits and is the same by both is whole, so that the larger one is enough.
        """
        if not self._is_steady:
            return None
        limits: dict[tuple[str, str, str], int | None] = {}
        for (what, path, limit), answer in self._answers.items():
            before = limits.setdefault((what, path, answer), limit)
            limits[what, path, answer] = max(before, limit) if before is not None and limit is not None else None
        return [[what, path, limit, answer] for (what, path, answer), limit in limits.items()]

    def answer(self, what: str, path: str, limit: int | None) -> str | None:
        """The first answer to a question.

        Args:
            what: the kind of question, such as `read`.
            path: in the bundle.
            limit: bytes that were asked for; None where there is no limit.
        """
        return self._answers.get((what, path, limit))

    def read(self, path: str, limit: int | None = None) -> bytes:
        try:
            content = super().read(path, limit)
        except Unreadable as error:
            self._keep("read", path, limit, f"unreadable: {error.message}")
            raise
        self._keep("read", path, limit, digest(content))
        return content

    def is_tracked(self, path: str) -> bool:
        answer = super().is_tracked(path)
        self._keep("is_tracked", path, None, str(answer))
        return answer

    def _keep(self, what: str, path: str, limit: int | None, answer: str) -> None:
        self._is_steady &= self._answers.setdefault((what, path, limit), answer) == answer


def says_the_same(files: FolderFiles, asked: Sequence[Sequence[Any]]) -> bool:
    """Whether a folder gives the same answers again."""
    again = Watched(files)
    for what, path, limit, answer in asked:
        try:
            if what == "read":
                again.read(path, limit)
            else:
                again.is_tracked(path)
        except Unreadable:
            pass
        if again.answer(what, path, limit) != answer:
            return False
    return True
