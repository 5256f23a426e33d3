"""`bundlekit remove`."""

from __future__ import annotations

import click

from bundlekit.cli.access import Access, access_options, bundle_option, bundle_there, session_on, wait_lock_option
from bundlekit.cli.terminal import TerminalListener, can_ask
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage, CouldNotRun


@verb(
    "remove",
    examples="""
    bundlekit remove moxa@192.168.4.127 --bundle thermostat  keeps its settings
    bundlekit remove moxa@192.168.4.127 --bundle thermostat --purge --yes  settings too; does not ask
    """,
)
@access_options
@bundle_option()
@click.option("--purge", is_flag=True, help="Remove the settings as well; they cannot be brought back.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@wait_lock_option
def command(access: Access, bundle: str | None, purge: bool, yes: bool, wait_lock: int) -> int:
    """Stop a bundle and take it off a gateway, with its releases and its log. Its settings stay unless --purge."""
    return run(access, bundle, purge=purge, yes=yes, wait_lock=wait_lock)


def run(access: Access, bundle: str | None, *, purge: bool, yes: bool, wait_lock: int) -> int:
    """Remove a bundle, once the user has agreed."""
    from bundlekit.deploy import verbs

    if not yes and (access.password_stdin or not can_ask()):
        raise BadUsage("remove asks first, and there is no terminal to ask you on", hint="say --yes if you mean it")
    with session_on(access) as session:
        state = bundle_there(session, bundle, leftovers_count=purge or bundle is not None)
        name = state.name
        if state.settings and not (purge or state.current or state.releases):
            raise CouldNotRun(f"only the settings of {name} are left there", hint="--purge removes them")
        what = f"{name}, its releases, its log and its settings" if purge else f"{name}, its releases and its log"
        if not yes and not click.confirm(f"Remove {what} from {session.name}?", err=True):
            click.echo("nothing was removed", err=True)
            return 0
        outcome = verbs.remove(session, name, TerminalListener(), purge=purge, wait_lock=wait_lock)
        kept = "; its settings are kept there for the next deploy" if outcome.settings_kept else ""
        click.echo(f"{name} is removed from {session.name}{kept}")
    return 0
