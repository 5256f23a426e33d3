"""The questions of `bundlekit new` on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from bundlekit.bundle.manifest import Resource
from bundlekit.errors import BadUsage, Taken
from bundlekit.scaffold.answers import Answers
from bundlekit.scaffold.folder import refuse_taken
from bundlekit.scaffold.questions import QUESTIONS, Author, completed, default_resource
from bundlekit.scaffold.resources import DEFAULT_METHODS, beside, methods_of, path, split

_Answer = TypeVar("_Answer")


def ask(answered: Mapping[str, Any], author: Author, output_dir: Path) -> Answers:
    """Ask for everything that is not answered yet, each until the answer will do.

    Args:
        answered: checked answers.
        author: whom to propose as the author.
        output_dir: where no folder of the bundle's name may be.
    """
    found = dict(answered)

    def check_name(value: object) -> Any:
        name = QUESTIONS[0].check(value)
        refuse_taken(output_dir / name)
        return name

    for question in QUESTIONS:
        if question.key not in found:
            proposed = question.default(found["name"], author) if question.default else ""
            check = check_name if question.key == "name" else question.check
            found[question.key] = _until_right(question.text, proposed, check)
    if "resources" not in found:
        found["resources"] = _resources(found["name"])
    return completed(found, author)


def _resources(name: str) -> tuple[Resource, ...]:
    found: tuple[Resource, ...] = ()
    while True:
        text, proposed = ("Another resource, or nothing", "") if found else ("Resource", default_resource(name))
        added = _until_right(text, proposed, partial(_resource, found))
        if added is None:
            return found
        found += (added,)


def _resource(others: tuple[Resource, ...], typed: str) -> Resource | None:
    if not typed and others:
        return None
    written, methods = split(typed)
    beside(others, Resource(path(written), (), "model"))
    if methods is None:
        chosen = _until_right(f"  Methods of {written}", ",".join(DEFAULT_METHODS), methods_of)
    else:
        chosen = methods_of(methods)
    added = Resource(written, chosen, "model")
    beside(others, added)
    return added


def _until_right(text: str, proposed: str, check: Callable[[str], _Answer]) -> _Answer:
    while True:
        typed = click.prompt(text, default=proposed, show_default=bool(proposed), err=True)
        try:
            return check(typed.strip())
        except (BadUsage, Taken) as wrong:
            click.echo("  " + click.style(wrong.message, fg="red"), err=True)
