"""What `bundlekit run` shows."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import click

from bundlekit.cli import report_error
from bundlekit.emulator.bundlelog import Line
from bundlekit.emulator.bundles.runner import BundleListener
from bundlekit.emulator.bundles.workshop import Workshop
from bundlekit.emulator.files import write_secret
from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.errors import BundlekitError
from bundlekit.quoting import printable

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_red")


class RunTerminal(BundleListener):
    """Prints what bundles print, one prefix a bundle, and what becomes of them.

    Attributes:
        failure: standard output takes nothing any more.
    """

    def __init__(self, names: Sequence[str]) -> None:
        width = max(map(len, names))
        self._prefixes = {
            name: click.style(f"{printable(name):<{width}} |", fg=colour)
            for name, colour in zip(names, cycle(_COLOURS), strict=False)
        }
        self.failure: OSError | None = None

    def ways_in(self, workshop: Workshop) -> None:
        """Say where everything is."""
        gateway = workshop.gateway
        url = f"{gateway.url}/api/v1"
        path = workshop.example
        # Programs such as mosquitto_pub look for it there.
        note = " (1883 is taken)" if workshop.gateway.is_moved else ""
        rows = [
            ("API", url),
            ("console", f"{gateway.url}/"),
            ("token", gateway.token),
            ("broker", f"{gateway.broker}{note}"),
            ("try", f"bundlekit api GET {path}"),
            ("", f"curl -K {shlex.quote(str(_curl_file(gateway)))} {url}{path}"),
        ]
        if gateway.http_url:
            rows.insert(1, ("", f"{gateway.http_url}/api/v1"))
        for title, text in rows:
            click.echo(click.style(f"{title:<8}", bold=True) + text, err=True)

    def ending(self) -> None:
        """Say that a signal was heard."""
        _say("-", "cyan", "ending; Ctrl-C again does not wait")

    def report(self, text: str) -> None:
        """Say what happens to the gateway itself."""
        _say("!", "yellow", text)

    def line(self, line: Line) -> None:
        if line.bundle not in self._prefixes:  # the gateway itself, which `report` tells of
            return
        try:
            click.echo(f"{self._prefixes[line.bundle]} {printable(line.text.expandtabs())}")
        except OSError as error:
            if not self.failure:
                self.failure = error
                os.kill(os.getpid(), signal.SIGTERM)

    def registered(self, name: str, seconds: float) -> None:
        _say("-", "cyan", f"{name} answers, {seconds:.2f} s after its start")

    def changed(self, name: str, paths: list[str]) -> None:
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        why = f"{paths[0]}{more} was saved" if paths else "for a reboot was asked for"
        _say("-", "cyan", f"{name} starts again, {why}")

    def ended(self, name: str, how: str, hint: str | None, *, waits: bool) -> None:
        _say("!", "red", f"{name} {how}" + ("; it starts again when you save" if waits else ""))
        if hint:
            click.echo(click.style(" hint: ", fg="cyan", bold=True) + hint, err=True)

    def failed(self, name: str, error: BundlekitError) -> None:
        report_error.show(error)


def _curl_file(gateway: EmulatedGateway) -> Path:
    """What curl has to know, in a file: in its command line everybody on this machine could read the token."""
    file = gateway.state / "curl"
    lines = [f'cacert = "{gateway.certificate}"', f'header = "mx-api-token: {gateway.token}"']
    write_secret(file, "\n".join([*lines, ""]).encode())
    return file


def _say(mark: str, colour: str, text: str) -> None:
    with contextlib.suppress(OSError):
        click.echo(click.style(mark, fg=colour) + " " + printable(text), err=True)
