"""The lowest version that is allowed of a dependency is one without known holes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]

# The first release without the newest hole that is known of a package, and that hole.
SAFE = {
    "aiohttp": ("3.14.3", "CVE-2026-69244"),
    "ansible-core": ("2.16.14", "CVE-2024-11079"),
    "asyncssh": ("2.23.1", "its release notes: paths in SCP"),
    "check-jsonschema": ("0.30.0", "CVE-2024-53848"),
    "click": ("8.3.3", "CVE-2026-7246"),
    "cookiecutter": ("2.1.1", "CVE-2022-24065"),
    "cryptography": ("46.0.7", "CVE-2026-39892"),
    "jinja2": ("3.1.6", "CVE-2025-27516"),
    "paramiko": ("3.4.0", "CVE-2023-48795"),
    "pip": ("26.2", "CVE-2026-13346"),
    "pytest": ("9.0.3", "CVE-2025-71176"),
    "requests": ("2.33.0", "CVE-2026-25645"),
    "setuptools": ("83.0.0", "CVE-2026-59890"),
    "sigstore": ("4.2.0", "CVE-2026-24408"),
    "urllib3": ("2.7.0", "PYSEC-2026-141"),
    "uv": ("0.9.5", "CVE-2025-62518"),
}


def requirements() -> Iterator[Requirement]:
    """All that pyproject.toml asks for: to build, to run, with each extra and in each group."""
    said: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = said["project"]
    lists = [
        said["build-system"]["requires"],
        project["dependencies"],
        *project["optional-dependencies"].values(),
        *said["dependency-groups"].values(),
    ]
    for one in (one for each in lists for one in each):
        yield Requirement(one)


def lowest(requirement: Requirement) -> Version:
    (bound,) = (one.version for one in requirement.specifier if one.operator in (">=", "=="))
    return Version(bound)


@pytest.mark.parametrize("package", SAFE)
def test_lowest_version_that_is_allowed_has_no_known_hole(package: str) -> None:
    safe, hole = SAFE[package]
    asked = [one for one in requirements() if one.name == package]
    assert asked, f"nothing asks for {package} any more"
    for one in asked:
        assert lowest(one) >= Version(safe), hole


def test_all_that_a_user_installs_has_a_lower_bound() -> None:
    for one in requirements():
        if not one.name.startswith("types-") and one.name != "bundlekit":
            assert lowest(one) > Version("0"), one


def test_makefile_takes_no_older_pip() -> None:
    bounds = re.findall(r"pip>=([0-9.]+)", (ROOT / "Makefile").read_text("utf-8"))
    assert bounds
    assert {Version(one) >= Version(SAFE["pip"][0]) for one in bounds} == {True}
