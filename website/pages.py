"""The pages of the site: those of docs/, some beside it, and those that are written from the code."""

from __future__ import annotations

import posixpath
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from website import reference

ROOT = Path(__file__).parents[1]
CONFIGURATION = ROOT / "zensical.toml"
TOP = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
"""Pages that lie beside docs/, and what the site calls them."""

_RULE = re.compile(r"rules/BK\d+\.md")  # docs/rules.md lists them
_LINK = re.compile(r"(?<!`)(\]\()([^)\s]+)(\))")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


class NotInNav(Exception):
    """A page that no section of the site leads to, or a section that leads to no page."""


def pages() -> dict[str, str]:
    """The Markdown of all pages, by path."""
    found = {path.relative_to(ROOT / "docs").as_posix(): path for path in (ROOT / "docs").rglob("*.md")}
    texts = {name: path.read_text("utf-8") for name, path in found.items()}
    for name, page in TOP.items():
        texts[page] = _moved((ROOT / name).read_text("utf-8"))
    return {name: _LINK.sub(_to_top, text) for name, text in texts.items()} | reference.pages()


def check_nav(names: set[str] | None = None) -> None:
    """See that the site leads to each page, and to nothing else.

    Args:
        names: of the pages; those of `pages` by default.

    Raises:
        NotInNav: it does not.
    """
    names = set(pages()) if names is None else names
    nav = set(_paths(tomllib.loads(CONFIGURATION.read_text("utf-8"))["project"]["nav"]))
    missing = sorted(name for name in names - nav if not _RULE.fullmatch(name))
    if missing:
        raise NotInNav(f"docs/{missing[0]} is in no section of the site: add it to `nav` in {CONFIGURATION.name}")
    if gone := sorted(nav - names):
        raise NotInNav(f"`nav` in {CONFIGURATION.name} has {gone[0]}, and there is no such page")


def write(folder: Path) -> None:
    """Write all pages and pictures into a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in pages().items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    for pattern in ("*.png", "*.svg"):
        for picture in (ROOT / "docs").glob(pattern):
            shutil.copy(picture, folder)


def broken_links(texts: dict[str, str]) -> Iterator[str]:
    """The links of pages that lead to no page, no picture or no heading, as sentences."""
    pictures = {path.name for path in (ROOT / "docs").iterdir() if path.suffix in (".png", ".svg")}
    anchors = {name: set(_anchors(text)) for name, text in texts.items()}
    for name, text in texts.items():
        for _, link, _ in _LINK.findall(_FENCE.sub("", text)):
            target, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", link):
                continue
            page = posixpath.normpath(posixpath.join(posixpath.dirname(name), target)) if target else name
            if page not in texts and page not in pictures:
                yield f"{name} links to {link}, which is no page"
            elif anchor and anchor not in anchors.get(page, set()):
                yield f"{name} links to {link}, and {page} has no such heading"


def _anchors(text: str) -> Iterator[str]:
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        plain = re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading)
        yield re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain.lower()).strip())


def _moved(text: str) -> str:
    """A page of the top of the repository, as it has to link from where the site has it."""
    return _LINK.sub(lambda link: f"{link[1]}{TOP.get(link[2], link[2].removeprefix('docs/'))}{link[3]}", text)


def _to_top(link: re.Match[str]) -> str:
    """A link out of docs/ to a page that the site has."""
    target, mark, anchor = link[2].partition("#")
    name = target.removeprefix("../")
    return f"{link[1]}{TOP[name]}{mark}{anchor}{link[3]}" if target != name and name in TOP else link[0]


def _paths(nav: list[Any]) -> Iterator[str]:
    for entry in nav:
        for target in entry.values() if isinstance(entry, dict) else [entry]:
            yield from _paths(target) if isinstance(target, list) else [target]
