"""`bundlekit new`."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from bundlekit.bundle.gateway_resources import gateway_resource
from bundlekit.cli.terminal import can_ask
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage, CouldNotRun
from bundlekit.quoting import printable

if TYPE_CHECKING:
    from bundlekit.scaffold.template import OtherTemplate

_MOST_TOLD = 20  # lines; more push the question off the screen


@verb(
    "new",
    examples="""
    bundlekit new  asks for everything
    bundlekit new --name thermostat --resource /thermostat:get,put --no-input
    bundlekit new --name rooms --resource /rooms:get,post --resource /rooms/:id:get,put,delete
    bundlekit new --answers answers.toml --dry-run  show what it would make
    """,
)
@click.option("--name", help="The name of the bundle and its folder: letters and hyphens.")
@click.option("--description", help="What the bundle is for.")
@click.option("--author", help="The author; by default the user.name of git.")
@click.option("--email", help="The author's e-mail address; by default the user.email of git.")
@click.option("--license", help="The licence; MIT by default.")
@click.option("--bundle-version", "version", help="The first version; 0.1.0 by default.")
@click.option("--ttl", help="Seconds within which the bundle always answers, 1 to 60; 60 by default.")
@click.option(
    "--resource",
    "resources",
    metavar="PATH[:METHODS]",
    multiple=True,
    help="A resource of the bundle, without /api/v1, and its methods: get, put, post, delete; get,put by default. "
    "Can be repeated; /NAME by default.",
)
@click.option(
    "--answers",
    "answers_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A JSON or TOML file with answers, named name, description, author, email, license, version, ttl and "
    "resources; options take precedence.",
)
@click.option("--no-input", is_flag=True, help="Do not ask: use the default for each missing answer.")
@click.option("--dry-run", is_flag=True, help="Show the folder and its files, and make nothing.")
@click.option("--template", metavar="TEMPLATE", help="Another cookiecutter template: a folder, an archive, an address.")
@click.option(
    "--trust", is_flag=True, help="Run the code of another template without asking: each template is a program."
)
@click.option(
    "-o",
    "--output-dir",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="The folder for the new folder, made if it does not exist; this folder by default.",
)
def command(
    *,
    answers_file: Path | None,
    no_input: bool,
    dry_run: bool,
    template: str | None,
    trust: bool,
    output_dir: Path,
    **flags: Any,
) -> int:
    """Make a new bundle: a folder with everything that a gateway, an editor and a colleague expect.

    It asks on a terminal for each answer that is neither an option nor in a file of answers. A parameter of a resource
    is written as in /rooms/:id. The last colon begins the methods unless a slash is before it, so /rooms/:id is only a
    path, and /rooms/:id:get,put has methods.

    With --template, your answers go to the variables of that template with the same names; it asks for its other
    variables itself. A template is a program: its hooks, its extensions, and even the expressions in its texts can do
    everything that you can. bundlekit uses it only if you confirm, or with --trust. --dry-run does not ask, and does
    not run the hooks.
    """
    given = {key: value for key, value in flags.items() if value not in (None, ())}
    with _undone_by_signals():
        return run(
            given,
            answers_file,
            template=template,
            trust=trust,
            output_dir=output_dir,
            no_input=no_input,
            dry_run=dry_run,
        )


def run(
    given: Mapping[str, object],
    answers_file: Path | None,
    *,
    template: str | None,
    trust: bool = False,
    output_dir: Path,
    no_input: bool,
    dry_run: bool,
) -> int:
    """Make a bundle in `output_dir`.

    Args:
        given: answers, not checked yet, by the names of the attributes of `Answers`.
        answers_file: more of them, for what `given` lacks.
        template: another template than ours, whatever cookiecutter takes.
        trust: whether its code may run unasked.
        output_dir: the folder that the folder of the bundle is made in.
        no_input: suppose what is missing instead of asking.
        dry_run: show it instead.
    """
    from bundlekit.scaffold.answers_file import read_answers
    from bundlekit.scaffold.folder import refuse_taken
    from bundlekit.scaffold.questions import checked

    answered = checked({**(read_answers(answers_file) if answers_file else {}), **given})
    terminal = can_ask() and sys.stderr.isatty()
    if template:
        if not no_input and not terminal:
            raise BadUsage("there is no terminal for the template's questions", hint="--no-input takes its defaults")
        return _from_other_template(template, answered, output_dir, ask=not no_input, trust=trust, dry_run=dry_run)
    if "name" in answered:
        refuse_taken(output_dir / answered["name"])
    answers = _complete(answered, output_dir, no_input=no_input, terminal=terminal)
    for resource in answers.resources:
        if taken := gateway_resource(resource.path):
            _note(f"the gateway has {taken} itself, and a bundle must not override that with {resource.path}")

    from bundlekit.scaffold.template import render_recorded

    return _show(output_dir, lambda into: render_recorded(answers, into), dry_run=dry_run)


def _complete(answered: Mapping[str, Any], output_dir: Path, *, no_input: bool, terminal: bool) -> Any:
    from bundlekit.scaffold.identity import author_from_git
    from bundlekit.scaffold.questions import KEYS, completed

    missing = [key for key in KEYS if key not in answered]
    if missing and not no_input:
        if not terminal:
            raise BadUsage(
                f"there is no terminal to ask for {', '.join(missing)}",
                hint="--no-input takes the defaults of all but the name",
            )
        from bundlekit.cli.new_dialogue import ask

        return ask(answered, author_from_git(output_dir), output_dir)
    if "name" in missing:
        raise BadUsage("there is no name for the bundle", hint="--name NAME")
    return completed(answered, author_from_git(output_dir))


def _from_other_template(
    template: str, answered: Mapping[str, Any], output_dir: Path, *, ask: bool, trust: bool, dry_run: bool
) -> int:
    from bundlekit.scaffold.template import other_template

    with other_template(template, ask=ask) as found:
        if not trust and not found.is_ours:
            _ask_for_trust(found, ask=ask and not dry_run)
        for key in found.unknown(answered):
            _note(f"{template} has no variable {key}, so this answer is not used")
        if dry_run and found.hooks:
            _note(f"left out by --dry-run: {printable(', '.join(found.hooks))}")
        return _show(
            output_dir, lambda into: found.render(answered, into, ask=ask, run_hooks=not dry_run), dry_run=dry_run
        )


def _ask_for_trust(template: OtherTemplate, *, ask: bool) -> None:
    """Ask whether a template's code may run.

    Raises:
        CouldNotRun: the user does not trust it.
        BadUsage: nobody is there to ask, or to be asked.
    """
    code = [printable(one) for one in template.code]
    if len(code) > _MOST_TOLD:
        code[_MOST_TOLD - 1 : -1] = [f"and {len(code) - _MOST_TOLD} more"]
    told = f"the template {printable(template.name)} is a program from somebody else"
    if not ask:
        hint = "--trust runs it, if you trust its author"
        raise BadUsage(f"{told}, so it was not used", kept="nothing of it ran", hint=hint, details=tuple(code))
    _note(f"{told}. If you use it, this runs with all your permissions:")
    for one in code:
        click.echo(f"  {one}", err=True)
    if not click.confirm("Do you trust its author?", err=True):
        raise CouldNotRun("the template was not used", kept="nothing of it ran")


def _show(output_dir: Path, render: Callable[[Path], Path], *, dry_run: bool) -> int:
    """Make the folder and tell so, or show it."""
    from bundlekit.scaffold.folder import made_in, previewed

    if dry_run:
        from bundlekit.cli.new_preview import show

        show(*previewed(output_dir, render))
        return 0
    made = made_in(output_dir, render)
    shown = shlex.quote(f"./{made}" if str(made).startswith("-") else str(made))
    click.echo(f"made {shown}")
    click.echo("next:")
    click.echo(f"  bundlekit validate {shown}")
    click.echo(f"  bundlekit run {shown}")
    click.echo(f"  bundlekit deploy moxa@192.168.4.127 --bundle {shown}")
    return 0


@contextmanager
def _undone_by_signals() -> Iterator[None]:
    """Let the signals that end a process undo what was begun, and nothing interrupt that."""
    ending = (getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
    numbers = [number for number in ending if signal.getsignal(number) is not signal.SIG_IGN]

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _note(text: str) -> None:
    click.echo(click.style("note: ", fg="yellow") + text, err=True)
