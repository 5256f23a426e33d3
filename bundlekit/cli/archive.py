"""From a path to an archive that may go to a gateway, with the findings on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.errors import Refused

if TYPE_CHECKING:
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.lint.chosen import RuleChoice
    from bundlekit.pack.archive import Archive
    from bundlekit.pack.contents import Contents

_WORTH_A_BAR = 8_000_000  # bytes: about half a second


def checked_archive(path: Path) -> tuple[Archive, bool]:
    """Validate a bundle's folder, or an archive, which is read once; the findings are shown.

    Returns:
        The archive, and whether the settings that count there ask a deploy to try PUT as well.

    Raises:
        Refused: it has errors.
        BundlekitError: it cannot be read or packed.
    """
    from bundlekit.cli.bar import Bar
    from bundlekit.cli.choice import Asked, Chosen
    from bundlekit.cli.precheck import refuse_errors
    from bundlekit.library import packing

    bar = Bar("packed", _WORTH_A_BAR)
    try:
        return packing.checked_archive(path, Chosen(Asked()), refuse_errors, bar)
    finally:
        bar.close()


def packed_folder(path: Path, *, refuses: bool = True, sbom: bool = False) -> tuple[Archive, Contents]:
    """Validate the bundle in a folder and pack it; the findings are shown.

    Args:
        path: the folder.
        refuses: whether a bundle with errors is refused; else they are shown alone.
        sbom: whether an SBOM goes in.

    Returns:
        Its archive, and what is in it and what is not.

    Raises:
        Refused: it has errors.
        BundlekitError: it cannot be read or packed.
    """
    from bundlekit.cli.bar import Bar
    from bundlekit.cli.choice import Asked, Chosen
    from bundlekit.cli.precheck import refuse_errors
    from bundlekit.library.packing import pack_folder

    def check(bundle: Bundle, place: Path, choice: RuleChoice) -> None:
        try:
            refuse_errors(bundle, place, choice)
        except Refused as error:
            if refuses:
                raise
            click.echo(click.style("note: ", fg="yellow") + f"{error.message}; it runs all the same", err=True)

    bar = Bar("packed", _WORTH_A_BAR)
    try:
        return pack_folder(path, Chosen(Asked()), check, sbom=sbom, packed=bar)
    finally:
        bar.close()
