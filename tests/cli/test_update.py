"""`bundlekit update`, as it is typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pexpect
import pytest

from bundlekit import __version__
from bundlekit.scaffold.answers import Answers
from bundlekit.scaffold.earlier import earlier_templates
from bundlekit.scaffold.questions import Author, checked, completed
from bundlekit.scaffold.template import render_bundle, render_recorded, template_digest
from bundlekit.scaffold.template_record import RECORD, TemplateFile, TemplateRecord
from bundlekit.scaffold.update import ANSWERS, find_update
from tests import fork_server

NAME = "thermostat"
ANSWERED = completed(checked({"name": NAME, "resources": ["/thermostat:get,put"]}), Author("Jo Doe", "jo@example.com"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """The files of bundles that the first template made, and that today's makes."""
    with earlier_templates() as templates:
        first = render_bundle(ANSWERED, tmp_path_factory.mktemp("first"), templates[0])
    today = render_recorded(ANSWERED, tmp_path_factory.mktemp("today"))
    return {"first": contents(first), "today": contents(today)}


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text("[user]\nname = Jo Doe\nemail = jo@example.com\n", encoding="utf-8")
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TERM": "dumb"}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and ".git/" not in str(path))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def committed(folder: Path, environment: dict[str, str]) -> None:
    for line in (["init", "-q", "--template=", "."], ["add", "-A", "."], ["commit", "-qm", "all"]):
        subprocess.run(["git", *line], cwd=folder, env=environment, check=True, capture_output=True)


def older(files: dict[str, bytes], changed: dict[str, bytes]) -> dict[str, bytes]:
    """A bundle of today's as if the template before had other contents in some files, unchanged by the user."""
    parsed = TemplateRecord.parsed(files[RECORD], RECORD)
    base = {**parsed.files, **{path: TemplateFile(content) for path, content in changed.items()}}
    return {**files, **changed, RECORD: TemplateRecord("0" * 64, base).dumped()}


def run(folder: Path, environment: dict[str, str], *options: str) -> tuple[int, str, str]:
    done = fork_server.run(["update", *options], given="", environment=environment, cwd=folder, timeout=120)
    return done.returncode, done.stdout, done.stderr


def unasked(answered: Mapping[str, Any]) -> Answers:
    """Nothing is rendered before this is asked."""
    raise AssertionError(answered)


def test_new_bundle_is_up_to_date_and_packs_no_record(
    made: dict[str, dict[str, bytes]], tmp_path: Path, environment: dict[str, str]
) -> None:
    new = ["new", "--name", NAME, "--resource", "/thermostat:get,put", "--no-input"]
    fork_server.run(new, given="", environment=environment, cwd=tmp_path, timeout=120)
    assert contents(tmp_path / NAME) == made["today"]
    record = TemplateRecord.parsed(made["today"][RECORD], RECORD)
    assert record.template == template_digest()
    assert {path: file.content for path, file in record.files.items()} | {RECORD: made["today"][RECORD]} == made[
        "today"
    ]
    assert len(made["today"][RECORD]) < 10_000
    for options in ((), ("--check",), ("--adopt",)):
        assert run(tmp_path, environment, *options, NAME) == (0, "thermostat: up to date\n", "")
    assert find_update(tmp_path / NAME, {}, unasked) is None
    listed = fork_server.run(
        ["pack", "--list", NAME], given="", environment=environment, cwd=tmp_path, timeout=60
    ).stdout
    assert "template.json" not in listed
    shown = fork_server.run([*new, "--dry-run", "-o", "x"], given="", environment=environment, cwd=tmp_path, timeout=60)
    assert "bytes for `bundlekit update`" in shown.stdout


def test_bundle_of_the_first_template_is_adopted_and_becomes_todays(
    made: dict[str, dict[str, bytes]], tmp_path: Path, environment: dict[str, str]
) -> None:
    """The user has changed what the templates since then have not, removed a file and added one."""
    index = made["first"]["index.py"].replace(b"import logging\n", b"import json\nimport logging\n")
    index = index.replace(b'data={"message": reason}', b'data=json.loads(json.dumps({"message": reason}))')
    folder = written(tmp_path / NAME, {**made["first"], "index.py": index, "notes.txt": b"mine\n"})
    (folder / ".editorconfig").unlink()
    committed(tmp_path, environment)
    code, _, told = run(tmp_path, environment, NAME)
    assert code == 3
    assert "thermostat does not say which template made it" in told
    assert run(tmp_path, environment, "--adopt", "--check", NAME)[0] == 1
    assert run(tmp_path, environment, "--adopt", NAME) == (
        0,
        "thermostat: adopted and updated\n"
        "  added     .bundleignore\n"
        "  changed   README.md\n"
        "  merged    index.py\n"
        "  changed   requirements.txt\n"
        "  added     tests/test_resources.py\n",
        "",
    )
    expected = made["today"]["index.py"].replace(b"import logging\n", b"import json\nimport logging\n")
    expected = expected.replace(b'data={"message": reason}', b'data=json.loads(json.dumps({"message": reason}))')
    found = contents(folder)
    without = {path: content for path, content in made["today"].items() if path != ".editorconfig"}
    assert found == {**without, "index.py": expected, "notes.txt": b"mine\n"}
    assert run(tmp_path, environment, "--check", NAME)[0] == 0
    assert run(tmp_path, environment, NAME)[:2] == (0, "thermostat: up to date\n")
    assert contents(folder) == found


