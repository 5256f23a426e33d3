"""Which emulated gateways run on this machine for this user, so that clients find them without being told."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class RunningGateway:
    """An emulated gateway that runs.

    Attributes:
        kind: by which verb it was started.
        url: what goes before `/api/v1`, such as `https://127.0.0.1:8443`.
        certificate: the PEM file that its HTTPS is to be known by.
        token_file: holds its read/write token.
        what: the bundles that it runs, or its state folder.
        ssh: `HOST:PORT` of its SSH server; empty where it has none.
        host_key: that this one shows, as a line of known_hosts has it after the names.
        password: of its user moxa; empty where the user of this machine has given it one.
        pid: of its process.
    """

    kind: Literal["run", "gateway"]
    url: str
    certificate: Path
    token_file: Path
    what: str = ""
    ssh: str = ""
    host_key: str = ""
    password: str = field(default="", repr=False)
    pid: int = 0


@contextmanager
def announce(running: RunningGateway) -> Iterator[None]:
    """Let clients find an emulated gateway of this process for as long as the context lasts."""
    from bundlekit.emulator.files import write_secret

    pid = os.getpid()
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    record = asdict(running) | {"pid": pid, "born": _birth(pid)}
    file = folder / f"{pid}-{running.kind}.json"
    write_secret(file, json.dumps(record, default=str).encode())
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def running() -> list[RunningGateway]:
    """Those that run now, the one that was started last first. What a killed one left behind is cleared away."""
    found: list[tuple[float, RunningGateway]] = []
    for file in _folder().glob("*.json"):
        try:
            record = json.loads(file.read_bytes())
            pid, born = record.pop("pid"), record.pop("born")
            paths: Any = {key: Path(record.pop(key)) for key in ("certificate", "token_file")}
            one = RunningGateway(**{**record, **paths, "pid": pid})
            written = file.stat().st_mtime
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            continue
        if _birth(pid) == born:
            found.append((written, one))
        else:
            file.unlink(missing_ok=True)
    return [one for _, one in sorted(found, key=lambda pair: pair[0], reverse=True)]


def _folder() -> Path:
    from platformdirs import user_state_path

    # Not the runtime folder: where there is none, that is one in /tmp, where others could put records of their own.
    return user_state_path("bundlekit", appauthor=False) / "running"


def _birth(pid: int) -> str:
    """What tells a process from another one that later got its number; empty for none that lives."""
    try:
        # The fields after the program's name, which may hold blanks and brackets itself.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        pass
    if Path("/proc/self/stat").exists():
        return ""
    try:
        os.kill(pid, 0)
    except OSError:
        return ""
    return "alive"
