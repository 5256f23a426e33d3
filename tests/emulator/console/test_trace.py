"""The trace: what the controller got and published, as rows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundlekit.emulator.console.row import Row, RowState
from bundlekit.emulator.console.trace import Trace
from bundlekit.emulator.controller import TOPIC, Controller
from bundlekit.emulator.messages import Outgoing
from tests.rotation import examples

Message = dict[str, Any]


class Traced:
    """A controller that is traced, with a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.controller = Controller()
        self.trace = Trace(self.controller, clock=lambda: 1_700_000_000 + self.now)

    def get(self, message: Message | bytes, after: float = 0.0) -> list[Outgoing]:
        """Let a message come to the controller."""
        self.now += after
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        outgoing = self.controller.feed(TOPIC, payload, self.now)
        self.trace.observe(self.now, TOPIC, payload, outgoing)
        return outgoing

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.trace.expire(self.now, self.controller.expire(self.now))

    def register(self, name: str, *resources: str, role: str = "model", **more: Any) -> None:
        data = {"name": name, "description": "d", "role": role, "ttl": 5, "resources": list(resources), **more}
        direct = {"id": 1, "resource": "/controller/registration", "tunnel": f"made-up-by-{name}"}
        self.get({**direct, "method": "post", "data": data})

    @property
    def rows(self) -> list[Row]:
        return sorted(self.trace.rows(), key=lambda row: row.number)

    @property
    def last(self) -> Row:
        return self.rows[-1]


@pytest.fixture
def traced() -> Traced:
    """With a bundle and a view on everything."""
    traced = Traced()
    traced.register("rest", "/#", role="view")
    traced.register("heater", "/heater", "/heater/+", version="1.2.0")
    return traced


REQUEST = {"id": 7, "method": "get", "resource": "/heater?x=1"}
ANSWER = {**REQUEST, "code": 200, "sign": ["heater"], "data": {"on": True}}


def test_request_and_answer_are_one_row_with_all_messages_in_between(traced: Traced) -> None:
    traced.get(REQUEST)
    row = traced.last
    assert (row.state, row.method, row.resource, row.to) == (RowState.WAITING, "GET", "/heater?x=1", ["heater"])
    assert traced.trace.waiting_for("heater") == 1
    traced.get(ANSWER, after=0.25)
    assert traced.last is row
    assert (row.state, row.code, row.answered_by, row.duration) == (RowState.ANSWERED, 200, "heater", 0.25)
    tunnels = {name: one.tunnel for name, one in traced.controller.components.items()}
    assert [(one.sent, one.topic, one.who, one.after) for one in row.messages] == [
        (False, TOPIC, "", 0),
        (True, tunnels["heater"], "heater", 0),
        (False, TOPIC, "heater", 0.25),
        (True, tunnels["rest"], "rest", 0.25),
    ]
    assert traced.trace.waiting_for("heater") == 0


def test_second_request_with_an_id_in_flight_leaves_the_first_row_alone(traced: Traced) -> None:
    traced.get(REQUEST)
    traced.get(REQUEST, after=1)
    traced.get(ANSWER, after=1)
    first, second = traced.rows[-2:]
    assert (first.state, first.code, first.duration, first.answered_by) == (RowState.ANSWERED, 200, 2.0, "heater")
    assert (second.state, second.code, second.answered_by) == (RowState.ANSWERED, 403, "controller")


PUT = {"id": 8, "method": "put", "resource": "/heater", "data": {"on": True}}
PUT_ANSWER = {**PUT, "code": 200, "sign": ["heater"]}


def test_hooks_belong_to_the_row_of_the_change(traced: Traced) -> None:
    traced.register("logger", "/logger", hook=["heater"])
    traced.get(PUT)
    traced.get(PUT_ANSWER, after=0.5)
    row = traced.last
    assert (row.state, row.hooks, traced.trace.waiting_for("heater")) == (RowState.WAITING, ["logger"], 0)
    assert traced.trace.waiting_for("logger") == 1
    traced.get({**PUT_ANSWER, "sign": ["heater", "logger"]}, after=0.5)
    assert (row.state, row.code, row.answered_by, row.note) == (RowState.ANSWERED, 200, "logger", "hooked by logger")
    assert [(one.who, one.sent, one.is_hook) for one in row.messages] == [
        ("", False, False),
        ("heater", True, False),
        ("heater", False, False),
        ("logger", True, True),
        ("logger", False, False),
        ("rest", True, False),
    ]


def test_silent_hook_is_the_one_that_timed_out(traced: Traced) -> None:
    traced.register("logger", "/logger", hook=["heater"])
    traced.get(PUT)
    traced.get(PUT_ANSWER)
    traced.wait(6)
    assert traced.last.state is RowState.EXPIRED
    silent = {one.component.name for one in traced.trace.registry.registered if one.silent}
    assert silent == {"logger"}


def test_locked_request_says_what_locks_it_and_for_how_long(traced: Traced) -> None:
    traced.register("logger", "/logger", hook=["heater"])
    traced.get(PUT)
    for resource, method in (("/heater/7", "get"), ("/heater", "put"), ("/logger", "get")):
        traced.get({"id": 9, "method": method, "resource": resource}, after=0.4)
        row = traced.last
        assert (row.code, row.note) == (423, f"locked by PUT /heater, {traced.now - 100:.1f} s")
    assert traced.rows[-4].state is RowState.WAITING


def test_whoever_asks_is_known_by_tunnel_by_what_it_registers_or_by_the_numbers_of_the_rest_front(
    traced: Traced,
) -> None:
    assert traced.rows[1].asked_by == "heater"
    tunnel = traced.controller.components["heater"].tunnel
    askers = []
    for more in ({}, {"tunnel": tunnel}, {"tunnel": "unheard-of"}, {"id": 2**20}):
        traced.get({**REQUEST, **more})
        askers.append(traced.last.asked_by)
    assert askers == ["", "heater", "unheard-of", "rest"]


