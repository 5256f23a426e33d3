"""`bundlekit new`, as it is typed."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.lint import check
from bundlekit.shipped import bundle_template
from tests import fork_server

COMMAND = [sys.executable, "-m", "bundlekit", "new"]
COMPLETE = ["--name", "lamp", "--no-input"]


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text('[user]\nname = "Jö \\"½\\" Doe"\nemail = jo@example.com\n', encoding="utf-8")
    return home


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TERM": "dumb"}


@pytest.fixture
def workstation(tmp_path: Path, home: Path) -> Iterator[Path]:
    """An empty folder to be in; the home folder stays as it is, but for what was found in bundles."""
    yield tmp_path
    known = [home / ".cache", home / ".cache/bundlekit"]
    assert {*home.glob("*"), *home.glob(".cache/*")} <= {home / ".gitconfig", *known}


def new(workstation: Path, environment: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    return fork_server.run(["new", *options], given="", environment=environment, cwd=workstation, timeout=120)


def manifest(folder: Path) -> dict[str, object]:
    found = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    # A licence such as GPL, as the vendor's guide has it, is told to be no SPDX id.
    assert [one for one in check(Bundle.in_folder(folder)) if one.rule != "unknown-licence"] == []
    return found


def test_the_shortest_way_makes_a_bundle_and_says_what_is_next(workstation: Path, environment: dict[str, str]) -> None:
    made = new(workstation, environment, "--name", "thermostat", "--resource", "/thermostat:get,put", "--no-input")
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.splitlines() == [
        "made thermostat",
        "next:",
        "  bundlekit validate thermostat",
        "  bundlekit run thermostat",
        "  bundlekit deploy moxa@192.168.4.127 --bundle thermostat",
    ]
    found = manifest(workstation / "thermostat")
    assert (found["author"], found["email"]) == ('Jö "½" Doe', "jo@example.com")
    assert json.loads((workstation / "thermostat/data/thermostat.json.factory").read_text()) == {"key": "value"}


def test_every_answer_is_an_option(workstation: Path, environment: dict[str, str]) -> None:
    options = [
        "--name",
        "lamp",
        "--description",
        "A lamp",
        "--author",
        "Jo",
        "--email",
        "",
        "--license",
        "GPL-3.0-only",
    ]
    options += ["--bundle-version", "2.0.0", "--ttl", "5", "--resource", "/lamp:get", "--resource", "/lamp/:id:put,get"]
    assert new(workstation, environment, *options).returncode == 0
    found = manifest(workstation / "lamp")
    assert {key: found[key] for key in ("description", "author", "email", "license", "version", "ttl")} == {
        "description": "A lamp",
        "author": "Jo",
        "email": "",
        "license": "GPL-3.0-only",
        "version": "2.0.0",
        "ttl": 5,
    }
    assert found["resources"] == [
        {"methods": ["get"], "resource": "/lamp"},
        {"methods": ["put", "get"], "resource": "/lamp/:id"},
    ]


@pytest.mark.parametrize("name", ["-rf", "--", "-"])
def test_hostile_name_makes_a_folder_that_the_next_commands_reach(
    name: str, workstation: Path, environment: dict[str, str]
) -> None:
    made = new(workstation, environment, f"--name={name}", "--no-input")
    assert made.returncode == 0
    assert [path.name for path in workstation.iterdir()] == [name]
    validate = shlex.split(made.stdout.splitlines()[2])
    assert manifest(workstation / validate[-1])["name"] == name
    assert not validate[-1].startswith("-")


def test_output_dir_with_a_space_is_quoted(workstation: Path, environment: dict[str, str]) -> None:
    (workstation / "my bundles").mkdir()
    made = new(workstation, environment, *COMPLETE, "-o", "my bundles")
    assert made.stdout.splitlines()[2] == "  bundlekit validate 'my bundles/lamp'"
    assert (workstation / "my bundles/lamp/bundle.json").exists()


def test_output_dir_is_made(workstation: Path, environment: dict[str, str]) -> None:
    new(workstation, environment, *COMPLETE, "-o", "of/mine")
    assert (workstation / "of/mine/lamp/bundle.json").exists()


def test_options_win_over_the_file_and_the_file_over_defaults(workstation: Path, environment: dict[str, str]) -> None:
    (workstation / "answers.toml").write_text('name = "lamp"\nlicense = "BSD"\nttl = 7\nresources = ["/lamp:get"]\n')
    assert new(workstation, environment, "--answers", "answers.toml", "--ttl", "8", "--no-input").returncode == 0
    found = manifest(workstation / "lamp")
    assert (found["license"], found["ttl"], found["version"]) == ("BSD", 8, "0.1.0")


def test_answers_of_one_bundle_make_another(workstation: Path, environment: dict[str, str]) -> None:
    new(workstation, environment, *COMPLETE, "--resource", "/lamp/:id:get")
    assert (
        new(workstation, environment, "--answers", "lamp/.bundlekit/answers.json", "--name", "lantern").returncode == 0
    )
    ours, theirs = manifest(workstation / "lamp"), manifest(workstation / "lantern")
    assert {**ours, "name": "lantern"} == theirs


def test_dry_run_shows_the_tree_and_the_files_and_makes_nothing(workstation: Path, environment: dict[str, str]) -> None:
    shown = new(workstation, environment, *COMPLETE, "--dry-run", "--description", "[bold]A {{ lamp }}[/bold]")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert list(workstation.iterdir()) == []
    tree, *files = shown.stdout.split("\n--- ")
    new(workstation, environment, *COMPLETE, "--description", "[bold]A {{ lamp }}[/bold]")
    made = {path.relative_to(workstation).as_posix(): path for path in workstation.rglob("*") if path.is_file()}
    listed = dict(file.split("\n", 1) for file in files)
    record = "lamp/.bundlekit/template.json"
    assert listed.pop(record).startswith(f"({made.pop(record).stat().st_size} bytes for `bundlekit update`")
    assert listed == {path: made[path].read_text() for path in made}
    assert all(path.name in tree for path in workstation.rglob("*"))


def test_resource_of_the_gateway_gets_a_note(workstation: Path, environment: dict[str, str]) -> None:
    made = new(workstation, environment, *COMPLETE, "--resource", "/system/:what")
    assert made.returncode == 0
    assert "the gateway has /system/export itself" in made.stderr


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--no-input"], 2, ["name", "--name NAME"]),
        (["--name", "lamp"], 2, ["description, author, email, license, version, ttl, resources", "--no-input"]),
        (["--name", "la_mp", "--no-input"], 2, ['"la_mp"', "letters"]),
        ([*COMPLETE, "--ttl", "x"], 2, ['"x"', "1 to 60"]),
        ([*COMPLETE, "--resource", "/api/v1/lamp"], 2, ["/api/v1", "by itself"]),
        ([*COMPLETE, "--resource", "/a", "--resource", "/a"], 2, ["/a is there already"]),
        ([*COMPLETE, "--answers", "nowhere"], 2, ["nowhere"]),
        ([*COMPLETE, "-o", "/proc"], 3, ["cannot write in /proc"]),
        ([*COMPLETE, "--template", "nowhere"], 3, ["nowhere"]),
        (["--template", "nowhere"], 2, ["terminal", "--no-input"]),
    ],
)
def test_what_cannot_be_is_told(
    options: list[str], code: int, words: list[str], workstation: Path, environment: dict[str, str]
) -> None:
    refused = new(workstation, environment, *options)
    assert (refused.returncode, refused.stdout) == (code, "")
    for word in words:
        assert word in refused.stderr
    assert "Traceback" not in refused.stderr
    assert list(workstation.iterdir()) == []


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_existing_folder_is_refused_and_untouched(
    options: list[str], workstation: Path, environment: dict[str, str]
) -> None:
    (workstation / "lamp").mkdir()
    (workstation / "lamp/mine").write_text("mine")
    refused = new(workstation, environment, *COMPLETE, *options)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "lamp is there already" in refused.stderr
    assert [path.relative_to(workstation).as_posix() for path in sorted(workstation.rglob("*"))] == [
        "lamp",
        "lamp/mine",
    ]


def test_write_that_fails_leaves_nothing(workstation: Path, environment: dict[str, str]) -> None:
    limited = ["bash", "-c", 'ulimit -f 1; exec "$@"', "limited", *COMMAND, *COMPLETE]
    environment |= {"PYTHONDONTWRITEBYTECODE": "1"}  # or what it compiles is cut off as well, and stays so
    failed = subprocess.run(limited, cwd=workstation, env=environment, capture_output=True, text=True, check=False)
    assert (failed.returncode, failed.stdout) == (3, "")
    assert "File too large" in failed.stderr
    assert list(workstation.iterdir()) == []


@pytest.fixture
def other_template(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A template of somebody else; what cookiecutter leaves behind of it goes there too."""
    template = tmp_path_factory.mktemp("template")
    (template / "cookiecutter.json").write_text('{"name": "x", "kind": "blue"}')
    (template / "{{ cookiecutter.name }}").mkdir()
    (template / "{{ cookiecutter.name }}/says").write_text("{{ cookiecutter.kind }}")
    (template / "config.yaml").write_text(f"replay_dir: {template}\n")
    environment |= {"COOKIECUTTER_CONFIG": str(template / "config.yaml"), "TMPDIR": str(template)}
    return template


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_other_template_is_used_and_told_what_it_does_not_know(
    options: list[str], workstation: Path, environment: dict[str, str], other_template: Path
) -> None:
    made = new(
        workstation, environment, "--template", str(other_template), "--trust", *COMPLETE, "--ttl", "5", *options
    )
    assert made.returncode == 0
    assert made.stderr == f"note: {other_template} has no variable ttl, so this answer is not used\n"
    assert [path.name for path in workstation.rglob("*")] == ([] if options else ["lamp", "says"])
    assert ("--- lamp/says\nblue" in made.stdout) == bool(options)


