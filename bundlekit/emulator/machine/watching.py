"""What becomes of the bundles in a box: who registers, who is gone, and what they print."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Callable

from bundlekit.emulator.components import Component
from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.emulator.lifecycle import Service, Tasks
from bundlekit.emulator.machine.machine import Machine
from bundlekit.emulator.messages import decode
from bundlekit.errors import CouldNotRun

_EVERY = 0.25  # seconds
_NAME = re.compile(r"[A-Za-z-]+")
_LOG = "/opt/bundlekit/bundles/{}/log"
_MANIFEST = "/opt/bundlekit/bundles/{}/current/bundle.json"
_LONGEST = 1 << 16  # bytes of a line


class Watch(Service):
    """Tells who registers and goes, and hands on what deployed bundles print and what their bundle.json says.

    Args:
        tell: hears of it, a line each.
    """

    def __init__(self, gateway: EmulatedGateway, machine: Machine, tell: Callable[[str], None]) -> None:
        self._gateway = gateway
        self._machine = machine
        self._tell = tell
        self._tasks = Tasks()
        self._following: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        self._tasks.start(self._watch())

    async def stop(self) -> None:
        await self._tasks.stop()
        for task in self._following.values():
            task.cancel()
        if self._following:
            await asyncio.wait(self._following.values())

    async def _watch(self) -> None:
        own = self._gateway.trace.registry.own
        known: dict[str, Component] = {}
        while True:
            now = {name: one for name, one in self._gateway.controller.components.items() if name not in own}
            for name in sorted(now.keys() - known.keys()):
                self._tell(f"bundle: {name} has registered")
                if _NAME.fullmatch(name) and (name not in self._following or self._following[name].done()):
                    self._following[name] = asyncio.create_task(self._follow(name))
            for name in sorted(known.keys() - now.keys()):
                self._tell(f"bundle: {name} is gone")
            for name, one in now.items():
                if known.get(name) is not one and _NAME.fullmatch(name):  # it may be another release, too
                    await self._declare(name)
            known = now
            await asyncio.sleep(_EVERY)

    async def _declare(self, name: str) -> None:
        """Let the console know what the release that runs declares; nothing, where it is not one of bundlekit's."""
        try:
            manifest = decode((await self._machine.read(_MANIFEST.format(name))).encode())
        except CouldNotRun:  # the machine has broken down meanwhile
            return
        is_its_own = manifest is not None and manifest.get("name") == name
        self._gateway.trace.registry.declare(manifest if is_its_own else {"name": name})

    async def _follow(self, name: str) -> None:
        """Until the machine goes down."""
        said, say = os.pipe()
        nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        reader = asyncio.StreamReader(limit=_LONGEST)
        try:
            command = ["tail", "-q", "-n", "200", "-F", _LOG.format(name)]
            await self._machine.spawn(command, user="root", environment={}, files=(nothing, say, nothing))
        except BaseException:
            os.close(said)
            raise
        finally:
            os.close(say)
            os.close(nothing)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(said, "rb", buffering=0)
        )
        with contextlib.closing(transport):
            while True:
                try:
                    line = await reader.readline()
                except ValueError:  # too long
                    continue
                if not line:
                    return
                self._gateway.log.add(name, line.decode(errors="replace").rstrip("\r\n"))
