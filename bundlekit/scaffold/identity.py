"""Who is sitting here, as far as git knows."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bundlekit.errors import BadUsage
from bundlekit.scaffold import questions
from bundlekit.scaffold.questions import Author


def author_from_git(folder: Path) -> Author:
    """The author that git would name for a commit in `folder`; empty what it does not know or nobody could use."""
    return Author(
        name=_usable(questions.author, _git_config("user.name", folder)),
        email=_usable(questions.email, _git_config("user.email", folder)),
    )


def _git_config(key: str, folder: Path) -> str:
    try:
        found = subprocess.run(
            ["git", "config", "--get", key],
            cwd=next(one for one in (folder, *folder.parents) if one.is_dir()),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.decode("utf-8", "surrogateescape").strip()


def _usable(check: questions.Check, text: str) -> str:
    try:
        return str(check(text))
    except BadUsage:
        return ""
