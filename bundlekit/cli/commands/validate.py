"""`bundlekit validate`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.cli import report_error
from bundlekit.cli.choice import Asked, Chosen, choice_options
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage, BundlekitError, Unreadable

if TYPE_CHECKING:
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.lint.parallel import Job
    from bundlekit.lint.selection import Selection

_INPUT = Path("-")


@verb(
    "validate",
    examples="""
    bundlekit validate  the bundle in this folder, or all bundles below it
    bundlekit validate thermostat door-lock
    bundlekit validate thermostat-1.0.0.tar.gz  the bundle in an archive
    bundlekit validate thermostat/index.py  the bundle that the file belongs to
    bundlekit validate --format json | jq .summary
    bundlekit validate --format sarif --output findings.sarif  for code scanning; also github, gitlab, junit
    bundlekit validate - --stdin-filename thermostat/index.py < buffer  the text in an editor
    bundlekit validate --ignore BK304,no-methods --severity BK302=error  rules by code or name
    bundlekit validate --fail-on warning
    bundlekit validate --baseline known.json  report new findings only; --write-baseline makes the file
    bundlekit validate --gateway-api 2  the API version of the gateway
    bundlekit validate --fix  make all safe corrections; --diff shows them first
    bundlekit validate --diff --unsafe-fixes  show all corrections, also those that are a guess
    bundlekit validate --explain BK302  explain a rule, with examples
    bundlekit validate --no-config  every rule; ignore bundlekit.toml and pyproject.toml
    """,
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "concise", "json", "github", "gitlab", "sarif", "junit"]),
    default="text",
    help="For people: text, or concise with one line each. For programs: json. For CI: github, gitlab, sarif, junit.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the findings to a file; the summary is still shown.",
)
@click.option(
    "--skip-foreign",
    is_flag=True,
    help="Skip files that belong to no bundle; for hooks, which get every index.py.",
)
@click.option(
    "--deleted",
    is_flag=True,
    help="Also check the bundles from which a commit deletes a file; without a PATH, only these. For hooks.",
)
@click.option(
    "--stdin-filename",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="With - as the only PATH: the file of a bundle whose content is on standard input.",
)
@click.option("--no-cache", is_flag=True, help="Also check bundles that have not changed since the last check.")
@click.option("--fix", "fixes", is_flag=True, help="Make all safe corrections, then report the other findings.")
@click.option(
    "--unsafe-fixes",
    is_flag=True,
    help="With --fix or --diff: also the corrections that may change what the bundle answers, or are a guess.",
)
@click.option("--diff", "shows_fixes", is_flag=True, help="Show what --fix would change, and nothing else.")
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Leave out the findings in this file, and report those that are gone; replaces the baseline of the settings.",
)
@click.option("--write-baseline", is_flag=True, help="Write all findings into the baseline, and do not report them.")
@choice_options
def command(
    *,
    paths: tuple[Path, ...],
    asked: Asked,
    output_format: str,
    output: Path | None,
    skip_foreign: bool,
    deleted: bool,
    stdin_filename: Path | None,
    fixes: bool,
    unsafe_fixes: bool,
    shows_fixes: bool,
    baseline: Path | None,
    write_baseline: bool,
    no_cache: bool,
) -> int:
    """Check the bundles of each PATH: a bundle's folder, a folder of bundles, an archive, or any file of a bundle. By
    default this folder. Each bundle is checked once.

    With - and --stdin-filename, the bundle of that file is checked as if the file had the content of standard input.
    Only findings in that file are reported.

    Findings go to standard output, each with its place, its rule, what was expected and a hint.

    Settings in the nearest bundlekit.toml, or in [tool.bundlekit] of the nearest pyproject.toml, choose rules for every
    run; options take precedence.

    Exit code: 0 no errors (warnings do not count, but see --fail-on), 1 errors, or something to fix with --diff, 2
    usage, 3 something could not be checked.
    """
    if stdin_filename is not None and paths != (_INPUT,):
        raise BadUsage("--stdin-filename goes with - as the only PATH")
    if stdin_filename is None and _INPUT in paths and not os.path.lexists(_INPUT):
        raise BadUsage("- is a file on standard input", hint="--stdin-filename says which file of which bundle it is")
    if (fixes or shows_fixes) and stdin_filename is not None:
        raise BadUsage("--fix and --diff go with files, not with standard input")
    if unsafe_fixes and not (fixes or shows_fixes):
        raise BadUsage("--unsafe-fixes goes with --fix or --diff")
    if deleted:
        from bundlekit.cli.deletions import bundles_with_deletions

        paths = (*paths, *bundles_with_deletions())
    elif not paths:
        paths = (Path(),)
    if shows_fixes:
        return run_diff(paths, asked, skip_foreign=skip_foreign, unsafe_fixes=unsafe_fixes)
    return run(
        paths,
        asked,
        output_format=output_format,
        output=output,
        skip_foreign=skip_foreign,
        stdin_filename=stdin_filename,
        fixes=fixes,
        unsafe_fixes=unsafe_fixes,
        baseline=baseline,
        write_baseline=write_baseline,
        no_cache=no_cache,
    )


def run(
    paths: Iterable[Path],
    asked: Asked,
    *,
    output_format: str,
    output: Path | None,
    skip_foreign: bool,
    stdin_filename: Path | None = None,
    fixes: bool = False,
    unsafe_fixes: bool = False,
    baseline: Path | None = None,
    write_baseline: bool = False,
    no_cache: bool = False,
) -> int:
    """Check the bundles at `paths`, or the file on standard input, and write what is found to `output`, or print it."""
    from bundlekit.cli.baseline import KnownFindings
    from bundlekit.cli.bundles import bundle_of_input, bundles_at
    from bundlekit.cli.report_findings import reporter
    from bundlekit.lint.cache import Cache, cache_folder
    from bundlekit.lint.finding import order
    from bundlekit.lint.parallel import Together, check_each

    chosen = Chosen(asked)
    failures: list[BundlekitError] = []
    fails = False
    only = None
    bundles: Iterable[tuple[str, Bundle]] = ()
    together = Together()
    if stdin_filename is None:
        paths = tuple(paths)
        bundles = bundles_at(paths, skip_foreign, failures)
        together = Together(lambda: (bundle for _, bundle in bundles_at(paths, skip_foreign, [])))
    elif around := bundle_of_input(stdin_filename):
        place, bundle, only = around
        bundles = [(place, bundle)]
    elif not skip_foreign:
        raise Unreadable(f"{stdin_filename} belongs to no bundle", hint="no folder around it has a bundle.json")

    folder = None if no_cache else cache_folder()
    cache = Cache(folder) if folder is not None else None
    known = KnownFindings(chosen, baseline, writes=write_baseline)

    def jobs() -> Iterator[Job[tuple[str, Bundle, Selection]]]:
        for place, bundle in bundles:
            try:
                selection = chosen.of(Path(place))
                known.expect(place)
                now = bundle
                if fixes and not bundle.in_archive:
                    now = _mended(bundle, place, selection, unsafe=unsafe_fixes)
                yield (place, bundle, selection), now, selection
            except BundlekitError as failure:  # one of the settings is the same for each bundle that they count for
                failures.extend([failure] if failure not in failures else [])

    with known, reporter(output_format, output) as report:
        for (place, bundle, selection), found in check_each(jobs(), cache=cache):
            findings = sorted([*found, *together.check(bundle, selection)], key=order)
            findings = [one for one in findings if only in (None, one.file)]
            findings = known.new(place, bundle, findings, selection, only)
            fails |= selection.fails(findings)
            report.add(bundle, findings, selection.fail_on, called=only or bundle.label)
        report.end(failures)
    return max([int(fails), *map(report_error.show, failures)])


def _mended(bundle: Bundle, place: str, selection: Selection, *, unsafe: bool) -> Bundle:
    from bundlekit.cli.autofix import mend

    return mend(bundle, Path(place), selection, unsafe=unsafe)


def run_diff(paths: Iterable[Path], asked: Asked, *, skip_foreign: bool, unsafe_fixes: bool) -> int:
    """Print what `--fix` would change in the bundles at `paths`."""
    from bundlekit.cli.autofix import show_fixes
    from bundlekit.cli.bundles import bundles_at

    chosen = Chosen(asked)
    failures: list[BundlekitError] = []
    changes = False
    for place, bundle in bundles_at(paths, skip_foreign, failures):
        try:
            if not bundle.in_archive:
                changes |= show_fixes(bundle, chosen.of(Path(place)), unsafe=unsafe_fixes)
        except BundlekitError as failure:
            failures += [failure] if failure not in failures else []
    return max([int(changes), *map(report_error.show, failures)])
