"""Which files a commit deletes: a hook is given none of them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from bundlekit.bundle.bundle import MAIN, MANIFEST
from bundlekit.bundle.search import enclosing_bundle, has_manifest
from bundlekit.errors import CouldNotRun, Refused

_USAGE = 129
"""With this code git ends when it takes the command line for wrong."""


def deleted_files() -> list[Path]:
    """The files below this folder that are deleted in what is about to be committed, or in the commits that pre-commit
    was asked to look at.

    Raises:
        CouldNotRun: there is no git, or this is none of its repositories.
    """
    ends = os.environ.get("PRE_COMMIT_FROM_REF"), os.environ.get("PRE_COMMIT_TO_REF")
    what = [f"{ends[0]}...{ends[1]}"] if all(ends) else ["--cached"]
    command = ["git", "diff", "--relative", "--no-renames", "--no-ext-diff", "--diff-filter=D", "--name-only", "-z"]
    try:
        done = subprocess.run([*command, *what, "--"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        raise CouldNotRun(f"cannot run git: {error.strerror}") from error
    if done.returncode == _USAGE:  # outside of a repository, git diff compares two files, and knows no --cached
        raise CouldNotRun(f"{Path.cwd()} is in no git repository", hint="--deleted is for the hooks of a repository")
    if done.returncode:
        raise CouldNotRun(f"git does not report the deleted files: {done.stderr.decode('utf-8', 'replace').strip()}")
    return [Path(os.fsdecode(name)) for name in done.stdout.split(b"\0") if name]


def bundles_with_deletions() -> list[Path]:
    """The manifests of the bundles of which a commit deletes files.

    Raises:
        CouldNotRun: as `deleted_files` says.
        Refused: the manifest itself is deleted, and the bundle's program is not.
    """
    deleted = deleted_files()
    for path in deleted:
        if path.name == MANIFEST and not has_manifest(path.parent) and _is_program(path.parent / MAIN):
            raise Refused(
                f"the commit deletes {path}, and {MAIN} beside it stays",
                hint=f"delete {MAIN} too, or keep {MANIFEST}",
            )
    folders = {enclosing_bundle(path) for path in deleted}
    return sorted(folder / MANIFEST for folder in folders if folder is not None)


def _is_program(path: Path) -> bool:
    try:
        return b"sanji" in path.read_bytes()
    except OSError:
        return False
