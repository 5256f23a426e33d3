"""The page, in Chromium, in front of a running gateway."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.emulator.tokens import Tokens, TokenScope, add_token
from tests.emulator.console.conftest import Console, Gateway
from tests.emulator.console.simulated import Message

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>\x1b[31mred\x1b]0;title\x07\u202egnp.exe'

JSON = [r'{"a": [1, -2.5e+3, true, null, "x\n\u00e9\""], "": {}}', '[[], [[]], {"a": {"b": ""}}]', '"x"', " 0 "]
NOT_JSON = [
    "",
    "01",
    "1.",
    "-",
    "+1",
    "1e",
    "nul",
    "truex",
    "'a'",
    "{a: 1}",
    '["a" "b"]',
    '{"a" 1}',
    '"\t"',
    "[" * 9**5,
]


class Settings:
    """A bundle with settings that can be read and written."""

    def __init__(self) -> None:
        self.value: Any = {"target": 21.50, "serial": 9007199254740993}

    def __call__(self, request: Message) -> Message | None:
        if request["resource"].startswith("/heater/"):
            return {"data": {"path": request["resource"]}}
        if request["method"] == "put":
            self.value = request["data"]
        return {"data": self.value}


@pytest.fixture
def heater(gateway: Gateway) -> Settings:
    settings = Settings()
    gateway.add("heater", ["/heater", "/heater/+/log"], settings, version="1.2.0")
    declared = [{"resource": "/heater", "methods": ["get", "put"]}, {"resource": "/heater/:room/log", "methods": "get"}]
    gateway.emulated.trace.registry.declare({"name": "heater", "resources": declared})
    return settings


def rows(page: Page) -> Any:
    return page.locator("#rows .trace-row:visible")


def test_token_is_asked_for_and_a_wrong_one_refused(console: Console) -> None:
    page = console.page
    page.goto(console.gateway.emulated.url)
    expect(page.get_by_label("API token")).to_be_focused()
    expect(page.locator("#console")).to_be_hidden()
    page.get_by_label("API token").fill("wrong")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_have_text("This token is not known here.")
    page.get_by_label("API token").fill(console.gateway.emulated.token)
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("navigation")).to_contain_text("/system/status")
    page.reload()
    expect(page.get_by_role("navigation")).to_contain_text("/system/status")
    assert page.evaluate("JSON.stringify(localStorage)").count(console.gateway.emulated.token) == 0
    page.get_by_role("button", name="Forget token").click()
    expect(page.get_by_label("API token")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_token_that_is_for_reading_looks_and_does_not_write(console: Console, heater: Settings) -> None:
    _, secret = add_token(console.gateway.state, TokenScope.READ, "")
    page = console.open(secret)
    expect(page.locator("#scope")).to_have_text("read only")
    page.get_by_role("button", name="/heater GET PUT").click()
    expect(page.get_by_role("radio", name="PUT")).to_be_disabled()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#outcome")).to_contain_text("200 OK")


def test_who_registers_and_who_leaves_is_seen_at_once(console: Console) -> None:
    page = console.open()
    expect(page.locator("#nobody")).to_be_visible()
    lamp = console.gateway.add("lamp", ["/lamp", "/lamp/+"], version="3.1.4")
    card = page.locator(".component", has_text="lamp")
    for words in ("3.1.4", "model", "/lamp/+", "not asked yet", "since"):
        expect(card).to_contain_text(words)
    console.gateway.loop.run(lamp.ask("get", "/lamp"))
    expect(card).to_contain_text("answered")
    console.gateway.loop.run(lamp.leave())
    expect(card).to_have_count(0)


def test_component_that_does_not_answer_in_time_is_told_of(console: Console) -> None:
    console.gateway.add("mute", ["/mute"], lambda _: None, ttl=0.2)
    page = console.open()
    page.get_by_role("button", name="/mute").click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#outcome")).to_contain_text("408")
    expect(page.locator(".component", has_text="mute")).to_contain_text("timed out")
    expect(rows(page).last).to_contain_text("408")


def test_form_asks_with_parameters_body_and_the_digits_as_they_are(console: Console, heater: Settings) -> None:
    page = console.open()
    page.get_by_role("button", name="/heater/:room/log").click()
    page.get_by_role("textbox", name="room").fill("a/b c?d")
    page.get_by_role("textbox", name="Query").fill("?last=3")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#answer-body")).to_contain_text("/heater/a%2Fb%20c%3Fd/log?last=3")

    page.get_by_role("button", name="/heater GET PUT").click()
    page.get_by_role("radio", name="PUT").check(force=True)
    body = page.get_by_role("textbox", name="Body")
    expect(body).to_have_value('{\n  "target": 21.5,\n  "serial": 9007199254740993\n}')
    body.fill('{"target": 19}')
    page.get_by_role("button", name="Format").click()
    expect(body).to_have_value('{\n  "target": 19\n}')
    body.press("Control+Enter")
    expect(page.locator("#outcome")).to_contain_text("200 OK")
    expect(page.locator("#answer-body .key")).to_have_text('"target"')
    expect(page.locator("#outcome")).to_contain_text("ms")
    assert heater.value == {"target": 19}


def test_body_that_is_not_json_is_told_where_and_not_sent(console: Console, heater: Settings) -> None:
    page = console.open()
    page.get_by_role("button", name="/heater GET PUT").click()
    page.get_by_role("radio", name="PUT").check(force=True)
    expect(page.locator("#body-note")).to_have_text("as GET answered")
    before = heater.value
    body = page.get_by_role("textbox", name="Body")
    body.fill('{\n  "target": 3,\n}')
    error = page.get_by_text("line 3, column 1: expected a key")
    expect(error).to_be_visible()
    body.press("Control+Enter")
    error.click()
    assert page.evaluate("document.activeElement.selectionStart") == 17
    expect(page.locator("#outcome")).to_be_empty()
    assert heater.value is before


def test_json_is_told_from_what_is_none_as_the_browser_does(console: Console) -> None:
    page = console.open()
    differing = page.evaluate(
        """async ([valid, others]) => {
            const { findError, pretty } = await import("/console/json.js");
            const texts = [...valid, ...others];
            for (const text of valid)
                for (let i = 0; i < text.length; i += 1)
                    for (const put of ["", ",", '"', "}", "]", "0", "\\\\", " "])
                        texts.push(text.slice(0, i) + put + text.slice(i + 1), text.slice(0, i) + put + text.slice(i));
            return texts.filter((text) => {
                let parsed;
                try { parsed = JSON.stringify(JSON.parse(text)); } catch { return findError(text) === null; }
                return findError(text) !== null || JSON.stringify(JSON.parse(pretty(text))) !== parsed;
            });
        }""",
        [JSON, NOT_JSON],
    )
    assert differing == []


@pytest.mark.parametrize("typed", ['{"typed": 1}', ""])
def test_body_that_is_typed_in_stays_when_get_answers(console: Console, typed: str) -> None:
    slow = console.gateway.add("slow", ["/slow"], lambda _: None)
    page = console.open()
    page.get_by_role("button", name="/slow").click()
    page.get_by_role("radio", name="PUT").check(force=True)
    body = page.get_by_role("textbox", name="Body")
    body.fill(typed)
    asked = rows(page).filter(has_text="/slow").last
    expect(asked).to_contain_text("slow …")
    asked.click()
    request = json.loads(page.locator(".message pre").first.inner_text())
    body.focus()
    with page.expect_response("**/api/v1/slow") as answered:
        console.gateway.loop.run(slow.send({**request, "code": 200, "sign": ["slow"], "data": {"kept": 0}}))
    answered.value.finished()
    expect(asked).to_contain_text("200")
    page.evaluate("new Promise((done) => setTimeout(done, 100))")
    expect(body).to_have_value(typed)
    expect(page.get_by_text("From GET puts that in")).to_have_count(0 if typed else 1)


def test_curl_command_has_the_token_by_name_alone(console: Console, heater: Settings) -> None:
    page = console.open()
    page.get_by_role("button", name="/heater GET PUT").click()
    page.get_by_role("radio", name="PUT").check(force=True)
    page.get_by_role("textbox", name="Body").fill('{"name": "it\'s"}')
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == (
        "curl --insecure -X PUT -H \"mx-api-token: $MX_API_TOKEN\" -H 'content-type: application/json' "
        f"--data-raw '{{\"name\": \"it'\\''s\"}}' '{console.gateway.emulated.url}/api/v1/heater'"
    )


def test_row_of_the_trace_opens_into_its_messages(console: Console, heater: Settings) -> None:
    page = console.open()
    page.get_by_role("button", name="/heater GET PUT").click()
    page.get_by_role("button", name="Send").click()
    row = rows(page).last
    for words in ("GET", "/heater", "rest", "heater", "200", "ms", "21.5"):
        expect(row).to_contain_text(words)
    row.click()
    steps = page.locator(".message .way")
    expect(steps).to_have_count(4)
    for step, words in enumerate(
        ("rest → controller", "controller → heater", "heater → controller", "controller → rest")
    ):
        expect(steps.nth(step)).to_contain_text(words)
    tunnel = console.gateway.emulated.controller.components["heater"].tunnel
    expect(page.locator(".message").nth(1)).to_contain_text(f"on tunnel {tunnel}")


def test_trace_is_filtered_paused_and_cleared(console: Console, heater: Settings) -> None:
    page = console.open()
    page.get_by_role("searchbox").fill("post heater")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("searchbox").fill("-registration")
    expect(page.locator("#no-rows")).to_have_text("No message matches the filter.")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="/heater GET PUT").click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#amount")).to_contain_text("1 since the pause")
    expect(rows(page)).to_have_count(0)
    page.get_by_role("button", name="Go on").click()
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("searchbox").fill("")
    expect(rows(page)).to_have_count(0)


def test_logs_come_in_live_a_bundle_at_a_time_if_wanted(console: Console) -> None:
    log = console.gateway.emulated.log
    log.add("heater", "before the page was there")
    page = console.open()
    page.get_by_role("tab", name="Logs").click()
    lines = page.locator(".log-line:visible")
    expect(lines.first).to_contain_text("before the page was there")
    console.gateway.loop.run(_print(log, "lamp", "ERROR - it is dark"))
    expect(lines).to_have_count(2)
    page.get_by_role("combobox", name="Bundle").select_option("lamp")
    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("it is dark")
    page.get_by_role("searchbox").fill("bright")
    expect(lines).to_have_count(0)


async def _print(log: Any, bundle: str, *lines: str) -> None:
    for line in lines:
        log.add(bundle, line)


def test_light_and_dark_follow_the_system_until_chosen(
    console: Console, new_context: Callable[..., BrowserContext]
) -> None:
    grounds = {}
    for scheme in ("light", "dark"):
        page = new_context(color_scheme=scheme, reduced_motion="reduce").new_page()
        page.goto(console.gateway.emulated.url)
        grounds[scheme] = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert grounds["light"] != grounds["dark"]
    page.get_by_role("button", name="Theme: auto").click()
    page.get_by_role("button", name="Theme: light").wait_for()
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == grounds["light"]


def test_token_is_made_shown_once_and_revoked(console: Console) -> None:
    page = console.open()
    page.get_by_role("button", name="Tokens").click()
    page.get_by_role("textbox", name="Description").fill("<b>Postman</b>")
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#token-list li").last).to_contain_text("<b>Postman</b>")
    expect(page.locator("#token-error")).to_be_empty()
    secret = page.locator("#token-new code").inner_text()
    assert Tokens(console.gateway.state).scope_of(secret) is TokenScope.READ
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#token-new")).to_be_empty()
    assert secret not in page.content() + page.evaluate("JSON.stringify([sessionStorage, localStorage])")
    page.get_by_role("button", name="Tokens").click()
    page.locator("#token-list li", has_text="Postman").get_by_role("button").click()
    expect(page.locator("#token-list li", has_text="Postman")).to_have_count(0)
    assert Tokens(console.gateway.state).scope_of(secret) is None


_CUT = """(selector) => [...document.querySelectorAll(selector)]
    .filter((one) => one.checkVisibility())
    .filter((one, at, all) => {
        const box = one.getBoundingClientRect();
        const beyond = box.left < 0 || box.right > innerWidth || one.scrollWidth > Math.ceil(box.width);
        return beyond || !box.width || all.slice(0, at).map((other) => other.getBoundingClientRect()).some((other) =>
            other.right > box.left && box.right > other.left && other.bottom > box.top && box.bottom > other.top);
    })
    .map((one) => one.outerHTML)"""


@pytest.mark.parametrize("width", [360, 801, 1280])
def test_header_and_long_ages_fit_whatever_the_width(console: Console, heater: Settings, width: int) -> None:
    registry = console.gateway.emulated.trace.registry
    for one in registry.registered:
        one.since -= 400 * 86_400
        one.answered, one.took = one.since, 12.3
    registry.version += 1
    console.page.set_viewport_size({"width": width, "height": 740})
    page = console.open()
    card = page.locator(".component", has_text="heater")
    expect(card).to_contain_text("answered 400 d ago, in 12.3 s")
    expect(card).to_contain_text(re.compile(r"since \d{4}-\d\d-\d\d"))
    page.get_by_role("button", name="/heater GET PUT").click()
    page.get_by_role("button", name="Send").click()
    rows(page).last.click()
    expect(page.locator(".message").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(_CUT, "#top > :not(.space)") == []
    assert page.evaluate(_CUT, ".alive > :not(.space)") == []
    page.route("**/console/feed", lambda route: route.abort())
    console.gateway.loop.run(console.gateway.emulated.stop())
    expect(page.locator("#link")).to_contain_text("not connected")
    assert page.evaluate(_CUT, "#top > :not(.space)") == []


def test_all_can_be_done_by_keyboard(console: Console, heater: Settings) -> None:
    page = console.open()
    press = page.keyboard.press
    press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    press("Escape")
    press("c")
    expect(page.get_by_role("button", name="/heater GET PUT")).to_be_focused()
    press("ArrowDown")
    expect(page.get_by_role("button", name="/heater/:room/log")).to_be_focused()
    press("ArrowUp")
    press("Enter")
    press("r")
    press("ArrowRight")
    expect(page.get_by_role("radio", name="PUT")).to_be_checked()
    expect(page.locator("#body-note")).to_have_text("as GET answered")
    press("Control+Enter")
    expect(page.locator("#outcome")).to_contain_text("200 OK")
    press("/")
    page.keyboard.type("put heater")
    expect(rows(page)).to_have_count(1)
    press("Escape")
    press("Escape")
    expect(page.locator("#rows")).to_be_focused()
    press("End")
    press("Enter")
    expect(page.locator("#detail")).to_contain_text("PUT /heater")
    press("Tab")
    expect(page.get_by_role("button", name="Close the messages")).to_be_focused()
    press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    press("l")
    expect(page.get_by_role("tab", name="Logs")).to_have_attribute("aria-selected", "true")


def test_whatever_can_be_used_has_a_name(console: Console, heater: Settings) -> None:
    page = console.open()
    page.get_by_role("button", name="/heater/:room/log").click()
    page.locator("#rows").focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.locator(".message").first).to_be_visible()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, textarea, [role], pre")]
            .filter((one) => one.checkVisibility() && one.tabIndex >= 0)
            .filter((one) => !one.ariaLabel && !one.textContent.trim() && !one.labels?.length)
            .map((one) => one.outerHTML)"""
    )
    assert nameless == []


