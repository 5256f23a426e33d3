"""A gateway with one bundle, as a test uses it."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.manifest import manifest_of
from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.bundles.explaining import explain
from bundlekit.emulator.bundles.leash import Leash
from bundlekit.emulator.bundles.process import BundleProcess
from bundlekit.emulator.bundles.scratch import Scratch
from bundlekit.emulator.bundles.sources import Sources
from bundlekit.emulator.sdk.environment import environment
from bundlekit.emulator.threaded import Loop
from bundlekit.errors import CouldNotRun
from bundlekit.gateway import Answer, GatewayClient

_LAST_LINES = 20  # of a bundle in the report of a failed test
_PATIENCE = 30.0  # seconds until a bundle has registered


class BundleGateway:
    """Asks the gateway's REST API, where the bundle runs in a copy of its folder.

    `get`, `put`, `post`, `delete` and `request` take a resource such as `/thermostat?fields=key` and data to be sent as
    JSON; the Answer has `status`, `json`, `headers`, `seconds`. What is refused is an Answer too.

    Attributes:
        name: the bundle's.
        client: for what else a client can do.
    """

    def __init__(
        self, folder: Path, client: GatewayClient, *, python: str, broker: SocketAddress, loop: Loop, leash: Leash
    ) -> None:
        self.name = manifest_of(Bundle.in_folder(folder)).name
        self.client = client
        self.get = client.get
        self.put = client.put
        self.post = client.post
        self.delete = client.delete
        self._python = python
        self._broker = broker
        self._loop = loop
        self._leash = leash
        self._place = Scratch(Sources(folder))
        self._process: BundleProcess | None = None
        self._lines: list[str] = []

    def request(self, method: str, resource: str, *data: Any) -> Answer:
        """Ask by any method, in either case; without `data` there is no body."""
        return self.client.request(method, resource, *data)

    @property
    def log(self) -> str:
        """All that the bundle has printed."""
        return "\n".join(self._lines)

    @property
    def settings(self) -> Any:
        """What the bundle keeps in `data/NAME.json`; None before it has written that.

        Raises:
            ValueError: there is no JSON in it.
        """
        file = self._place.folder / "data" / f"{self.name}.json"
        return json.loads(file.read_bytes()) if file.exists() else None

    def start(self) -> None:
        """Start the bundle; returns when it is registered.

        Raises:
            CouldNotRun: it is not, and has ended.
        """
        try:
            self._place.update()
            self._forget_settings()
            self._loop.run(self._start())
        except BaseException:
            self.close()
            raise

    def restart(self) -> None:
        """Start the bundle again, as after a reboot of the gateway: its settings stay.

        Raises:
            CouldNotRun: it does not come up.
        """
        self.stop()
        self._loop.run(self._start())

    def stop(self) -> None:
        """Stop the bundle. As on a gateway it stays registered: who asks it is answered 408 when its ttl is over."""
        if self._process:
            process, self._process = self._process, None
            self._loop.run(process.stop())

    def close(self) -> None:
        """End the bundle, whatever it is doing, and remove its copy."""
        try:
            if self._process:
                self._loop.run(self._process.kill())
        finally:
            self._process = None
            self._place.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _forget_settings(self) -> None:
        """What a run in the bundle's own folder has left there is not what a test begins with."""
        for factory in (self._place.folder / "data").glob("*.json.factory"):
            kept = factory.with_suffix("")
            kept.unlink(missing_ok=True)
            kept.with_name(f"{kept.name}.backup").unlink(missing_ok=True)

    async def _start(self) -> None:
        def heard(line: str) -> None:
            self._lines.append(self._place.shown(line))

        variables = {**os.environ, **environment(self._broker, source=self._place.sources.folder)}
        process = await BundleProcess.start(self._python, self._place.folder, variables, heard, self._leash)
        try:
            async with asyncio.timeout(_PATIENCE):
                how = "" if await process.registered() else "did not come up"
        except TimeoutError:
            how = f"did not register within {_PATIENCE:g} s"
        if how:
            await process.kill()
            last = self._lines[-_LAST_LINES:]
            hint = explain(last, self._place.sources.folder, "--bundlekit-python")
            raise CouldNotRun(f"{self.name} {how}", details=tuple(last), hint=hint)
        self._process = process
