"""`bundlekit update`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bundlekit.cli import report_error
from bundlekit.cli.terminal import can_ask
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage, BundlekitError, Refused
from bundlekit.quoting import printable

if TYPE_CHECKING:
    from bundlekit.scaffold.answers import Answers
    from bundlekit.scaffold.merge import FileChange

_COLOURS = {"conflict": "red", "kept": "yellow"}


@verb(
    "update",
    examples="""
    bundlekit update  the bundle in this folder
    bundlekit update thermostat lamp
    bundlekit update --diff thermostat  show what would change
    bundlekit update --check  exit code 1 if there is something newer
    bundlekit update --adopt thermostat  for a bundle from before bundlekit had this verb
    """,
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", "only_checks", is_flag=True, help="Change nothing; exit code 1 if there is something newer.")
@click.option("--diff", "shows_diff", is_flag=True, help="Show what would change, and change nothing.")
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="Another answer than that of the bundle, such as ttl=30 or resources='/rooms:get /rooms/:id:get,put'. "
    "Can be repeated.",
)
@click.option(
    "--adopt",
    is_flag=True,
    help="Take the most similar template of earlier releases for a bundle that does not say which template made it.",
)
@click.option("--allow-dirty", is_flag=True, help="Go on although the bundle has changes that are not committed.")
@click.option("--no-input", is_flag=True, help="Do not ask: use the default for each answer that is new.")
def command(
    *,
    paths: tuple[Path, ...],
    only_checks: bool,
    shows_diff: bool,
    settings: tuple[str, ...],
    adopt: bool,
    allow_dirty: bool,
    no_input: bool,
) -> int:
    """Bring to bundles what the template of new bundles has now, and keep what you changed.

    PATH is a bundle or a folder of bundles; by default the current folder. Each file is merged from three versions:
    the template as it was, your file, and the template as it is. If you and the template changed the same lines, both
    versions stay in the file, between conflict markers. In a git repository the conflict is in the index, as after a
    `git merge`.

    Exit code: 0 updated, or nothing is newer; 1 conflicts, findings of validate, something newer with --check or
    --diff, or refused; 3 could not be done.
    """
    given = _answers(settings)
    codes = [0]
    for folder in _folders(paths or (Path(),)):
        try:
            if only_checks or shows_diff:
                codes.append(_look(folder, given, adopt=adopt, shows_diff=shows_diff))
            else:
                codes.append(_update(folder, given, adopt=adopt, allow_dirty=allow_dirty, ask=not no_input))
        except BundlekitError as error:
            codes.append(report_error.show(error))
    return max(codes)


def _folders(paths: Iterable[Path]) -> list[Path]:
    """The folders of the bundles at the paths, each once."""
    from bundlekit.bundle.search import bundle_folders

    return list({folder.resolve(): folder for path in paths for folder in bundle_folders(path)}.values())


def _answers(settings: Sequence[str]) -> dict[str, Any]:
    """The answers of `--set`, checked.

    Raises:
        BadUsage: one is no answer.
    """
    from bundlekit.scaffold.questions import KEYS, checked

    given: dict[str, object] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or key not in KEYS:
            raise BadUsage(f"--set {setting} is no answer", hint=f"KEY=VALUE, with one of {', '.join(KEYS)} as KEY")
        given[key] = value.split() if key == "resources" else value
    return checked(given)


def _look(folder: Path, given: Mapping[str, Any], *, adopt: bool, shows_diff: bool) -> int:
    from bundlekit.scaffold.update import find_update, is_interrupted

    if is_interrupted(folder):
        click.echo(f"{_shown(folder)}: an update was interrupted; `bundlekit update` completes it")
        return 1
    update = find_update(
        folder, given, lambda answered: _completed(answered, folder, ask=False), adopt=adopt, merges=shows_diff
    )
    if update is None:
        click.echo(f"{_shown(folder)}: up to date", err=shows_diff)
        return 0
    if shows_diff:
        from bundlekit.cli.update_diff import show_diff

        show_diff(folder, update.changes)
        if update.adopted and not update.changes:
            click.echo(f"{_shown(folder)}: --adopt would write its record, and change nothing else", err=True)
    else:
        click.echo(f"{_shown(folder)}: the template has changed, `bundlekit update` brings that to the bundle")
    return 1


def _update(folder: Path, given: Mapping[str, Any], *, adopt: bool, allow_dirty: bool, ask: bool) -> int:
    from bundlekit.cli.systems import require_unix
    from bundlekit.scaffold.journal import BACKUP
    from bundlekit.scaffold.update import alone, complete_interrupted, find_update, write_update

    require_unix("update")
    with alone(folder):
        done = complete_interrupted(folder)
        if done is not None:
            report_error.note(f"an earlier update of {folder} was interrupted, and is complete now")
            _report(done)
            if _conflicts(done):
                return _refuse_conflicts(folder, done)
        update = find_update(folder, given, lambda answered: _completed(answered, folder, ask=ask), adopt=adopt)
        if update is None:
            click.echo(f"{_shown(folder)}: up to date")
            return _validated(folder) if done else 0
        done, backed_up = write_update(folder, update, allow_dirty=allow_dirty)
    said = ["adopted"] * update.adopted + ["updated"] * bool(done or not update.adopted)
    click.echo(f"{_shown(folder)}: {' and '.join(said)}")
    _report(done)
    if backed_up:
        click.echo(f"changed files as they were: {_shown(folder / BACKUP)}")
    if _conflicts(done):
        return _refuse_conflicts(folder, done)
    return _validated(folder) if done else 0


def _completed(answered: Mapping[str, Any], folder: Path, *, ask: bool) -> Answers:
    from bundlekit.scaffold.identity import author_from_git
    from bundlekit.scaffold.questions import KEYS, completed

    author = author_from_git(folder)
    if not ask or all(key in answered for key in KEYS) or not (can_ask() and sys.stderr.isatty()):
        return completed(answered, author)
    from bundlekit.cli.new_dialogue import ask as ask_for_missing

    return ask_for_missing(answered, author, folder.parent)


def _report(done: Iterable[FileChange]) -> None:
    for one in done:
        kind = one.kind.value
        why = f": {one.why}" if one.why else ""
        click.echo(f"  {click.style(f'{kind:<9}', fg=_COLOURS.get(kind))} {printable(one.path + why)}")


def _conflicts(done: Iterable[FileChange]) -> list[str]:
    return [one.path for one in done if one.kind.value == "conflict"]


def _refuse_conflicts(folder: Path, done: Iterable[FileChange]) -> int:
    from bundlekit.scaffold.repository import WorkTree

    count = len(_conflicts(done))
    hint = "choose what stays between the lines with <<<<<<< and >>>>>>>, then use `bundlekit validate`"
    if WorkTree.around(folder):
        hint = "`git mergetool` or your editor shows them; `git add` each file when it is right"
    return report_error.show(
        Refused(
            f"{count} file{'s' * (count > 1)} of {folder} {'have' if count > 1 else 'has'} conflicts",
            kept="your lines are all there, and the rest of the update is complete",
            hint=hint,
        )
    )


def _validated(folder: Path) -> int:
    """Check an updated bundle, as `validate` does."""
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.cli.choice import Asked, Chosen
    from bundlekit.cli.precheck import refuse_errors

    try:
        refuse_errors(Bundle.in_folder(folder), folder, Chosen(Asked()))
    except Refused as error:
        raise Refused(error.message, kept="the update is complete", hint="correct what is shown above") from error
    return 0


def _shown(folder: Path) -> str:
    return printable(str(folder))
