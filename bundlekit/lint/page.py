"""The documentation of the rules, read from the docstrings of their modules.

`python -m bundlekit.lint.page > docs/rules.md` writes the page of all of them.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from bundlekit.lint.rule import Rule
from bundlekit.lint.rules import rules

_CHAPTERS = {
    "BK1": "The manifest",
    "BK2": "Files",
    "BK3": "index.py",
    "BK4": "The gateway",
    "BK9": "Comments that hide findings",
}
_LANGUAGES = {"py": "python", "json": "json", "factory": "json"}


@dataclass(frozen=True, slots=True)
class Example:
    """One file of an example.

    Attributes:
        path: its path in the bundle.
        state: what it is when it is not just a file with this content: `missing`, `a folder`, ...; else empty.
        content: what stands in it.
    """

    path: str
    state: str
    content: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a rule's docstring says: the fault in a sentence, why it is one, an example of it, and one without."""

    fault: str
    why: str
    bad: tuple[Example, ...]
    good: tuple[Example, ...]


def page_of(rule: Rule) -> Page:
    """Read a rule's docstring.

    Raises:
        ValueError: it does not have the form that docstrings of rules have.
    """
    found = re.fullmatch(
        r"(?P<fault>.+?)\n\nWhy: (?P<why>.+?)\n\nBad:\n\n(?P<bad>.+?)\n\nGood:\n\n(?P<good>.+?)\n?",
        rule.page or "",
        re.DOTALL,
    )
    if found is None:
        raise ValueError(f"{rule.code} is not documented as a rule has to be")
    return Page(
        " ".join(found["fault"].split()),
        " ".join(found["why"].split()),
        tuple(_examples(found["bad"])),
        tuple(_examples(found["good"])),
    )


def _examples(text: str) -> Iterator[Example]:
    for block in re.split(r"\n(?=    \S)", textwrap.indent(textwrap.dedent(text), "    ")):
        head, _, content = block.strip("\n").partition("\n")
        path, _, state = head.strip().partition(" is ")
        yield Example(path, state, textwrap.dedent(content).strip("\n"))


def markdown() -> str:
    """The page of all rules."""
    lines = [
        "# Rules",
        "",
        "What `bundlekit validate` looks for. This page is made from the rules themselves; its examples are tested.",
        "",
        "An error keeps a bundle from working, and from being packed or deployed; a warning is likely a mistake; an",
        "info is good to know. The examples show what matters of a file; the rest is as in a sound bundle.",
    ]
    for chapter, group in groupby(rules(), key=lambda rule: rule.code[:3]):
        lines += ["", f"## {_CHAPTERS[chapter]}"]
        for rule in group:
            lines += _section(rule)
    return "\n".join(lines) + "\n"


def _section(rule: Rule) -> list[str]:
    return ["", f"### {rule.code} {rule.name} ({rule.severity})", "", *described(page_of(rule))]


def described(page: Page) -> list[str]:
    """The lines of a page in Markdown, without a heading."""
    lines = [page.fault, "", page.why]
    for title, examples in (("Bad", page.bad), ("Good", page.good)):
        for example in examples:
            lines += ["", f"{title}, `{example.path}`" + (f" is {example.state}." if example.state else ":")]
            if example.content:
                is_bytes = example.content.startswith("b'")
                language = "python" if is_bytes else _LANGUAGES.get(example.path.rpartition(".")[2], "")
                lines += ["", f"```{language}", example.content, "```"]
    return lines


if __name__ == "__main__":
    sys.stdout.write(markdown())
