"""`bundlekit vendor`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.bundle.vendor_lock import VENDOR, VENDOR_LOCK
from bundlekit.cli.verb import verb
from bundlekit.errors import BadUsage
from bundlekit.quoting import printable

if TYPE_CHECKING:
    from bundlekit.vendor.vendoring import Vendored


@verb(
    "vendor",
    examples="""
    bundlekit vendor  what requirements.txt asks for, into vendor/
    bundlekit vendor thermostat --upgrade  newer versions, as far as requirements.txt allows
    bundlekit vendor thermostat --check  for CI: is vendor/ what requirements.txt asks for?
    bundlekit vendor bundles  for each bundle in a folder
    """,
)
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--check", is_flag=True, help="Only compare requirements.txt, vendor.lock and vendor/. Needs no network.")
@click.option(
    "--deleted",
    is_flag=True,
    help="With --check: also the bundles from which a commit deletes a file; without a PATH, only these. For hooks.",
)
@click.option("--upgrade", is_flag=True, help="Take the newest versions that requirements.txt allows.")
@click.option("--python", metavar="PATH", help="The Python 2.7 that tries the imports; by default python2.7.")
def command(paths: tuple[Path, ...], *, check: bool, deleted: bool, upgrade: bool, python: str | None) -> int:
    """Put the packages that requirements.txt names, and what they require, into vendor/ of the bundle in PATH.

    A gateway installs nothing, so a bundle takes along what it needs: pure Python for 2.7, from wheels, or from source
    archives of which the modules are copied. No setup.py runs. Packages with code for one processor are refused.

    pip of this machine finds the versions, with its own settings. vendor.lock keeps them, with digests and licences;
    commit it. While requirements.txt stays the same, the same packages come again, and nothing is fetched that is
    there. If this machine has a Python 2.7, it imports each package before anything is written.

    Exit code: 0 vendor/ fits, 1 refused, or --check found a difference, 2 usage, 3 could not be done.
    """
    if deleted:
        from bundlekit.bundle.search import enclosing_bundle
        from bundlekit.cli.deletions import deleted_files

        if not check:
            raise BadUsage("--deleted goes with --check")
        around = {enclosing_bundle(path) for path in deleted_files()}
        paths = (*paths, *sorted(folder for folder in around if folder is not None))
    elif not paths:
        paths = (Path(),)
    return run(paths, check=check, upgrade=upgrade, python=python)


def run(paths: Sequence[Path], *, check: bool, upgrade: bool, python: str | None) -> int:
    """Vendor for the bundles that `paths` mean, or only check them; a hook gives the files that a commit changes."""
    from bundlekit.bundle.search import bundle_folders, enclosing_bundle
    from bundlekit.vendor.trial import find_python_2
    from bundlekit.vendor.vendoring import differences, vendor

    if check and upgrade:
        raise BadUsage("--check and --upgrade contradict each other: --check writes nothing")
    wanted = [path for path in paths if path.is_dir() or enclosing_bundle(path) is not None or not check]
    folders = list(dict.fromkeys(folder for path in wanted for folder in bundle_folders(path)))
    if not check:
        found = find_python_2(python)
        for folder in folders:
            _tell(folder, vendor(folder, upgrade=upgrade, python=found))
        return 0
    different = [(folder, one) for folder in folders for one in differences(folder)]
    for folder, one in different:
        click.echo(f"{folder}: {printable(one)}", err=True)
    for folder in dict.fromkeys(folder for folder, _ in different):
        click.echo(click.style(" hint: ", dim=True) + f"run bundlekit vendor {shlex.quote(str(folder))}", err=True)
    return 1 if different else 0


def _tell(path: Path, done: Vendored) -> None:
    for one in done.lock.packages:
        licence = printable(one.licence) or "no licence named"
        click.echo(f"{one.name} {one.version}  {click.style(licence, dim=True)}")
    if not done.lock.packages:
        click.echo("requirements.txt asks for nothing" + (f"; {VENDOR}/ is removed" if done.changed else ""))
        return
    is_one = len(done.lock.packages) == 1
    amount = f"{len(done.lock.packages)} package{'' if is_one else 's'}, {done.files} files, {done.size} bytes"
    if not done.changed:
        click.echo(f"{path / VENDOR} fits {VENDOR_LOCK}: {amount}", err=True)
        return
    click.echo(f"wrote {path / VENDOR} and {VENDOR_LOCK}: {amount}", err=True)
    tried = f"Python {done.trial.version} imported all of it" if done.trial else "no Python 2.7 here has imported it"
    click.echo(tried, err=True)
