"""Whether somebody other than the user and root decides what a file says."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from bundlekit.io import user_id

SAFE_FOLDERS = "BUNDLEKIT_SAFE_FOLDERS"
"""The environment variable with the folders that the user trusts, whoever owns them; `*` for all."""


def why_foreign(path: Path) -> str | None:
    """Why somebody else can decide what is read at a path; None if nobody else can.

    Only the user, root and, for root, the user who called sudo may own the file and each folder around it, and nobody
    else may write to them. In a folder with the sticky bit, such as /tmp, others may make files, but not replace these.
    A link counts by its owner and by what it leads to. Of a path that does not exist, the folders around it count.
    """
    here = Path(os.path.realpath(path.parent), path.name)
    real = Path(os.path.realpath(here))
    if _is_named_safe(here) and _is_named_safe(real):
        return None
    users = _trusted_users()
    for one in dict.fromkeys((here, real, *here.parents, *real.parents)):
        try:
            status = one.lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            return f"cannot look at {one}: {error.strerror}"
        if why := _why(one, status, users):
            return why
    return None


def _why(path: Path, status: os.stat_result, users: set[int]) -> str | None:
    if status.st_uid not in users:
        return f"{path} belongs to {_name(status.st_uid)}"
    keeps_entries = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    if stat.S_ISLNK(status.st_mode) or keeps_entries:
        return None
    if status.st_mode & stat.S_IWOTH:
        return f"every user can write to {path}"
    if status.st_mode & stat.S_IWGRP and not _is_private(status.st_gid, users):
        return f"a group of other users can write to {path}"
    return None


def _is_named_safe(path: Path) -> bool:
    named = filter(None, os.environ.get(SAFE_FOLDERS, "").split(os.pathsep))
    return any(one == "*" or (os.path.isabs(one) and path.is_relative_to(os.path.realpath(one))) for one in named)  # noqa: PTH117


def _trusted_users() -> set[int]:
    me = user_id()
    caller = os.environ.get("SUDO_UID", "")
    return {0, me} | ({int(caller)} if me == 0 and re.fullmatch("[0-9]{1,10}", caller) else set())


def _is_private(group: int, users: set[int]) -> bool:
    """Whether it is the group of one of these users alone: Debian gives one to each user, with umask 002."""
    import grp
    import pwd

    try:
        found = grp.getgrgid(group)
    except KeyError:
        return False
    names = {_name(user) for user in users}
    members = {*found.gr_mem, *(one.pw_name for one in pwd.getpwall() if one.pw_gid == group)}
    # The name too: a directory service may not list all accounts, and so not all members.
    return found.gr_name in names and members <= names


def _name(user: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
