"""Where the records of rollouts are, and which of them a word of the command line means."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from bundlekit.errors import BadUsage
from bundlekit.quoting import quoted

_SUFFIX = ".jsonl"
_LAST = "last"  # beside the records, the name of the last one: clocks are set back, and names and times with them


def folder_of_records() -> Path:
    """Where the records are that `--record` does not put elsewhere."""
    from platformdirs import user_state_path

    return user_state_path("bundlekit", appauthor=False) / "rollouts"


def new_record(id: str) -> Path:
    """Where the record of a new rollout goes."""
    return folder_of_records() / f"{id}{_SUFFIX}"


def records() -> list[Path]:
    """Those in the folder, by their ids."""
    return sorted(folder_of_records().glob(f"*{_SUFFIX}"))


def find_record(named: str | None) -> Path:
    """The record of a rollout: by its file, its id or the begin of that; None for the one that was worked on last.

    Raises:
        BadUsage: there is none, or there are several.
    """
    if named and (os.sep in named or named.endswith(_SUFFIX)):
        return Path(named)
    known = records()
    if not named and (last := _last_record()) in known:
        return last
    fits = [path for path in known if path.stem == named] or [
        path for path in known if path.stem.startswith(named or "")
    ]
    if not fits:
        raise BadUsage(
            f"there is no rollout {quoted(named)}" if named else "there is no rollout yet",
            hint="`bundlekit rollout list` shows all rollouts"
            if named
            else "`bundlekit deploy` to several gateways starts a rollout",
        )
    if named and len(fits) > 1:
        raise BadUsage(f"{quoted(named)} matches several rollouts", hint=f"they are {', '.join(p.stem for p in fits)}")
    return fits[-1]


def _last_record() -> Path:
    folder = folder_of_records()
    try:
        name = (folder / _LAST).read_text("utf-8", "replace").strip()
    except OSError:
        name = ""
    return folder / Path(name).name


def note_last(record: Path) -> None:
    """Have a record found as the last one. Where that cannot be written, the highest id counts."""
    from bundlekit.io import replacing

    if record.parent == folder_of_records():
        with suppress(OSError), replacing(record.with_name(_LAST), mode=0o600, durable=False) as stream:
            stream.write(record.name.encode())
