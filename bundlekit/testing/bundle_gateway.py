"""A gateway with one bundle, as a test uses it."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from bundlekit.bundle.bundle import MANIFEST, Bundle
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

if TYPE_CHECKING:
    from bundlekit.source.contracts import Contracts

_LAST_LINES = 20  # of a bundle in the report of a failed test
_PATIENCE = 30.0  # seconds until a bundle has registered


class BundleGateway:
    """Asks the gateway's REST API, where the bundle runs in a copy of its folder.

    `get`, `put`, `post`, `delete` and `request` take a resource such as `/thermostat?fields=key` and data to be sent as
    JSON; the Answer has `status`, `json`, `headers`, `seconds`. What is refused is an Answer too.

    Attributes:
        name: the bundle's.
        client: for what else a client can do.
        ttl: seconds that the bundle has for an answer, from its next start on; None for what its bundle.json says.
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
        self.ttl: int | None = None
        self._lines: list[str] = []
        self._contracts: Contracts | None = None

    def request(self, method: str, resource: str, *data: Any) -> Answer:
        """Ask by any method, in either case; without `data` there is no body."""
        return self.client.request(method, resource, *data)

    @property
    def lines(self) -> list[str]:
        """All lines that the bundle has printed so far."""
        return self._lines

    @property
    def log(self) -> str:
        """All that the bundle has printed."""
        return "\n".join(self._lines)

    @property
    def ended(self) -> int | None:
        """The exit status of the bundle, negative for a signal; None while it runs, or where it was stopped."""
        return self._process.status if self._process else None

    def contract_faults(self, method: str, resource: str, answer: Answer) -> list[str]:
        """What in an answer contradicts the code of the bundle, in words; empty if nothing does.

        Args:
            method: of the request, in either case.
            resource: that was asked for, such as `/rooms/1`.
            answer: that came.
        """
        from bundlekit.bundle.patterns import Pattern, without_prefix
        from bundlekit.gateway.answer_check import answer_faults
        from bundlekit.source.contracts import Contracts
        from bundlekit.source.routes import read_source

        bundle = Bundle.in_folder(self._place.sources.folder)
        manifest = manifest_of(bundle)
        asked = Pattern.of(without_prefix(resource.partition("?")[0]))
        declared = [one.path for one in manifest.resources if Pattern.of(without_prefix(one.path)).meets(asked)]
        if len(declared) != 1:
            return []
        if self._contracts is None:
            self._contracts = Contracts(bundle, read_source(bundle, manifest.main))
        return answer_faults(self._contracts.of(method.lower(), declared[0]), answer)

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

    def reset(self) -> None:
        """Start the bundle again with its factory settings, whatever state it is in.

        Raises:
            CouldNotRun: it does not come up.
        """
        if self._process:
            process, self._process = self._process, None
            self._loop.run(process.kill())
        self._forget_settings()
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

    def _set_ttl(self) -> None:
        """The ttl is what the bundle registers with, so it has to be in the copy of its bundle.json."""
        file = self._place.folder / MANIFEST
        if self.ttl is not None:
            file.write_text(json.dumps({**json.loads(file.read_bytes()), "ttl": self.ttl}), encoding="utf-8")

    async def _start(self) -> None:
        self._set_ttl()

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
