"""Bundles whose exports are tested: the sample, and one made from the template with every kind of resource."""

from __future__ import annotations

from pathlib import Path

from bundlekit.cli import main

BUILDING = (
    "/building:get,put,post,delete",
    "/rooms:get,put,post",
    "/rooms/:id:get,put,delete",
    "/rooms/:id/limits:get,put,delete",
    "/doors:get,delete,put",
    "/doors/:id:get,post,put,delete",
    "/keys/:id:get,delete",
)


def building(folder: Path) -> Path:
    """Make the bundle from the template."""
    resources = [word for resource in BUILDING for word in ("--resource", resource)]
    line = ["new", "--name", "building", *resources, "--no-input", "--output-dir", str(folder)]
    assert main(line) == 0
    return folder / "building"
