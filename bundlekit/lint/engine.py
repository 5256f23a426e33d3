"""Runs the rules over a bundle."""

from __future__ import annotations

from collections.abc import Callable, Container, Generator, Iterable, Iterator
from dataclasses import replace

from bundlekit.bundle.bundle import Bundle
from bundlekit.lint import suppression
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.neighbours import NeighbourBundle, Neighbours
from bundlekit.lint.finding import Correction, Finding, Other, Rename, Severity, order
from bundlekit.lint.redaction import secrets_of
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.lint.rules import rules
from bundlekit.lint.selection import Selection, selection


def check(bundle: Bundle, chosen: Selection | None = None, *, heed_comments: bool = True) -> tuple[Finding, ...]:
    """Check a bundle.

    Args:
        bundle: the bundle.
        chosen: which rules are asked; by default all, each with its own severity.
        heed_comments: whether comments in the modules can hide findings.

    Returns:
        What was found, by file, place and code: the same bundle gives the same findings in the same order.
        Nothing is raised, whatever the bundle holds.
    """
    chosen = chosen or selection()
    inspection = Inspection(bundle, chosen.api)
    found = list(_told(chosen, _found(inspection, chosen.severities)))
    if heed_comments:
        found = _without_hidden(inspection, found)
    return _findings(inspection, chosen, found)


def check_with_ignored(bundle: Bundle, chosen: Selection) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Check a bundle once, for what is chosen and for what that passes over.

    Args:
        bundle: the bundle.
        chosen: which rules are asked.

    Returns:
        What `check` finds; and what the rules find by themselves, with neither a choice nor a comment heeded.
    """
    inspection, everything = Inspection(bundle, chosen.api), selection()
    found = list(_found(inspection, chosen.severities.keys() | everything.severities.keys()))
    told = _without_hidden(inspection, list(_told(chosen, found)))
    return _findings(inspection, chosen, told), _findings(inspection, everything, _told(everything, found))


def check_in_steps(inspection: Inspection, chosen: Selection) -> Generator[None, None, tuple[Finding, ...]]:
    """Check a bundle as `check` does, with a pause after each rule, in which the check can be given up.

    Args:
        inspection: of the bundle.
        chosen: which rules are asked.

    Returns:
        What `check` returns.
    """
    found: list[tuple[Rule, Diagnostic]] = []
    for rule in rules():
        if rule.code in chosen.severities:
            found += _told(chosen, ((rule, diagnostic) for diagnostic in rule.check(inspection)))
            yield
    return _findings(inspection, chosen, _without_hidden(inspection, found))


def _found(inspection: Inspection, codes: Container[str]) -> Iterator[tuple[Rule, Diagnostic]]:
    for rule in rules():
        if rule.code in codes:
            for diagnostic in rule.check(inspection):
                yield rule, diagnostic


def _told(chosen: Selection, found: Iterable[tuple[Rule, Diagnostic]]) -> Iterator[tuple[Rule, Diagnostic]]:
    for rule, diagnostic in found:
        if rule.code in chosen.severities and chosen.tells(rule.code, diagnostic.path):
            yield rule, diagnostic


def check_among(this: NeighbourBundle, others: Neighbours, chosen: Selection) -> tuple[Finding, ...]:
    """What the rules about several bundles find in one, beside those that were met before.

    Args:
        this: the bundle.
        others: those that were met before.
        chosen: the rules that count.
    """
    inspection = Inspection(this.bundle, chosen.api)
    return _findings(
        inspection,
        chosen,
        (
            (rule, diagnostic)
            for rule in rules()
            if rule.among is not None and rule.code in chosen.severities
            for diagnostic in rule.among(inspection, this, others)
            if chosen.tells(rule.code, diagnostic.path)
        ),
    )


def _findings(
    inspection: Inspection, chosen: Selection, found: Iterable[tuple[Rule, Diagnostic]]
) -> tuple[Finding, ...]:
    findings = (_finding(inspection, rule, chosen.severities[rule.code], diagnostic) for rule, diagnostic in found)
    return tuple(sorted(findings, key=order))


def _without_hidden(inspection: Inspection, found: list[tuple[Rule, Diagnostic]]) -> list[tuple[Rule, Diagnostic]]:
    """What no comment hides; no module is looked into for that as long as nothing is found in one."""
    lines = [list(suppression.lines_of(diagnostic)) for _, diagnostic in found]
    hidden = suppression.hidden(inspection) if any(lines) else frozenset()
    return [
        (rule, diagnostic)
        for (rule, diagnostic), places in zip(found, lines, strict=True)
        if not any((rule.code, *place) in hidden for place in places)
    ]


def _finding(inspection: Inspection, rule: Rule, severity: Severity, diagnostic: Diagnostic) -> Finding:
    bundle, span = inspection.bundle, diagnostic.span
    text = inspection.text(diagnostic.path)
    redact = _redaction(inspection, diagnostic)
    other = diagnostic.elsewhere
    if diagnostic.other is not None:
        path, place, note = diagnostic.other
        other = Other(bundle.shown(path), place.line, place.column, redact(note))
    return Finding(
        code=rule.code,
        rule=rule.name,
        severity=severity,
        file=bundle.shown(diagnostic.path),
        line=span.line,
        column=span.column,
        end_line=span.end_line,
        end_column=span.end_column,
        pointer=diagnostic.pointer,
        message=redact(diagnostic.message),
        hint=redact(diagnostic.hint),
        other=other,
        excerpt=redact(text.line(span.line)) if text else "",
        correction=_correction(bundle, diagnostic.correction, redact),
    )


def _correction(bundle: Bundle, offered: Correction | None, redact: Callable[[str], str]) -> Correction | None:
    if offered is None:
        return None
    rename = offered.rename
    shown = Rename(bundle.shown(rename.old), bundle.shown(rename.new)) if rename is not None else None
    return replace(offered, title=redact(offered.title), rename=shown)


def _redaction(inspection: Inspection, diagnostic: Diagnostic) -> Callable[[str], str]:
    """Takes the secrets out of words: those of the files that it is about, and of bundle.json, which rules quote."""
    paths = dict.fromkeys((diagnostic.path, *(diagnostic.other or ())[:1], inspection.manifest.path))
    secrets = [secrets_of(text) for text in map(inspection.text, paths) if text is not None]

    def redact(words: str) -> str:
        for one in secrets:
            words = one.redact(words)
        return words

    return redact
