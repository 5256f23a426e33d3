"""What a page is told, and that it can digest it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from bundlekit.emulator.bundlelog import BundleLog
from bundlekit.emulator.console.feed import Feed, messages
from tests.emulator.console.test_trace import ANSWER, REQUEST, Traced


@pytest.fixture
def traced() -> Traced:
    traced = Traced()
    traced.register("heater", "/heater", "/heater/+")
    return traced


@pytest.fixture
def log() -> BundleLog:
    return BundleLog()


@pytest.fixture
def feed(traced: Traced, log: BundleLog) -> Iterator[Feed]:
    with Feed(traced.trace, log) as feed:
        yield feed


def test_page_is_told_what_was_before_and_then_what_is_new(traced: Traced, log: BundleLog, feed: Feed) -> None:
    log.add("heater", "before")
    first = feed.portion()
    assert [one["name"] for one in first["components"]] == ["heater"]
    assert [row["method"] for row in first["rows"]] == ["POST"]
    assert [(bundle, text) for bundle, _, text in first["lines"]] == [("heater", "before")]
    assert feed.portion() == {}
    traced.get(REQUEST)
    log.add("heater", "after")
    second = feed.portion()
    assert [row["state"] for row in second["rows"]] == ["waiting"]
    assert [text for _, _, text in second["lines"]] == ["after"]
    traced.get(ANSWER)
    third = feed.portion()
    assert [(row["number"], row["state"]) for row in third["rows"]] == [(second["rows"][0]["number"], "answered")]


def test_more_than_a_page_can_digest_is_left_out_and_counted(traced: Traced, log: BundleLog, feed: Feed) -> None:
    feed.portion()
    for number in range(1, 501):
        traced.get({**REQUEST, "id": number})
        log.add("heater", str(number))
    portion = feed.portion()
    assert len(portion["rows"]) + portion["rows_left_out"] == 500
    assert len(portion["lines"]) + portion["lines_left_out"] == 500
    assert (portion["rows"][-1]["number"], portion["lines"][-1][2]) == (501, "500")
    assert feed.portion() == {}


def test_feed_at_its_end_listens_no_more(traced: Traced, log: BundleLog) -> None:
    with Feed(traced.trace, log) as feed:
        feed.portion()
    log.add("heater", "after")
    assert feed.portion() == {}


def test_methods_and_parameters_are_those_of_bundle_json(traced: Traced, feed: Feed) -> None:
    assert [one["methods"] for one in feed.portion()["components"][0]["resources"]] == [None, None]
    declared = [{"resource": "/heater", "methods": "get"}, {"resource": "/heater/:id", "methods": ["get", "put"]}]
    traced.trace.registry.declare({"name": "heater", "resources": declared})
    assert feed.portion()["components"][0]["resources"] == [
        {"pattern": "/heater", "declared": "/heater", "methods": ("GET",)},
        {"pattern": "/heater/+", "declared": "/heater/:id", "methods": ("GET", "PUT")},
    ]


@pytest.mark.parametrize(
    ("data", "preview"),
    [
        ({"ü": 1}, '{"ü": 1}'),
        ("x" * 5000, "5 098 bytes"),
        ("\U0001f525", '"\U0001f525"'),
    ],
)
def test_row_has_the_beginning_of_its_answer(traced: Traced, feed: Feed, data: object, preview: str) -> None:
    feed.portion()
    traced.get(REQUEST)
    traced.get({**ANSWER, "data": data})
    rows = feed.portion()["rows"]
    assert rows[0]["preview"] == preview
    assert json.loads(json.dumps(rows)) == rows


def test_huge_message_is_told_in_part_and_with_its_size(traced: Traced) -> None:
    traced.get({**REQUEST, "data": "x" * 2**20, "resource": "/heater/" + "y" * 2**20})
    told = messages(traced.last)
    assert told["messages"][0]["size"] > 2**21
    assert len(told["messages"][0]["payload"]) == 200_000
    assert len(told["resource"]) < 1000
