"""Bundles on the unmodified SDK against our controller and REST front, on each side where they can run.

The sides: Python 2.7 over mosquitto on the booted gateway, and this Python with the bridge, over the embedded broker
and over mosquitto. What a bundle answers and logs has to be the same on all of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.emulator.sides import SIDES, Side, wait_until

# Without its random wait of up to five seconds, which a bundle may set as it likes.
INDEX = """
import logging
import os
import time

from sanji.connection.mqtt import Mqtt
from sanji.core import Route
from sanji.core import Sanji
from voluptuous import Schema


class Sample(Sanji):

    def init(self, *args, **kwargs):
        self.reg_delay = 0
        self.heard = []

HANDLERS

if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, format="%(asctime)s - %(levelname)s - %(lineno)s - %(message)s")
    Sample(connection=Mqtt()).start()
"""


@dataclass(frozen=True)
class Sample:
    """A bundle: what its manifest says, and its handlers."""

    resources: tuple[str, ...]
    handlers: str
    ttl: float = 60
    views: tuple[str, ...] = ()
    hook: tuple[str, ...] = ()

    def write(self, name: str, folder: Path) -> None:
        models = [{"methods": ["get"], "resource": resource} for resource in self.resources]
        views = [{"methods": ["put"], "resource": resource, "role": "view"} for resource in self.views]
        manifest = {
            "name": name,
            "version": "0.0.1",
            "description": "a sample",
            "hook": list(self.hook),
            "role": "model",
            "ttl": self.ttl,
            "resources": models + views,
        }
        folder.mkdir()
        (folder / "bundle.json").write_text(json.dumps(manifest))
        (folder / "index.py").write_text(INDEX.replace("HANDLERS", self.handlers))


TELLS_PID = """
    @Route(methods="get", resource="/sdk/NAME")
    def get(self, message, response):
        return response(data={"pid": os.getpid()})
"""

TWIN = """
    @Route(methods="get", resource="/sdk/twin")
    def get(self, message, response):
        return response(data={"NAME": os.getpid()})
"""

SAMPLES = {
    "sdk-params": Sample(
        ("/sdk/params/:id/x/:other",),
        """
    @Route(methods="get", resource="/sdk/params/:id/x/:other")
    def get(self, message, response):
        return response(data={"param": message.param, "query": message.query})
""",
    ),
    "sdk-raises": Sample(
        ("/sdk/raises",),
        """
    @Route(methods="get", resource="/sdk/raises")
    def get(self, message, response):
        raise ValueError("oh")
""",
    ),
    "sdk-schema": Sample(
        ("/sdk/schema",),
        """
    @Route(methods="post", resource="/sdk/schema", schema=Schema({"key": int}, required=True))
    def post(self, message, response):
        return response(code=201, data=message.data)
""",
    ),
    "sdk-slow": Sample(
        ("/sdk/slow/:seconds",),
        """
    @Route(methods="get", resource="/sdk/slow/:seconds")
    def get(self, message, response):
        time.sleep(int(message.param["seconds"]))
        return response(data="at last")
""",
        ttl=2,
    ),
    "sdk-twin-one": Sample(("/sdk/twin",), TWIN.replace("NAME", "one")),
    "sdk-twin-two": Sample(("/sdk/twin",), TWIN.replace("NAME", "two")),
    "sdk-hooked": Sample(
        ("/sdk/hooked",),
        """
    @Route(methods="get", resource="/sdk/hooked")
    def get(self, message, response):
        return response(data={"own": True})

    @Route(methods="put", resource="/sdk/hooked")
    def put(self, message, response):
        answer = self.publish.direct.get("/sdk/hooked") if message.data.get("ask") else None
        data = {"own": True, "asked": [answer.code, answer.data] if answer else None}
        return response(data=dict(message.data, **data))
