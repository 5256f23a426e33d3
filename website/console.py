"""The console blocks of pages, and how they are run and compared.

A line that begins with `$ ` is a command; a line that ends with a backslash goes on. What follows is its output. A line
`...` stands for any lines. Releases, digests, sizes, times and keys may be others each time.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "\x1e"
_CHANGING = {  # what may differ, by what it is
    "release": r"\b\d+\.\d+\.\d+-[0-9a-f]{8}\b",
    "digest": r"\b[0-9a-f]{64}\b",
    "key": r"SHA256:[A-Za-z0-9+/]{43}",
    "time": r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?\b",
    "milliseconds": r" *\b\d+ ms\b",
    "seconds": r"\b\d+\.\d+ s\b",
    "bytes": r"\b\d+ bytes\b",
    "process": r"\bprocess \d+\b",
    "line": r"\bline \d+\b",
    "megabytes": r"\b\d+ MB\b",
}
_WAIT = (
    'for _ in $(seq 300); do ls "$HOME"/.local/state/bundlekit/running/*.json >/dev/null 2>&1 && break; sleep .1; done'
)


@dataclass(frozen=True)
class Step:
    """A command of a page, and the output that the page shows."""

    command: str
    output: str


def blocks(page: str) -> list[list[Step]]:
    """The console blocks of a page, in order."""
    return [list(_steps(block)) for block in _BLOCK.findall(page)]


def _steps(block: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.split("\n")
        count = next(number for number, line in enumerate(lines, 1) if not line.endswith("\\"))
        yield Step("\n".join(lines[:count]), "\n".join(lines[count:]).strip("\n"))


def run(steps: Sequence[Step], folder: Path, environment: Mapping[str, str], *, before: str = "") -> list[str]:
    """Run commands one after the other in a bash of its own, in a network of its own.

    Args:
        steps: of one or several blocks.
        folder: where they run; it is the home folder, too.
        environment: of the bash.
        before: commands that no page shows.

    Returns:
        What each has printed, standard error included.
    """
    script = ["ip link set lo up", f"cd {folder}", before]
    for step in steps:
        is_background = step.command.endswith(" &")
        command = f"{step.command[:-2]} >{folder}/background.log 2>&1 &\n{_WAIT}" if is_background else step.command
        script += [f"printf '{_MARK}'", command]
    script += ["printf '\\n'", "kill $(jobs -p) 2>/dev/null; wait"]
    done = subprocess.run(
        ["unshare", "--net", *(["--map-root-user"] if os.geteuid() else []), "bash", "-c", "\n".join(script)],
        env={**environment, "HOME": str(folder), "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=280,
    )
    return [output.strip("\n") for output in done.stdout.split(_MARK)[1:]]


def differs(shown: str, printed: str) -> str:
    """What a page shows that a command does not print, as a text to read; empty if all is as it should be."""
    any_lines = {"...", "| ..."}
    pattern = "".join(
        "(?:.*\n)*?" if line.strip() in any_lines else f"{_pattern(line)}\n" for line in shown.split("\n")
    )
    text = printed + "\n"
    if re.fullmatch(pattern, text) or (not shown and not printed):
        return ""
    return f"the page shows:\n{shown}\nit prints:\n{printed}"


def _pattern(line: str) -> str:
    found = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _CHANGING.items()))
    parts, last = [], 0
    for match in found.finditer(line):
        parts += [re.escape(line[last : match.start()]), _CHANGING[str(match.lastgroup)]]
        last = match.end()
    parts.append(re.escape(line[last:]))
    return "".join(parts).replace(r"\.\.\.", ".*")


def environment() -> dict[str, str]:
    """Of a user who has bundlekit on the PATH."""
    import sys

    return {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LANG": "C.UTF-8"}
