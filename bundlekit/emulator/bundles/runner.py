"""Keeps a bundle running while somebody works on it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bundlekit.bundle.bundle import MAIN, MANIFEST, Bundle
from bundlekit.bundle.manifest import manifest_of, read_manifest
from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.bundlelog import BundleLog
from bundlekit.emulator.bundles.bodies import bodies_of
from bundlekit.emulator.bundles.explaining import explain
from bundlekit.emulator.bundles.leash import Leash
from bundlekit.emulator.bundles.process import BundleProcess
from bundlekit.emulator.bundles.scratch import Place, Scratch
from bundlekit.emulator.bundles.sources import Sources
from bundlekit.emulator.lifecycle import Service, Tasks
from bundlekit.emulator.sdk.environment import environment
from bundlekit.errors import BundlekitError, CouldNotRun, Unreadable

_KEPT = 40  # lines, for a traceback
_WRITTEN_BY_PEOPLE = (".py", ".factory", MANIFEST)
_DEBOUNCE, _STEP = 400, 50  # milliseconds: the longest wait for more changes, and how long it has to be quiet


class BundleListener:
    """Is told what becomes of bundles, and does nothing about it. Names and paths may be fit for no terminal."""

    def registered(self, name: str, seconds: float) -> None:
        """A bundle answers, so long after its start."""

    def changed(self, name: str, paths: list[str]) -> None:
        """It is started anew as these were saved; none for a reboot."""

    def ended(self, name: str, how: str, hint: str | None, *, waits: bool) -> None:
        """It ended by itself; `waits` if the next save starts it again.

        Args:
            name: of the bundle.
            how: it ended, in words that follow the name.
            hint: what to do about it; None where nobody knows.
            waits: whether the next save starts it again.
        """

    def failed(self, name: str, error: BundlekitError) -> None:
        """It could not be started anew, or is not watched for saves."""


@dataclass(frozen=True)
class Way:
    """How bundles are run.

    Attributes:
        broker: where they connect to.
        python: the interpreter, a path or a name to be found on PATH.
        reload: whether a save starts a bundle anew.
        in_place: whether it works in its own folder rather than in a copy.
    """

    broker: SocketAddress
    python: str
    reload: bool = True
    in_place: bool = False


def name_of(folder: Path) -> str:
    """What the bundle in a folder is called, which is the folder's name where its bundle.json is not fit for use."""
    try:
        return manifest_of(Bundle.in_folder(folder)).name
    except BundlekitError:
        return folder.name