def test_thousands_of_messages_leave_the_page_usable(console: Console, heater: Settings) -> None:
    page = console.open()
    lamp = console.gateway.add("lamp", ["/lamp"])

    async def flood() -> None:
        for _ in range(2100):  # four messages each, and a row, of which 2,000 are kept
            await lamp.ask("get", "/lamp")
        await _print(
            console.gateway.emulated.log, "lamp", *(f"line {number}" for number in range(5000)), "the last line"
        )

    console.gateway.loop.run(flood())
    page.get_by_role("button", name="/heater GET PUT").click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#outcome")).to_contain_text("200 OK")
    page.get_by_role("searchbox").fill("rest /heater")
    expect(rows(page)).to_have_count(1)
    assert page.evaluate("document.querySelectorAll('*').length") < 2000
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Logs").click()
    expect(page.locator(".log-line:visible").last).to_contain_text("the last line")
    expect(page.locator("#amount")).to_contain_text("left out")


def test_names_values_and_lines_are_text_and_nothing_else(console: Console) -> None:
    gateway = console.gateway
    huge = HOSTILE + "x" * 200_000
    bad = gateway.add(
        HOSTILE,
        [f"/{HOSTILE}", "/bad", "/../../console/+"],
        lambda _: {"data": {HOSTILE: [huge]}},
        version=huge,
        description=huge,
    )
    gateway.loop.run(bad.send({"id": 5, "method": HOSTILE, "resource": f"/bad/{HOSTILE}", "data": huge}))
    gateway.loop.run(bad.send({"code": HOSTILE, "method": "put", "resource": HOSTILE, "data": huge}))
    gateway.loop.run(_print(gateway.emulated.log, HOSTILE, huge))
    page = console.open()
    card = page.locator(".component").first
    expect(card).to_contain_text("<script>alert(2)</script>red")
    page.get_by_role("button", name="/bad", exact=True).click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#answer-body")).to_contain_text("<script>")
    rows(page).last.click()
    expect(page.locator(".message").first).to_be_visible()
    page.get_by_role("tab", name="Logs").click()
    line = page.locator(".log-line:visible")
    expect(line).to_contain_text("alert(2)</script>red")
    assert not set("\x1b\x07\u202e\0") & set(page.locator("body").inner_text())
    assert page.locator("img[src=x], body script").count() == 0
    page.get_by_role("button", name="/../../console/+").click()
    page.get_by_role("textbox", name="parameter 4").fill("feed")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#outcome")).to_have_text("this path leads out of the API")