""",
    ),
    "sdk-hooks": Sample(
        ("/sdk/hooks",),
        """
    @Route(methods="put", resource="/sdk/hooked")
    def hook(self, message, response):
        if message.data.get("refuse"):
            return response(code=409, data={"message": "not so", "heard": message.data})
        if message.data.get("wait"):
            time.sleep(3)
        return response(data={"hook": message.data["own"]})
""",
        ttl=2,
        hook=("sdk-hooked",),
    ),
    "s" * 31: Sample(("/sdk/long",), TELLS_PID.replace("NAME", "long"), views=("/sdk/other",)),
    "sdk-mortal": Sample(("/sdk/mortal",), TELLS_PID.replace("NAME", "mortal"), ttl=2),
    "sdk-again": Sample(("/sdk/again",), TELLS_PID.replace("NAME", "again")),
    "sdk-asks": Sample(
        ("/sdk/asks",),
        """
    @Route(methods="get", resource="/sdk/asks")
    def get(self, message, response):
        answers = [
            self.publish.direct.get("/sdk/params/1/x/2"),
            self.publish.direct.get("/sdk/nobody"),
        ]
        return response(data=[[answer.code, answer.data] for answer in answers])
""",
    ),
    "sdk-tells": Sample(
        ("/sdk/tells",),
        """
    @Route(methods="put", resource="/sdk/tells")
    def put(self, message, response):
        self.publish.event.put("/sdk/news", data=message.data)
        return response()
""",
    ),
    "sdk-listens": Sample(
        ("/sdk/listens",),
        """
    @Route(methods="put", resource="/sdk/news")
    def news(self, message):
        self.heard.append(message.data)

    @Route(methods="get", resource="/sdk/listens")
    def get(self, message, response):
        return response(data=self.heard)
