"""Runs the pip that is installed here, with three things changed; started as a program by `pip.py`.

pip takes wheels for another Python, but holds environment markers against the Python that it runs under: a package that
asks for `enum34; python_version < "3.4"` would come without it. And to learn what an sdist requires, it runs the
setup.py in it. Here markers are those of a gateway, and an sdist is read, not run. An sdist is taken only of a package
that has no wheel: what it holds may be for Python 3, which nothing but its classifiers would tell.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from bundlekit.errors import BundlekitError
from bundlekit.vendor.sdists import read_sdist
from bundlekit.vendor.target import ENVIRONMENT

UNKNOWN_PIP = "bundlekit-unknown-pip"


def main() -> int:
    """Run pip with the arguments of this process; its exit status."""
    try:
        run: Any = importlib.import_module("pip._internal.cli.main").main
        _adapt()
    except (ImportError, AttributeError) as error:
        sys.stderr.write(f"{error}\n{'' if getattr(error, 'name', '') == 'pip' else UNKNOWN_PIP}\n")
        return 1
    return int(run(sys.argv[1:]))


def _adapt() -> None:
    markers: Any = importlib.import_module("pip._vendor.packaging.markers")
    options: Any = importlib.import_module("pip._internal.cli.cmdoptions")
    sdists: Any = importlib.import_module("pip._internal.distributions.sdist").SourceDistribution
    finder: Any = importlib.import_module("pip._internal.index.package_finder").PackageFinder
    find_all = finder.find_all_candidates

    def find_wheels_first(self: Any, project_name: str) -> list[Any]:
        found = find_all(self, project_name)
        return [one for one in found if one.link.is_wheel] or found

    for owner, name, changed in (
        (finder, "find_all_candidates", find_wheels_first),
        (markers, "default_environment", lambda: dict(ENVIRONMENT)),
        # It refuses sdists along with --python-version, since it would build them for the Python that it runs under.
        (options, "check_dist_restriction", lambda *_, **__: None),
        (sdists, "prepare_distribution_metadata", _read_metadata),
    ):
        getattr(owner, name)  # a pip that has it no more would go its own way
        setattr(owner, name, changed)


def _read_metadata(distribution: Any, *_: Any, **__: Any) -> None:
    """Write beside an unpacked sdist what a build would have told of it."""
    exceptions: Any = importlib.import_module("pip._internal.exceptions")
    wanted = distribution.req
    try:
        found = read_sdist(Path(wanted.local_file_path))
    except BundlekitError as error:
        raise exceptions.InstallationError(error.message) from error
    lines = ["Metadata-Version: 2.1", f"Name: {found.name}", f"Version: {found.version}"]
    if "Requires-Python" in found.metadata:
        lines.append(f"Requires-Python: {found.metadata['Requires-Python']}")
    lines += [f"Provides-Extra: {extra}" for extra in found.extras]
    lines += [f"Requires-Dist: {one}" for one in found.requires]
    folder = Path(wanted.source_dir) / f"{found.name.replace('-', '_')}-{found.version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("\n".join(lines) + "\n\n", encoding="utf-8")
    wanted.metadata_directory = str(folder)


if __name__ == "__main__":
    sys.exit(main())
