"""The built-in resources as a client of the REST API meets them."""

from __future__ import annotations

import asyncio
import json
import stat
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import psutil
import pytest

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.builtin import builtins
from bundlekit.emulator.builtin.system import KeptSystem
from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.errors import BadUsage, Unreadable
from bundlekit.gateway import GatewayClient, certificate_in
from tests.emulator.conftest import Mosquitto
from tests.emulator.test_rest import Client, gateway

FIELDS = ["hostname", "version", "uptimeSec", "cpuUsage", "memoryUsage", "memory", "disks"]
Scenario = Callable[[Client], Awaitable[None]]


def against(broker: Mosquitto, system: KeptSystem, scenario: Scenario) -> None:
    async def run() -> None:
        async with gateway(broker.address) as client:
            services = builtins(broker.address, system)
            await asyncio.gather(*(service.start() for service in services))
            try:
                await scenario(client)
            finally:
                await asyncio.gather(*(service.stop() for service in services))

    asyncio.run(run())


def test_status_has_the_documented_form_and_the_values_of_this_machine(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def scenario(client: Client) -> None:
        answer = await client.ask("GET", "/system/status")
        status = answer.body
        assert (answer.status, list(status)) == (200, FIELDS)
        assert status["hostname"] == "Moxa"
        assert status["memory"] == psutil.virtual_memory().total
        assert 0 <= status["cpuUsage"] <= 100
        assert 0 <= status["memoryUsage"] <= 100
        assert isinstance(status["uptimeSec"], int)
        (disk,) = status["disks"]
        assert {**disk, "usage": None} == {"name": "system", "mount": "/", "device": "rootfs", "usage": None}
        assert list(disk["usage"]) == ["total", "used", "free", "percent"]
        assert disk["usage"]["total"] == psutil.disk_usage(str(tmp_path)).total

    against(mosquitto, KeptSystem(tmp_path), scenario)


def test_status_tells_only_of_the_fields_that_were_asked_for(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def scenario(client: Client) -> None:
        assert list((await client.ask("GET", "/system/status?fields=version,hostname")).body) == ["version", "hostname"]
        assert (await client.ask("GET", "/system/status?fields=hostname")).body == {"hostname": "Moxa"}
        assert list((await client.ask("GET", "/system/status?other=1")).body) == FIELDS

    against(mosquitto, KeptSystem(tmp_path), scenario)


def test_hostname_is_set_told_and_kept_over_a_restart(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def scenario(client: Client) -> None:
        answer = await client.ask("PUT", "/system/status", json={"hostname": "cell-7"})
        assert (answer.status, answer.body) == (200, {"hostname": "cell-7"})
        assert (await client.ask("PUT", "/system/status", json={"other": 1})).body == {"other": 1}
        assert (await client.ask("GET", "/system/status?fields=hostname")).body == {"hostname": "cell-7"}

    against(mosquitto, KeptSystem(tmp_path), scenario)
    assert KeptSystem(tmp_path).hostname == "cell-7"
    assert stat.S_IMODE((tmp_path / "system.json").stat().st_mode) == 0o600


def test_what_get_gave_can_be_put_back(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def scenario(client: Client) -> None:
        for resource in ("/system/status", "/system/time"):
            given = (await client.ask("GET", resource)).body
            assert (await client.ask("PUT", resource, json=given)).status == 200

    against(mosquitto, KeptSystem(tmp_path), scenario)


REFUSED: list[tuple[str, str, Any, str]] = [
    ("GET", "/system/status?fields=nonsense", None, "no field 'nonsense'"),
    ("GET", "/system/status?fields=", None, "no field ''"),
    ("GET", "/system/status?fields=hostname,", None, "no field ''"),
    ("PUT", "/system/status", ["hostname"], "must be an object"),
    ("PUT", "/system/status", {"hostname": 7}, "'hostname' must be"),
    ("PUT", "/system/status", {"hostname": ""}, "'hostname' must be"),
    ("PUT", "/system/status", {"hostname": "-rf"}, "'hostname' must be"),
    ("PUT", "/system/status", {"hostname": "a\n"}, "'hostname' must be"),
    ("PUT", "/system/status", {"hostname": "a" * 64}, "'hostname' must be"),
    ("PUT", "/system/status?fields=no", {"hostname": "other"}, "no field 'no'"),
    ("PUT", "/system/time", {"time": 1}, "'time' must be"),
    ("PUT", "/system/time", {"time": "yesterday"}, "'time' must be"),
    ("PUT", "/system/time", {"time": "2026-01-31T12:00:00"}, "'time' must be"),
    ("PUT", "/system/time", {"time": "9999-12-31T23:59:59Z"}, "'time' must be"),
    ("PUT", "/system/time", {"timezone": 1}, "'timezone' must be"),
    ("PUT", "/system/time", {"ntp": "on"}, "'ntp' must be"),
    ("PUT", "/system/time", {"time": "yesterday", "ntp": {}}, "'time' must be"),
    ("POST", "/system/reboot", {"reboot": 0}, "must be empty"),
]


def test_what_makes_no_sense_is_refused_and_changes_nothing(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def scenario(client: Client) -> None:
        for method, resource, data, why in REFUSED:
            body = b"" if data is None else json.dumps(data).encode()
            answer = await client.ask(method, resource, data=body)
            assert (answer.status, resource, data) == (400, resource, data)
            assert why in answer.body["message"]

    against(mosquitto, KeptSystem(tmp_path), scenario)
    assert list(tmp_path.glob("system.json")) == []


@pytest.mark.parametrize(("method", "resource"), [("DELETE", "/system/status"), ("PUT", "/network/interfaces")])
def test_method_without_a_handler_is_answered_as_by_the_sdk(
    mosquitto: Mosquitto, tmp_path: Path, method: str, resource: str
) -> None:
    async def scenario(client: Client) -> None:
        answer = await client.ask(method, f"{resource}?x=1")
        assert (answer.status, answer.body) == (404, {"message": f"Route '{resource}' not found."})

    against(mosquitto, KeptSystem(tmp_path), scenario)


def test_clock_is_set_beside_the_hosts_and_goes_on(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def scenario(client: Client) -> None:
        wanted = datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC)
        for given in ("2031-05-04T03:02:01Z", "2031-05-04T05:02:01+02:00"):
            for answer in (
                await client.ask("PUT", "/system/time", json={"time": given}),
                await client.ask("GET", "/system/time"),
            ):
                told = datetime.fromisoformat(answer.body["time"])
                assert wanted <= told < wanted + timedelta(minutes=5)

    against(mosquitto, KeptSystem(tmp_path), scenario)
    ahead = datetime.now(UTC) + timedelta(seconds=KeptSystem(tmp_path).time_offset)
    assert ahead.year == 2031


def test_time_zone_and_ntp_are_kept_and_told(mosquitto: Mosquitto, tmp_path: Path) -> None:
    wanted = {"timezone": "Europe/Berlin", "ntp": {"enable": True, "server": "ntp.example", "interval": 60}}

    async def scenario(client: Client) -> None:
        before = (await client.ask("GET", "/system/time")).body
        assert list(before) == ["time", "timezone", "ntp"]
        answer = await client.ask("PUT", "/system/time", json=wanted)
        assert (answer.status, {**answer.body, "time": ""}) == (200, {"time": "", **wanted})

    against(mosquitto, KeptSystem(tmp_path), scenario)
    assert (KeptSystem(tmp_path).timezone, KeptSystem(tmp_path).ntp) == ("Europe/Berlin", wanted["ntp"])


def test_settings_of_an_older_version_are_read(tmp_path: Path) -> None:
    (tmp_path / "system.json").write_text('{"hostname": "old", "timeOffset": 5.0}')
    system = KeptSystem(tmp_path)
    assert (system.hostname, system.time_offset, system.timezone) == ("old", 5.0, "Etc/UTC")


@pytest.mark.parametrize(
    ("without", "left"),
    [
        ("/network", ["/system/status", "/system/time", "/system/reboot"]),
        ("/system/", ["/network/interfaces"]),
        ("/system/time", ["/system/status", "/system/reboot", "/network/interfaces"]),
    ],
)
def test_gateway_without_a_resource_leaves_it_to_a_bundle(tmp_path: Path, without: str, left: list[str]) -> None:
    models = builtins(SocketAddress("127.0.0.1", 1), KeptSystem(tmp_path), [without])
    assert [one.resource for one in models] == left


@pytest.mark.parametrize("without", ["/net", "/system/tim", "/system/time/x", "system"])
def test_gateway_without_what_it_has_not_is_refused(tmp_path: Path, without: str) -> None:
    with pytest.raises(BadUsage, match="no such resource"):
        builtins(SocketAddress("127.0.0.1", 1), KeptSystem(tmp_path), [without])


def test_interfaces_are_those_of_the_emulated_box_and_not_of_the_host(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async def scenario(client: Client) -> None:
        answer = await client.ask("GET", "/network/interfaces")
        assert answer.body == ["eth0", "eth1"]

    against(mosquitto, KeptSystem(tmp_path), scenario)


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_reboot_is_answered_before_what_is_deployed_starts_again(
    mosquitto: Mosquitto, tmp_path: Path, method: str
) -> None:
    rebooted, answered = asyncio.Event(), asyncio.Event()

    async def restart() -> None:
        await answered.wait()
        rebooted.set()

    async def scenario(client: Client) -> None:
        answer = await client.ask(method, "/system/reboot")
        assert (answer.status, answer.body) == (200, None)
        answered.set()
        await rebooted.wait()

    against(mosquitto, KeptSystem(tmp_path, restart), scenario)


def test_uptime_starts_again_with_a_reboot(tmp_path: Path) -> None:
    system = KeptSystem(tmp_path)
    time.sleep(0.05)
    before = system.uptime
    assert before >= 0.05
    asyncio.run(system.reboot())
    assert system.uptime < before


def test_resource_that_cannot_be_kept_answers_500_and_stays_as_it_was(
    mosquitto: Mosquitto, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(client: Client) -> None:
        (tmp_path / "system.json").mkdir()
        answer = await client.ask("PUT", "/system/status", json={"hostname": "other"})
        assert (answer.status, answer.body) == (500, {"message": "Internal Error."})
        assert (await client.ask("GET", "/system/status?fields=hostname")).body == {"hostname": "Moxa"}

    against(mosquitto, KeptSystem(tmp_path), scenario)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"hostname": "-rf", "timeOffset": 0}', '{"hostname": "a", "timeOffset": NaN}']
)
def test_damaged_settings_are_an_error_and_left_as_they_are(tmp_path: Path, text: str) -> None:
    file = tmp_path / "system.json"
    file.write_text(text)
    with pytest.raises(Unreadable, match="is damaged"):
        KeptSystem(tmp_path)
    assert file.read_text() == text


@pytest.mark.parametrize(
    "message",
    [
        {"id": 1, "method": ["x"], "resource": "/system/status"},
        {"id": 1, "method": "get", "resource": {"x": 1}},
        {"id": [1], "method": "get", "resource": "/system/status", "data": 1},
    ],
)
def test_no_message_puts_a_resource_out_of_work(mosquitto: Mosquitto, tmp_path: Path, message: dict[str, Any]) -> None:
    """Anybody on the broker may publish to a component's tunnel."""

    async def run() -> None:
        async with EmulatedGateway(tmp_path, broker=mosquitto.address) as emulated:
            async with aiomqtt.Client(mosquitto.address.host, mosquitto.address.port) as client:
                for component in emulated.controller.components.values():
                    await client.publish(component.tunnel, json.dumps(message), qos=2)
                await client.publish("/controller", json.dumps(message), qos=2)
            trust = certificate_in(emulated.certificate)
            client_of_it = GatewayClient(emulated.url, emulated.token, trust=trust, timeout=20)
            for resource in ("/system/status", "/system/time", "/network/interfaces"):
                assert (await asyncio.to_thread(client_of_it.get, resource)).status == 200

    asyncio.run(run())
