"""Takes the picture of the console for the README.

    python -m tests.emulator.console.picture [FILE [light|dark]]

FILE is docs/console.png unless said otherwise. pngquant makes it smaller where it is installed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.emulator.threaded import Loop
from tests.emulator.console.browser import chromium
from tests.emulator.console.simulated import Message, Simulated, simulated

FILE = Path(__file__).parents[3] / "docs" / "console.png"
LOG = """\
DEBUG - 33 - Model: thermostat config has been loaded.
DEBUG - 345 - Connection established with result code 0
DEBUG - 420 - Register successfully thermostat tunnel: 651518114
INFO - 41 - target 21.5, hysteresis 0.4
WARNING - 58 - sensor /dev/ttyM1 did not answer, using the last value
"""


class Bundles:
    """What a gateway in the middle of somebody's work has."""

    def __init__(self, gateway: EmulatedGateway) -> None:
        self._gateway = gateway
        self._parts = AsyncExitStack()
        self._settings = {"target": 21.5, "hysteresis": 0.4, "schedule": {"night": 18, "from": "22:00", "to": "06:30"}}

    async def start(self) -> None:
        self._declare("thermostat", {"/thermostat": ["get", "put"], "/thermostat/sensors/:id": ["get"]})
        self._declare("door-alarm", {"/door-alarm": ["get", "put", "post"]})
        thermostat = await self._bundle(
            "thermostat", ["/thermostat", "/thermostat/sensors/+"], self._heat, version="1.2.0"
        )
        await self._bundle(
            "door-alarm", ["/door-alarm"], lambda _: {"data": {"armed": True, "log": []}}, version="0.3.1"
        )
        await self._bundle("door-alarm-view", ["/thermostat/events"], lambda _: None, role="view")
        await thermostat.send(
            {"code": 200, "method": "put", "resource": "/thermostat/events", "data": {"reached": 21.5}}
        )
        await thermostat.ask("get", "/door-alarm")
        for line in LOG.splitlines():
            self._gateway.log.add("thermostat", f"2024-05-06 10:41:07,461 - {line}")
        self._gateway.log.add(
            "door-alarm", "2024-05-06 10:41:07,532 - DEBUG - 33 - Model: door-alarm config has been loaded."
        )

    async def stop(self) -> None:
        await self._parts.aclose()

    async def _bundle(self, name: str, resources: list[str], answer: Any, **profile: Any) -> Simulated:
        one = simulated(self._gateway.broker, name, resources, answer, **profile)
        return await self._parts.enter_async_context(one)

    def _declare(self, name: str, resources: dict[str, list[str]]) -> None:
        declared = [{"resource": resource, "methods": methods} for resource, methods in resources.items()]
        self._gateway.trace.registry.declare({"name": name, "resources": declared})

    def _heat(self, request: Message) -> Message:
        if request["resource"].startswith("/thermostat/sensors/"):
            return {"data": {"id": request["resource"].rpartition("/")[2], "celsius": 20.9, "device": "/dev/ttyM1"}}
        if request["method"] == "put":
            if not isinstance(request["data"].get("target"), int | float):
                return {"code": 400, "data": {"message": "expected float for dictionary value @ data['target']"}}
            self._settings.update(request["data"])
        return {"data": self._settings}


@contextmanager
def gateway_at_work() -> Iterator[EmulatedGateway]:
    with tempfile.TemporaryDirectory() as state, Loop() as loop:
        gateway = EmulatedGateway(Path(state))
        loop.run(gateway.start())
        bundles = Bundles(gateway)
        loop.run(bundles.start())
        try:
            yield gateway
        finally:
            loop.run(bundles.stop())
            loop.run(gateway.stop())


def work(page: Page, gateway: EmulatedGateway) -> None:
    """What somebody does in front of it."""
    page.goto(gateway.url)
    page.get_by_label("API token").fill(gateway.token)
    page.get_by_role("button", name="Open").click()
    page.get_by_role("button", name="/system/status").click()
    page.get_by_role("button", name="Send").click()
    page.get_by_text("200 OK").wait_for()
    page.get_by_role("button", name="/thermostat/sensors/:id").click()
    page.get_by_label("id", exact=True).fill("3")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("200 OK").wait_for()
    page.get_by_role("button", name="/thermostat GET PUT").click()
    page.get_by_role("radio", name="PUT").check(force=True)
    page.get_by_text("as GET answered").wait_for()
    body = page.get_by_label("Body", exact=True)
    settings = json.loads(body.input_value())
    body.fill(json.dumps({**settings, "target": "warm"}, indent=2))
    page.get_by_role("button", name="Send").click()
    page.get_by_text("400 Bad Request").wait_for()
    body.fill(json.dumps({**settings, "target": 22.5}, indent=2))
    page.get_by_role("button", name="Send").click()
    page.get_by_text("200 OK").wait_for()
    page.locator(".list .trace-row", has_text="22.5").last.click()
    page.locator(".message").nth(2).wait_for()
    page.locator("#divider").press("ArrowUp")
    page.locator("#rows").focus()
    page.mouse.click(640, 15)


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    scheme: Any = sys.argv[2] if len(sys.argv) > 2 else "light"
    with gateway_at_work() as gateway, chromium() as browser:
        page = browser.new_page(
            viewport={"width": 1280, "height": 800}, color_scheme=scheme, ignore_https_errors=True, timezone_id="UTC"
        )
        work(page, gateway)
        page.screenshot(path=file)
    if quantise := shutil.which("pngquant"):
        subprocess.run([quantise, "--force", "--skip-if-larger", "--output", file, file], check=False)


if __name__ == "__main__":
    main()
