"""The console blocks of the README and of docs/: run in order, and compared with what they show."""

from __future__ import annotations

from pathlib import Path

import pytest

from website.console import Step, blocks, differs, environment, run

ROOT = Path(__file__).parents[1]
PAGES = {
    path.relative_to(ROOT).as_posix(): blocks(path.read_text("utf-8"))
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}

BUNDLE = "bundlekit new --name thermostat --resource /thermostat:get,put --no-input >/dev/null"
SIGNED = f"""{BUNDLE}; sed -i 's/0\\.1\\.0/0.4.0/' thermostat/bundle.json
mkdir -m 700 .ssh; ssh-keygen -q -t ed25519 -N '' -C '' -f .ssh/id_ed25519
echo "alice@example.com namespaces=\\"bundlekit\\" $(cat .ssh/id_ed25519.pub)" >allowed_signers"""

# Blocks that are run, with what is done before.
RUN = {("docs/postman.md", 0): BUNDLE, ("docs/signing.md", 0): SIGNED}
# Blocks that are not, and what runs the same.
NOT_RUN = {
    ("README.md", 0): "the tutorial deploys a bug",
    ("README.md", 1): "the tutorial has the same commands",
    ("README.md", 2): "tests/cli/test_run.py: it goes on until Ctrl-C",
    ("docs/fleet.md", 0): "tests/fleet/test_many.py: it takes eight gateways",
    ("docs/rollout.md", 0): "tests/fleet/test_rollouts.py: it takes four gateways",
    ("docs/rollout.md", 1): "tests/fleet/test_chaos.py: it takes a hundred gateways",
    ("docs/signing.md", 1): "tests/deploy/test_signed.py: it takes a gateway with signers",
    ("docs/signing.md", 2): "tests/cli/test_sigstore.py: it takes a public instance of sigstore",
    ("docs/update.md", 0): "tests/cli/test_update.py: it takes a bundle of an earlier template",
    ("docs/update.md", 1): "tests/cli/test_update.py",
    ("docs/update.md", 2): "tests/cli/test_update.py",
    ("docs/validate.md", 0): "tests/cli/test_schema.py",
    ("docs/validate.md", 1): "tests/test_pre_commit.py",
    ("docs/vendor.md", 0): "tests/vendor/test_vendor.py: it takes a package index",
}
TUTORIAL = "docs/tutorial.md"


def test_each_block_is_run_or_listed() -> None:
    found = {(page, number) for page, all_of_it in PAGES.items() for number in range(len(all_of_it))}
    listed = RUN.keys() | NOT_RUN.keys() | {(TUTORIAL, number) for number in range(len(PAGES[TUTORIAL]))}
    assert sorted(found - listed) == [], "run these console blocks, or say in NOT_RUN what runs the same"
    assert sorted(listed - found) == [], "these are no blocks any more"
    assert [
        said for said in NOT_RUN.values() if said.startswith("tests/") and not (ROOT / said.split(":")[0]).exists()
    ] == []


def test_readme_shows_what_the_tutorial_shows() -> None:
    shown: dict[str, str] = {}
    for step in (step for block in PAGES[TUTORIAL] for step in block):
        shown.setdefault(step.command, step.output)
    for step in PAGES["README.md"][1]:
        assert not differs(step.output, shown[step.command])


@pytest.mark.parametrize("page", [f"{page}:{number}" for page, number in RUN])
def test_block_prints_what_its_page_shows(page: str, tmp_path: Path) -> None:
    name, _, number = page.partition(":")
    check(PAGES[name][int(number)], tmp_path, before=RUN[name, int(number)])


def test_tutorial_prints_what_it_shows(tmp_path: Path) -> None:
    check([step for block in PAGES[TUTORIAL] for step in block], tmp_path)


def test_other_output_is_noticed() -> None:
    assert not differs("a 0.1.0-12345678\n...\nb (3 ms)", "a 0.2.0-87654321\nx\ny\nb (30 ms)")
    assert not differs("  | ...\nc", "  | x\n  | y\nc")
    for shown, printed in (("a", "b"), ("a", ""), ("", "a"), ("a\n...\nb", "a\nx\nc"), ("3 files", "4 files")):
        assert differs(shown, printed), shown


def check(steps: list[Step], folder: Path, *, before: str = "") -> None:
    printed = run(steps, folder, environment(), before=before)
    assert len(printed) == len(steps), printed[-1:]
    wrong = [differs(step.output, output) for step, output in zip(steps, printed, strict=True)]
    assert [f"$ {step.command}\n{one}" for step, one in zip(steps, wrong, strict=True) if one] == []