def test_other_template_asks_its_own_questions(
    workstation: Path, environment: dict[str, str], other_template: Path
) -> None:
    options = [*COMMAND[1:], "--template", str(other_template), "--name", "lamp"]
    with pexpect.spawn(
        COMMAND[0], options, cwd=str(workstation), env=environment, encoding="utf-8", timeout=60
    ) as terminal:
        terminal.expect(r"Do you trust its author\? \[y/N\]: ?$")
        terminal.sendline("y")
        terminal.expect(r"name \(lamp\): ?$")
        terminal.sendline("")
        terminal.expect(r"kind \(blue\): ?$")
        terminal.sendline("red")
        terminal.expect("made lamp")
        terminal.expect(pexpect.EOF)
    assert (workstation / "lamp/says").read_text() == "red"


@pytest.fixture
def hostile_template(
    other_template: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A template that leaves a file in its folder in each way in which a template can run code."""
    environment["TMPDIR"] = str(tmp_path_factory.mktemp("copy"))  # cookiecutter copies it there for a pre_prompt

    def touch(name: str) -> str:
        return f"open('{other_template}/ran-{name}', 'w').close()"

    def expression(name: str) -> str:
        return f"{{{{ cycler.__init__.__globals__.os.system('touch {other_template}/ran-{name}') }}}}"

    (other_template / "hooks").mkdir()
    for hook in ("pre_prompt", "pre_gen_project", "post_gen_project"):
        (other_template / f"hooks/{hook}.py").write_text(touch(hook))
    (other_template / "local.py").write_text(
        f"{touch('extension')}\nfrom jinja2.ext import Extension\nclass Evil(Extension):\n    pass\n"
    )
    (other_template / "cookiecutter.json").write_text(
        json.dumps({"name": "x", "kind": expression("default"), "_extensions": ["local.Evil"]})
    )
    (other_template / "{{ cookiecutter.name }}/says").write_text(expression("text"))
    return other_template


def ran(template: Path) -> set[str]:
    return {path.name.removeprefix("ran-") for path in template.glob("ran-*")}


HOOKS = {"pre_prompt", "pre_gen_project", "post_gen_project"}


@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_code_of_another_template_is_named_and_not_run_unasked(
    options: list[str], workstation: Path, environment: dict[str, str], hostile_template: Path
) -> None:
    refused = new(workstation, environment, "--template", str(hostile_template), *COMPLETE, *options)
    assert (refused.returncode, refused.stdout) == (2, "")
    named = [f"hooks/{hook}.py (a hook)" for hook in HOOKS] + ["local.Evil (an extension", "local.py", "expressions in"]
    for one in [*named, " kept: nothing of it ran", " hint: --trust"]:
        assert one in refused.stderr
    assert ran(hostile_template) == set()
    assert list(workstation.iterdir()) == []


def test_code_of_a_trusted_template_runs_but_for_hooks_of_a_dry_run(
    workstation: Path, environment: dict[str, str], hostile_template: Path
) -> None:
    """So each of the ways that the other tests have is one."""
    shown = new(workstation, environment, "--template", str(hostile_template), "--trust", *COMPLETE, "--dry-run")
    assert shown.returncode == 0
    assert "left out by --dry-run: hooks/post_gen_project.py, hooks/pre_gen_project.py" in shown.stderr
    assert ran(hostile_template) == {"extension", "default", "text"}
    made = new(workstation, environment, "--template", str(hostile_template), "--trust", *COMPLETE)
    assert made.returncode == 0
    assert ran(hostile_template) == {"extension", "default", "text"} | HOOKS


@pytest.mark.parametrize("options", [["--name", "lamp"], ["--name", "lamp", "--dry-run"], COMPLETE])
def test_another_template_is_not_used_if_the_user_does_not_trust_it(
    options: list[str], workstation: Path, environment: dict[str, str], hostile_template: Path
) -> None:
    line = [*COMMAND[1:], "--template", str(hostile_template), *options]
    with pexpect.spawn(
        COMMAND[0], line, cwd=str(workstation), env=environment, encoding="utf-8", timeout=60
    ) as terminal:
        if options == ["--name", "lamp"]:
            terminal.expect(r"Do you trust its author\? \[y/N\]: ?$")
            terminal.sendline("")
        terminal.expect("nothing of it ran")
        terminal.expect(pexpect.EOF)
    assert ran(hostile_template) == set()
    assert list(workstation.iterdir()) == []


def test_template_that_comes_with_bundlekit_is_trusted(
    workstation: Path, environment: dict[str, str], other_template: Path
) -> None:
    made = new(workstation, environment, "--template", str(bundle_template()), *COMPLETE)
    assert made.returncode == 0, made.stderr
    assert (workstation / "lamp/bundle.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_run_leaves_nothing(
    number: signal.Signals, workstation: Path, environment: dict[str, str], other_template: Path
) -> None:
    (other_template / "hooks").mkdir()
    (other_template / "hooks/post_gen_project.py").write_text(
        "import pathlib, time\npathlib.Path('reached').touch()\ntime.sleep(60)\n"
    )
    taken = ["env", f"--default-signal={number.name}"]  # nohup has it ignored, and then it is
    running = subprocess.Popen(
        [*taken, *COMMAND, "--template", str(other_template), "--trust", *COMPLETE],
        cwd=workstation,
        env=environment,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not list(workstation.glob(".bundlekit-new-*/lamp/reached")):
        assert running.poll() is None
        time.sleep(0.01)
    os.killpg(running.pid, number)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert err.endswith("error: interrupted\n")
    assert list(workstation.iterdir()) == []


@pytest.fixture
def dialogue(workstation: Path, environment: dict[str, str]) -> Iterator[pexpect.spawn[str]]:
    """`bundlekit new` on a terminal."""
    (workstation / "taken").mkdir()
    with pexpect.spawn(
        COMMAND[0],
        COMMAND[1:],
        cwd=str(workstation),
        env=environment,
        encoding="utf-8",
        timeout=60,
        dimensions=(50, 200),
    ) as terminal:
        yield terminal


def test_dialogue_asks_for_everything_and_checks_each_answer(dialogue: pexpect.spawn[str], workstation: Path) -> None:
    for question, typed in [
        ("Name: ", ""),
        ("letters.*Name: ", "la_mp"),
        ('"la_mp".*Name: ', "taken"),
        ("taken is there already.*Name: ", "lamp"),
        (r"What it is for \[The lamp bundle\]: ", 'Küche "½" \\ {{ 1 + 1 }} {% raw %}'),
        (r'Author \[Jö "½" Doe\]: ', ""),
        (r"E-mail \[jo@example.com\]: ", "jo"),
        (r'"jo".*E-mail \[jo@example.com\]: ', ""),
        (r"Licence \[MIT\]: ", "GPL-3.0-only"),
        (r"Version \[0.1.0\]: ", "1"),
        (r'"1".*Version \[0.1.0\]: ', "1.0.0"),
        (r"answers \[60\]: ", "0"),
        (r"1 to 60.*answers \[60\]: ", "30"),
        (r"Resource \[/lamp\]: ", "lamp"),
        (r"does not start.*Resource \[/lamp\]: ", ""),
        (r"Methods of /lamp \[get,put\]: ", "get,patch"),
        (r'"patch".*Methods of /lamp \[get,put\]: ', "get,post"),
        ("Another resource, or nothing: ", "/lamp"),
        ("already.*Another resource, or nothing: ", "/lamp/:id:delete"),
        ("Another resource, or nothing: ", "/lamp/all"),
        ("Methods of /lamp/all .*: ", "delete"),
        ("would both answer DELETE /lamp/all.*Another resource, or nothing: ", "/lamp/:name"),
        ("/lamp/:id again.*Another resource, or nothing: ", ""),
    ]:
        dialogue.expect(f"(?s){question}$")
        dialogue.sendline(typed)
    dialogue.expect("made lamp\r\n")
    dialogue.expect(pexpect.EOF)
    dialogue.wait()
    assert dialogue.exitstatus == 0
    found = manifest(workstation / "lamp")
    assert found["description"] == 'Küche "½" \\ {{ 1 + 1 }} {% raw %}'
    assert (found["author"], found["email"]) == ('Jö "½" Doe', "jo@example.com")
    assert (found["license"], found["version"], found["ttl"]) == ("GPL-3.0-only", "1.0.0", 30)
    assert found["resources"] == [
        {"methods": ["get", "post"], "resource": "/lamp"},
        {"methods": ["delete"], "resource": "/lamp/:id"},
    ]


@pytest.mark.parametrize("typed", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_dialogue_that_is_given_up_leaves_nothing(typed: str, dialogue: pexpect.spawn[str], workstation: Path) -> None:
    dialogue.expect("Name: $")
    dialogue.sendline("lamp")
    dialogue.expect("What it is for .*: $")
    dialogue.send(typed)
    dialogue.expect("interrupted")
    dialogue.expect(pexpect.EOF)
    dialogue.wait()
    assert dialogue.exitstatus == 130
    assert [path.name for path in workstation.iterdir()] == ["taken"]


def test_dialogue_asks_only_for_what_is_missing(workstation: Path, environment: dict[str, str]) -> None:
    given = ["--description", "d", "--author", "a", "--email", "", "--license", "MIT", "--bundle-version", "1.0.0"]
    given += ["--ttl", "5", "--resource", "/lamp"]
    with pexpect.spawn(
        COMMAND[0], [*COMMAND[1:], *given], cwd=str(workstation), env=environment, encoding="utf-8", timeout=60
    ) as terminal:
        terminal.expect("Name: $")
        terminal.sendline("lamp")
        terminal.expect("made lamp")
        terminal.expect(pexpect.EOF)
    assert manifest(workstation / "lamp")["resources"] == [{"methods": ["get", "put"], "resource": "/lamp"}]


def test_its_hook_lets_a_good_bundle_pass_and_a_bad_one_not(workstation: Path, environment: dict[str, str]) -> None:
    new(workstation, environment, *COMPLETE)
    programs = Path(sys.executable).parent
    environment |= {"PATH": f"{programs}:{environment['PATH']}", "PRE_COMMIT_HOME": str(workstation / "pre-commit")}

    def commit() -> subprocess.CompletedProcess[str]:
        subprocess.run(["git", "add", "."], cwd=workstation / "lamp", env=environment, check=True)
        return subprocess.run(
            ["git", "commit", "-m", "x"],
            cwd=workstation / "lamp",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    subprocess.run(["git", "init", "-q"], cwd=workstation / "lamp", env=environment, check=True)
    subprocess.run([programs / "pre-commit", "install"], cwd=workstation / "lamp", env=environment, check=True)
    good = commit()
    assert (good.returncode, "Passed" in good.stderr) == (0, True), good.stderr
    (workstation / "lamp/bundle.json").write_text("{")
    bad = commit()
    assert (bad.returncode, "bundle.json" in bad.stderr) == (1, True), bad.stderr