""",
        views=("/sdk/news",),
    ),
}


@pytest.fixture(scope="module", params=SIDES)
def side(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    """A side with all samples registered."""
    with SIDES[request.param](request) as side:
        folder = tmp_path_factory.mktemp("samples")
        for name, sample in SAMPLES.items():
            sample.write(name, folder / name)
        side.put(folder)
        for name in SAMPLES:
            side.start(name)
        yield side


def test_path_parameters_and_query_reach_the_handler(side: Side) -> None:
    status, body = side.api("GET", "/sdk/params/7/x/a-b?q=1&flag")
    assert (status, body) == (200, {"param": {"id": "7", "other": "a-b"}, "query": {"q": "1", "flag": True}})


@pytest.mark.parametrize("path", ["/sdk/params/7/x", "/sdk/params/7/x/", "/sdk/params/7/x/1/2", "/sdk/nobody"])
def test_unowned_path_is_forbidden_not_unknown(side: Side, path: str) -> None:
    status, body = side.api("GET", path)
    assert (status, body) == (
        403,
        {"message": "request forbidden", "log": "resource has no subscribed model"},
    )


def test_method_without_a_handler_is_unknown_to_the_bundle(side: Side) -> None:
    status, body = side.api("PUT", "/sdk/asks", {"a": 1})
    assert (status, body) == (404, {"message": "Route '/sdk/asks' not found."})


def test_handler_that_raises_answers_500_with_the_sdks_traceback(side: Side) -> None:
    status, body = side.api("GET", "/sdk/raises")
    assert (status, body["message"]) == (500, "Internal Error.")
    assert "index.py" in body["traceback"]


def test_schema_of_a_route_decides_over_the_body(side: Side) -> None:
    assert side.api("POST", "/sdk/schema", {"key": 1}) == (201, {"key": 1})
    status, body = side.api("POST", "/sdk/schema", {"key": "text"})
    assert status == 400
    # Python 2 writes u'key'.
    assert body["message"].replace("u'", "'") == "expected int for dictionary value @ data['key']"


def test_handler_slower_than_its_ttl_is_given_up_and_its_late_answer_disturbs_nobody(side: Side) -> None:
    late = (408, {"message": "session failed due to ttl expired ."})
    assert side.api("GET", "/sdk/slow/3") == late
    assert side.api("GET", "/sdk/slow/0") == (200, "at last")


def test_two_bundles_on_a_resource_are_both_asked_and_merged(side: Side) -> None:
    pids = {"one": side.pid("sdk-twin-one"), "two": side.pid("sdk-twin-two")}
    assert side.api("GET", "/sdk/twin") == (200, pids)
    # One that has no handler decides.
    assert side.api("DELETE", "/sdk/twin") == (404, {"message": "Route '/sdk/twin' not found."})


def test_hook_is_told_of_a_change_and_has_its_say(side: Side) -> None:
    answer = {"x": 1, "own": True, "asked": None, "hook": True}
    assert side.api("PUT", "/sdk/hooked", {"x": 1}) == (200, answer)
    assert side.api("GET", "/sdk/hooked") == (200, {"own": True})
    status, body = side.api("PUT", "/sdk/hooked", {"refuse": True})
    assert (status, body) == (409, {"message": "not so", "heard": {"refuse": True, "own": True, "asked": None}})


def test_silent_hook_makes_it_408(side: Side) -> None:
    assert side.api("PUT", "/sdk/hooked", {"wait": True})[0] == 408


def test_bundle_that_asks_itself_during_its_put_gets_423(side: Side) -> None:
    wait_until(lambda: side.api("PUT", "/sdk/hooked", {"x": 1})[0] == 200)
    status, body = side.api("PUT", "/sdk/hooked", {"ask": True})
    assert (status, body["asked"]) == (200, [423, {"message": "resource is locked"}])


def test_view_half_of_a_name_of_31_takes_the_model_away(side: Side) -> None:
    assert f"Register successfully {'s' * 31} tunnel" in side.log("s" * 31)
    assert side.api("GET", "/sdk/long")[0] == 403


def test_killed_bundle_stays_registered_until_its_next_start(side: Side) -> None:
    assert side.api("GET", "/sdk/mortal") == (200, {"pid": side.pid("sdk-mortal")})
    side.kill("sdk-mortal")
    assert side.api("GET", "/sdk/mortal")[0] == 408
    reborn = side.start("sdk-mortal")
    assert side.api("GET", "/sdk/mortal") == (200, {"pid": reborn})


def test_second_instance_takes_the_registration_over(side: Side) -> None:
    first, second = side.pid("sdk-again"), side.start("sdk-again")
    for _ in range(5):
        assert side.api("GET", "/sdk/again") == (200, {"pid": second})
    assert side.lives(first)


def test_bundle_asks_another_directly(side: Side) -> None:
    status, body = side.api("GET", "/sdk/asks")
    forbidden = {"message": "request forbidden", "log": "resource has no subscribed model"}
    assert status == 200
    assert body == [[200, {"param": {"id": "1", "other": "2"}, "query": {}}], [403, forbidden]]


def test_event_of_one_bundle_reaches_the_view_of_another(side: Side) -> None:
    assert side.api("PUT", "/sdk/tells", {"news": 1}) == (200, None)
    wait_until(lambda: side.api("GET", "/sdk/listens") == (200, [{"news": 1}]))


# As the sample logs it on the original programs; numbers of tunnels and the like are told apart.
REGISTERING = [
    "Connection established with result code 0",
    "Deregister successfully sdk-listens tunnel: None",
    "Deregister successfully sdk-listens-view tunnel: None",
    "Register successfully sdk-listens tunnel: N",
    "Register successfully sdk-listens-view tunnel: N",
]


def test_log_has_the_words_of_the_original_in_their_order(side: Side) -> None:
    words = []
    for line in side.log("sdk-listens").splitlines():
        if found := re.fullmatch(r"\S+ \S+ - DEBUG - \d+ - ((?:Conn|Dereg|Reg).*)", line):
            words.append(re.sub(r"\d{5,}", "N", found[1]))
    assert words[: len(REGISTERING)] == REGISTERING
