"""Which of the packages are required by which, from those that requirements.txt names on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from bundlekit.bundle.bundle import REQUIREMENTS
from bundlekit.errors import CouldNotRun, Refused
from bundlekit.quoting import printable
from bundlekit.vendor.distribution import Distribution
from bundlekit.vendor.target import ENVIRONMENT, PROVIDED

if TYPE_CHECKING:
    from packaging.requirements import Requirement


def required_by(wanted: Iterable[Requirement], found: Mapping[str, Distribution]) -> dict[str, set[str]]:
    """Walk through what the packages require on a gateway.

    Args:
        wanted: what requirements.txt asks for.
        found: the packages that there are, by name.

    Returns:
        For each package that is needed the names of those that require it. A package that is not among the keys is
        required by nothing.

    Raises:
        CouldNotRun: one is not there, or not in a version that is asked for.
        Refused: a package requires an address in place of a package of an index.
    """
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    result: dict[str, set[str]] = {}
    seen: set[tuple[str, str]] = set()
    rest = [(REQUIREMENTS, one) for one in wanted]
    while rest:
        by, one = rest.pop()
        name = canonicalize_name(one.name)
        if name in PROVIDED:
            continue
        package = found.get(name)
        if package is None or not one.specifier.contains(package.version, prereleases=True):
            raise CouldNotRun(f"{by} requires {printable(str(one))}, and pip brought {_brought(package)}")
        result.setdefault(name, set()).add(by)
        for extra in ("", *sorted(one.extras)):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            for text in package.requires:
                try:
                    required = Requirement(text)
                except InvalidRequirement as error:
                    raise CouldNotRun(f"{name} requires {printable(text)}, which is no requirement") from error
                if required.marker is None or required.marker.evaluate({**ENVIRONMENT, "extra": extra}):
                    if required.url:
                        raise Refused(f"{name} requires {printable(text)}, which is no package of an index")
                    rest.append((name, required))
    return result


def _brought(package: Distribution | None) -> str:
    return f"{package.name} {package.version}" if package is not None else "none"
