"""From a path to an archive that may go to a gateway: what `pack` and `deploy` have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bundlekit.pack.archive import Archive


def checked_archive(path: Path) -> Archive:
    """Validate a bundle's folder, or an archive, and give its archive; the findings are shown.

    Raises:
        Refused: it has errors.
        BundlekitError: it cannot be read or packed.
    """
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.pack.archive import pack
    from bundlekit.pack.reading import read_archive

    if path.is_dir():
        return pack(Bundle.in_folder(path))
    return read_archive(path)
