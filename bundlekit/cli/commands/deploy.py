"""`bundlekit deploy`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bundlekit.cli.access import (
    Access,
    force_option,
    hand_over_option,
    head_start_of,
    session_on,
    verify_option,
    wait_lock_option,
    wait_option,
)
from bundlekit.cli.fleet_access import FleetAccess, fleet_options, is_single, single
from bundlekit.cli.rate import parse_rate
from bundlekit.cli.rollout_options import RolloutOptions, rollout_options
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage, BundlekitError
from bundlekit.quoting import printable

if TYPE_CHECKING:
    from bundlekit.cli.deploy_report import DeployReport
    from bundlekit.pack.archive import Archive
    from bundlekit.remote.session import Session

_MOST_NAMED = 5  # folders in one line of an error


@verb(
    "deploy",
    examples="""
    bundlekit deploy moxa@192.168.4.127  the bundle in this folder
    bundlekit deploy moxa@192.168.4.127 --bundle thermostat
    bundlekit deploy substation-7 --bundle thermostat-0.2.0.tar.gz  a Host of ~/.ssh/config; an archive
    bundlekit deploy moxa@192.168.4.127 -b thermostat -b pump  one after the other
    bundlekit deploy moxa@192.168.4.127 --all --bundle bundles  all bundles in that folder
    bundlekit deploy moxa@192.168.4.127 --format json | jq -r 'select(.event == "end").outcome'
    bundlekit deploy moxa@[fe80::290:e8ff:fe00:1%eth0]:2222 --dry-run  what it would do
    bundlekit deploy -i gateways.ini 'substations,!gw07' --waves 1,5,25%,100% --soak 10m --max-failed 5%
    bundlekit deploy -i gateways.ini -b thermostat -b pump  both on each gateway, one after the other
    """,
)
@fleet_options
@rollout_options
@click.option(
    "-b",
    "--bundle",
    "bundles",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="The bundle's folder, or its archive; by default this folder. Several are deployed one after the other.",
)
@click.option("--all", "all_in", is_flag=True, help="Deploy all bundles in the folder, and in those below it.")
@click.option(
    "--require-signature",
    is_flag=True,
    help="Refuse an archive that no signer of the settings has signed; a gateway may have signers of its own.",
)
@click.option(
    "--require-newer",
    "newer",
    is_flag=True,
    help="Refuse a bundle that is not newer than the release on the gateway: an old signature stays valid.",
)
@click.option("--dry-run", is_flag=True, help="Look at the gateway, show what would be done, change nothing.")
@wait_option
@verify_option
@hand_over_option
@force_option
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
def command(
    access: FleetAccess,
    *,
    bundles: tuple[Path, ...],
    all_in: bool,
    dry_run: bool,
    rollout: RolloutOptions,
    **options: Any,
) -> int:
    """Install a bundle on a gateway and check that it starts.

    The bundle is validated, packed, uploaded and unpacked beside the release that runs. The gateway's Python compiles
    it and tries its imports. Then the new release is started in place of the old release. If it does not register with
    the gateway, or if one of its GETs fails, the previous release is started again. With verify-write in the bundle's
    settings, this also happens if a PUT of what a GET returned fails or changes it. The settings (data/NAME.json) are
    not changed.

    The deploy is refused if another bundle on the gateway has one of the resources, or if a copy of the bundle was
    started by hand: the gateway would ask both and merge their answers.

    Several bundles are all checked first, then deployed over one connection in the order in which you name them. The
    first failure ends the deploy, and its exit code counts. The bundles that run by then continue to run.

    Exit code: 0 it runs, 1 the bundle has errors or was rolled back, 2 usage, 3 could not be done, 4 the gateway needs
    somebody to look at it.

    A deploy to several gateways is a rollout. It goes in waves and stops when too many gateways failed. It writes a
    record, with which `bundlekit rollout resume` continues. A gateway is up when all bundles are. Its exit code: 0 all
    gateways are up, 1 some failed or it was stopped, 4 some need a human, 6 all reachable gateways are up and some are
    offline.

    With --format json, standard output has one object per line for each event; the last is `end`, also after a failure.
    If GITHUB_STEP_SUMMARY names a file, as on GitHub, a summary in Markdown is added to it.
    """
    paths = bundles or (Path(),)
    if is_single(access):
        if rollout.is_used:
            raise BadUsage("--waves, --soak, --record and the like are only for several gateways, and you named one")
        return run(single(access), paths, all_in=all_in, dry_run=dry_run, **options)
    return run_many(access, paths, rollout, all_in=all_in, dry_run=dry_run, **options)


def run_many(
    access: FleetAccess,
    paths: Sequence[Path],
    rollout: RolloutOptions,
    *,
    dry_run: bool,
    all_in: bool,
    verify: bool,
    form: str,
    require_signature: bool = False,
    **how: Any,
) -> int:
    """Roll bundles or archives out to many gateways."""
    from bundlekit.cli.rollouts import begin, preview

    checked = _checked(_meant(paths, all_in=all_in), require_signature=require_signature, form=form)
    run = preview if dry_run else begin
    return run(access, checked, rollout, form=form, verify=verify, **how)


def run(
    access: Access,
    paths: Sequence[Path],
    *,
    dry_run: bool,
    wait: int,
    wait_lock: int,
    keep: int,
    all_in: bool = False,
    rate: int | None = None,
    verify: bool = True,
    hand_over: bool = False,
    force: bool = False,
    newer: bool = False,
    form: str = "text",
    require_signature: bool = False,
) -> int:
    """Deploy the bundles or archives at `paths`, one after the other, until one fails."""
    from bundlekit.cli.deploy_report import DeployReport
    from bundlekit.ssh.target import parse_target

    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    how = {"wait": wait, "wait_lock": wait_lock, "rate": rate, "verify": verify, "hand_over": hand_over}
    how |= {"force": force, "newer": newer}

    def new_report() -> DeployReport:
        return DeployReport(access.target, form=form, summary=Path(summary) if summary else None)

    report = new_report()
    done: list[str] = []
    archives: list[Archive] = []
    stack = ExitStack()
    try:
        parse_target(access.target)
        paths = _meant(paths, all_in=all_in)
        # Several bundles may exclude each other, which is found out before anybody connects.
        begun = stack.enter_context(head_start_of(access)) if len(paths) == 1 else None
        checked = _checked(paths, require_signature=require_signature, form=form)
        archives = [archive for archive, _ in checked]
        report.begin(archives[0].name, archives[0].version)
        with session_on(access, head_start=begun) as session:
            for number, (archive, write) in enumerate(checked):
                if number:
                    report.close()
                    report = new_report()
                    report.begin(archive.name, archive.version)
                report.reached(session.identity)
                _deploy(session, archive, report, keep=keep, dry_run=dry_run, how={**how, "write": write})
                done.append(archive.name)
    except BundlekitError as error:
        report.fail(error)
        raise
    finally:
        stack.close()
        report.close()
        if len(archives) > 1:
            report.of_several(done, [archive.name for archive in archives[len(done) :]], is_plan=dry_run)
    return 0


def _meant(paths: Sequence[Path], *, all_in: bool) -> Sequence[Path]:
    """The folders and archives that the command line means."""
    if all_in:
        from bundlekit.bundle.search import bundle_folders

        return [folder for path in paths for folder in (bundle_folders(path) if path.is_dir() else (path,))]
    for path in paths:
        _refuse_folder_of_bundles(path)
    return paths


def _checked(paths: Sequence[Path], *, require_signature: bool, form: str) -> list[tuple[Archive, bool]]:
    """The archives to deploy, all of them without errors, before anybody is asked for a password; and whether each has
    to keep what is written, by its settings."""
    checked = [_shown_and_checked(path, form) for path in paths]

    from bundlekit.cli.choice import Asked, Chosen  # these take a while to load, and the user sees a line before
    from bundlekit.library.signatures import check_signature

    choice = Chosen(Asked())
    for path, (archive, _) in zip(paths, checked, strict=True):
        check_signature(archive, path, choice, required=require_signature)
    names = [archive.name for archive, _ in checked]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadUsage(f"two of the bundles are called {twice}", hint="one of them would replace the other")
    return checked


def _shown_and_checked(path: Path, form: str) -> tuple[Archive, bool]:
    """The user sees at once that something is done, also in the log of a CI job. Programs get lines of JSON alone."""
    if form == "text" or sys.stderr.isatty():
        shown = path if path.name else path.resolve()  # a dot says nothing in a log
        click.echo(click.style("- ", fg="cyan") + f"check and pack {printable(str(shown))}", err=True)
    from bundlekit.cli.archive import checked_archive  # it takes a while to load, too

    return checked_archive(path)


def _refuse_folder_of_bundles(path: Path) -> None:
    """Say what to do with a folder that is no bundle and has some in it."""
    from bundlekit.bundle.search import has_manifest

    if not path.is_dir() or has_manifest(path):
        return
    found = sorted(folder for folder in path.iterdir() if folder.is_dir() and has_manifest(folder))
    if found:
        more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        named = ", ".join(str(folder) for folder in found[:_MOST_NAMED]) + more
        raise BadUsage(
            f"{path} is a folder of bundles, and no bundle itself: {named}",
            hint=f"--bundle {found[0]} deploys one bundle, --all all of them",
        )


def _deploy(
    session: Session, archive: Archive, report: DeployReport, *, keep: int, dry_run: bool, how: dict[str, Any]
) -> None:
    """Do it, or tell what would be done."""
    from bundlekit.deploy import verbs

    what = f"{archive.name} {archive.version}"
    if dry_run:
        choices = {name: how[name] for name in ("verify", "hand_over", "force", "write", "newer")}
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
