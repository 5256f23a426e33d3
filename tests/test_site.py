"""The documentation site: all pages are in it, all links lead somewhere, and nothing comes from elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from website import pages

SITE = pages.ROOT / "build/site"


class References(HTMLParser):
    """What a page loads, which is all that it refers to but for plain links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"src", "srcset", "data", "poster", "action"} or (name == "href" and tag != "a"):
                self.loaded.append(value or "")


def test_site_leads_to_each_page() -> None:
    names = set(pages.pages())
    pages.check_nav(names)
    with pytest.raises(pages.NotInNav, match=r"docs/new\.md is in no section of the site: add it to `nav` in zensical"):
        pages.check_nav(names | {"new.md"})
    with pytest.raises(pages.NotInNav, match=r"has tutorial\.md, and there is no such page"):
        pages.check_nav(names - {"tutorial.md"})


def test_links_lead_to_pages_and_headings() -> None:
    assert list(pages.broken_links(pages.pages())) == []
    texts = {"a.md": "# One\n[x](b.md#two) [y](c.md) [z](#none) [w](https://example.com)", "b.md": "## `Two`\n"}
    assert list(pages.broken_links(texts)) == [
        "a.md links to c.md, which is no page",
        "a.md links to #none, and a.md has no such heading",
    ]


def test_built_site_loads_nothing_from_elsewhere_and_has_a_search() -> None:
    built = subprocess.run(
        [sys.executable, "-m", "website"], cwd=pages.ROOT, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    found = sorted(SITE.rglob("*.html"))
    assert len(found) > len(list(Path(pages.ROOT, "docs").rglob("*.md")))
    for file in found:
        loaded = References(file.read_text("utf-8")).loaded
        assert loaded
        assert [one for one in loaded if re.match(r"(?:[a-z]+:)?//", one)] == [], file
    for sheet in (*SITE.rglob("*.css"), *SITE.rglob("*.svg")):
        assert not re.search(r"""(?:@import|url\()\s*["']?(?:[a-z]+:)?//""", sheet.read_text("utf-8")), sheet
    assert "take it back" in json.dumps(json.loads((SITE / "search.json").read_text("utf-8")))
