"""What bundlekit has on the disk of a gateway, read into memory."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from pathlib import Path

from tests.box.host import as_root

# An entry: `d` for a folder, `l` and where a link leads, `f` and what is in a file.
Tree = dict[str, tuple[str, bytes]]


_UNITS = "etc/systemd/system"
_IN_ETC = (_UNITS, f"{_UNITS}/multi-user.target.wants", "etc/init.d", *(f"etc/rc{level}.d" for level in range(7)))


def read_tree(root: Path) -> Tree:
    """All of /opt/bundlekit, and what there is of it in /etc."""
    tree: Tree = {}
    _walk(f"{root}/", "opt/bundlekit", tree)
    for folder in _IN_ETC:
        for name in _names(f"{root}/{folder}"):
            if "bundlekit-" in name:
                _walk(f"{root}/", f"{folder}/{name}", tree)
    return tree


def read_tree_as_root(root: Path) -> Tree:
    """The same for whoever is not root, who may not look at settings."""
    said = as_root([sys.executable, "-m", __name__, root]).stdout
    return {path: (kind, content.encode("latin-1")) for path, (kind, content) in json.loads(said).items()}


def digest(tree: Tree) -> str:
    """The same for the same content."""
    found = hashlib.sha256()
    for path, (kind, content) in sorted(tree.items()):
        found.update(f"{path}\0{kind}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()[:16]


def _walk(root: str, below: str, tree: Tree) -> None:
    path = root + below
    try:
        kind = stat.S_IFMT(os.lstat(path).st_mode)
    except FileNotFoundError:
        return
    if kind == stat.S_IFLNK:
        tree[below] = ("l", os.fsencode(os.readlink(path)))  # noqa: PTH115 - Path takes as long as the rest
    elif kind == stat.S_IFDIR:
        tree[below] = ("d", b"")
        for name in _names(path):
            _walk(root, f"{below}/{name}", tree)
    else:
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123
            tree[below] = ("f", stream.read())


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208
    except FileNotFoundError:
        return []


if __name__ == "__main__":
    there = read_tree(Path(sys.argv[1]))
    json.dump({path: (kind, content.decode("latin-1")) for path, (kind, content) in there.items()}, sys.stdout)