def test_silence_past_ttl_is_an_expired_row_and_the_answer_after_it_belongs_there_too(traced: Traced) -> None:
    traced.get(REQUEST)
    traced.wait(6)
    row = traced.last
    assert (row.state, row.code, row.answered_by, row.duration) == (RowState.EXPIRED, 408, "controller", 6)
    assert traced.trace.registry.registered[1].silent == 1_700_000_106
    traced.get(ANSWER, after=1)
    assert traced.last is row
    assert (row.state, row.code, row.note, len(row.messages)) == (RowState.EXPIRED, 408, "the answer came too late", 4)


def test_request_of_somebody_who_cannot_be_told_expires_too(traced: Traced) -> None:
    traced.get({**REQUEST, "tunnel": "#"})
    traced.wait(6)
    assert traced.last.state is RowState.EXPIRED


def test_second_model_on_a_resource_answers_into_the_same_row(traced: Traced) -> None:
    traced.register("cooler", "/heater")
    traced.get(REQUEST)
    traced.get({**ANSWER, "sign": ["cooler"]})
    traced.get(ANSWER)
    row = traced.last
    assert (row.to, row.answered_by, row.note) == (["heater", "cooler"], "heater", "merged from 2 answers")
    assert all(one.answered for one in traced.trace.registry.registered if one.component.role == "model")


@pytest.mark.parametrize(
    ("message", "state", "note"),
    [
        (b"\xff\x00", RowState.DROPPED, "the original drops this message: not UTF-8"),
        (b'{"data": 9223372036854775808}', RowState.DROPPED, "the original drops this message: an integer over 2^63"),
        ({"id": 3, "method": "get"}, RowState.DROPPED, "not a message: it has no resource"),
        ({"id": [], "method": "get", "resource": "/heater", "sign": ["x"]}, RowState.DROPPED, "nobody listens to it"),
        ({"id": "3", "method": "get", "resource": "/heater"}, RowState.EVENT, ""),
        ({**ANSWER, "id": 99}, RowState.DROPPED, "an answer that nobody waited for"),
        ({"code": 200, "method": "put", "resource": "/heater", "data": 1}, RowState.EVENT, ""),
        ({"id": 3, "method": "get", "resource": "/nobody"}, RowState.ANSWERED, ""),
    ],
)
def test_what_is_no_request_to_a_model_is_a_row_too(
    traced: Traced, message: Message | bytes, state: RowState, note: str
) -> None:
    traced.get(message)
    assert (traced.last.state, traced.last.note) == (state, note)


def test_components_are_known_since_they_registered_and_until_they_leave(traced: Traced) -> None:
    registry = traced.trace.registry
    assert [(one.component.name, one.since, one.version) for one in registry.registered] == [
        ("rest", 1_700_000_100, ""),
        ("heater", 1_700_000_100, "1.2.0"),
    ]
    traced.now += 60
    traced.register("cooler", "/cooler")
    assert [one.since for one in registry.registered] == [1_700_000_100, 1_700_000_100, 1_700_000_160]
    leave = {"id": 2, "method": "delete", "resource": "/controller/registration/heater", "tunnel": "t"}
    traced.get(leave)
    assert [one.component.name for one in registry.registered] == ["rest", "cooler"]


@pytest.mark.parametrize(
    "resources",
    [None, "x", [3], [{"resource": 3}], [{"resource": "/a", "methods": 3}], [{"resource": "/a", "methods": [3]}]],
)
def test_bundle_json_in_any_shape_is_taken(traced: Traced, resources: Any) -> None:
    traced.trace.registry.declare({"name": "heater", "resources": resources})
    assert all(not one.methods for one in traced.trace.registry.declared["heater"])


def test_old_rows_go_by_number_and_by_bytes(traced: Traced) -> None:
    for number in range(1, 2500):
        traced.get({**REQUEST, "id": number})
    assert len(traced.rows) == 2000
    assert traced.trace.waiting_for("heater") == 2000
    for number in range(1, 40):
        traced.get({**REQUEST, "id": number, "data": "x" * 2**20})
    assert sum(row.size for row in traced.rows) <= 16 * 2**20
    assert traced.trace.row(1) is None


def test_answers_without_end_do_not_make_a_row_without_end(traced: Traced) -> None:
    traced.get(REQUEST)
    for _ in range(100):
        traced.get(ANSWER)
    assert (len(traced.last.messages), traced.last.left_out) == (40, 63)


IDS: st.SearchStrategy[Any] = st.sampled_from([None, 0, 1, 2, True, 1.0, "1", [], {}, 2**20])
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "/heater", "/heater/3", "/controller/registration", 3, [], "rest", "\udcff"]
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "id": IDS,
        "method": st.sampled_from(["get", "post", "delete", 3, None]),
        "resource": VALUES,
        "code": st.sampled_from([200, "200", None, [1], {}]),
        "sign": st.sampled_from([["heater"], [], [[]], "heater", [3]]),
        "tunnel": VALUES,
        "data": st.sampled_from([{"name": "heater"}, {"name": []}, 3, None]),
    },
)


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.one_of(MESSAGES, st.just("wait")), max_size=25))
def test_nothing_that_components_say_brings_it_out_of_step(messages: list[Any]) -> None:
    traced = Traced()
    traced.register("rest", "/#", role="view")
    traced.register("heater", "/heater", "/heater/+")
    for message in messages:
        if message == "wait":
            traced.wait(6)
        else:
            traced.get(message)
    traced.wait(60)
    assert not any(row.state is RowState.WAITING for row in traced.rows)
    assert traced.trace.waiting_for("heater") == 0
