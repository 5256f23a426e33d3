"""Takes the picture of the editor for docs/editor.md: Neovim in a terminal, with a finding and what it offers to do.

    python -m tests.lsp.picture [FILE]

FILE is docs/editor.png unless said otherwise. pngquant makes it smaller where it is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.emulator.console.browser import chromium
from tests.lsp.conftest import write_bundle

FILE = Path(__file__).parents[2] / "docs/editor.png"
COLUMNS, LINES = 150, 25
INDEX = '''"""Keeps the temperature of the hall."""

from sanji.connection.mqtt import Mqtt
from sanji.core import Route, Sanji


class Thermostat(Sanji):
    @Route(methods="get", resource="/thermostat")
    def read(self, message, response):
        return response(code=200, data={"target": 21.5})

    @Route(methods="get", resource="/thermostat/sensors")
    def sensors(self, message, response):
        return response(code=200, data=[])


if __name__ == "__main__":
    Thermostat(connection=Mqtt()).start()
'''


def tmux(socket: Path, *arguments: str) -> str:
    """Run a command of a tmux of our own; what it prints."""
    run = subprocess.run(
        ["tmux", "-S", socket, "-f", "/dev/null", *arguments], capture_output=True, text=True, check=True
    )
    return run.stdout


def wait_for(socket: Path, word: str) -> None:
    """Wait until the terminal shows a word.

    Raises:
        TimeoutError: it does not.
    """
    for _ in range(600):
        if word in tmux(socket, "capture-pane", "-p"):
            return
        time.sleep(0.2)
    raise TimeoutError(f"the terminal does not show {word}")


def screen(folder: Path) -> str:
    """What the terminal shows, with its colours."""
    blocks = re.findall(r"```lua\n(.*?)```", FILE.with_suffix(".md").read_text(), re.DOTALL)
    config = folder / "init.lua"
    look = "vim.opt.termguicolors = true\nvim.opt.number = true\nvim.opt.signcolumn = 'yes'\n"
    look += "vim.cmd('highlight SignColumn guibg=NONE')\n"
    config.write_text(look + "".join(block for block in blocks if "vim.lsp.config" not in block))
    bundle = write_bundle(
        folder / "thermostat",
        {"index.py": INDEX},
        name="thermostat",
        resources=[{"methods": ["get"], "resource": "/thermostat"}],
    )
    socket = folder / "tmux"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder)}
    command = ["nvim", "-n", "-i", "NONE", "-u", str(config), "+12", str(bundle / "index.py")]
    size = ["-x", str(COLUMNS), "-y", str(LINES)]
    subprocess.run(
        ["tmux", "-S", socket, "-f", "/dev/null", "new-session", "-d", *size, *command], env=environment, check=True
    )
    try:
        wait_for(socket, "does not declare")
        tmux(socket, "send-keys", ":lua vim.lsp.buf.code_action()", "Enter")
        wait_for(socket, "Type number")
        return tmux(socket, "capture-pane", "-p", "-e")
    finally:
        tmux(socket, "kill-server")


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        console = Console(record=True, width=COLUMNS, file=(folder / "nothing").open("w"), force_terminal=True)
        console.print(Text.from_ansi(screen(folder)), overflow="crop", no_wrap=True)
        svg = folder / "screen.svg"
        # Without the fonts of the network: those of this machine do.
        drawn = console.export_svg(title="index.py - thermostat", theme=MONOKAI)
        svg.write_text(re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL))
        with chromium() as browser:
            width, height = map(float, re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn)[0])
            page = browser.new_page(viewport={"width": int(width), "height": int(height)})
            page.goto(svg.as_uri())
            page.screenshot(path=file)
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--output", file, "64", file], check=True)


if __name__ == "__main__":
    main()
