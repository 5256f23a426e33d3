"""`bundlekit deploy`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bundlekit.cli.access import (
    Access,
    access_options,
    hand_over_option,
    session_on,
    verify_option,
    wait_lock_option,
    wait_option,
)
from bundlekit.errors import BundlekitError

if TYPE_CHECKING:
    from bundlekit.cli.deploy_report import Report
from bundlekit.cli.verb import verb

_LEAST_RATE, _MOST_RATE = 1000, 1_000_000_000
_RATE = re.compile(r"(\d+(?:\.\d+)?)([kM]?)")


def parse_rate(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """Bytes a second, from `20000`, `20k` or `1.5M`."""
    if text is None:
        return None
    found = _RATE.fullmatch(text)
    rate = float(found[1]) * {"": 1, "k": 1000, "M": 1_000_000}[found[2]] if found else 0
    if not _LEAST_RATE <= rate <= _MOST_RATE:
        raise click.BadParameter(
            f"{text[:60]!r} is no number of bytes a second, such as 20k or 1.5M; 1k is the least, 1000M the most"
        )
    return int(rate)


@verb(
    "deploy",
    summary="Install a bundle on a gateway and see that it comes up.",
    examples="""
    bundlekit deploy moxa@192.168.4.127  the bundle in this folder
    bundlekit deploy moxa@192.168.4.127 --bundle thermostat
    bundlekit deploy substation-7 --bundle thermostat-0.2.0.tar.gz  a Host of ~/.ssh/config; an archive
    bundlekit deploy moxa@192.168.4.127 --format json | jq -r 'select(.event == "end").outcome'
    bundlekit deploy moxa@[fe80::290:e8ff:fe00:1%eth0]:2222 --dry-run  what it would do
    """,
)
@access_options
@click.option(
    "-b",
    "--bundle",
    type=click.Path(exists=True, path_type=Path),
    default=".",
    help="The bundle's folder, or its archive; by default this folder.",
)
@click.option("--dry-run", is_flag=True, help="Look at the gateway, show what would be done, change nothing.")
@wait_option
@verify_option
@hand_over_option
@click.option(
    "--force-resource", "force", is_flag=True, help="Deploy it even if another bundle there has one of its resources."
)
@wait_lock_option
@click.option(
    "--keep", type=click.IntRange(1, 100), default=3, show_default=True, help="Good releases to keep on the gateway."
)
@click.option(
    "--limit-rate",
    "rate",
    metavar="BYTES",
    callback=parse_rate,
    help="Upload at most so many bytes a second, such as 20k or 1.5M; others may need the link too.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people, or an event a line."
)
def command(access: Access, *, bundle: Path, dry_run: bool, **options: Any) -> int:
    """Install a bundle on a gateway and see that it comes up.

    The bundle is validated, packed, uploaded, unpacked beside the release that runs, compiled and its imports tried by
    the gateway's Python, and started in its place. When it does not register with the gateway, or a GET that it has
    does not answer there, the release before runs again. Its settings (data/NAME.json) stay as they are.

    It is refused where another bundle on the gateway has one of its resources, and where a copy of it runs by hand: the
    gateway would ask both and merge their answers.

    Exit code: 0 it runs, 1 the bundle has errors or was taken back, 2 usage, 3 could not be done, 4 the gateway needs
    somebody to look at it.

    With --format json, standard output has an object a line for each event; the last is `end`, also where it failed.
    Where GITHUB_STEP_SUMMARY names a file, as on GitHub, a summary in Markdown is added to it.
    """
    return run(access, bundle, dry_run=dry_run, **options)


def run(
    access: Access,
    path: Path,
    *,
    dry_run: bool,
    wait: int,
    wait_lock: int,
    keep: int,
    rate: int | None = None,
    verify: bool = True,
    hand_over: bool = False,
    force: bool = False,
    form: str = "text",
) -> int:
    """Deploy the bundle or the archive at `path`."""
    from bundlekit.cli.deploy_report import Report

    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    report = Report(access.target, form=form, summary=Path(summary) if summary else None)
    how = {"wait": wait, "wait_lock": wait_lock, "rate": rate, "verify": verify, "hand_over": hand_over, "force": force}
    try:
        _deploy(access, path, report, keep=keep, dry_run=dry_run, how=how)
    except BundlekitError as error:
        report.fail(error)
        raise
    finally:
        report.close()
    return 0


def _deploy(access: Access, path: Path, report: Report, *, keep: int, dry_run: bool, how: dict[str, Any]) -> None:
    """Do it, or tell what would be done."""
    from bundlekit.cli.archive import checked_archive
    from bundlekit.deploy import verbs
    from bundlekit.deploy.target import parse_target

    parse_target(access.target)
    archive = checked_archive(path)
    what = f"{archive.name} {archive.version}"
    report.begin(archive.name, archive.version)
    with session_on(access) as session:
        report.reached(session.identity)
        if dry_run:
            choices = {name: how[name] for name in ("verify", "hand_over", "force")}
            steps = verbs.preview(session, archive, report, keep=keep, **choices).plan.steps
            steps = steps or ("nothing: this very archive runs there already",)
            report.end("planned", *steps, steps=steps)
            return
        deployed = verbs.deploy(session, archive, report, keep=keep, **how)
        outcome, release = deployed.outcome, deployed.plan.release
        if outcome is None:
            told = f"unchanged: {what} runs on {session.name} already, release {release}"
            report.end("unchanged", told, release=release)
            return
        before = f", in place of {outcome.replaced}" if outcome.replaced else ""
        report.end(
            "up",
            f"{what} runs on {session.name}, release {outcome.release}{before}",
            release=outcome.release,
            replaced=outcome.replaced or None,
            pruned=outcome.pruned,
        )