def test_conflict_with_the_first_template_is_left_to_merge_tools(
    made: dict[str, dict[str, bytes]], tmp_path: Path, environment: dict[str, str]
) -> None:
    mine = b"        with self.model.db_mutex, mine():\n"
    index = made["first"]["index.py"].replace(b"        with self.model.db_mutex:\n", mine)
    folder = written(tmp_path / NAME, {**made["first"], "index.py": index})
    committed(folder, environment)
    code, out, told = run(folder, environment, "--adopt")
    assert code == 1
    assert "  conflict  index.py\n" in out
    assert "1 file of . has conflicts" in told
    assert "git mergetool" in told
    expected = made["today"]["index.py"].replace(
        b"        with self.lock:\n",
        b"<<<<<<< yours\n" + mine + b"||||||| the template before\n        with self.model.db_mutex:\n"
        b"=======\n        with self.lock:\n>>>>>>> the template now\n",
    )
    assert contents(folder)["index.py"] == expected
    listed = subprocess.run(["git", "ls-files", "-u"], cwd=folder, capture_output=True, text=True, check=True).stdout
    assert [line.split()[2:] for line in listed.splitlines()] == [[str(stage), "index.py"] for stage in (1, 2, 3)]
    assert [path.name for path in folder.rglob("*.rej")] == []
    for options in ((), ("--check",), ("--diff",)):
        code, out, told = run(folder, environment, *options)
        assert (code, out) == (1, "")
        assert "index.py still has the conflicts of an earlier update" in told
    assert contents(folder)["index.py"] == expected
    (folder / "index.py").write_bytes(made["today"]["index.py"])
    assert run(folder, environment, "--check")[:2] == (0, ".: up to date\n")


