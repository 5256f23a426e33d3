"""The documentation of the rules, read from the docstrings of their modules.

`python -m bundlekit.lint.page` writes docs/rules.md, the list of them, and a page for each in docs/rules/; and the list
that `bundlekit.lint.catalogue` reads.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from bundlekit.lint.catalogue import LIST, CatalogueEntry
from bundlekit.lint.catalogue import written as written_list
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
    """What a rule's docstring says.

    Attributes:
        fault: in a sentence.
        why: it is one.
        evidence: what was seen to happen, and with what; or who forbids it.
        bad: an example of it.
        good: one without.
        safety: `safe`, `unsafe` or `safe or unsafe`, as the corrections are that it offers; empty if it offers none.
        fix: what they change; empty if there are none.
    """

    fault: str
    why: str
    evidence: str
    bad: tuple[Example, ...]
    good: tuple[Example, ...]
    safety: str = ""
    fix: str = ""


def page_of(rule: Rule) -> Page:
    """Read a rule's docstring.

    Raises:
        ValueError: it does not have the form that docstrings of rules have.
    """
    found = re.fullmatch(
        r"(?P<fault>.+?)\n\nWhy: (?P<why>.+?)\n\nEvidence: (?P<evidence>.+?)\n\n"
        r"(?:Fix \((?P<safety>safe|unsafe|safe or unsafe)\): (?P<fix>.+?)\n\n)?"
        r"Bad:\n\n(?P<bad>.+?)\n\nGood:\n\n(?P<good>.+?)\n?",
        rule.page or "",
        re.DOTALL,
    )
    if found is None:
        raise ValueError(f"{rule.code} is not documented as a rule has to be")
    return Page(
        " ".join(found["fault"].split()),
        " ".join(found["why"].split()),
        " ".join(found["evidence"].split()),
        tuple(_examples(found["bad"])),
        tuple(_examples(found["good"])),
        found["safety"] or "",
        " ".join((found["fix"] or "").split()),
    )


def _examples(text: str) -> Iterator[Example]:
    for block in re.split(r"\n(?=    \S)", textwrap.indent(textwrap.dedent(text), "    ")):
        head, _, content = block.strip("\n").partition("\n")
        path, _, state = head.strip().partition(" is ")
        yield Example(path, state, textwrap.dedent(content).strip("\n"))


def pages() -> dict[str, str]:
    """The list of all rules, and the page of each, by their paths in docs/."""
    found = {f"rules/{rule.code}.md": _markdown(rule) for rule in rules()}
    return {"rules.md": _list(), **found}


def listed() -> str:
    """The list of all rules for `bundlekit.lint.catalogue`."""
    return written_list(CatalogueEntry(rule.code, rule.name, rule.severity) for rule in rules())


def _list() -> str:
    lines = [
        "# Rules",
        "",
        "The rules of `bundlekit validate`. An error stops a bundle from working, or the vendor's guide forbids",
        "it: such a bundle is not packed or deployed. A warning is probably a mistake, although the bundle may",
        "still run. An info is good to know. The page of each rule states its evidence; `bundlekit validate",
        "--explain CODE` shows the same page. [Settings](settings.md) describes how to choose rules. A rule with",
        "a fix corrects what it finds: `--fix` makes those that are safe, `--fix --unsafe-fixes` all of them.",
        "These pages are generated from the docstrings of the rules.",
    ]
    for chapter, group in groupby(rules(), key=lambda rule: rule.code[:3]):
        lines += [
            "",
            f"## {_CHAPTERS[chapter]}",
            "",
            "| code | name | severity | fix | what it finds |",
            "|---|---|---|---|---|",
        ]
        for rule in group:
            page = page_of(rule)
            fault, start = page.fault.replace("|", "\\|"), f"| [{rule.code}](rules/{rule.code}.md) | {rule.name}"
            lines.append(f"{start} | {rule.severity} | {page.safety} | {fault} |")
    return "\n".join(lines) + "\n"


def _markdown(rule: Rule) -> str:
    lines = [f"# {rule.code} {rule.name} ({rule.severity})", "", *described(page_of(rule))]
    lines += [
        "",
        "The examples show what matters of a file; the rest is as in a sound bundle, and they are tested.",
        "",
    ]
    return "\n".join([*lines, "[All rules](../rules.md)"]) + "\n"


def described(page: Page) -> list[str]:
    """The lines of a page in Markdown, without a heading."""
    lines = [page.fault, "", page.why, "", f"Evidence: {page.evidence}"]
    if page.fix:
        lines += ["", f"Fix, {page.safety}: {page.fix}"]
    for title, examples in (("Bad", page.bad), ("Good", page.good)):
        for example in examples:
            lines += ["", f"{title}, `{example.path}`" + (f" is {example.state}." if example.state else ":")]
            if example.content:
                is_bytes = example.content.startswith("b'")
                language = "python" if is_bytes else _LANGUAGES.get(example.path.rpartition(".")[2], "")
                lines += ["", f"```{language}", example.content, "```"]
    return lines


def write(docs: Path) -> None:
    """Write all pages into a folder, and take away those of rules that are gone."""
    made = pages()
    (docs / "rules").mkdir(parents=True, exist_ok=True)
    for old in (docs / "rules").glob("*.md"):
        if f"rules/{old.name}" not in made:
            old.unlink()
    for path, text in made.items():
        (docs / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(*sys.argv[1:2] or ["docs"]))
    LIST.write_text(listed(), encoding="ascii")
