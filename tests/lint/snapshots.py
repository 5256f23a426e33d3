"""What every rule says, word for word: tests/lint/snapshots/ has a file for each, to be read when a message changes.

`python -m tests.lint.snapshots` writes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bundlekit.bundle.text import Span, Text
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.lint.rules import rules
from bundlekit.quoting import printable
from tests.lint.cases import examples, inspections

FOLDER = Path(__file__).with_suffix("")


def snapshot(rule: Rule) -> str:
    """What a rule finds in all the cases, each by its name; in those that are not named it finds nothing."""
    lines = [f"{rule.code} {rule.name}: {rule.severity}"]
    for name, inspection in (examples(rule) | inspections()).items():
        diagnostics = list(rule.check(inspection))
        if diagnostics:
            lines += ["", f"[{printable(name)}]"]
            lines += [line for diagnostic in diagnostics for line in _lines(inspection, diagnostic)]
    return "\n".join(lines) + "\n"


def _lines(inspection: Inspection, diagnostic: Diagnostic) -> Iterator[str]:
    text = inspection.text(diagnostic.path)
    pointer = "" if diagnostic.pointer is None else f" {diagnostic.pointer!r}"
    yield f"{printable(diagnostic.path)}:{_place(text, diagnostic.span)}{pointer}"
    yield f"  {diagnostic.message}"
    if diagnostic.hint != "":
        yield f"  hint: {diagnostic.hint}"
    if diagnostic.other is not None:
        path, span, note = diagnostic.other
        yield f"  other: {printable(path)}:{_place(inspection.text(path), span)} {note}"
    correction = diagnostic.correction
    if correction is None:
        return
    yield f"  fix{'' if correction.is_safe else ', unsafe'}: {correction.title}"
    if correction.rename is not None:
        yield f"    {correction.rename.old!r} becomes {correction.rename.new!r}"
    for edit in correction.edits:
        span = Span(edit.line, edit.column, edit.end_line, edit.end_column)
        yield f"    {_place(text, span)} becomes {edit.text!r}"


def _place(text: Text | None, span: Span) -> str:
    marked = ""
    if text is not None and span.line == span.end_line:
        marked = f" {text.line(span.line)[span.column - 1 : span.end_column - 1][:60]!r}"
    return f"{span.line}:{span.column}-{span.end_line}:{span.end_column}{marked}"


def write() -> None:
    """Write the files of all rules, and take away those of rules that are gone."""
    FOLDER.mkdir(exist_ok=True)
    made = {f"{rule.name}.txt": snapshot(rule) for rule in rules()}
    for old in FOLDER.iterdir():
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
