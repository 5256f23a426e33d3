"""The hook that bundlekit offers, under the real pre-commit and prek, in a repository with a good and a bad bundle."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

from bundlekit.bundle.bundle import MAIN, MANIFEST
from tests.workstation import SAMPLE

ROOT = Path(__file__).parents[1]
RUNNERS = {
    "pre-commit": [sys.executable, "-m", "pre_commit"],
    "prek": [str(Path(sys.executable).with_name("prek"))],
}
GIT = ["git", "-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]


def git(folder: Path, *arguments: str) -> None:
    subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with bundlekit as it lies here, whether it is committed or not, and the runners' own folders."""
    folder = tmp_path_factory.mktemp("offered")
    repository = folder / "bundlekit"
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in listing.stdout.decode().split("\0"):
        if (ROOT / name).is_file():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, repository / name)
    git(repository, "init")
    git(repository, "add", "--all", "--force")
    git(repository, "commit", "-m", "all")
    git(repository, "tag", "v1")
    return folder


@pytest.fixture
def repository(tmp_path: Path, offered: Path) -> Path:
    """A repository of bundles that uses the hook: one good, one with an error, and an index.py of something else."""
    config = f"repos:\n- repo: {offered / 'bundlekit'}\n  rev: v1\n  hooks:\n  - id: bundlekit-validate\n"
    (tmp_path / ".pre-commit-config.yaml").write_text(config)
    (tmp_path / "bundlekit.toml").write_text('ignore = ["BK402", "BK403"]\n')  # they are copies of one bundle
    for name in ("good", "bad"):
        shutil.copytree(SAMPLE, tmp_path / name)
    manifest = json.loads((tmp_path / "bad" / MANIFEST).read_text())
    (tmp_path / "bad" / MANIFEST).write_text(json.dumps({**manifest, "ttl": 0}, indent=2))
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / MAIN).write_text("print('hello')\n")
    git(tmp_path, "init")
    git(tmp_path, "add", "--all")
    return tmp_path


class Hooks(Protocol):
    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(params=RUNNERS)
def hooks(request: pytest.FixtureRequest, repository: Path, offered: Path) -> Hooks:
    """Runs the hooks of the repository, as a commit would."""
    home = str(offered / request.param)
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # prek asks for uv

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*RUNNERS[request.param], "run", "--color", "never", "--verbose", *arguments],
            cwd=repository,
            env={**os.environ, "PATH": tools, "PRE_COMMIT_HOME": home, "PREK_HOME": home, "PIP_NO_COMPILE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_hook_stops_the_bad_bundle_and_names_it_alone(hooks: Hooks) -> None:
    ended = hooks()
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "validate bundles" in ended.stdout
    assert re.search(r"^ *bad/bundle\.json:\d+:\d+: error BK107 ttl-not-positive:", ended.stdout, re.MULTILINE)
    assert "2 bundles: 1 clean, 1 error" in ended.stdout


def test_hook_passes_what_is_good(hooks: Hooks, repository: Path) -> None:
    git(repository, "reset", "--", "bad")
    ended = hooks()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "good: clean" in ended.stdout


@pytest.mark.parametrize("path", ["index.py", "lib/more/helper.py"])
def test_any_file_of_a_bundle_makes_the_hook_check_all_of_it(hooks: Hooks, repository: Path, path: str) -> None:
    file = repository / "bad" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    ended = hooks("--files", f"bad/{path}")
    assert ended.returncode == 1
    assert "1 bundle: 1 error" in ended.stdout


def test_what_belongs_to_no_bundle_is_passed_over(hooks: Hooks) -> None:
    ended = hooks("--files", f"web/{MAIN}", ".pre-commit-config.yaml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "no bundle was checked" in ended.stdout


def test_commit_that_only_deletes_is_checked(hooks: Hooks, repository: Path) -> None:
    git(repository, "commit", "-m", "all", "--no-verify")
    ended = hooks()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "no bundle was checked" in ended.stdout
    git(repository, "rm", "-q", "good/index.py")
    ended = hooks()
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert re.search(r"error BK202 missing-main", ended.stdout)
    assert "1 bundle: 1 error" in ended.stdout
    git(repository, "reset", "-q", "--hard")
    git(repository, "rm", "-q", "good/bundle.json")
    ended = hooks()
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "the commit deletes good/bundle.json, and index.py beside it stays" in ended.stdout
    git(repository, "rm", "-q", "-r", "good")
    assert hooks().returncode == 0


def test_commit_that_only_deletes_the_lock_is_found(hooks: Hooks, repository: Path) -> None:
    config = repository / ".pre-commit-config.yaml"
    config.write_text(config.read_text().replace("bundlekit-validate", "bundlekit-vendor-check"))
    (repository / "good" / "requirements.txt").write_text("six\n")
    lock = {"form": 1, "requirements": ["six"], "digest": hashlib.sha256(b"").hexdigest(), "packages": []}
    (repository / "good" / "vendor.lock").write_text(json.dumps(lock))
    git(repository, "add", "--all")
    ended = hooks()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    git(repository, "commit", "-m", "all", "--no-verify")
    assert hooks().returncode == 0
    git(repository, "rm", "-q", "good/vendor.lock")
    ended = hooks()
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "good: there is no vendor.lock for requirements.txt" in ended.stdout


def test_three_changed_bundles_of_two_hundred_are_checked_alone(hooks: Hooks, repository: Path) -> None:
    for number in range(200):
        shutil.copytree(SAMPLE, repository / "many" / f"b{number:03}")
    git(repository, "add", "--all")
    git(repository, "commit", "-m", "all")
    changed = ["many/b007/bundle.json", "many/b100/index.py", "many/b199/data/example.json.factory"]
    for path in changed:
        with (repository / path).open("a") as file:
            file.write("\n")
    (repository / "many" / "b007" / "bundle.json").write_text("{}")
    git(repository, "add", "--all")
    ended = hooks()
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "3 bundles: 2 clean" in ended.stdout
    assert {*re.findall(r"^ *(\S+):\d+:\d+: error", ended.stdout, re.MULTILINE)} == {"many/b007/bundle.json"}