def test_page_comes_back_by_itself_after_the_gateway_did(console: Console) -> None:
    page = console.open()
    gateway = console.gateway
    expect(rows(page).first).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(rows(page)).to_have_count(0)
    gateway.loop.run(gateway.emulated.stop())
    expect(page.locator("#link")).to_contain_text("not connected")
    again = EmulatedGateway(gateway.state, listen=SocketAddress.parse(gateway.emulated.url.removeprefix("https://")))
    gateway.loop.run(again.start())
    expect(page.locator("#link")).to_have_text("live")
    expect(page.get_by_role("navigation")).to_contain_text("/system/status")
    expect(rows(page).first).to_be_visible()
    gateway.loop.run(again.stop())


BODY = {
    "type": "object",
    "properties": {
        "target": {"type": ["number", "boolean"], "minimum": 5, "maximum": 30},
        "mode": {"enum": ["auto", "off"]},
        "on": {"type": "boolean"},
        "name": {"type": "string", "maxLength": 8, "default": "heater"},
        "limits": {"type": "object", "properties": {"low": {"type": "integer"}}, "required": ["low"]},
        "steps": {"type": "array"},
        HOSTILE: {"type": "string"},
    },
    "required": ["target", "mode"],
}


def test_body_with_a_schema_has_a_form_and_json_stays_possible(
    console: Console, heater: Settings, gateway: Gateway
) -> None:
    heater.value = {"target": 21.5, "mode": "auto", "other": [1]}
    declared = [{"resource": "/heater", "methods": ["put"]}]
    registry = gateway.emulated.trace.registry
    registry.declare({"name": "heater", "resources": declared}, {"/heater": {"PUT": BODY}})
    page = console.open()
    page.get_by_role("button", name="/heater", exact=False).first.click()
    form = page.locator("#form")
    expect(form.get_by_label("target", exact=True)).to_have_value("21.5")
    expect(page.locator("#editor")).to_be_hidden()
    form.get_by_label("target", exact=True).fill("19")
    form.get_by_label("mode", exact=True).select_option("off")
    form.get_by_label("on", exact=True).select_option("true")
    form.get_by_label("name", exact=True).fill("hall")
    form.get_by_label("low", exact=True).fill("4")
    form.get_by_label("steps", exact=True).fill("[1, 2]")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("200 OK").wait_for()
    sent = {
        "target": 19,
        "mode": "off",
        "on": True,
        "name": "hall",
        "limits": {"low": 4},
        "steps": [1, 2],
        "other": [1],
    }
    assert heater.value == sent
    form.get_by_label("name", exact=True).fill("")
    page.get_by_role("button", name="JSON", exact=True).click()
    expect(page.locator("#editor")).to_be_visible()
    page.get_by_label("Body", exact=True).fill('{"target": 7, "mode": "auto"}')
    page.get_by_role("button", name="Form", exact=True).click()
    expect(form.get_by_label("target", exact=True)).to_have_value("7")
    expect(form.get_by_label("name", exact=True)).to_have_value("")
