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
    from bundlekit.fleet.record import Story

_form = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people or programs."
)
_named = click.argument("rollout", required=False)
_junit = click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a case a gateway to it."
)


@verb(
    "rollout",
    examples="""
    bundlekit rollout list  `bundlekit deploy` to several gateways begins one
    bundlekit rollout show
    bundlekit rollout resume 20261130-101500-3f2a  goes on, also on another machine with its record
    bundlekit rollout retry  those of the last one that failed
    bundlekit rollout report site-a.jsonl site-b.jsonl --junit report.xml
    """,
    kind=VerbWithVerbs,
)
def command() -> None:
    """Go on with deploys to many gateways, and tell of them.

    ROLLOUT is the id of one, the begin of the id, or the file of its record; by default the last one.

    Exit code: 0 all gateways are up, 1 some failed or it was stopped, 4 some need a human, 6 all that were reached are
    up and some are offline.
    """


@verb("list", examples="bundlekit rollout list", summary="List the rollouts that this machine has records of.")
@_form
def list_command(form: str) -> int:
    """List the rollouts that this machine has records of, the last one first."""
    from bundlekit.cli.rollout_report import listed
    from bundlekit.cli.rollouts import folder_of_records
    from bundlekit.fleet.record import read_record
    from bundlekit.fleet.report import for_programs

    stories = []
    for path in sorted(folder_of_records().glob("*.jsonl"), reverse=True):
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
            "\n".join(listed(stories)) or "there is no rollout yet; `bundlekit deploy` to many gateways begins one"
        )
    return 0


@verb("show", examples="bundlekit rollout show", summary="Tell how far a rollout is.")
@_named
@_form
def show_command(rollout: str | None, form: str) -> int:
    """Tell how far a rollout is, by its record; a controller may be at work with it."""
    from bundlekit.cli.rollout_report import shown
    from bundlekit.cli.rollouts import find_record
    from bundlekit.fleet.record import read_record
    from bundlekit.fleet.report import for_programs

    story = read_record(find_record(rollout))
    click.echo(json.dumps(for_programs(story), indent=2) if form == "json" else "\n".join(shown(story)))
    return _code(story)


@verb("resume", examples="bundlekit rollout resume", summary="Go on with a rollout.")
@_named
@fleet_login_options
@_junit
@_form
def resume_command(access: FleetAccess, rollout: str | None, junit: Path | None, form: str) -> int:
    """Go on with a rollout that was stopped or killed, here or on another machine that has its record.

    No gateway is deployed twice: one that may have got its order is asked how that ended.
    """
    from bundlekit.cli.rollouts import find_record, go_on

    return go_on(access, find_record(rollout), form=form, junit=junit)


@verb("retry", examples="bundlekit rollout retry", summary="Go on, and try those that failed once more.")
@_named
@fleet_login_options
@_junit
@_form
def retry_command(access: FleetAccess, rollout: str | None, junit: Path | None, form: str) -> int:
    """Go on with a rollout, and try the gateways that failed once more."""
    from bundlekit.cli.rollouts import find_record, go_on

    return go_on(access, find_record(rollout), form=form, junit=junit, retries=True)


@verb("rollback", examples="bundlekit rollout rollback", summary="Give those that are up their earlier release again.")
@_named
@fleet_login_options
@_form
def rollback_command(access: FleetAccess, rollout: str | None, form: str) -> int:
    """Give the gateways on which the rollout has brought its release up their earlier release again."""
    from bundlekit.cli.rollouts import find_record, revert

    return revert(access, find_record(rollout), form=form)


@verb("pause", examples="bundlekit rollout pause", summary="Begin nothing new; what was begun ends.")
@_named
def pause_command(rollout: str | None) -> int:
    """Have the bundlekit that is at work with a rollout begin nothing new; what was begun ends."""
    return _ask(rollout, "pause")


@verb("abort", examples="bundlekit rollout abort", summary="End a rollout for good.")
@_named
def abort_command(rollout: str | None) -> int:
    """End a rollout. Gateways that have the release keep it; `rollback` takes it back."""
    return _ask(rollout, "abort")


@verb(
    "report",
    examples="""
    bundlekit rollout report
    bundlekit rollout report a.jsonl b.jsonl --format json  two machines had half of the gateways each
    """,
    summary="Tell what one or several rollouts came to.",
)
@click.argument("rollouts", nargs=-1, metavar="[ROLLOUT]...")
@_junit
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", help="For people or programs."
)
def report_command(rollouts: tuple[str, ...], junit: Path | None, form: str) -> int:
    """Tell what rollouts came to, with each gateway once: as the record tells that was written to last about it."""
    from bundlekit.cli.deploy_report import code, markdown
    from bundlekit.cli.rollout_report import merged_for_programs
    from bundlekit.cli.rollouts import find_record, write_junit
    from bundlekit.fleet.record import merged, read_record
    from bundlekit.fleet.report import counts_in_words, exit_code, lines_of, title_of

    stories = [read_record(find_record(named)) for named in rollouts or (None,)]
    gateways = merged(stories)
    if junit:
        from dataclasses import replace

        write_junit(junit, replace(stories[0], gateways=gateways))
    if form == "json":
        click.echo(json.dumps(merged_for_programs(stories), indent=2))
    elif form == "markdown":
        titles = [f"### {markdown(title_of(story))}" for story in stories]
        click.echo("\n".join([*titles, "", markdown(counts_in_words(gateways)), "", *code(lines_of(gateways))]))
    else:
        click.echo("\n".join([*map(title_of, stories), "", *lines_of(gateways), "", counts_in_words(gateways)]))
    return exit_code(gateways, is_done=all(story.status == "done" for story in stories))


def _code(story: Story) -> int:
    from bundlekit.fleet.report import exit_code

    return exit_code(story.gateways, is_done=story.status == "done")


def _ask(rollout: str | None, what: str) -> int:
    from bundlekit.cli.rollouts import find_record
    from bundlekit.fleet.record import Record, ask

    path = find_record(rollout)
    if ask(path, what):
        click.echo(f"the bundlekit that is at work with {path.stem} was told to {what}; what was begun ends first")
        return 0
    with Record(path) as record:
        if what == "abort":
            record.add("status", status="aborted", reason="aborted")
            click.echo(f"{path.stem} is aborted; gateways that have the release keep it")
        else:
            click.echo(f"nothing is at work with {path.stem}: it is {record.story.status}")
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
