"""What requirements.txt asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bundlekit.bundle.bundle import LARGEST_REQUIREMENTS, REQUIREMENTS, Bundle
from bundlekit.bundle.files import Kind
from bundlekit.errors import Refused, Unreadable
from bundlekit.quoting import quoted
from bundlekit.vendor.target import ENVIRONMENT, PROVIDED

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_REMARK = re.compile(r"(?:^|\s)#.*")


def requirements_of(bundle: Bundle) -> tuple[Requirement, ...]:
    """The packages that a gateway needs, each once, sorted by name; without those that every gateway has.

    Raises:
        Unreadable: there is no requirements.txt, or it cannot be read.
        Refused: a line of it is none that can be vendored.
    """
    from packaging.utils import canonicalize_name

    found = {}
    for number, line in enumerate(_lines(bundle), 1):
        wanted = _requirement(f"{bundle.shown(REQUIREMENTS)}:{number}", line)
        if wanted is None or (wanted.marker is not None and not wanted.marker.evaluate(dict(ENVIRONMENT))):
            continue
        wanted.name, wanted.marker = canonicalize_name(wanted.name), None
        if wanted.name not in PROVIDED:
            found[str(wanted)] = wanted
    return tuple(found[text] for text in sorted(found))


def _lines(bundle: Bundle) -> list[str]:
    entry = bundle.files.entries.get(REQUIREMENTS)
    if entry is None or entry.kind is not Kind.FILE:
        raise Unreadable(
            f"there is no file {bundle.shown(REQUIREMENTS)}",
            hint="write the packages that the bundle needs into it, a line each, such as pymodbus==2.5.3",
        )
    content = bundle.files.read(REQUIREMENTS, LARGEST_REQUIREMENTS + 1)
    if len(content) > LARGEST_REQUIREMENTS:
        raise Refused(f"{bundle.shown(REQUIREMENTS)} has more than {LARGEST_REQUIREMENTS // 1024} KiB")
    return content.decode("utf-8-sig", "replace").replace("\\\r\n", " ").replace("\\\n", " ").splitlines()


def _requirement(place: str, line: str) -> Requirement | None:
    from packaging.requirements import InvalidRequirement, Requirement

    text = _REMARK.sub("", line).strip()
    if not text:
        return None
    if text.startswith("-") or " --" in text:
        raise Refused(
            f"{place}: {quoted(text)} has an option of pip, which a bundle cannot have",
            hint="write packages alone; digests are in vendor.lock, and pip's configuration names package indexes",
        )
    try:
        wanted = Requirement(text)
    except InvalidRequirement:
        wanted = None
    # What follows `===` may be anything. pip would put variables of the environment in, or add the next line.
    if wanted is None or wanted.url or re.search(r"[$\\]", str(wanted.specifier)) or not str(wanted).isprintable():
        raise Refused(
            f"{place}: {quoted(text)} is not the name of a package of an index",
            hint="write a name and a version, such as pymodbus==2.5.3; addresses and paths are not taken",
        )
    return wanted
