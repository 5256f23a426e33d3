"""Bundles on the real SDK under Python 2.7, over mosquitto, against our controller and REST front."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.box import Box

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

    def write(self, name: str, folder: Path) -> None:
        models = [{"methods": ["get"], "resource": resource} for resource in self.resources]
        views = [{"methods": ["put"], "resource": resource, "role": "view"} for resource in self.views]
        manifest = {
            "name": name,
            "version": "0.0.1",
            "description": "a sample",
            "hook": ["/sdk/hooked"],
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
        ttl=1,
    ),
    "sdk-twin-one": Sample(("/sdk/twin",), TELLS_PID.replace("NAME", "twin")),
    "sdk-twin-two": Sample(("/sdk/twin",), TELLS_PID.replace("NAME", "twin")),
    "sdk-mortal": Sample(("/sdk/mortal",), TELLS_PID.replace("NAME", "mortal"), ttl=1),
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


def start(box: Box, name: str) -> int:
    """Start a sample by hand, wait until it is registered; its process."""
    # The words come for the model first, then for the view, or that there is none.
    model, view = f"Register successfully {name} tunnel: [0-9]*$", f"{name}-view \\(no need\\|tunnel\\)"
    wait = f"""
        cd /root/sdk/{name} && : >log
        setsid python index.py >>log 2>&1 </dev/null &
        for i in $(seq 300); do
            if grep -q '{model}' log && grep 'egister' log | grep -q '{view}'; then echo $!; exit; fi
            sleep 0.1
        done
        cat log; exit 1
    """
    return int(box.run(wait).stdout)


@pytest.fixture(scope="module")
def pids(shared_box: Box, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """The processes of the samples, all registered."""
    folder = tmp_path_factory.mktemp("samples") / "sdk"
    folder.mkdir()
    for name, sample in SAMPLES.items():
        sample.write(name, folder / name)
    shared_box.put(folder, "/root/sdk")
    return {name: start(shared_box, name) for name in SAMPLES}


pytestmark = [pytest.mark.gateway, pytest.mark.usefixtures("pids")]


def test_path_parameters_and_query_reach_the_handler(shared_box: Box) -> None:
    status, body = shared_box.api("GET", "/sdk/params/7/x/a-b?q=1&flag")
    assert (status, body) == (200, {"param": {"id": "7", "other": "a-b"}, "query": {"q": "1", "flag": True}})


@pytest.mark.parametrize("path", ["/sdk/params/7/x", "/sdk/params/7/x/", "/sdk/params/7/x/1/2", "/sdk/nobody"])
def test_unowned_path_is_forbidden_not_unknown(shared_box: Box, path: str) -> None:
    status, body = shared_box.api("GET", path)
    assert (status, body) == (
        403,
        {"message": "request forbidden", "log": "resource has no subscribed model"},
    )


def test_method_without_a_handler_is_unknown_to_the_bundle(shared_box: Box) -> None:
    status, body = shared_box.api("PUT", "/sdk/asks", {"a": 1})
    assert (status, body) == (404, {"message": "Route '/sdk/asks' not found."})


def test_handler_that_raises_answers_500_with_the_sdks_traceback(shared_box: Box) -> None:
    status, body = shared_box.api("GET", "/sdk/raises")
    assert (status, body["message"]) == (500, "Internal Error.")
    assert "index.py" in body["traceback"]


def test_schema_of_a_route_decides_over_the_body(shared_box: Box) -> None:
    assert shared_box.api("POST", "/sdk/schema", {"key": 1}) == (201, {"key": 1})
    status, body = shared_box.api("POST", "/sdk/schema", {"key": "text"})
    assert (status, body) == (400, {"message": "expected int for dictionary value @ data[u'key']"})


def test_handler_slower_than_its_ttl_is_given_up_and_its_late_answer_disturbs_nobody(shared_box: Box) -> None:
    late = (408, {"message": "session failed due to ttl expired ."})
    assert shared_box.api("GET", "/sdk/slow/2") == late
    assert shared_box.api("GET", "/sdk/slow/0") == (200, "at last")


def test_two_bundles_on_a_resource_both_get_the_request_and_one_answers(shared_box: Box, pids: dict[str, int]) -> None:
    status, body = shared_box.api("GET", "/sdk/twin")
    assert status == 200
    assert body["pid"] in {pids["sdk-twin-one"], pids["sdk-twin-two"]}
    for name in ("sdk-twin-one", "sdk-twin-two"):
        shared_box.run(f"until grep -q 'sending response' /root/sdk/{name}/log; do sleep 0.1; done", timeout=30)


def test_killed_bundle_stays_registered_until_its_next_start(shared_box: Box, pids: dict[str, int]) -> None:
    assert shared_box.api("GET", "/sdk/mortal") == (200, {"pid": pids["sdk-mortal"]})
    shared_box.run(f"pkill -KILL --session {pids['sdk-mortal']}")
    assert shared_box.api("GET", "/sdk/mortal")[0] == 408
    reborn = start(shared_box, "sdk-mortal")
    assert shared_box.api("GET", "/sdk/mortal") == (200, {"pid": reborn})


def test_second_instance_takes_the_registration_over(shared_box: Box, pids: dict[str, int]) -> None:
    second = start(shared_box, "sdk-again")
    for _ in range(5):
        assert shared_box.api("GET", "/sdk/again") == (200, {"pid": second})
    shared_box.run(f"kill -0 {pids['sdk-again']}")


def test_bundle_asks_another_directly(shared_box: Box) -> None:
    status, body = shared_box.api("GET", "/sdk/asks")
    forbidden = {"message": "request forbidden", "log": "resource has no subscribed model"}
    assert status == 200
    assert body == [[200, {"param": {"id": "1", "other": "2"}, "query": {}}], [403, forbidden]]


def test_event_of_one_bundle_reaches_the_view_of_another(shared_box: Box) -> None:
    assert shared_box.api("PUT", "/sdk/tells", {"news": 1}) == (200, None)
    for _ in range(100):
        if heard := shared_box.api("GET", "/sdk/listens")[1]:
            break
    assert heard == [{"news": 1}]
