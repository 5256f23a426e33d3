"""Files of a bundle, wherever it was read from, in a folder."""

from __future__ import annotations

from pathlib import Path

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Kind
from bundlekit.errors import CouldNotRun


def unpack(bundle: Bundle, folder: Path) -> None:
    """Write the files of a bundle that was read from an archive into an empty folder.

    Raises:
        CouldNotRun: one cannot be written.
    """
    try:
        for path, entry in bundle.files.entries.items():
            place = folder / path
            if entry.kind is Kind.FOLDER:
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(bundle.files.read(path))
                place.chmod(0o755 if entry.executable else 0o644)
    except OSError as error:
        raise CouldNotRun(f"cannot unpack {bundle.label} into {folder}: {error.strerror}") from error
