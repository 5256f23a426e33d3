"""`python -m tests.chaos.watch`: tells what there is of a bundle on a booted gateway, from outside of it.

Reads lines of JSON: the gateway's root on this host and the name of a bundle. Answers each with a line of JSON: [word,
what is said about it] again and again. Wants root.
"""

# ruff: noqa: T201 - its parent reads what it prints

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_ROOT = "opt/bundlekit"
_OF_SETTINGS = ("settings/.*.new", "*settings.*", "snapshots/*.new")
_LEFT = ("releases/.[a-z]*", ".reserve", "beside", "order", "*.new", *_OF_SETTINGS)
_AT_BOOT = "etc/systemd/system/multi-user.target.wants/bundlekit-{name}.*", "etc/rc2.d/S*bundlekit-{name}"

_first: dict[Path, Path] = {}


def main() -> int:
    """Answer until nobody asks any more."""
    for line in sys.stdin:
        root, name = json.loads(line)
        print(json.dumps([*_running(Path(root), name), *_lying(Path(root), name)]), flush=True)
    return 0


def _running(root: Path, name: str) -> Iterator[tuple[str, str]]:
    """The processes of a bundle, of those who work on it, and of those who talk to somebody who may."""
    home = f"/{_ROOT}/bundles/{name}/releases/"
    works = re.compile(rf"gateway\.sh\0(?!supervise\0)[a-z-]+\0{name}\0".encode())
    for place in _processes(root):
        with contextlib.suppress(OSError):
            command = (place / "cmdline").read_bytes()
            if b"\0index.py\0" in command:
                folder = str((place / "cwd").readlink())
                if folder.startswith(home):
                    yield "runs", f"{folder.removeprefix(home)} {place.name}"
            elif works.search(command):
                yield "works", place.name
            elif b"converse" in command:
                origin = re.search(rb"SSH_CONNECTION=\S+ (\d+)", (place / "environ").read_bytes())
                yield "talks", origin[1].decode() if origin else ""


def _processes(root: Path) -> Iterator[Path]:
    """Those on a gateway, as it sees them itself: its first one leads there."""
    place = _first.get(root)
    if place is None or not _is_on(place, root):
        on_it = (place for place in _numbers(Path("/proc")) if _is_on(place, root))
        place = next((place for place in on_it if re.search(r"^NSpid:.*\t1$", _text(place / "status"), re.M)), None)
    if place is not None:
        _first[root] = place
        with contextlib.suppress(OSError):
            yield from _numbers(place / "root/proc")


def _is_on(place: Path, root: Path) -> bool:
    try:
        return (place / "root").samefile(root)
    except OSError:
        return False


def _numbers(folder: Path) -> Iterator[Path]:
    return (place for place in folder.iterdir() if place.name.isdecimal())


def _lying(root: Path, name: str) -> Iterator[tuple[str, str]]:
    """What its files say, and which are left of a change."""
    home = root / _ROOT / "bundles" / name
    with contextlib.suppress(OSError):
        yield "current", str((home / "current").readlink())
    for word in ("lock", "journal"):
        if said := _text(home / word):
            yield word, " ".join(said.split("\n"))
    if any(list(root.glob(place.format(name=name))) for place in _AT_BOOT):
        yield "enabled", ""
    for pattern in _LEFT:
        yield from (("left", str(left.relative_to(home))) for left in home.glob(pattern))
    yield from (("upload", left.name) for left in (root / _ROOT / "uploads").glob("*"))
    for line in (_text(root / _ROOT / "history.1") + _text(root / _ROOT / "history")).splitlines():
        fields = line.split("\t")
        if len(fields) > 10 and fields[2] == name:  # a power cut may leave half a line
            yield "act", " ".join((fields[3], fields[4], fields[9], fields[10]))


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