class BundleRunner(Service):
    """Runs the bundle in a folder, and starts it anew when it is saved.

    Args:
        folder: the bundle's; absolute.
        log: takes what it prints.
        leash: holds its processes.
        declare: is given at each start what bundle.json says, and the schemas of bodies, see `bodies_of`.
    """

    def __init__(
        self,
        folder: Path,
        way: Way,
        *,
        log: BundleLog,
        leash: Leash,
        listener: BundleListener | None = None,
        declare: Callable[[Any, dict[str, dict[str, Any]]], None] | None = None,
    ) -> None:
        self.name = name_of(folder)
        self._way = way
        self._log = log
        self._leash = leash
        self._listener = listener or BundleListener()
        self._declare = declare
        self._sources = Sources(folder)
        self._place: Place | None = None
        self._process: BundleProcess | None = None
        self._first: BundleProcess | None = None
        self._last: deque[str] = deque(maxlen=_KEPT)
        self._changed: set[str] = set()
        self._again = asyncio.Event()
        self._over = asyncio.Event()
        self._tasks = Tasks()

    @property
    def pid(self) -> int | None:
        """Of its process, None while it has none."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Returns when its process is started.

        Raises:
            Unreadable: there is no index.py, or the folder cannot be read.
            CouldNotRun: the copy cannot be made, or there is no such Python.
        """
        folder = self._sources.folder
        if not (folder / MAIN).is_file():
            raise Unreadable(f"there is no {MAIN} in {folder}")
        if self._way.reload:
            self._tasks.start(self._watch())
            await asyncio.sleep(0)  # it watches now, so that no save is missed
        self._place = Place(self._sources) if self._way.in_place else Scratch(self._sources)
        try:
            await self._launch(self._place)
        except BaseException:
            await self.stop()
            raise
        self._first = self._process
        self._tasks.start(self._keep(self._place))

    async def stop(self) -> None:
        await self._tasks.stop()
        if self._process:
            await self._process.stop()
            self._process = None
        self.clear_away()

    def clear_away(self) -> None:
        """Remove the copy that the bundle has worked in."""
        if self._place:
            self._place.remove()
            self._place = None

    async def registered(self) -> None:
        """Wait until it is registered after `start`.

        Raises:
            CouldNotRun: it ended instead.
        """
        process = self._first
        if process and not await process.registered():
            raise CouldNotRun(
                f"{self.name} did not come up: it {_how(await process.ended())}",
                details=tuple(self._last),
                hint=explain(self._last, self._sources.folder),
            )

    def restart(self) -> None:
        """Start it again, as a reboot does; its settings stay."""
        self._again.set()

    async def over(self) -> None:
        """Wait until it has ended with nothing that would start it anew."""
        await self._over.wait()

    async def _keep(self, place: Place) -> None:
        while True:
            if self._process:
                await self._until_ended_or_saved(self._process)
            if not self._way.reload and not self._again.is_set():
                self._over.set()
                return
            await self._again.wait()
            self._again.clear()
            self._listener.changed(self.name, sorted(self._changed))
            self._changed.clear()
            if self._process:
                await self._process.stop()
                self._process = None
            try:
                await self._launch(place)
            except BundlekitError as error:
                self._listener.failed(self.name, error)

    async def _until_ended_or_saved(self, process: BundleProcess) -> None:
        saved = asyncio.create_task(self._again.wait())
        ended = asyncio.create_task(process.ended())
        registered = asyncio.create_task(self._tell_registered(process))
        try:
            await asyncio.wait([saved, ended], return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                await registered
                self._process = None
                how = _how(ended.result())
                self._listener.ended(self.name, how, explain(self._last, self._sources.folder), waits=self._way.reload)
        finally:
            for task in (saved, ended, registered):
                task.cancel()

    async def _tell_registered(self, process: BundleProcess) -> None:
        if await process.registered():
            self._listener.registered(self.name, time.monotonic() - process.began)

    async def _launch(self, place: Place) -> None:
        await asyncio.to_thread(place.update)
        self._last.clear()
        if self._declare:
            bundle = Bundle.in_folder(place.folder)
            self._declare(read_manifest(bundle).value, await asyncio.to_thread(bodies_of, bundle))

        def heard(line: str) -> None:
            shown = place.shown(line)
            self._last.append(shown)
            self._log.add(self.name, shown)

        variables = {**os.environ, **environment(self._way.broker, source=self._sources.folder)}
        self._process = await BundleProcess.start(self._way.python, place.folder, variables, heard, self._leash)

    async def _watch(self) -> None:
        from watchfiles import awatch

        changes = awatch(
            self._sources.folder,
            watch_filter=lambda _, path: self._counts(path),
            debounce=_DEBOUNCE,
            step=_STEP,
            ignore_permission_denied=True,
        )
        try:
            async for found in changes:
                self._changed |= {os.path.relpath(path, self._sources.folder) for _, path in found}
                self._again.set()
        except OSError as error:
            self._listener.failed(self.name, CouldNotRun(f"cannot watch {self._sources.folder} for saves: {error}"))

    def _counts(self, path: str) -> bool:
        """In its own folder a bundle may write what it likes, and must not start itself anew by that."""
        return self._sources.is_source(path) and (not self._way.in_place or path.endswith(_WRITTEN_BY_PEOPLE))


def _how(status: int) -> str:
    if status < 0:
        with contextlib.suppress(ValueError):
            return f"ended by {signal.Signals(-status).name}"
    return f"ended with exit status {status}"
