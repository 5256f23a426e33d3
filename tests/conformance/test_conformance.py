"""Each case on the controller alone, and over each broker."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bundlekit.emulator.address import SocketAddress
from bundlekit.emulator.broker import EmbeddedBroker
from bundlekit.emulator.service import ControllerService
from tests.conformance.case import Scenario
from tests.conformance.messages import DROPPED, IDS, MATCHING
from tests.conformance.playing import Alone, expected, over_broker
from tests.conformance.registration import MODEL_ON_EVERYTHING, REGISTRATION
from tests.conformance.routing import DEPENDENCIES, HOOKS, LOCKS, SEVERAL
from tests.emulator.conftest import Mosquitto

SCENARIOS = {
    "dependencies": DEPENDENCIES,
    "dropped": DROPPED,
    "hooks": HOOKS,
    "ids": IDS,
    "locks": LOCKS,
    "matching": MATCHING,
    "model-on-everything": MODEL_ON_EVERYTHING,
    "registration": REGISTRATION,
    "several": SEVERAL,
}
CASES = [(name, title) for name, scenario in SCENARIOS.items() for title in scenario.cases]


@pytest.mark.parametrize(("name", "title"), CASES)
def test_controller_alone(name: str, title: str) -> None:
    scenario = SCENARIOS[name]
    case = scenario.cases[title]
    assert Alone(scenario).play(case) == expected(case)


async def play(address: SocketAddress, scenario: Scenario, broker: EmbeddedBroker | None = None) -> None:
    async with ControllerService(broker or address), over_broker(address, scenario) as player:
        for title, case in scenario.cases.items():
            assert (title, await player.play(case)) == (title, expected(case))


@pytest.mark.parametrize("name", SCENARIOS)
def test_over_the_embedded_broker(name: str) -> None:
    async def run() -> None:
        async with EmbeddedBroker(SocketAddress("127.0.0.1", 0)) as broker:
            await play(broker.address, SCENARIOS[name], broker)

    asyncio.run(run())


@pytest.mark.parametrize("name", SCENARIOS)
def test_over_mosquitto(name: str, tmp_path: Path) -> None:
    mosquitto = Mosquitto(tmp_path)
    mosquitto.start()
    try:
        asyncio.run(play(mosquitto.address, SCENARIOS[name]))
    finally:
        mosquitto.stop()
