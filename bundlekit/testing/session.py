"""The emulated gateway of a test run."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.bundles.leash import Leash
from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.emulator.threaded import Loop
from bundlekit.errors import CouldNotRun
from bundlekit.gateway import GatewayClient, certificate_in
from bundlekit.testing.bundle_gateway import BundleGateway


class GatewaySession:
    """Starts the gateway when the first bundle needs it. A context manager.

    Args:
        state: a folder of its own.
        python: the interpreter for bundles, a path or a name on PATH; None for this one.
        strict: as of EmulatedGateway.
        plain: whether requests go by HTTP without TLS, which takes half of the processor time.
    """

    def __init__(self, state: Path, python: str | None, *, strict: bool = True, plain: bool = False) -> None:
        self._gateway = EmulatedGateway(state, strict=strict, http=SocketAddress("127.0.0.1", 0) if plain else None)
        self._python = python
        self._loop = Loop()
        self._leash = Leash()

    def __enter__(self) -> Self:
        self._loop.__enter__()
        try:
            self._loop.run(self._gateway.start())
        except BaseException:
            self._loop.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._loop.run(self._gateway.stop())
        finally:
            self._loop.__exit__(kind, error, trace)
            self._leash.close()

    def gateway_with(self, folder: Path, *, ttl: int | None = None) -> BundleGateway:
        """The gateway with a bundle that has just been started.

        Args:
            folder: of the bundle.
            ttl: seconds that the bundle has for an answer; None for what its bundle.json says.

        Raises:
            CouldNotRun: the bundle did not register; its last lines are in the error. There is no such interpreter.
        """
        python = shutil.which(self._python) if self._python else sys.executable
        if not python:
            raise CouldNotRun(f"there is no {self._python} here to run bundles under")
        client = GatewayClient(
            self._gateway.http_url or self._gateway.url,
            self._gateway.token,
            trust=certificate_in(self._gateway.certificate),
            name="the emulated gateway",
        )
        gateway = BundleGateway(
            folder, client, python=python, broker=self._gateway.broker, loop=self._loop, leash=self._leash
        )
        gateway.ttl = ttl
        gateway.start()
        return gateway
