"""What a release needs: one version, notes, workflows that are safe, and what other pipelines take from here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import bundlekit
from bundlekit.cli import manual
from tests.cli.test_validate import make_own
from website import release

ROOT = Path(__file__).parents[1]

# Stands for pipx, and for pip: what it would install is installed here.
PIPX = """#!/bin/sh
echo "$@" >>"$CALLS"
[ "$1" = run ] || exit 0
shift 3
exec bundlekit "${@:2}"
"""


def test_version_is_the_same_everywhere() -> None:
    assert set(release.versions().values()) == {bundlekit.__version__}


def test_tag_has_to_agree_with_version_and_changelog(tmp_path: Path) -> None:
    for place in (*release.PLACES, "CHANGELOG.md"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / place, tmp_path / place)
    changelog = tmp_path / "CHANGELOG.md"
    tag = f"v{bundlekit.__version__}"
    for bad in ("0.1.0", "v1", "v99.0.0"):
        with pytest.raises(release.NotReady):
            release.notes_for(bad, tmp_path)
    changelog.write_text(changelog.read_text().replace("## [Unreleased]", f"## [{tag[1:]}] - 2026-12-01", 1))
    assert release.notes_for(tag, tmp_path).startswith("### ")
    changelog.write_text(changelog.read_text().replace("2026-12-01", "soon"))
    with pytest.raises(release.NotReady, match="has no section"):
        release.notes_for(tag, tmp_path)


def test_changelog_has_one_section_for_each_version_in_order() -> None:
    headings = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    released = [tuple(map(int, version.split("."))) for version, _ in headings[1:]]
    assert released == sorted(set(released), reverse=True)
    assert all(date for _, date in headings[1:])


def test_release_is_published_by_nothing_but_pinned_actions() -> None:
    workflow = (ROOT / ".github/workflows/release.yml").read_text()
    used = re.findall(r"uses: (\S+)(.*)", workflow)
    assert len(used) == 6
    for action, comment in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)
    assert "password" not in workflow
    assert "secrets." not in workflow
    assert "id-token: write # trusted publishing" in workflow


def test_action_validates_and_fails_for_errors(tmp_path: Path) -> None:
    script = (ROOT / "action.yml").read_text().partition("run: |\n")[2]
    good, bad = make_own(tmp_path / "x y" / "a"), make_own(tmp_path / "c", author={})
    clean = _piped(script, tmp_path, ACTION="/action", PATHS=f"{good}\n\n", OPTIONS="")
    assert (clean.returncode, clean.stdout) == (0, ""), clean.stderr
    assert (tmp_path / "calls").read_text() == f"run --spec /action bundlekit validate --format=github -- {good}\n"
    failed = _piped(script, tmp_path, ACTION="/action", PATHS=f"{good}\n{bad}", OPTIONS="--ignore=BK1\n--fail-on=info")
    assert failed.returncode == 0, failed.stdout
    failed = _piped(script, tmp_path, ACTION="/action", PATHS=f"{good}\n{bad}", OPTIONS="")
    assert failed.returncode == 1
    assert failed.stdout.startswith("::error file=")


def test_component_validates_and_leaves_a_report(tmp_path: Path) -> None:
    component = (ROOT / "templates/validate.yml").read_text()
    inputs = set(re.findall(r"^    ([a-z-]+):$", component.partition("\n---\n")[0], re.MULTILINE))
    assert set(re.findall(r"\$\[\[ inputs\.([a-z-]+) \]\]", component)) == inputs
    script = "\n".join(re.findall(r"^    - (.+)$", component.partition("script:")[2], re.MULTILINE))
    bad = make_own(tmp_path / "c", author={})
    failed = _piped(script, tmp_path, BUNDLES=str(bad), FAIL_ON="error", BUNDLEKIT="bundlekit<1")
    assert failed.returncode == 1
    assert "BK102" in (tmp_path / "gl-code-quality-report.json").read_text()
    assert (tmp_path / "calls").read_text() == "install --quiet bundlekit<1\n"


def test_man_has_a_page_for_each_verb_with_all_its_options() -> None:
    pages = manual.pages()
    assert {"bundlekit.1", "bundlekit-deploy.1", "bundlekit-gateway-token-add.1"} <= set(pages)
    assert "\n\\fB\\-\\-wait\\-lock SECONDS\\fR\n" in pages["bundlekit-deploy.1"]
    requests = {"TH", "SH", "TP", "PP", "nf", "fi"}
    for name, page in pages.items():
        assert {line[1:3] for line in page.splitlines() if line[:1] in (".", "'")} <= requests, name
        assert page.count(".SH NAME\n") == 1


def _piped(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    for name in ("pip", "pipx"):
        (programs / name).write_text(PIPX.replace("#!/bin/sh", "#!/bin/bash"))
        (programs / name).chmod(0o755)
    here = f"{programs}:{ROOT}/.venv/bin:/usr/bin:/bin"
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={"PATH": here, "HOME": str(folder), "CALLS": str(folder / "calls"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