def test_diff_shows_what_would_change_and_changes_nothing(
    made: dict[str, dict[str, bytes]], tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = written(tmp_path / NAME, older(made["today"], {"requirements.txt": b"# Before\n"}))
    before = contents(folder)
    assert run(tmp_path, environment | {"PATH": str(tmp_path)}, "--check", NAME)[0] == 1  # it needs no git
    code, out, _ = run(tmp_path, environment, "--diff", NAME)
    assert code == 1
    assert contents(folder) == before
    subprocess.run(["patch", "-p1"], cwd=tmp_path, input=out.encode(), check=True, capture_output=True)
    assert contents(folder)["requirements.txt"] == made["today"]["requirements.txt"]


def test_without_git_repository_what_was_is_copied_aside(
    made: dict[str, dict[str, bytes]], tmp_path: Path, environment: dict[str, str]
) -> None:
    folder = written(tmp_path / NAME, older(made["today"], {"requirements.txt": b"# Before\n"}))
    assert run(tmp_path, environment, NAME) == (
        0,
        "thermostat: updated\n  changed   requirements.txt\n"
        "changed files as they were: thermostat/.bundlekit/before-update\n",
        "",
    )
    assert (folder / ".bundlekit/before-update/requirements.txt").read_bytes() == b"# Before\n"


def test_update_is_validated(made: dict[str, dict[str, bytes]], tmp_path: Path, environment: dict[str, str]) -> None:
    files = older(made["today"], {"requirements.txt": b"# Before\n"})
    folder = written(tmp_path / NAME, {**files, "index.py": files["index.py"] + b"(\n"})
    code, _, told = run(folder, environment)
    assert code == 1
    assert "kept: the update is complete" in told
    assert (folder / "requirements.txt").read_bytes() == made["today"]["requirements.txt"]


def test_answers_change_with_set_and_new_questions_have_defaults(
    made: dict[str, dict[str, bytes]], tmp_path: Path, environment: dict[str, str]
) -> None:
    answers = json.loads(made["today"][ANSWERS])
    del answers["ttl"]
    without = (json.dumps(answers, indent=4) + "\n").encode()
    folder = written(tmp_path / NAME, older(made["today"], {ANSWERS: without}))
    assert run(tmp_path, environment, "--set", "resources=/thermostat:get,put /thermostat/:id:get", NAME)[0] == 0
    assert json.loads((folder / ANSWERS).read_bytes())["ttl"] == 60
    assert json.loads((folder / "bundle.json").read_bytes())["resources"][1]["resource"] == "/thermostat/:id"
    assert 'resource="/thermostat/:id"' in (folder / "index.py").read_text()
    assert run(tmp_path, environment, "--check", NAME)[0] == 0
    for wrong in ("ttl", "colour=red", "ttl=never"):
        assert run(tmp_path, environment, "--set", wrong, NAME)[0] == 2


def test_new_questions_are_asked_on_a_terminal(
    made: dict[str, dict[str, bytes]], tmp_path: Path, environment: dict[str, str]
) -> None:
    answers = {key: value for key, value in json.loads(made["today"][ANSWERS]).items() if key != "license"}
    folder = written(tmp_path / NAME, older(made["today"], {ANSWERS: json.dumps(answers).encode()}))
    child = pexpect.spawn(sys.executable, ["-m", "bundlekit", "update"], cwd=str(folder), env=environment, timeout=60)
    child.expect("Licence")
    child.sendline("Apache-2.0")
    child.expect("updated")
    child.expect(pexpect.EOF)
    child.close()
    assert json.loads((folder / "bundle.json").read_bytes())["license"] == "Apache-2.0"


def test_several_bundles_are_updated_each_by_itself(
    made: dict[str, dict[str, bytes]], tmp_path: Path, environment: dict[str, str]
) -> None:
    old = older(made["today"], {"requirements.txt": b"# Before\n"})
    written(tmp_path / "a", old)
    written(tmp_path / "b", {**old, RECORD: b"{"})
    written(tmp_path / "c", old)
    code, out, told = run(tmp_path, environment)
    assert code == 3
    assert out.count(": updated\n") == 2
    assert "b/.bundlekit/template.json is damaged: it is not JSON" in told
    assert (tmp_path / "b/requirements.txt").read_bytes() == b"# Before\n"


def test_bundle_of_a_newer_bundlekit_is_left_alone(
    made: dict[str, dict[str, bytes]], tmp_path: Path, environment: dict[str, str]
) -> None:
    record = TemplateRecord("0" * 64, {}, bundlekit="999.0").dumped()
    folder = written(tmp_path / NAME, {**made["today"], RECORD: record})
    before = contents(folder)
    code, _, told = run(folder, environment)
    assert code == 3
    assert f"was updated by bundlekit 999.0, and this is {__version__}" in told
    assert contents(folder) == before


def test_bundle_that_was_renamed_gets_the_update_under_its_new_name(
    made: dict[str, dict[str, bytes]], tmp_path: Path, environment: dict[str, str]
) -> None:
    """Its folder, its name in bundle.json and its factory file; its answers are those from before."""
    factory = b'{\n    "key": "value",\n    "more": 1,\n    "most": 2\n}\n'
    files = older(made["today"], {f"data/{NAME}.json.factory": factory, "requirements.txt": b"# Before\n"})
    files["data/oven.json.factory"] = files.pop(f"data/{NAME}.json.factory")
    files["bundle.json"] = files["bundle.json"].replace(b'"name": "thermostat"', b'"name": "oven"')
    files["index.py"] = files["index.py"].replace(b'ModelInitiator("thermostat"', b'ModelInitiator("oven"')
    folder = written(tmp_path / "oven", files)
    code, out, _ = run(folder, environment)
    assert (code, [line.split()[-1] for line in out.splitlines()[1:3]]) == (
        0,
        ["data/oven.json.factory", "requirements.txt"],
    )
    assert (folder / "data/oven.json.factory").read_bytes() == made["today"][f"data/{NAME}.json.factory"]
    assert json.loads((folder / "bundle.json").read_bytes())["name"] == "oven"
    assert not (folder / f"data/{NAME}.json.factory").exists()


def test_bundle_that_was_made_by_hand_is_adopted_as_it_is(tmp_path: Path, environment: dict[str, str]) -> None:
    files = {
        "bundle.json": b'{"name": "hand", "version": "1.0", "ttl": 1e999, "author": 5, "description": "",\n'
        b'"resources": [{"resource": "/hand", "methods": ["get"]}, {"resource": 7}]}\n',
        "index.py": b"# mine\nclass Index(object):\n    pass\n",
        "README.md": b"# hand\n\nmine\n",
    }
    folder = written(tmp_path / "hand", files)
    would = ".: --adopt would write its record, and change nothing else\n"
    assert run(folder, environment, "--adopt", "--diff") == (1, "", would)
    assert run(folder, environment, "--adopt") == (0, ".: adopted\n", "")
    assert {path: content for path, content in contents(folder).items() if path != RECORD} == files
    assert run(folder, environment, "--check")[:2] == (0, ".: up to date\n")
