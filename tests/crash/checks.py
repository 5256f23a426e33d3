"""What can be said of a disk without a boot: what nobody could mend any more, and what a boot has to show."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.crash.changes import End
from tests.crash.releases import FILES, NAME, Made, content
from tests.crash.tree import Tree

ROOT = "opt/bundlekit"
HOME = f"{ROOT}/bundles/{NAME}"
_UNIT = f"etc/systemd/system/bundlekit-{NAME}.service"
_SCRIPT = f"etc/init.d/bundlekit-{NAME}"
_VERBS = ("deploy", "rollback", "start", "stop", "restart", "remove")
_OUTCOMES = ("up", "back", "down", "not-up", "stopped", "removed", "refused", "stuck")
_FIELDS = 14
_WHOLE = re.compile(r"[0-9]*\t[0-9]*\t[A-Za-z-]*\t[^\0\1]*\t[0-9.]*")


@dataclass
class Found:
    """What a disk looks like.

    Attributes:
        wrong: what no boot can mend.
        suspicious: what only a boot can judge, in words that are the same for the same trouble.
        kind: how far the change had come, by what is on the disk.
        begun: whether there is a journal that tells of a change.
        settings: the generations in the two files.
    """

    wrong: list[str] = field(default_factory=list)
    suspicious: list[str] = field(default_factory=list)
    kind: str = ""
    begun: bool = False
    settings: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class Known:
    """What the tests know of what bundlekit puts on a gateway.

    Attributes:
        script: that runs there.
        made: all archives.
    """

    script: bytes
    made: dict[str, Made]


def check(tree: Tree, ends: tuple[End, ...], told: bool, known: Known) -> Found:
    """Look at a disk; `ends` are those of the change that was under way."""
    found = Found()
    _check_history(tree, found)
    _check_script(tree, known, found)
    _check_service(tree, found)
    _check_releases(tree, known, found)
    _check_journal(tree, found)
    _check_settings(tree, ends, told, found)
    words = journal(tree)
    if told and (f"{HOME}/journal" in tree or not _is_at(tree, ends[-1])):
        found.suspicious.append("the client was told of an end that is not on the disk")
    state = [words.get("phase", "-"), *(key for key in ("reason", "committed", "by") if words.get(key))]
    found.begun = bool(words.get("verb"))
    found.settings = tuple(generations(tree))
    numbers = ",".join(str(number) for number in found.settings) or "no settings"
    found.kind = " ".join((*state, version(tree) or "nothing", numbers))
    return found


def journal(tree: Tree) -> dict[str, str]:
    """What the journal says last of each key; nothing where there is none."""
    lines = text(tree, f"{HOME}/journal").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def acts(tree: Tree) -> list[list[str]]:
    """The whole lines of the history, as fields. What a cut has left of others may lie there: it can be told apart."""
    *lines, _ = text(tree, f"{ROOT}/history").split("\n")
    return [line.split("\t") for line in lines if _WHOLE.fullmatch(line)]


def version(tree: Tree) -> str:
    """The version that is current; empty if none is."""
    return tree.get(f"{HOME}/current", ("l", b""))[1].decode().removeprefix("releases/").rpartition("-")[0]


def generations(tree: Tree, folder: str = f"{HOME}/settings") -> list[int | None]:
    """Those of both files of settings; None for a file that is damaged. Empty if there are no settings."""
    there = [file for file in FILES if f"{folder}/{file}" in tree]
    return (
        [_generation(tree[f"{folder}/{file}"][1]) for file in FILES]
        if len(there) == len(FILES)
        else [None] * len(there)
    )


def text(tree: Tree, path: str) -> str:
    return tree.get(path, ("f", b""))[1].decode(errors="replace")


def _generation(data: bytes) -> int | None:
    try:
        said: dict[str, Any] = json.loads(data)
        number = int(said["generation"])
    except (ValueError, KeyError, TypeError):
        return None
    return number if said in (content(number), content(number, last_words=True)) else None


def wrong_acts(lines: list[list[str]]) -> list[str]:
    """What is wrong about a history."""
    wrong = []
    for line in lines:
        if len(line) != _FIELDS or line[2] != NAME or line[3] not in _VERBS or not line[6] or line[9] not in _OUTCOMES:
            wrong.append(f"a line of the history: {line}")
    if len({line[-1] for line in lines}) != len(lines):
        wrong.append(f"the history tells something twice: {lines}")
    return wrong


_IN_ROOT = ("gateway.sh", "uploads", "bundles", "history", "history.1")


def litter(tree: Tree) -> list[str]:
    """Files that nobody will look at again."""
    left = []
    for path in tree:
        folder, _, name = path.rpartition("/")
        is_programs = name.startswith("programs-") and name.endswith(".zip")
        if (folder == ROOT and not is_programs and name not in _IN_ROOT) or (
            folder in ("etc/systemd/system", "etc/init.d") and path not in (_UNIT, _SCRIPT)
        ):
            left.append(path)
    return left


def _check_history(tree: Tree, found: Found) -> None:
    if b"\0" in tree.get(f"{ROOT}/history", ("f", b""))[1]:
        found.suspicious.append("NULs in the history")
    if wrong := wrong_acts(acts(tree)):
        found.wrong.append(wrong[0])


def _check_script(tree: Tree, known: Known, found: Found) -> None:
    if f"{ROOT}/gateway.sh" in tree and tree[f"{ROOT}/gateway.sh"][1] != known.script:
        found.wrong.append("gateway.sh is not what was sent")
    if left := litter(tree):
        found.suspicious.append(f"litter: {'.'.join(left[0].split('.')[:-1])}")


def _check_service(tree: Tree, found: Found) -> None:
    for path in (_UNIT, _SCRIPT):
        if path in tree and (b"\0" in tree[path][1] or b"gateway.sh" not in tree[path][1]):
            found.wrong.append(f"{path} is damaged")
    for path, (kind, target) in tree.items():
        if path.startswith("etc/") and kind == "l" and path.rpartition("/")[2].find("bundlekit-") >= 0:
            name = target.decode().rpartition("/")[2]
            if f"etc/systemd/system/{name}" not in tree and f"etc/init.d/{name}" not in tree:
                found.suspicious.append("a link to a service that is not there")
                return


def _check_releases(tree: Tree, known: Known, found: Found) -> None:
    now = version(tree)
    for path in tree:
        folder, _, release = path.rpartition("/")
        if folder != f"{HOME}/releases" or release.startswith(".") or release.endswith((".info", ".log", ".new")):
            continue
        about = dict(line.split("=", 1) for line in text(tree, f"{path}.info").splitlines() if "=" in line)
        made = known.made.get(release.rpartition("-")[0])
        is_whole = made is not None and all(
            tree.get(f"{path}/{name}", ("", b""))[1] == data for name, data in made.files.items()
        )
        is_known = all(about.get(key) for key in ("version", "digest", "number", "state"))
        if is_whole and is_known:
            continue
        if release.rpartition("-")[0] == now or about.get("state") == "good":
            what = "a file of" if not is_whole else "what is known of"
            if journal(tree) and journal(tree).get("verb") == "remove":
                found.suspicious.append(f"{what} a release that is removed is gone")
            else:
                found.wrong.append(f"{what} {release} is damaged")
        else:
            found.suspicious.append("a release that is not current is damaged")
    if now and not any(path.startswith(f"{HOME}/releases/{now}-") for path in tree):
        found.wrong.append("the current release is not there")


def _check_journal(tree: Tree, found: Found) -> None:
    path = f"{HOME}/journal"
    if path in tree:
        words = journal(tree)
        if not all(words.get(key) for key in ("key", "verb", "who", "began")):
            found.suspicious.append("the journal does not tell what was begun")
        elif b"\0" in tree[path][1]:
            found.suspicious.append("the journal is damaged")


def _check_settings(tree: Tree, ends: tuple[End, ...], told: bool, found: Found) -> None:
    numbers = generations(tree)
    fitting = {end.generation for end in ends if end.version in ("", version(tree))}
    if numbers and (len(set(numbers)) > 1 or None in numbers):
        found.suspicious.append("the settings are of no one generation")
    elif told and ends[-1].generation is not None and numbers != [ends[-1].generation] * 2:
        found.suspicious.append("the settings are not what the client was told")
    elif numbers and None not in fitting and numbers[0] not in fitting:
        found.suspicious.append("the settings are not those of the release")
    snapshots = {path.split("/")[5] for path in tree if path.startswith(f"{HOME}/snapshots/")}
    for name in sorted(snapshots):
        of_it = generations(tree, f"{HOME}/snapshots/{name}")
        if not name.startswith(".") and of_it and (len(set(of_it)) > 1 or None in of_it):
            found.suspicious.append("a snapshot is of no one generation")
            break


def _is_at(tree: Tree, end: End) -> bool:
    is_at_boot = any(
        "bundlekit-" in path and ("/multi-user.target.wants/" in path or "/rc2.d/" in path) for path in tree
    )
    if not end.deployed:
        return not version(tree) and not is_at_boot
    return bool(version(tree)) and is_at_boot == bool(end.version) and (not end.version or version(tree) == end.version)
