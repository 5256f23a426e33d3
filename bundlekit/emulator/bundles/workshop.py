"""An emulated gateway with the bundles that somebody works on."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.manifest import manifest_of
from bundlekit.emulator.bundles.leash import Leash
from bundlekit.emulator.bundles.runner import BundleListener, BundleRunner, Way, name_of
from bundlekit.emulator.ending import ended_by_signals
from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.emulator.running import RunningGateway, announce
from bundlekit.errors import BundlekitError

_PLAIN = re.compile(r"[/\w.~-]+", re.ASCII)  # no parameters, and nothing that means something to a shell


@dataclass(frozen=True)
class Workshop:
    """What is run.

    Attributes:
        folders: of the bundles; absolute.
        python: the interpreter that they run under.
        reload: whether a save starts a bundle anew.
        in_place: whether they work in their own folders rather than in copies.
    """

    gateway: EmulatedGateway
    folders: Sequence[Path]
    python: str
    reload: bool
    in_place: bool

    @property
    def names(self) -> list[str]:
        """What the bundles are called, in the order of their folders."""
        return [name_of(folder) for folder in self.folders]

    @property
    def example(self) -> str:
        """A resource that can be got."""
        for folder in self.folders:
            with contextlib.suppress(BundlekitError):
                for resource in manifest_of(Bundle.in_folder(folder)).resources:
                    if resource.role == "model" and "get" in resource.methods and _PLAIN.fullmatch(resource.path):
                        return resource.path
        return "/system/status"

    async def run(self, listener: BundleListener, started: Callable[[], None], ending: Callable[[], None]) -> bool:
        """Run until a signal ends it.

        Args:
            listener: hears of the bundles.
            started: is called when the gateway answers, before the bundles are started.
            ending: is called when a signal asks for the end.

        Returns:
            False if it ended because no bundle runs any more.

        Raises:
            CannotListen: a port is taken.
            BundlekitError: a bundle cannot be started.
        """
        runners: list[BundleRunner] = []

        def leave_at_once() -> None:
            leash.close()
            for runner in runners:
                runner.clear_away()

        with Leash() as leash, ended_by_signals(ending, leave_at_once):
            try:
                async with self.gateway:
                    way = Way(self.gateway.broker, self.python, self.reload, self.in_place)
                    runners += [
                        BundleRunner(
                            folder,
                            way,
                            log=self.gateway.log,
                            leash=leash,
                            listener=listener,
                            declare=self.gateway.trace.registry.declare,
                        )
                        for folder in self.folders
                    ]

                    async def restart() -> None:
                        for runner in runners:
                            runner.restart()

                    self.gateway.restart = restart
                    with announce(self._record(runners)):
                        started()
                        try:
                            for runner in runners:
                                await runner.start()
                            await asyncio.gather(*(runner.over() for runner in runners))
                        finally:
                            await asyncio.gather(*(runner.stop() for runner in runners))
            except asyncio.CancelledError:
                return True
            return False

    def _record(self, runners: Sequence[BundleRunner]) -> RunningGateway:
        return RunningGateway(
            kind="run",
            url=self.gateway.url,
            certificate=self.gateway.certificate,
            token_file=self.gateway.token_file,
            what=", ".join(runner.name for runner in runners),
        )
