"""What a tag has to agree with before it is released: `python -m website.release v0.2.0` prints the release's notes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Each has the version once. The collection is installed without the package, so it cannot ask for it.
PLACES = {
    "bundlekit/__init__.py": r'^__version__ = "(.+)"$',
    "ansible_collections/bundlekit/thingspro/galaxy.yml": r"^version: (.+)$",
    "ansible_collections/bundlekit/thingspro/plugins/plugin_utils/action.py": r'^VERSION = "(.+)"$',
}


class NotReady(Exception):
    """A tag that does not agree with what the repository says."""


def versions(root: Path = ROOT) -> dict[str, str]:
    """The version in each of its places."""
    found = {}
    for place, pattern in PLACES.items():
        said = re.findall(pattern, (root / place).read_text("utf-8"), re.MULTILINE)
        found[place] = said[0] if len(said) == 1 else ""
    return found


def notes_for(tag: str, root: Path = ROOT) -> str:
    """What the changelog has about a tag.

    Raises:
        NotReady: the tag is no version, another one is in the code, or the changelog has no dated section for it.
    """
    version = tag.removeprefix("v")
    if not tag.startswith("v") or not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise NotReady(f"{tag} is no tag of a release, such as v0.2.0")
    if others := {place: one for place, one in versions(root).items() if one != version}:
        raise NotReady(f"{tag} is not the version in {', '.join(others)}")
    sections = re.split(r"^## ", (root / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)
    for section in sections:
        heading, _, body = section.partition("\n")
        if re.fullmatch(rf"\[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d", heading.strip()):
            return body.strip() + "\n"
    raise NotReady(f"CHANGELOG.md has no section `## [{version}] - YYYY-MM-DD`: rename [Unreleased]")


if __name__ == "__main__":
    try:
        print(notes_for(sys.argv[1]), end="")
    except NotReady as error:
        sys.exit(f"error: {error}")
