"""Rendering a cookiecutter template: our own, or somebody else's."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from bundlekit import shipped
from bundlekit.errors import BadUsage, CouldNotRun, Interrupted, reason_of
from bundlekit.quoting import printable
from bundlekit.scaffold.answers import Answers, declaration
from bundlekit.scaffold.folder import scratch
from bundlekit.scaffold.template_record import RECORD, TemplateFile, TemplateRecord, tree_of

_MODULES = frozenset({".py", ".pyc", ".so"})
_HOOKS = ("pre_prompt", "pre_gen_project", "post_gen_project")
_SYNTAX = re.compile(r"\{[{%#]")


def render_bundle(answers: Answers, into: Path, template: Path | None = None) -> Path:
    """Render our template. No setting of cookiecutter's is read, and nothing is written elsewhere.

    Args:
        answers: for the template.
        into: the folder for the new one.
        template: another template of ours; by default the one of this release.

    Returns:
        The new folder in `into`.
    """
    from cookiecutter.generate import generate_files

    template = template or shipped.bundle_template()
    settings = json.loads((template / "cookiecutter.json").read_bytes())
    private = {key: value for key, value in settings.items() if key.startswith("_")}
    with _importable(template):
        rendered = generate_files(template, {"cookiecutter": private | _variables(answers)}, _plain(into))
    return Path(rendered)


def render_recorded(answers: Answers, into: Path) -> Path:
    """Render our template, with the record that `bundlekit update` needs later.

    Returns:
        The new folder in `into`.
    """
    folder = render_bundle(answers, into)
    record = TemplateRecord(template_digest(), tree_of(folder))
    (folder / RECORD).write_bytes(record.dumped())
    return folder


def rendered(answers: Answers, template: Path | None = None) -> dict[str, TemplateFile]:
    """What a template of ours renders, by default that of this release. Nothing stays on the disk."""
    with scratch() as hidden:
        return tree_of(render_bundle(answers, hidden, template))


def template_digest() -> str:
    """A digest of our template: another one for each change of it."""
    found = hashlib.sha256()
    for path, file in tree_of(shipped.bundle_template()).items():
        if "__pycache__" not in path:
            found.update(f"{file.digest} {file.executable:d} {path}\n".encode())
    return found.hexdigest()


class OtherTemplate:
    """A template of somebody else, in the place where cookiecutter has found it or put it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        try:
            self._settings = json.loads((folder / "cookiecutter.json").read_bytes())
        except (OSError, ValueError) as error:
            raise CouldNotRun(f"the cookiecutter.json of the template {name} cannot be used: {error}") from error
        if not isinstance(self._settings, dict):
            raise CouldNotRun(f"the cookiecutter.json of the template {name} is not a JSON object")

    @property
    def is_ours(self) -> bool:
        """Whether it is the template that comes with bundlekit."""
        return self._folder == shipped.bundle_template().resolve()

    @property
    def code(self) -> list[str]:
        """What of it runs on this machine as it is rendered, for people.

        The expressions in its texts are in it: cookiecutter's Jinja has no sandbox, and they reach all of Python.
        """
        files = [path for path in sorted(self._folder.rglob("*")) if path.is_file() and ".git" not in path.parts]
        extensions = dict.fromkeys(
            str(one) for path in files if path.name == "cookiecutter.json" for one in _extensions(path)
        )
        modules = [
            path.relative_to(self._folder)
            for path in files
            if path.suffix in _MODULES and path.parent.name != "hooks" and not _SYNTAX.search(str(path))
        ]
        return [
            *(f"{path} (a hook)" for path in self.hooks),
            *(f"{name} (an extension of Jinja)" for name in extensions),
            *(f"{path} (a module that it can import)" for path in modules),
            f"the Jinja expressions in {len(files)} files",
        ]

    @property
    def hooks(self) -> list[str]:
        """Its programs that run before, while and after it is rendered, by their paths in it."""
        return [
            str(path.relative_to(self._folder))
            for folder in sorted(self._folder.rglob("hooks"))
            if folder.is_dir()
            for path in sorted(folder.iterdir())
            if path.stem in _HOOKS
        ]

    def unknown(self, given: Mapping[str, Any]) -> list[str]:
        """The answers that it has no variable for; none where it offers a choice of templates."""
        if {"template", "templates"} & set(self._settings):
            return []
        return [key for key in given if key not in self._settings]

    def render(self, given: Mapping[str, Any], into: Path, *, ask: bool, run_hooks: bool) -> Path:
        """Render it.

        Args:
            given: checked answers. The rest is asked by cookiecutter, or has the template's defaults.
            into: the folder for it.
            ask: whether there is somebody to ask.
            run_hooks: whether the template's own programs may run.

        Returns:
            The new folder in `into`.

        Raises:
            CouldNotRun: the template failed.
        """
        from cookiecutter.main import cookiecutter

        output_dir = _plain(into)
        try:
            rendered = cookiecutter(
                str(self._folder),
                no_input=not ask,
                extra_context={key: self._as_default(key, value) for key, value in _texts(given).items()},
                output_dir=output_dir,
                accept_hooks=run_hooks,
            )
        except EOFError as error:
            raise Interrupted("interrupted") from error
        except Exception as error:
            raise CouldNotRun(f"the template {self.name} failed: {reason_of(error)}") from error
        made = Path(rendered).resolve()
        if into.resolve() not in made.parents:
            raise CouldNotRun(f"the template {self.name} made its folder elsewhere: {made}")
        return into / made.relative_to(into.resolve()).parts[0]

    def _as_default(self, key: str, value: str) -> str:
        """An answer in the form of a default: cookiecutter renders those, unless they choose among some."""
        return value if isinstance(self._settings.get(key), list | bool) else literal(value)


