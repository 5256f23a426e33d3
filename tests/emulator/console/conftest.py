"""A browser, and a gateway with components for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.emulator.threaded import Loop
from tests.emulator.console.browser import chromium
from tests.emulator.console.simulated import Simulated, simulated

_PATIENCE = 30_000  # ms; only what never comes takes as long
expect.set_options(timeout=_PATIENCE)


class Gateway:
    """A running gateway for tests that are not async."""

    def __init__(self, state: Path, loop: Loop, parts: ExitStack) -> None:
        self.state = state
        self.loop = loop
        self.emulated = EmulatedGateway(state)
        self._parts = parts
        loop.run(self.emulated.start())
        parts.callback(lambda: loop.run(self.emulated.stop()))

    def add(self, *arguments: Any, **options: Any) -> Simulated:
        """Have a component register."""
        component = simulated(self.emulated.broker, *arguments, **options)
        joined = self.loop.run(component.__aenter__())
        self._parts.callback(lambda: self.loop.run(component.__aexit__(None, None, None)))
        return joined


class Console:
    """The page in front of somebody, who sees to it that it keeps to itself."""

    def __init__(self, page: Page, gateway: Gateway) -> None:
        self.page = page
        self.gateway = gateway
        self.wrong: list[str] = []
        self._url = gateway.emulated.url + "/"
        page.on("console", self._told)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", self._asked)
        page.on("dialog", lambda dialog: self.wrong.append(dialog.message))

    def open(self, token: str | None = None) -> Page:
        """Come in."""
        self.page.goto(self.gateway.emulated.url)
        self.page.get_by_label("API token").fill(token or self.gateway.emulated.token)
        self.page.keyboard.press("Enter")
        self.page.get_by_text("live").wait_for()
        return self.page

    def _told(self, message: Any) -> None:
        # Chromium tells of each answer of 400 and more, and those are asked for here.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.wrong.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self._url) or self.gateway.emulated.token in request.url:
            self.wrong.append(request.url)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Playwright runs an event loop in this thread for as long as it is there, and tests elsewhere run their own."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with Loop() as loop, ExitStack() as parts:
        yield Gateway(tmp_path, loop, parts)


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    with ExitStack() as contexts:

        def make(**options: Any) -> BrowserContext:
            options = {"viewport": {"width": 1280, "height": 720}, "ignore_https_errors": True, **options}
            return contexts.enter_context(browser.new_context(**options))

        yield make


@pytest.fixture
def console(new_context: Callable[..., BrowserContext], gateway: Gateway) -> Iterator[Console]:
    """Nothing that goes wrong in the page goes by unseen."""
    page = new_context(permissions=["clipboard-read", "clipboard-write"]).new_page()
    page.set_default_timeout(_PATIENCE)
    console = Console(page, gateway)
    yield console
    assert console.wrong == []
