"""Who is whose child on this host."""

from __future__ import annotations

from pathlib import Path


def number_one(ancestor: int) -> int | None:
    """The descendant of a process that is number 1 in a process namespace of its own, None where there is none."""
    family = [ancestor]
    for process in family:
        numbers = _status(process, "NSpid")
        if len(numbers) > 1 and numbers[-1] == "1":
            return process
        family += _children(process)
    return None


def is_of_this_host(process: int) -> bool:
    """Whether it runs, and in no other process namespace than ours."""
    return len(_status(process, "NSpid")) == 1


def _children(process: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def _status(process: int, key: str) -> list[str]:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return []
    return next((line.split()[1:] for line in lines if line.startswith(f"{key}:")), [])
