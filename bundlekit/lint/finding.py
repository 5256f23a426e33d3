"""What a check says about a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is: an error keeps the bundle from working; a warning is likely a mistake; info is to know."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    def is_at_least(self, other: Severity) -> bool:
        """Whether it is as bad as the other one, or worse."""
        order = tuple(Severity)
        return order.index(self) <= order.index(other)


@dataclass(frozen=True, slots=True)
class Other:
    """The other place that a finding is about, such as the first of two duplicates.

    Attributes:
        file: as it is shown to the user.
        line: from 1.
        column: from 1, in characters.
        note: what stands there.
    """

    file: str
    line: int
    column: int
    note: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of a file, and what to put in its place; lines and columns as in a finding."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


@dataclass(frozen=True, slots=True)
class Rename:
    """A file that gets another name in its folder.

    Attributes:
        old: its path as it is shown to the user.
        new: the one that it gets, under which there is nothing yet.
    """

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Correction:
    """A change of a bundle that removes a finding.

    Attributes:
        title: what it does, as an editor offers it: `Write "get"`; on one line, printable.
        edits: of the file of the finding; no two of them overlap.
        rename: the file to rename.
        is_safe: whether it is made unasked: what works keeps working in the same way, and the author can have meant
            nothing else. Any other one may change what the bundle answers, or is a guess.
        drops_mark: whether the file loses its byte order mark, which no edit can name.
    """

    title: str
    edits: tuple[Edit, ...] = ()
    rename: Rename | None = None
    is_safe: bool = True
    drops_mark: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a bundle.

    Attributes:
        code: of the rule, such as `BK112`.
        rule: the rule's name, such as `bad-name`.
        severity: how bad it is.
        file: as it is shown to the user; may hold characters that a terminal must not get.
        line: from 1, like the other three; columns count characters, and the end is behind the last one.
        pointer: the JSON pointer of the value that it is about, where it is one.
        message: in lower case, on one line, printable; quotes the value and says what was expected.
        hint: what to do about it, or empty.
        other: the other place, where there is one.
        excerpt: the line that it is about, as it stands in the file; empty where there is none.
        correction: the change that removes it, safe or not, where there is one.
    """

    code: str
    rule: str
    severity: Severity
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    pointer: str | None
    message: str
    hint: str
    other: Other | None
    excerpt: str
    correction: Correction | None = None

    @property
    def fix(self) -> tuple[Edit, ...]:
        """What to change in the file to be rid of it, where that is safe to do unasked; else empty."""
        return self.correction.edits if self.correction is not None and self.correction.is_safe else ()

    @property
    def rename(self) -> Rename | None:
        """The file to rename to be rid of it, where that is safe to do unasked."""
        return self.correction.rename if self.correction is not None and self.correction.is_safe else None


def order(finding: Finding) -> tuple[str, int, int, str, str]:
    """By what the findings of a bundle are sorted."""
    return finding.file, finding.line, finding.column, finding.code, finding.message


def counted(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
