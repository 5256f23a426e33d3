"""What a rule is.

A rule is one module in a folder of `bundlekit/lint/rules/` with a constant `RULE`. Its docstring is its documentation,
in a fixed form: one sentence that names the fault, `Why:`, `Evidence:`, which says what was seen to happen and with
what, or who forbids it, `Bad:` and `Good:`; a test reads and runs the examples. Before `Bad:`, a rule with a correction
has `Fix (safe):`, `Fix (unsafe):` or `Fix (safe or unsafe):`, and what it changes. Adding the module, and writing its
page with `python -m bundlekit.lint.page`, is all that it takes to add a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from bundlekit.bundle.reading import ReadError, ReadErrorKind
from bundlekit.bundle.text import Span, Text
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.neighbours import NeighbourBundle, Neighbours
from bundlekit.lint.facts.structure import SchemaError
from bundlekit.lint.finding import Correction, Edit, Other, Severity


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What a rule found; the engine makes a finding of it.

    Attributes:
        path: the file's path in the bundle.
        span: where it is in it.
        message: see `Finding`.
        hint: see `Finding`.
        pointer: see `Finding`.
        other: path in the bundle, place and note of the other place.
        elsewhere: the other place, where it is in another bundle.
        correction: see `Finding`; its rename has paths in the bundle.
    """

    path: str
    span: Span
    message: str
    hint: str = ""
    pointer: str | None = None
    other: tuple[str, Span, str] | None = None
    elsewhere: Other | None = None
    correction: Correction | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    Attributes:
        code: `BK` and three digits: 1.. the manifest, 2.. files, 3.. index.py, 4.. the gateway, 9.. comments
            that hide findings.
        name: in kebab case, names the fault.
        severity: of its findings, unless somebody sets another.
        page: its documentation, the docstring of its module.
        check: yields what it finds; never raises.
        claims: the places in the schema (JSON pointers of keywords) whose errors it words, each of them or
            those of one kind. Every keyword that constrains is claimed.
        among: of a rule about several bundles: yields what it finds in one beside those that were met before.
    """

    code: str
    name: str
    severity: Severity
    page: str | None
    check: Callable[[Inspection], Iterable[Diagnostic]]
    claims: frozenset[str] = frozenset()
    among: Callable[[Inspection, NeighbourBundle, Neighbours], Iterable[Diagnostic]] | None = None


def in_manifest(inspection: Inspection, pointer: str, message: str, hint: str = "") -> Diagnostic:
    """A fault of a value of the manifest.

    Args:
        inspection: of the bundle.
        pointer: to the value; that of a missing one leads to what is around it.
        message: what is wrong, in one sentence.
        hint: what to do about it; may be empty.
    """
    manifest = inspection.manifest
    return Diagnostic(manifest.path, manifest.position(pointer), message, hint, pointer)


def safe_fix(title: str, edits: Iterable[Edit]) -> Correction | None:
    """A correction that `validate --fix` makes, see `Correction`; None if there is nothing to edit."""
    changes = tuple(edits)
    return Correction(title, changes) if changes else None


def unsafe_fix(title: str, edits: Iterable[Edit]) -> Correction | None:
    """A correction that has to be asked for, see `Correction`; None if there is nothing to edit."""
    changes = tuple(edits)
    return Correction(title, changes, is_safe=False) if changes else None


def structure_rule(
    *,
    code: str,
    name: str,
    severity: Severity,
    page: str | None,
    claims: Iterable[str],
    word: Callable[[SchemaError, Inspection], Iterable[Diagnostic]],
) -> Rule:
    """A rule that words errors of the schema.

    Args:
        code: such as `BK101`.
        name: in words with hyphens.
        severity: where no setting says otherwise.
        page: the docstring of its module, which becomes its page.
        claims: the places in the schema that it answers for.
        word: makes the diagnostics of one error; none if another rule that claims the place does.
    """
    claimed = frozenset(claims)

    def check(inspection: Inspection) -> Iterator[Diagnostic]:
        for error in inspection.schema_errors:
            if error.claim in claimed:
                yield from word(error, inspection)

    return Rule(code, name, severity, page, check, claimed)


def reading_rule(
    *,
    code: str,
    name: str,
    severity: Severity,
    page: str | None,
    kind: ReadErrorKind,
    correct: Callable[[Text | None, ReadError], Correction | None] = lambda *_: None,
) -> Rule:
    """A rule that reports one kind of error on reading the bundle's files.

    Args:
        code: such as `BK101`.
        name: in words with hyphens.
        severity: where no setting says otherwise.
        page: the docstring of its module, which becomes its page.
        kind: of the error.
        correct: the correction of an error in a text, where there is one.
    """

    def check(inspection: Inspection) -> Iterator[Diagnostic]:
        for path, read_error in inspection.read_errors:
            if read_error.kind is kind:
                other = (path, read_error.other, "the first one") if read_error.other is not None else None
                diagnostic = Diagnostic(
                    path, read_error.span, read_error.message, read_error.hint, read_error.pointer, other
                )
                yield replace(diagnostic, correction=correct(inspection.text(path), read_error))

    return Rule(code, name, severity, page, check)


def rule_among(
    *,
    code: str,
    name: str,
    severity: Severity,
    page: str | None,
    among: Callable[[Inspection, NeighbourBundle, Neighbours], Iterable[Diagnostic]],
) -> Rule:
    """A rule about several bundles, which finds nothing in one alone.

    Args:
        code: such as `BK101`.
        name: in words with hyphens.
        severity: where no setting says otherwise.
        page: the docstring of its module, which becomes its page.
        among: yields what it finds in one bundle beside others; never raises.
    """
    return Rule(code, name, severity, page, lambda _: (), among=among)
