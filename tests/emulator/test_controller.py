"""The protocol, row by row: what is published on `/controller`, and what the controller publishes then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundlekit.emulator.controller import TOPICS, Controller

Message = dict[str, Any]
REGISTRATION = "/controller/registration"
DEPENDENCY = "/controller/resource/dependency"


@dataclass(frozen=True)
class Step:
    """Something happens; `expected` of None means that another case looks at what comes of it."""

    given: Message | bytes | None
    expected: tuple[tuple[str, Message], ...] | None
    at: float = 0.0
    topic: str = "/controller"


def send(given: Message | bytes, *expected: tuple[str, Message], at: float = 0.0) -> Step:
    return Step(given, expected, at)


def time_passes(until: float, *expected: tuple[str, Message]) -> Step:
    return Step(None, expected, until)


def registers(name: str, *resources: str, role: str = "model", ttl: float = 5) -> Step:
    return Step(post(name=name, role=role, resources=list(resources), ttl=ttl), None)


def post(without: str = "", **fields: Any) -> Message:
    data = {
        "name": "alpha",
        "description": "d",
        "role": "model",
        "ttl": 5,
        "resources": ["/alpha", "/alpha/+"],
        "tunnel": "mine",
        "hook": [],
        **fields,
    }
    data.pop(without, None)
    return {"id": 1, "method": "post", "resource": REGISTRATION, "tunnel": "mine", "data": data}


def delete(name: str) -> Message:
    return {**post(name=name), "id": 16730, "method": "delete"}


def controller_says(code: int, method: str, resource: str, data: Any = None, number: int = 1) -> Message:
    answer = {"id": number, "code": code, "method": method, "resource": resource, "sign": ["controller"]}
    return answer if data is None else {**answer, "data": data}


def registration(code: int, data: Any = None) -> Message:
    return controller_says(code, "POST", REGISTRATION, data)


def echoed(message: Message) -> tuple[str, Message]:
    return (REGISTRATION, message)


def ask(resource: str, number: Any = 7, **fields: Any) -> Message:
    return {"id": number, "method": "get", "resource": resource, **fields}


def reply(resource: str, number: Any = 7, **fields: Any) -> Message:
    return {"id": number, "method": "get", "resource": resource, "code": 200, "sign": ["alpha"], **fields}


REMOVED = {
    "id": 16730,
    "code": 200,
    "method": "DELETE",
    "resource": REGISTRATION,
    "sign": ["controller"],
}
NO_MODEL = {"message": "request forbidden", "log": "resource has no subscribed model"}
TOO_LATE = {"message": "session failed due to ttl expired ."}
NOT_ALLOWED = {"message": "method not allowed"}
REST = registers("rest", "/#", role="view")  # the first to register has the tunnel t1
ALPHA = registers("alpha", "/alpha", "/alpha/+")
UNKNOWN_NAME = f"{REGISTRATION}/nobody"

CASES: Mapping[str, list[Step]] = {
    "a registration is answered with a tunnel and echoed": [
        send(post(), echoed(post()), ("mine", registration(200, {"tunnel": "t1"})))
    ],
    "a registration needs neither tunnel nor hook in its data": [
        send(
            {**post("tunnel"), "data": {k: v for k, v in post("tunnel")["data"].items() if k != "hook"}},
            echoed({**post("tunnel"), "data": {k: v for k, v in post("tunnel")["data"].items() if k != "hook"}}),
            ("mine", registration(200, {"tunnel": "t1"})),
        )
    ],
    "an unknown name can be removed, and the answer has no data": [
        send(delete("nobody"), echoed(delete("nobody")), ("mine", REMOVED)),
    ],
    "a removed name can be registered again, on another tunnel": [
        ALPHA,
        send(delete("alpha"), echoed(delete("alpha")), ("mine", REMOVED)),
        send(post(), echoed(post()), ("mine", registration(200, {"tunnel": "t2"}))),
    ],
    "a request goes to the model as it came, its answer to the view": [
        REST,
        ALPHA,
        send(ask("/alpha", data={"x": 1}), ("t2", ask("/alpha", data={"x": 1}))),
        send(reply("/alpha", data=[1]), ("t1", reply("/alpha", data=[1]))),
    ],
    "the query string takes no part in the matching and stays in the resource": [
        REST,
        ALPHA,
        send(ask("/alpha/7?x=/1"), ("t2", ask("/alpha/7?x=/1"))),
        send(reply("/alpha/7?x=/1"), ("t1", reply("/alpha/7?x=/1"))),
    ],
    "an answer goes to every view that matches": [
        REST,
        ALPHA,
        registers("watcher", "/alpha", role="view"),
        registers("elsewhere", "/beta", role="view"),
        send(ask("/alpha"), ("t2", ask("/alpha"))),
        send(reply("/alpha"), ("t1", reply("/alpha")), ("t3", reply("/alpha"))),
    ],
    "the answer to a direct request goes to its tunnel alone": [
        REST,
        ALPHA,
        send(ask("/alpha", tunnel="mine"), ("t2", ask("/alpha", tunnel="mine"))),
        send(reply("/alpha"), ("mine", reply("/alpha"))),
    ],
    "views match, no model does: forbidden, the method in upper case": [
        REST,
        send(ask("/beta"), ("t1", controller_says(403, "GET", "/beta", NO_MODEL, 7))),
    ],
    "a direct request for what no model has is told so on its tunnel": [
        REST,
        send(
            ask("/beta", tunnel="mine"),
            ("mine", controller_says(403, "GET", "/beta", NO_MODEL, 7)),
        ),
    ],
    "nobody at all matches: not found, no data": [
        ALPHA,
        send(ask("/beta", tunnel="mine"), ("mine", controller_says(404, "GET", "/beta", number=7))),
    ],
    "the dependency resource is asked over its topic": [
        send(
            ask(DEPENDENCY, tunnel="mine", method="put"),
            (DEPENDENCY, ask(DEPENDENCY, tunnel="mine", method="put")),
            ("mine", controller_says(405, "PUT", DEPENDENCY, NOT_ALLOWED, 7)),
        ),
    ],
    "a request that nobody could hear the answer to is dropped": [send(ask("/beta"))],
    "a view gets no request": [
        registers("watcher", "/alpha", role="view"),
        send(ask("/alpha"), ("t1", controller_says(403, "GET", "/alpha", NO_MODEL, 7))),
    ],
    "a removed model gets no more requests": [
        REST,
        ALPHA,
        Step(delete("alpha"), None),
        send(ask("/alpha"), ("t1", controller_says(403, "GET", "/alpha", NO_MODEL, 7))),
    ],
    "a model that does not answer within its ttl is given up, and its late answer dropped": [
        REST,
        ALPHA,
        send(ask("/alpha"), ("t2", ask("/alpha")), at=10.0),
        time_passes(14.9),
        time_passes(15.0, ("t1", controller_says(408, "GET", "/alpha", TOO_LATE, 7))),
        time_passes(20.0),
        send(reply("/alpha"), at=21.0),
    ],
    "a direct request that runs out of time is told so on its tunnel": [
        REST,
        ALPHA,
        send(ask("/alpha", tunnel="mine"), ("t2", ask("/alpha", tunnel="mine"))),
        time_passes(5.0, ("mine", controller_says(408, "GET", "/alpha", TOO_LATE, 7))),
    ],
    "an answered request does not run out of time": [
        REST,
        ALPHA,
        send(ask("/alpha"), ("t2", ask("/alpha"))),
        send(reply("/alpha"), ("t1", reply("/alpha")), at=4.0),
        time_passes(5.0),
    ],
    "an event goes to every view that matches and to no model": [
        REST,
        ALPHA,
        registers("watcher", "/alpha/+", role="view"),
        send(
            {"code": 200, "method": "put", "resource": "/alpha/7", "data": 1},
            ("t1", {"code": 200, "method": "put", "resource": "/alpha/7", "data": 1}),
            ("t3", {"code": 200, "method": "put", "resource": "/alpha/7", "data": 1}),
        ),
    ],
    "what has neither id nor sign is an event, whatever else it lacks": [
        REST,
        send({"resource": "/x"}, ("t1", {"resource": "/x"})),
        send({"id": 0, "method": "get", "resource": "/x"}, ("t1", {"id": 0, "method": "get", "resource": "/x"})),
    ],
    "a response that nobody waits for is dropped": [REST, ALPHA, send(reply("/alpha"))],
    "what no component would send is dropped": [
        REST,
        ALPHA,
        send(ask("/alpha", method=["get"])),
        send(ask("/alpha", method=5)),
    ],
    "a number that JSON does not know is no message": [
        REST,
        send(b'{"id": 1, "method": "get", "resource": "/x", "data": NaN}'),
    ],
    "what is no JSON object is dropped": [
        REST,
        send(b"nonsense"),
        send(b"[1]"),
        send(b"null"),
        send(b""),
        send(b"\xff\xfe\xfd"),
        send(b"[" * 100_000),
    ],
    "what names no resource is dropped": [
        REST,
        send({"id": 1, "method": "get"}),
        send({"id": 1, "method": "get", "resource": 5}),
    ],
    "a tunnel that no broker would take gets nothing": [
        ALPHA,
        *(send(ask("/beta", tunnel=tunnel)) for tunnel in ("#", "a/+", "\0", "\ud800", "x" * 65536, 5, {"a": 1})),
    ],
    "what the controller echoes does not come back to it as a request": [
        Step(post(), (), topic=REGISTRATION),
        Step(post(), (), topic="/controller/resource/dependency"),
        send(post(), echoed(post()), ("mine", registration(200, {"tunnel": "t1"}))),
    ],
}


@pytest.mark.parametrize("steps", CASES.values(), ids=CASES.keys())
def test_controller_keeps_to_the_protocol(steps: list[Step]) -> None:
    numbers = count(1)
    controller = Controller(new_tunnel=lambda: f"t{next(numbers)}")
    for step in steps:
        assert step.topic in TOPICS
        if step.given is None:
            published = controller.expire(step.at)
        else:
            payload = step.given if isinstance(step.given, bytes) else json.dumps(step.given).encode()
            published = controller.feed(step.topic, payload, step.at)
        found = tuple((outgoing.topic, json.loads(outgoing.payload)) for outgoing in published)
        assert step.expected is None or found == step.expected


NESTED = b"[" * 990 + b"]" * 990
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)
FIELDS = {
    "id": ANYTHING | st.just(7),
    "method": ANYTHING | st.sampled_from(["get", "post", "delete"]),
    "resource": ANYTHING | st.sampled_from(["/alpha", "/alpha/7?x", REGISTRATION, UNKNOWN_NAME]),
    "tunnel": ANYTHING | st.just("mine"),
    "code": ANYTHING | st.just(200),
    "sign": ANYTHING | st.just(["alpha"]),
    "data": ANYTHING
    | st.fixed_dictionaries({}, optional={key: ANYTHING | st.just(value) for key, value in post()["data"].items()}),
}


@given(messages=st.lists(st.fixed_dictionaries({}, optional=FIELDS), min_size=1, max_size=6))
def test_no_message_upsets_the_controller(messages: list[Message]) -> None:
    controller = Controller()
    for message in messages:
        for outgoing in controller.feed("/controller", json.dumps(message).encode(), 0.0):
            assert outgoing.topic
            assert not set("+#\0") & set(outgoing.topic)
            assert isinstance(json.loads(outgoing.payload), dict)
    controller.expire(1e400)
    assert controller.deadline is None


@pytest.mark.parametrize("key", ["id", "method", "resource", "tunnel", "sign", "code", "data"])
def test_deep_nesting_upsets_nobody(key: str) -> None:
    controller = Controller()
    for kind in (post(), ask("/alpha", tunnel="mine"), reply("/alpha")):
        payload = json.dumps({**kind, key: "NESTED"}).encode().replace(b'"NESTED"', NESTED)
        controller.feed("/controller", payload, 0.0)


@pytest.mark.parametrize("key", ["name", "description", "role", "ttl", "resources", "hook"])
def test_deep_nesting_in_a_registration_upsets_nobody(key: str) -> None:
    payload = json.dumps(post(**{key: "NESTED"})).encode().replace(b'"NESTED"', NESTED)
    Controller().feed("/controller", payload, 0.0)


def test_tunnel_is_a_decimal_number_of_its_own() -> None:
    controller = Controller()
    for name in ("a", "b", "c"):
        controller.feed("/controller", json.dumps(post(name=name)).encode(), 0.0)
    tunnels = {component.tunnel for component in controller.components.values()}
    assert len(tunnels) == 3
    assert all(tunnel.isdecimal() for tunnel in tunnels)


def test_deadline_is_that_of_the_request_which_runs_out_first() -> None:
    controller = Controller()
    for name, ttl in (("slow", 60), ("quick", 5)):
        registered = post(name=name, resources=[f"/{name}"], ttl=ttl)
        controller.feed("/controller", json.dumps(registered).encode(), 0.0)
    assert controller.deadline is None
    for number, name in enumerate(("slow", "quick"), start=1):
        controller.feed("/controller", json.dumps(ask(f"/{name}", number, tunnel="x")).encode(), 10.0)
    assert controller.deadline == 15.0
    controller.expire(15.0)
    assert controller.deadline == 70.0


TICKS = [
    # ttl, asked at, given up at, the same by a strict controller
    (1, 10.0, 11.0, 10.2),
    (1, 10.9, 11.0, 11.1),
    (3, 10.3, 13.0, 12.3),
    (0, 10.3, 11.0, 10.5),
    (0.5, 10.3, 11.0, 10.5),
    (-1, 10.3, 11.0, 10.5),
    (2.9, 10.3, 12.0, 11.3),
    (1e300, 10.0, 10.0 + 2**31 - 1, 10.0 + 2**31 - 2),
]


@pytest.mark.parametrize(("ttl", "asked", "due", "strictly"), TICKS)
def test_ttl_is_counted_down_by_whole_seconds(ttl: float, asked: float, due: float, strictly: float) -> None:
    for strict, expected in ((False, due), (True, strictly)):
        controller = Controller(strict=strict)
        controller.feed("/controller", json.dumps(post(ttl=ttl)).encode(), 0.0)
        controller.feed("/controller", json.dumps(ask("/alpha", tunnel="mine")).encode(), asked)
        assert controller.deadline == pytest.approx(expected)


def test_strict_controller_lets_the_first_of_several_answers_count_within_a_step() -> None:
    for strict, expected in ((False, {"who": "two", "hook": "after"}), (True, {"who": "one", "hook": "after"})):
        controller = Controller(strict=strict)
        for name in ("one", "two"):
            controller.feed("/controller", json.dumps(post(name=name, resources=["/alpha"])).encode(), 0.0)
        after = post(name="after", resources=["/after"], hook=["one"])
        controller.feed("/controller", json.dumps(after).encode(), 0.0)
        controller.feed("/controller", json.dumps(ask("/alpha", method="put", tunnel="mine")).encode(), 0.0)
        for data in ({"who": "one"}, {"who": "two", "hook": "before"}, {"hook": "after"}):
            sent = controller.feed("/controller", json.dumps(reply("/alpha", method="put", data=data)).encode(), 0.0)
        assert [(one.topic, json.loads(one.payload)["data"]) for one in sent] == [("mine", expected)]


def test_hooks_that_hook_each_other_are_asked_once() -> None:
    controller = Controller()
    for name, hook in (("alpha", ["beta", "alpha"]), ("beta", ["alpha"])):
        controller.feed("/controller", json.dumps(post(name=name, resources=[f"/{name}"], hook=hook)).encode(), 0.0)
    sent = controller.feed("/controller", json.dumps(ask("/alpha", method="put")).encode(), 0.0)
    sent += controller.feed("/controller", json.dumps(reply("/alpha", method="put")).encode(), 0.0)
    sent += controller.feed("/controller", json.dumps(reply("/alpha", method="put")).encode(), 0.0)
    tunnels = [controller.components[name].tunnel for name in ("alpha", "beta")]
    assert [one.topic for one in sent] == tunnels
    assert controller.deadline is None


def test_long_name_is_cut_and_hooked_by_any_that_is_cut_alike() -> None:
    controller = Controller()
    name = "ü" * 20
    controller.feed("/controller", json.dumps(post(name=name, resources=["/a"])).encode(), 0.0)
    controller.feed("/controller", json.dumps(post(name="h", resources=["/h"], hook=[name + "x"])).encode(), 0.0)
    (cut, hooking) = controller.components.values()
    assert len(cut.name) == 16
    assert hooking.hook == (cut.name,)
