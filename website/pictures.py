"""The pictures of the terminal in docs/, light and dark: `python -m website.pictures` makes them.

`python -m tests.emulator.console.picture` makes that of the console.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from io import StringIO
from pathlib import Path
from shlex import quote

from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, SVG_EXPORT_THEME
from rich.text import Text

from website.console import environment

DOCS = Path(__file__).parents[1] / "docs"
THEMES = {"light": DEFAULT_TERMINAL_THEME, "dark": SVG_EXPORT_THEME}
_WIDTH = 108  # columns

# Each picture: what is done before, and the commands that it shows.
SESSIONS = {
    "terminal": (
        "bundlekit new --name thermostat --resource /thermostat:get,put --no-input >/dev/null\n"
        """sed -i 's/"get", "put"/"get"/; s/"ttl": 60/"ttl": 0/' thermostat/bundle.json""",
        ["bundlekit validate thermostat", "bundlekit validate --explain BK303 | head -n 8"],
    ),
}


def shown(before: str, commands: list[str]) -> str:
    """What a terminal shows of commands, with its colours."""
    script = [before]
    for command in commands:
        script += [f"printf '\\033[1m$ %s\\033[0m\\n' {quote(command)}", command]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["script", "--quiet", "--return", "--command", f"bash -c {quote(chr(10).join(script))}", "/dev/null"],
            cwd=folder,
            env={**environment(), "HOME": folder, "TERM": "xterm-256color", "COLUMNS": str(_WIDTH), "SHELL": "/bin/sh"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    return done.stdout.replace("\r\n", "\n")


def picture(text: str, theme: str) -> str:
    """A terminal with a text in it, as SVG that needs no font of another server."""
    console = Console(record=True, width=_WIDTH, file=StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text.rstrip("\n")))
    drawn = console.export_svg(title="bundlekit", theme=THEMES[theme], unique_id="bundlekit")
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    return drawn.replace("Fira Code", "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas")


if __name__ == "__main__":
    os.umask(0o022)
    for name, (before, commands) in SESSIONS.items():
        text = shown(before, commands)
        for theme in THEMES:
            (DOCS / f"{name}-{theme}.svg").write_text(picture(text, theme), encoding="utf-8")
