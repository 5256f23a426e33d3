"""What becomes of the bundles in a box: who registers, who is gone, and what they print."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from typing import Any

from bundlekit.emulator.components import Component
from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.emulator.lifecycle import Service, Tasks
from bundlekit.emulator.machine import deployed
from bundlekit.emulator.machine.machine import Machine
from bundlekit.emulator.messages import decode
from bundlekit.errors import CouldNotRun

_EVERY = 0.25  # seconds
_NAME = re.compile(r"[A-Za-z-]+")
_LONGEST = 1 << 16  # bytes of a line


class Watch(Service):
    """Tells who registers and goes, and hands on what deployed bundles print and declare, and which bodies they take.

    Args:
        tell: hears of it, a line each.
    """

    def __init__(self, gateway: EmulatedGateway, machine: Machine, tell: Callable[[str], None]) -> None:
        self._gateway = gateway
        self._machine = machine
        self._tell = tell
        self._tasks = Tasks()
        self._following: dict[str, asyncio.Task[None]] = {}
        self._unread: dict[str, tuple[Component, Any]] = {}  # releases whose source is not read yet, with the manifest
        self._is_unread = asyncio.Event()

    async def start(self) -> None:
        self._tasks.start(self._watch(), self._read_sources())

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
                    await self._declare(name, one)
            known = now
            await asyncio.sleep(_EVERY)

    async def _declare(self, name: str, one: Component) -> None:
        """Let the console know what the release that runs declares; nothing, where it is not one of bundlekit's."""
        try:
            manifest = decode((await deployed.manifest_text(self._machine, name)).encode())
        except CouldNotRun:  # the machine has broken down meanwhile
            return
        is_its_own = manifest is not None and manifest.get("name") == name
        self._gateway.trace.registry.declare(manifest if is_its_own else {"name": name})
        if is_its_own:
            self._unread[name] = one, manifest
            self._is_unread.set()

    async def _read_sources(self) -> None:
        """Let the console know which bodies the releases take, one after the other: reading a source takes a while."""
        while True:
            await self._is_unread.wait()
            self._is_unread.clear()
            while self._unread:
                name, (one, manifest) = self._unread.popitem()
                with contextlib.suppress(CouldNotRun):
                    archive = await deployed.source_archive(self._machine, name)
                    bodies = await asyncio.to_thread(deployed.bodies_in, archive)
                    if bodies and self._gateway.controller.components.get(name) is one:
                        self._gateway.trace.registry.declare(manifest, bodies)

    async def _follow(self, name: str) -> None:
        """Until the machine goes down."""
        command = ["tail", "-q", "-n", "200", "-F", deployed.LOG.format(name)]
        async with deployed.printed(self._machine, command, _LONGEST) as reader:
            while True:
                try:
                    line = await reader.readline()
                except ValueError:  # too long
                    continue
                if not line:
                    return
                self._gateway.log.add(name, line.decode(errors="replace").rstrip("\r\n"))
