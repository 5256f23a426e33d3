"""The check of one bundle, by the settings and the baseline that count for it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bundlekit.bundle.bundle import MANIFEST, Bundle
from bundlekit.bundle.search import enclosing_bundle, has_manifest
from bundlekit.errors import Refused, Unreadable
from bundlekit.lint import Finding, Severity, check_with_ignored
from bundlekit.lint.baselines import Baselines
from bundlekit.lint.chosen import Asked, RuleChoice
from bundlekit.lint.finding import counted
from bundlekit.quoting import printable


@dataclass(frozen=True)
class Validation:
    """What the check of a bundle found.

    Attributes:
        bundle: the path that was given, of its folder or archive.
        findings: by file, line and column; those that the settings, a comment in a file or the baseline leave out are
            not among them.
        overridden: errors that the settings or a comment hide, or call something less than an error.
        known: the number of findings that the baseline of the settings has.
        fail_on: the severity from which on findings fail the check; `error` unless the settings say another.
        notes: files of settings that do not count, and why.
    """

    bundle: str
    findings: tuple[Finding, ...]
    overridden: tuple[Finding, ...] = ()
    known: int = 0
    fail_on: Severity = Severity.ERROR
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no finding fails the check: such a bundle can be packed and deployed."""
        return not self.failing

    @property
    def failing(self) -> tuple[Finding, ...]:
        """The findings that fail the check."""
        return tuple(one for one in self.findings if one.severity.is_at_least(self.fail_on))


def validate(
    path: str | os.PathLike[str],
    *,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    fail_on: str | None = None,
    config: str | os.PathLike[str] | None = None,
    no_config: bool = False,
) -> Validation:
    """Check the bundle in a folder or an archive, as `bundlekit validate` does. Nothing is written, run or fetched.

    Args:
        path: of the bundle's folder, or of its `.tar.gz`.
        select: the only rules to ask: codes (`BK302`), prefixes (`BK3`) or names (`no-methods`); none means all.
        ignore: rules that are not asked, in the same words.
        fail_on: `error`, `warning` or `info`: findings from this severity on fail the check. By default the settings
            say it, else `error`.
        config: a file of settings that counts in place of the nearest bundlekit.toml or pyproject.toml.
        no_config: whether no settings count.

    Returns:
        What was found. A bundle with errors is no exception: see `Validation.passed`.

    Raises:
        Unreadable: there is no bundle, or the archive or the settings cannot be read.
        Refused: the archive has something that no archive may have.
        BadUsage: a word means no rule or no severity, or the settings make no sense.
    """
    place = Path(path)
    asked = Asked(tuple(select), tuple(ignore), (), fail_on, None, None if config is None else Path(config), no_config)
    choice = RuleChoice(asked)
    if place.is_dir():
        require_manifest(place)
    return examine(bundle_at(place), place, choice, Baselines(choice))


def examine(bundle: Bundle, place: Path, choice: RuleChoice, baselines: Baselines) -> Validation:
    """Check a bundle that is open.

    Args:
        bundle: that is checked.
        place: where its folder or archive is.
        choice: the rules, by what is asked for and the settings.
        baselines: of the settings.

    Raises:
        BundlekitError: the settings or the baseline cannot be read or make no sense.
    """
    selection = choice.of(place)
    found, by_themselves = check_with_ignored(bundle, selection)
    findings = baselines.new(os.path.realpath(place), bundle, list(found), selection)
    least = max(Severity.WARNING, selection.fail_on, key=list(Severity).index)
    counted = {_identity(finding) for finding in found if finding.severity.is_at_least(least)}
    overridden = (one for one in by_themselves if one.severity is Severity.ERROR and _identity(one) not in counted)
    known = len(found) - len(findings)
    notes = settings_left_out(choice.left_out)
    return Validation(bundle.label, tuple(findings), tuple(overridden), known, selection.fail_on, notes)


def settings_left_out(files: Mapping[Path, str]) -> tuple[str, ...]:
    """A sentence for each file of settings that does not count, from the reasons."""
    return tuple(f"the settings in {file} do not count: {why}" for file, why in files.items())


def refusal_of(found: Validation, *, hint: str, details: tuple[str, ...] = ()) -> Refused:
    """The error about a bundle that did not pass.

    Args:
        found: that did not pass.
        hint: what to do next.
        details: the findings as lines, where nobody has shown them yet.
    """
    counts = Counter(one.severity for one in found.failing)
    words = ", ".join(counted(counts[severity], severity.value) for severity in Severity if counts[severity])
    return Refused(f"{found.bundle} has {words}", hint=hint, details=details)


def refuse_errors(bundle: Bundle, place: Path, choice: RuleChoice) -> None:
    """Check a bundle before something is done with it.

    Args:
        bundle: that is checked.
        place: where its folder or archive is.
        choice: the rules.

    Raises:
        Refused: it has errors, or other findings that fail the check; `details` has them.
        BundlekitError: the settings or the baseline cannot be read or make no sense.
    """
    found = examine(bundle, place, choice, Baselines(choice))
    if not found.passed:
        hint = "correct these findings; bundlekit.validate(path) returns all"
        raise refusal_of(found, hint=hint, details=tuple(lines_of(found)))


def shown(found: Validation) -> Iterator[Finding]:
    """The findings that people see before something is done with a bundle: errors, warnings, and what else fails."""
    least = max(Severity.WARNING, found.fail_on, key=list(Severity).index)
    return (one for one in found.findings if one.severity.is_at_least(least))


def overridden_in_words(found: Validation) -> Iterator[str]:
    """A sentence for each error that the settings or a comment hide."""
    for one in found.overridden:
        where = f"{printable(one.file)}:{one.line}:{one.column}"
        by = "is ignored, by a comment or your settings"
        yield f"{where}: {one.code} {one.rule} {by}: {printable(one.message)}"


def lines_of(found: Validation) -> Iterator[str]:
    """All that people see of it, as lines of plain text."""
    from bundlekit.lint.formats.report import About
    from bundlekit.lint.formats.text import lines

    for note in found.notes:
        yield f"note: {printable(note)}"
    for one in shown(found):
        yield from lines(one, About())
    for sentence in overridden_in_words(found):
        yield f"note: {sentence}"


def bundle_at(path: Path) -> Bundle:
    """The bundle in a folder or an archive, unchecked.

    Raises:
        Unreadable: the archive cannot be read.
        Refused: the archive has something that no archive may have.
    """
    if not path.is_dir():
        from bundlekit.pack.reading import open_archive

        return open_archive(path)
    return Bundle.in_folder(path)


def require_manifest(folder: Path) -> None:
    """Raises:
    Unreadable: there is no bundle in a folder. Nobody waits for a home folder to be checked as if it were one.
    """
    if not has_manifest(folder):
        around = enclosing_bundle(folder / MANIFEST)
        hint = f"it is in the bundle {around}" if around is not None else "bundlekit new makes one"
        raise Unreadable(f"there is no bundle in {folder}: it has no {MANIFEST}", hint=hint)


def _identity(finding: Finding) -> tuple[str, str, int, int, str]:
    return finding.code, finding.file, finding.line, finding.column, finding.message
