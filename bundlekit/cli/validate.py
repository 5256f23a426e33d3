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
from bundlekit.errors import BundlekitError

if TYPE_CHECKING:
    from bundlekit.bundle.bundle import Bundle

_ARCHIVES = (".tar.gz", ".tgz")


@verb(
    "validate",
    summary="Check bundles against the vendor's rules and what bites in the field.",
    examples="""
    bundlekit validate  the bundle in this folder, or all bundles below it
    bundlekit validate thermostat door-lock
    bundlekit validate thermostat-1.0.0.tar.gz  what is in an archive
    bundlekit validate thermostat/index.py  the bundle that a file belongs to
    bundlekit validate --format json | jq .summary
    bundlekit validate --format sarif --output findings.sarif  for code scanning; also github, gitlab, junit
    bundlekit validate --ignore BK304,no-methods --severity BK302=error  rules by code or name
    bundlekit validate --fail-on warning
    bundlekit validate --no-config  every rule, whatever bundlekit.toml or pyproject.toml says
    """,
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "concise", "json", "github", "gitlab", "sarif", "junit"]),
    default="text",
    help="For people: text, or concise, a line each. For programs: json. For CI: github, gitlab, sarif, junit.",
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
    help="Pass over files that belong to no bundle, as hooks need that are given any index.py.",
)
@choice_options
def command(paths: tuple[Path, ...], asked: Asked, output_format: str, output: Path | None, skip_foreign: bool) -> int:
    """Check the bundles that each PATH means: a bundle's folder, a folder of bundles, an archive, or any file of a
    bundle. By default the folder you are in. Each bundle is checked once.

    Findings go to standard output, each with its place, its rule, what was expected and a hint.

    Settings in the nearest bundlekit.toml, or in [tool.bundlekit] of the nearest pyproject.toml, choose rules for good;
    the options here win.

    Exit code: 0 no errors (warnings do not count, but see --fail-on), 1 errors, 2 usage, 3 something could not be
    checked.
    """
    return run(paths or (Path(),), asked, output_format=output_format, output=output, skip_foreign=skip_foreign)


def run(paths: Iterable[Path], asked: Asked, *, output_format: str, output: Path | None, skip_foreign: bool) -> int:
    """Check the bundles at `paths` and write what is found to `output`, or print it."""
    from bundlekit.cli.report_findings import reporter
    from bundlekit.lint import check

    chosen = Chosen(asked)
    failures: list[BundlekitError] = []
    fails = False
    with reporter(output_format, output) as report:
        for place, bundle in _bundles(paths, skip_foreign, failures):
            try:
                selection = chosen.of(Path(place))
            except BundlekitError as failure:  # of the settings, the same for each bundle that they count for
                failures += [failure] if failure not in failures else []
                continue
            findings = check(bundle, selection)
            fails |= selection.fails(findings)
            report.add(bundle, findings, selection.fail_on)
        report.end(failures)
    return max([int(fails), *map(report_error.show, failures)])


def _bundles(paths: Iterable[Path], skip_foreign: bool, failures: list[BundlekitError]) -> Iterator[tuple[str, Bundle]]:
    """The bundles that the paths mean, each once, and where each lies; what cannot be had is added to the failures."""
    seen: set[str] = set()
    for path in paths:
        try:
            for place, bundle in _bundles_at(path, skip_foreign):
                if place not in seen:
                    seen.add(place)
                    yield place, bundle
        except BundlekitError as failure:
            failures.append(failure)


def _bundles_at(path: Path, skip_foreign: bool) -> Iterator[tuple[str, Bundle]]:
    """The bundles that a path means, and where each really lies."""
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.bundle.search import bundle_folders, enclosing_bundle

    is_file = os.path.lexists(path) and not path.is_dir()
    if is_file and path.name.endswith(_ARCHIVES):
        from bundlekit.pack.reading import open_archive

        yield os.path.realpath(path), open_archive(path)
    elif not (is_file and skip_foreign and enclosing_bundle(path) is None):
        for folder in bundle_folders(path):
            yield os.path.realpath(folder), Bundle.in_folder(folder)