@contextmanager
def other_template(name: str, *, ask: bool) -> Iterator[OtherTemplate]:
    """Find somebody else's template, fetch it if it is not here.

    Args:
        name: whatever cookiecutter takes: a folder, an archive, the address of a repository, an abbreviation.
        ask: whether there is somebody to ask.

    Raises:
        CouldNotRun: it cannot be had, or it is no template.
    """
    from cookiecutter.config import get_user_config
    from cookiecutter.exceptions import CookiecutterException
    from cookiecutter.repository import determine_repo_dir
    from cookiecutter.utils import rmtree

    # It logs failures with a traceback; the exception says the same.
    logging.getLogger("cookiecutter").addHandler(logging.NullHandler())
    try:
        config = get_user_config()
        folder, is_temporary = determine_repo_dir(
            name, config["abbreviations"], config["cookiecutters_dir"], checkout=None, no_input=not ask
        )
    except subprocess.CalledProcessError as error:
        raise _not_there(name, error.output.decode(errors="replace")) from error
    except (CookiecutterException, OSError) as error:
        raise _not_there(name, str(error)) from error
    try:
        yield OtherTemplate(name, Path(folder).resolve())
    finally:
        if is_temporary:
            rmtree(folder)


def _extensions(settings: Path) -> list[Any]:
    try:
        found = json.loads(settings.read_bytes())
    except (OSError, ValueError, RecursionError):
        return []
    named = found.get("_extensions") if isinstance(found, dict) else None
    return named if isinstance(named, list) else []


def literal(text: str) -> str:
    """A text in Jinja that renders to exactly `text`, whatever is in it."""
    if not _SYNTAX.search(text) and not text.endswith("\n"):
        return text
    escaped = text.encode("unicode_escape").decode("ascii").replace('"', '\\"')
    return '{{ "' + escaped + '" }}'


def _not_there(name: str, why: str) -> CouldNotRun:
    return CouldNotRun(f"there is no template at {printable(name)}", details=tuple(map(printable, why.splitlines())))


def _variables(answers: Answers) -> dict[str, str]:
    """Answers as the variables of our template."""
    return _texts({field.name: getattr(answers, field.name) for field in fields(answers)})


def _texts(given: Mapping[str, Any]) -> dict[str, str]:
    """Answers as the texts that a cookiecutter template works with."""
    return {
        key: " ".join(map(declaration, value)) if key == "resources" else str(value) for key, value in given.items()
    }


def _plain(folder: Path) -> str:
    """The folder, if cookiecutter can write there: it renders the whole path, not just what is its own.

    Raises:
        BadUsage: it would come out somewhere else.
    """
    path = str(folder.resolve())
    if syntax := _SYNTAX.search(path):
        raise BadUsage(f'no template can be rendered in a folder with "{syntax[0]}" in its path', hint="--output-dir")
    return path


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let Jinja import the extension that lies beside a template, also after that of another template."""
    sys.path.append(str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("bundlekit_template", None)
