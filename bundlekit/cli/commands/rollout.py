"""`bundlekit rollout`: what lasts of a deploy to many gateways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.cli.fleet_access import FleetAccess, fleet_login_options
from bundlekit.cli.verb import VerbWithVerbs, verb
from bundlekit.errors import BundlekitError

if TYPE_CHECKING:
    from bundlekit.fleet.story import Story

_form = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs."
)
_named = click.argument("rollout", required=False)
_max_failed = click.option(
    "--max-failed", metavar="N|P%", help="In place of the number that the rollout began with; failures so far count."
)
_junit = click.option(
    "--junit",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Also write a JUnit report, with a case for each gateway.",
)


@verb(
    "rollout",
    examples="""
    bundlekit rollout list  `bundlekit deploy` to several gateways starts a rollout
    bundlekit rollout show
    bundlekit rollout resume 20261130-101500-3f2a  continue, also on another machine with its record
    bundlekit rollout retry  try the failed gateways of the last rollout again
    bundlekit rollout report site-a.jsonl site-b.jsonl --junit report.xml
    """,
    kind=VerbWithVerbs,
)
def command() -> None:
    """Continue deploys to many gateways, and report on them.

    ROLLOUT is the id of a rollout, the start of an id, or the file of a record; by default the last rollout.

    Exit code: 0 all gateways are up, 1 some failed or it was stopped, 4 some need a human, 6 all reachable gateways are
    up and some are offline.
    """


@verb("list", examples="bundlekit rollout list", summary="List the rollouts with a record on this machine.")
@_form
def list_command(form: str) -> int:
    """List the rollouts with a record on this machine, the last rollout first."""
    from bundlekit.cli.rollout_records import records
    from bundlekit.cli.rollout_report import listed
    from bundlekit.fleet.report import for_programs
    from bundlekit.fleet.story import read_record

    stories = []
    for path in reversed(records()):
        try:
            stories.append((path, read_record(path)))
        except BundlekitError as error:
            click.echo(click.style("note: ", fg="yellow") + error.message, err=True)
    if form == "json":
        told = [
            {**for_programs(story), "record": str(path), "gateways": len(story.gateways)} for path, story in stories
        ]
        click.echo(json.dumps(told, indent=2))
    else:
        click.echo(
            "\n".join(listed(stories))
            or "there is no rollout yet; `bundlekit deploy` to several gateways starts a rollout"
        )
    return 0


@verb("show", examples="bundlekit rollout show", summary="Show the state of a rollout.")
@_named
@_form
def show_command(rollout: str | None, form: str) -> int:
    """Show the state of a rollout from its record, also while the rollout is in progress."""
    from bundlekit.cli.rollout_records import find_record
    from bundlekit.cli.rollout_report import shown
    from bundlekit.fleet.report import for_programs
    from bundlekit.fleet.story import read_record

    story = read_record(find_record(rollout))
    click.echo(json.dumps(for_programs(story), indent=2) if form == "json" else "\n".join(shown(story)))
    return _code(story)


@verb("resume", examples="bundlekit rollout resume", summary="Continue a rollout.")
@_named
@fleet_login_options
@_max_failed
@_junit
@_form
def resume_command(
    access: FleetAccess, rollout: str | None, max_failed: str | None, junit: Path | None, form: str
) -> int:
    """Continue a rollout that was stopped or killed, on this machine or on another machine with its record.

    No gateway gets the deploy twice: a gateway that may have the command already is asked for its result.
    """
    from bundlekit.cli.rollout_records import find_record
    from bundlekit.cli.rollouts import go_on

    return go_on(access, find_record(rollout), form=form, junit=junit, max_failed=max_failed)


@verb("retry", examples="bundlekit rollout retry", summary="Continue a rollout, and try the failed gateways again.")
@_named
@fleet_login_options
@_max_failed
@_junit
@_form
def retry_command(
    access: FleetAccess, rollout: str | None, max_failed: str | None, junit: Path | None, form: str
) -> int:
    """Continue a rollout, and try the gateways that failed again."""
    from bundlekit.cli.rollout_records import find_record
    from bundlekit.cli.rollouts import go_on

    return go_on(access, find_record(rollout), form=form, junit=junit, max_failed=max_failed, retries=True)


@verb(
    "rollback",
    examples="bundlekit rollout rollback",
    summary="Restore the previous release on all gateways that are up.",
)
@_named
@fleet_login_options
@_form
def rollback_command(access: FleetAccess, rollout: str | None, form: str) -> int:
    """Restore the previous release on all gateways where the release of the rollout is up."""
    from bundlekit.cli.rollout_records import find_record
    from bundlekit.cli.rollouts import go_on

    return go_on(access, find_record(rollout), form=form, reverts=True)


@verb("pause", examples="bundlekit rollout pause", summary="Start no more deploys; those in progress finish.")
@_named
def pause_command(rollout: str | None) -> int:
    """Make a rollout in progress start no more deploys. Deploys that were started finish; `resume` continues it."""
    return _ask(rollout, "pause")


@verb("abort", examples="bundlekit rollout abort", summary="End a rollout for good.")
@_named
def abort_command(rollout: str | None) -> int:
    """End a rollout for good. Gateways that have the release keep it; `rollback` restores the previous release."""
    return _ask(rollout, "abort")


@verb(
    "report",
    examples="""
    bundlekit rollout report
    bundlekit rollout report a.jsonl b.jsonl --format json  when two machines had half of the gateways each
    """,
    summary="Report the results of one or several rollouts.",
)
@click.argument("rollouts", nargs=-1, metavar="[ROLLOUT]...")
@_junit
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", help="For people or programs."
)
def report_command(rollouts: tuple[str, ...], junit: Path | None, form: str) -> int:
    """Report the results of rollouts. If several records have a gateway, the record with its latest change counts."""
    from bundlekit.cli.deploy_report import code, markdown
    from bundlekit.cli.rollout_records import find_record
    from bundlekit.cli.rollout_report import merged_for_programs, write_junit
    from bundlekit.fleet.report import counts_in_words, exit_code, lines_of, named_by, title_of
    from bundlekit.fleet.story import BY_ANSIBLE, merged, read_record

    stories = [read_record(find_record(named)) for named in rollouts or (None,)]
    gateways = merged(stories)
    lines = lines_of(gateways, named_by(stories[0]))
    if junit:
        from dataclasses import replace

        write_junit(junit, replace(stories[0], gateways=gateways))
    if form == "json":
        click.echo(json.dumps(merged_for_programs(stories), indent=2))
    elif form == "markdown":
        titles = [f"### {markdown(title_of(story))}" for story in stories]
        click.echo("\n".join([*titles, "", markdown(counts_in_words(gateways)), "", *code(lines)]))
    else:
        click.echo("\n".join([*map(title_of, stories), "", *lines, "", counts_in_words(gateways)]))
    return exit_code(gateways, is_done=all(story.status in ("done", BY_ANSIBLE) for story in stories))


def _code(story: Story) -> int:
    from bundlekit.fleet.report import exit_code
    from bundlekit.fleet.story import BY_ANSIBLE

    return exit_code(story.gateways, is_done=story.status in ("done", BY_ANSIBLE))


def _ask(rollout: str | None, what: str) -> int:
    from bundlekit.cli.rollout_records import find_record
    from bundlekit.cli.systems import require_unix
    from bundlekit.fleet.record import Record, ask

    require_unix("rollout")
    path = find_record(rollout)
    if ask(path, what):
        click.echo(f"the process of {path.stem} was asked to {what}; deploys in progress finish first")
        return 0
    with Record(path) as record:
        if what == "abort":
            record.add("status", status="aborted", reason="aborted")
            click.echo(f"{path.stem} is aborted; gateways that have the release keep it")
        else:
            click.echo(f"{path.stem} is not in progress: it is {record.story.status}")
    return 0


for _verb in (
    list_command,
    show_command,
    resume_command,
    pause_command,
    abort_command,
    retry_command,
    rollback_command,
    report_command,
):
    command.add_command(_verb)  # type: ignore[attr-defined] # it is a group
