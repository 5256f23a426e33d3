"""A bar that shows how far something is; on a terminal only."""

from __future__ import annotations

import sys
from typing import Any

import click

from bundlekit.cli.looks import can_redraw


class Bar:
    """A bar on standard error. Call it with how much is done, and with how much there is in all.

    Args:
        label: what it shows.
        worth: of less in all there is no bar.
    """

    def __init__(self, label: str, worth: int) -> None:
        self._label, self._worth = label, worth
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        if total < self._worth or not can_redraw():
            return
        if self._bar is None:
            self._bar = click.progressbar(length=total, file=sys.stderr, label=self._label)
        self._bar.update(done - self._bar.pos)
        if done >= total:
            self.close()

    def close(self) -> None:
        """End it, also where it did not come to its end: it has hidden the cursor."""
        if self._bar is not None:
            self._bar.render_finish()
            self._bar = None
