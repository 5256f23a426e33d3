"""What comes out of the template, whatever goes in."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from cookiecutter.main import cookiecutter
from cookiecutter.utils import create_env_with_context
from hypothesis import given, settings
from jinja2 import Environment

import bundlekit
from bundlekit import shipped
from bundlekit.bundle.bundle import Bundle
from bundlekit.lint import Severity, check
from bundlekit.scaffold.answers import Answers, declaration
from bundlekit.scaffold.answers_file import read_answers
from bundlekit.scaffold.questions import Author, checked, completed
from bundlekit.scaffold.template import literal, render_bundle
from tests.rotation import examples
from tests.scaffold import strategies
from tests.scaffold.conversations import NOTHING
from tests.scaffold.stand_in import started

FILES = {
    ".bundleignore",
    ".bundlekit/answers.json",
    ".editorconfig",
    ".gitignore",
    ".pre-commit-config.yaml",
    "README.md",
    "bundle.json",
    "index.py",
    "requirements.txt",
    "tests/test_resources.py",
}


@pytest.fixture(autouse=True, scope="module")
def _templates_compiled_once() -> Iterator[None]:
    """What a template compiles to depends on its source alone, and takes most of the time that rendering takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", cache_of_all(Environment.compile))
        yield


def cache_of_all(compiled: Callable[..., object]) -> Callable[..., object]:
    """The same, whichever environment asks: cookiecutter makes one for each bundle, all alike."""
    known: dict[object, object] = {}

    def compile_once(environment: Environment, *about: object) -> object:
        if about not in known:
            known[about] = compiled(environment, *about)
        return known[about]

    return compile_once


@given(answers=strategies.answers)
@settings(deadline=None, max_examples=examples(100))
def test_what_is_rendered_says_the_answers_literally_and_is_clean(answers: Answers) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = render_bundle(answers, Path(scratch))
        assert folder == Path(scratch).resolve() / answers.name
        assert set(contents(folder)) == {*FILES, f"data/{answers.name}.json.factory"}

        manifest = json.loads(folder.joinpath("bundle.json").read_bytes())
        for key in ("name", "description", "author", "email", "license", "version", "ttl"):
            assert manifest[key] == getattr(answers, key)
        assert manifest["resources"] == [
            {"methods": list(resource.methods), "resource": resource.path} for resource in answers.resources
        ]
        source = folder.joinpath("index.py").read_bytes()
        assert ast.get_docstring(ast.parse(source), clean=False) == answers.description
        compile(source, "index.py", "exec")
        compile(folder.joinpath("tests/test_resources.py").read_bytes(), "test_resources.py", "exec")
        assert source.isascii() or source.startswith(b"# -*- coding: utf-8 -*-\n")
        assert f"\n{answers.description}\n" in folder.joinpath("README.md").read_bytes().decode()
        assert completed(checked(read_answers(folder / ".bundlekit/answers.json")), Author()) == answers
        # Which licences there are is the user's to say, and told as an info.
        assert [one for one in check(Bundle.in_folder(folder)) if one.severity is not Severity.INFO] == []


@given(answers=strategies.answers)
@settings(deadline=None, max_examples=examples(25))
def test_plain_cookiecutter_renders_the_same(answers: Answers) -> None:
    variables = {field.name: str(getattr(answers, field.name)) for field in fields(answers)}
    variables["resources"] = " ".join(map(declaration, answers.resources))
    with tempfile.TemporaryDirectory() as scratch:
        for folder in ("plain", "ours"):
            Path(scratch, folder).mkdir()
        plain = cookiecutter(
            str(shipped.bundle_template()),
            no_input=True,
            extra_context={key: literal(text) for key, text in variables.items()},
            output_dir=f"{scratch}/plain",
            default_config={"replay_dir": f"{scratch}/replay"},
        )
        assert contents(Path(plain)) == contents(render_bundle(answers, Path(scratch, "ours")))


@pytest.mark.parametrize(
    "given",
    [
        {"name": "example"},
        {"name": "lamp", "resources": ["/lamp:get,put", "/lamp/:id:get"]},
        {"name": "oven", "description": 'Ofen "½" \\ \'', "ttl": 5, "version": "1.2.3", "email": ""},
    ],
    ids=lambda given: given["name"],
)
def test_cookiecutter_by_hand_gives_what_new_gives(given: dict[str, object], tmp_path: Path) -> None:
    author = Author("Your Name", "you@example.com")
    variables = [f"{key}={' '.join(value) if isinstance(value, list) else value}" for key, value in given.items()]
    subprocess.run(
        [sys.executable, "-m", "cookiecutter", shipped.bundle_template(), "--no-input", "-o", tmp_path, *variables],
        check=True,
        env={**os.environ, "HOME": str(tmp_path / "home")},
    )
    (tmp_path / "ours").mkdir()
    ours = render_bundle(completed(checked(given), author), tmp_path / "ours")
    assert contents(tmp_path / str(given["name"])) == contents(ours)


@given(text=strategies.texts)
def test_literal_text_renders_to_itself(text: str) -> None:
    assert create_env_with_context({}).from_string(literal(text)).render() == text


@given(answers=strategies.answers)
@settings(deadline=None, max_examples=examples(25))
def test_factory_settings_have_something_at_every_resource(answers: Answers) -> None:
    readable = [resource for resource in answers.resources if "get" in resource.methods]
    with tempfile.TemporaryDirectory() as scratch:
        bundle = started(render_bundle(answers, Path(scratch)))
        for resource in readable:
            path = "/".join("1" if segment.startswith(":") else segment for segment in resource.path.split("/"))
            ((code, found), *more) = bundle.ask("GET", path, NOTHING)
            assert code == 200
            assert isinstance(found, dict)
            assert found
            assert not more


def test_template_knows_its_version() -> None:
    settings = json.loads(shipped.bundle_template().joinpath("cookiecutter.json").read_bytes())
    assert settings["_template_version"] == bundlekit.__version__


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
