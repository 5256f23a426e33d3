"""A script of a user; docs/python-api.md shows it."""

from __future__ import annotations

import sys

import bundlekit


def main(target: str, folder: str, password: str) -> int:
    found = bundlekit.validate(folder)
    for finding in found.failing:
        print(f"{finding.file}:{finding.line}: {finding.code} {finding.message}", file=sys.stderr)
    if not found.passed:
        return 1
    archive = bundlekit.pack(folder)
    with bundlekit.Gateway(target, password=password) as gateway:
        try:
            done = gateway.deploy(archive, wait=90)
        except bundlekit.RolledBack as error:
            print(f"{error.message}; {error.kept}", *error.details, sep="\n", file=sys.stderr)
            return 1
        print(f"{archive.name} {archive.version} runs on {gateway.name}, release {done.plan.release}")
        for result in gateway.verify(folder).broken:
            print(f"broken: {result.check.method} {result.check.resource} {result.words}", file=sys.stderr)
        (state,) = gateway.status(archive.name).bundles
    return 0 if state.is_well else 1
