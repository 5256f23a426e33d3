"""What a report is: text that grows bundle by bundle, so that thousands of bundles need no more room than one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from bundlekit.errors import BundlekitError
from bundlekit.lint.finding import Correction, Finding, Severity
from bundlekit.quoting import printable

FORMATS = {
    "text": "TextReport",
    "concise": "Concise",
    "json": "Json",
    "github": "Github",
    "gitlab": "Gitlab",
    "sarif": "Sarif",
    "junit": "Junit",
}
"""The formats by name, and the class of each in the module of that name."""

Paint = Callable[[str, str], str]
"""Gives a text a look: a colour, or `bold`, `bold red`."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A bundle that was checked.

    Attributes:
        label: how it is called.
        findings: in the order of file, line and column.
        archive: the archive that it lies in, as files of findings begin with; empty for a folder.
        fail_on: the severity from which on its findings fail the check.
    """

    label: str
    findings: Sequence[Finding]
    archive: str = ""
    fail_on: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class About:
    """What a report needs to know besides the findings.

    Attributes:
        root: an absolute path; files below it are called by their path from there where a format wants that.
        paint: for formats that people read.
    """

    root: str = "/"
    paint: Paint = lambda text, _: text


class Report:
    """Text that is complete after `begin`, `bundle` for each bundle, and `end`, in this order."""

    is_document = False
    """Whether it is one whole that a program reads, such as an object of JSON, rather than lines."""

    def __init__(self, about: About) -> None:
        self.about = about

    def begin(self) -> str:
        """What comes first."""
        return ""

    def bundle(self, checked: Checked) -> str:
        """What there is to say of a bundle."""
        raise NotImplementedError

    def end(self, failures: Sequence[BundlekitError]) -> str:
        """What comes last.

        Args:
            failures: what could not be checked.
        """
        return ""


def report(name: str, about: About) -> Report:
    """A report in the format of that name."""
    made: Report = getattr(import_module(f"bundlekit.lint.formats.{name}"), FORMATS[name])(about)
    return made


class Items:
    """The items of a JSON array that is written piece by piece, each on a line of its own."""

    def __init__(self) -> None:
        self._before = "\n"

    def add(self, *values: Any) -> str:
        """The text of some more of them."""
        text = ""
        for value in values:
            text += self._before + dumped(value)
            self._before = ",\n"
        return text

    def close(self) -> str:
        """The end of the array; to be written after the items, before what follows."""
        return "]" if self._before == "\n" else "\n]"


def dumped(value: Any) -> str:
    """A value as JSON that every reader takes, on one line: bytes of a name that are no UTF-8, and half characters, are
    written as `\\udc80`, with the backslash.
    """
    text = json.dumps(value)
    return json.dumps(_sound(value)) if "\\ud" in text else text


def _sound(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_sound(key): _sound(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_sound(item) for item in value]
    return value


def shown_correction(finding: Finding) -> Correction | None:
    """The correction of a finding; None where a secret would be written again, which `--fix` does and nobody has to
    read.
    """
    if finding.correction is None:
        return None
    from bundlekit.lint.facts.credentials import credentials

    texts = (edit.text.encode("utf-8", "replace") for edit in finding.correction.edits)
    return finding.correction if not any(any(credentials(text)) for text in texts) else None


def named(file: str) -> str:
    """A file or a bundle at the begin of a line that people read. A line that began with `::` would be a command where
    GitHub's runner reads along, whatever the format."""
    shown = printable(file)
    return f"./{shown}" if shown.lstrip().startswith("::") else shown


def from_root(file: str, root: str) -> str:
    """A file as it is called from a folder: the path below it where it lies there, else as it was called."""
    return os.path.relpath(file, root) if file.startswith(root.rstrip("/") + "/") else file
