"""Templates of somebody else."""

from __future__ import annotations

import json
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundlekit.errors import BadUsage, CouldNotRun
from bundlekit.scaffold.questions import checked
from bundlekit.scaffold.template import other_template
from tests.rotation import examples
from tests.scaffold import strategies

VARIABLES = {"name": "x", "description": "d", "license": ["MIT", "GPL"], "kind": "{{ cookiecutter.name }}-kind"}
SAYS = "{{ cookiecutter.name }}|{{ cookiecutter.description }}|{{ cookiecutter.license }}|{{ cookiecutter.kind }}"


def template(folder: Path, *, variables: dict[str, Any] | None = None, says: str = SAYS, hook: str = "") -> Path:
    inside = folder / "{{ cookiecutter.name }}"
    inside.mkdir(parents=True)
    (folder / "cookiecutter.json").write_text(json.dumps(VARIABLES if variables is None else variables))
    (inside / "says").write_text(says)
    if hook:
        (folder / "hooks").mkdir()
        (folder / "hooks/post_gen_project.py").write_text(hook)
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where cookiecutter keeps what it fetched and replays, and leaves the hooks that it ran."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setattr(tempfile, "tempdir", str(home))
    config = home / "config.yaml"
    config.write_text(f"cookiecutters_dir: {home}/fetched\nreplay_dir: {home}/replay\n")
    monkeypatch.setenv("COOKIECUTTER_CONFIG", str(config))
    return home


def render(template: str | Path, into: Path, /, **given: object) -> Path:
    with other_template(str(template), ask=False) as found:
        return found.render(checked(given), into, ask=False, run_hooks=True)


def test_given_answers_go_in_and_the_rest_has_its_defaults(tmp_path: Path) -> None:
    folder = render(template(tmp_path / "t"), tmp_path, name="lamp", license="GPL")
    assert folder == tmp_path / "lamp"
    assert (folder / "says").read_text() == "lamp|d|GPL|lamp-kind"


@given(description=strategies.needed_texts, default=st.sampled_from(["d", None, 5]))
@settings(deadline=None, max_examples=examples(25))
def test_answers_are_rendered_literally(
    tmp_path_factory: pytest.TempPathFactory, description: str, default: object
) -> None:
    folder = tmp_path_factory.mktemp("render")
    variables = {**VARIABLES, "description": default}
    made = render(template(folder / "t", variables=variables), folder, description=description)
    assert (made / "says").read_bytes().decode() == f"x|{description}|MIT|x-kind"


def test_answers_without_a_variable_are_told(tmp_path: Path) -> None:
    given = checked({"name": "lamp", "ttl": 5, "resources": ["/lamp"]})
    with other_template(str(template(tmp_path / "t")), ask=False) as found:
        assert found.unknown(given) == ["ttl", "resources"]


def test_repository_and_archive_are_templates(tmp_path: Path, home: Path) -> None:
    source = template(tmp_path / "t")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "."]):
        subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *command], cwd=source, check=True)
    subprocess.run(["git", "clone", "-q", "--bare", source, tmp_path / "bare.git"], check=True)
    (tmp_path / "a").mkdir()
    assert (render(f"file://{tmp_path}/bare.git", tmp_path / "a") / "says").exists()

    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.write(source, "t")
        for path in (source / "cookiecutter.json", source / "{{ cookiecutter.name }}/says"):
            archive.write(path, Path("t") / path.relative_to(source))
    (tmp_path / "b").mkdir()
    assert (render(tmp_path / "t.zip", tmp_path / "b") / "says").exists()


def test_hooks_run_only_when_they_may(tmp_path: Path) -> None:
    name = str(template(tmp_path / "t", hook="open('made', 'w').close()"))
    for run_hooks in (True, False):
        into = tmp_path / str(run_hooks)
        into.mkdir()
        with other_template(name, ask=False) as found:
            made = found.render({}, into, ask=False, run_hooks=run_hooks)
        assert (made / "made").exists() == run_hooks


@pytest.mark.parametrize(
    ("faulty", "words"),
    [
        ({"says": "{{ cookiecutter.nothing }}"}, "nothing"),
        ({"says": "{% if %}"}, "Expected an expression"),
        ({"hook": "raise SystemExit(7)"}, "exit status: 7"),
        ({"variables": {"name": "x", "_extensions": ["nosuch.extension"]}}, "nosuch"),
    ],
)
def test_failing_template_is_an_error_with_its_reason(
    faulty: dict[str, Any], words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CouldNotRun) as failed:
        render(template(tmp_path / "t", **faulty), tmp_path)
    assert words in failed.value.message
    assert "Traceback" not in capfd.readouterr().err


def test_answer_that_is_not_among_the_choices_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match="BSD provided for choice variable license"):
        render(template(tmp_path / "t"), tmp_path, license="BSD")


def test_template_that_leaves_its_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    with pytest.raises(CouldNotRun, match="elsewhere"):
        render(template(tmp_path / "t", variables={"name": "../../elsewhere"}), tmp_path / "into")


@pytest.mark.parametrize("name", ["nowhere", "file:///nowhere.git", "/nowhere.zip", "https://127.0.0.1:9/nowhere.zip"])
def test_template_that_is_not_to_be_had_is_an_error(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CouldNotRun, match="no template at"), other_template(name, ask=False):
        pytest.fail("there was one")
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_what_is_no_template_is_an_error(content: str | None, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    if content:
        (tmp_path / "t/cookiecutter.json").write_text(content)
    with pytest.raises(CouldNotRun):
        render(tmp_path / "t", tmp_path)


def test_folder_with_template_syntax_in_its_path_is_refused(tmp_path: Path) -> None:
    into = tmp_path / "{{ x }}"
    into.mkdir()
    with pytest.raises(BadUsage, match="in its path"):
        render(template(tmp_path / "t"), into)
    assert list(into.iterdir()) == []
