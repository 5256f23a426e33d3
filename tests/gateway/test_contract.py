"""What is checked of a contract, and when it counts as kept."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bundlekit.bundle.manifest import Manifest, Resource
from bundlekit.errors import CouldNotRun
from bundlekit.gateway.answer_check import answer_faults
from bundlekit.gateway.client import Answer
from bundlekit.gateway.contract import (
    ContractCheck,
    ContractResult,
    Promise,
    Verdict,
    filled,
    judge_answer,
    judge_refusal,
    judge_running,
    judge_signs,
    judge_write,
    plan,
    unchecked,
)
from bundlekit.gateway.junit import junit
from bundlekit.source.contracts import OperationContract, Origin
from bundlekit.source.shape import NUMBER, OBJECT, UNKNOWN, Branch, ObjectMember, Shape, of_kinds

CHECK = ContractCheck(Promise.ANSWERS, "GET", "/a", "/a", ttl=2)
UNOWNED = {"message": "request forbidden", "log": "resource has no subscribed model"}


def answer(status: int, value: Any = None, *, body: bytes | None = None, seconds: float = 0.1) -> Answer:
    return Answer(status, {}, json.dumps(value).encode() if body is None else body, seconds)


def planned(*resources: Resource, write: bool = False, handled: tuple[str, ...] = (), **parameters: str) -> list[str]:
    """What is planned, a line a check."""
    manifest = Manifest("sample", "1.0.0", "", 2, resources)
    checks = plan(manifest, parameters=parameters, write=write, may_be_handled=lambda method, _: method in handled)
    return [f"{c.method} {c.resource} {c.promise.value}{' !' if c.obstacle else ''}" for c in checks]


def test_declared_get_has_to_answer_and_undeclared_methods_to_be_refused() -> None:
    assert planned(Resource("/a", ("get", "put"), "model")) == [
        "GET /a answers",
        "POST /a refuses",
        "DELETE /a refuses",
    ]


def test_with_write_a_put_of_what_get_gave_is_checked_too() -> None:
    assert planned(Resource("/a", ("get", "put", "post", "delete"), "model"), write=True) == [
        "GET /a answers",
        "PUT /a keeps",
    ]
    assert planned(Resource("/a", ("put",), "model"), write=True) == [
        "GET /a refuses",
        "POST /a refuses",
        "DELETE /a refuses",
    ]


def test_undeclared_method_that_index_py_may_handle_is_not_sent_unasked() -> None:
    resource = Resource("/a", ("get", "put", "post"), "model")
    assert planned(resource, handled=("delete", "get")) == ["GET /a answers", "DELETE /a refuses !"]
    assert planned(resource, handled=("delete",), write=True)[-1] == "DELETE /a refuses"


def test_parameters_are_filled_in_or_asked_for() -> None:
    item = Resource("/rooms/:id/x/:other", ("get", "put", "post", "delete"), "model")
    assert planned(item) == ["GET /rooms/:id/x/:other answers !"]
    assert planned(item, id="1") == ["GET /rooms/1/x/:other answers !"]
    assert planned(item, id="a/b ü", other="..") == ["GET /rooms/a%2Fb%20%C3%BC/x/.. answers"]


@pytest.mark.parametrize(
    ("path", "asked", "words"),
    [
        ("/api/v1/a", "/a", ""),
        ("/a/:id", "/a/:id", "give --param id=..."),
        ("/:id/:id/:x", "/:id/:id/:x", "give --param id=... --param x=..."),
        ("/a/#", "/a/#", "it has a wildcard, which no request can have"),
        ("/a/+/b", "/a/+/b", "it has a wildcard, which no request can have"),
        ("a", "a", "it does not begin with a slash"),
    ],
)
def test_why_a_resource_cannot_be_asked_for(path: str, asked: str, words: str) -> None:
    assert filled(path, {}) == (asked, words)


def test_what_a_bundle_only_listens_to_is_no_promise() -> None:
    assert planned(Resource("/a", ("put",), "view"), Resource("/b", (), "model")) == []


OF_CODE = OperationContract(
    UNKNOWN, Origin.NOTHING, Shape((Branch(OBJECT, members=(ObjectMember("level", of_kinds(NUMBER), required=True),)),))
)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"level": 1, "more": 2}, ""),
        ({"level": "1"}, "the answer is not as index.py gives it: $.level: '1' is not of type number"),
        ({}, "the answer is not as index.py gives it: $: 'level' is missing"),
    ],
)
def test_answer_has_to_be_as_the_code_gives_it(value: Any, words: str) -> None:
    check = replace(CHECK, code=OF_CODE)
    assert judge_answer(check, answer(200, value)).words == words
    assert judge_write(check, answer(200, value), answer(200, value), answer(200, value)).words == words


def test_refusal_contradicts_no_code() -> None:
    assert judge_answer(replace(CHECK, code=OF_CODE), answer(404, {})).words == "answered 404"
    assert answer_faults(OF_CODE, answer(404, {})) == []


def test_data_that_the_schema_refuses_has_to_be_refused() -> None:
    contract = OperationContract(of_kinds(NUMBER), Origin.SCHEMA)
    assert answer_faults(contract, answer(200, 1), "x") == ["answered 200 to data that the schema of its Route refuses"]
    assert answer_faults(contract, answer(200, 1), 1) == []
    assert answer_faults(contract, answer(400, 1), "x") == []


def test_repeated_resource_is_checked_once() -> None:
    resource = Resource("/a", ("GET", "put", "post", "delete"), "model")
    assert planned(resource, resource) == ["GET /a answers"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (answer(200, {"a": 1}), ""),
        (answer(204, 0), ""),
        (answer(200, {}, seconds=2.5), "took 2.5 s, its ttl is 2 s"),
        (answer(408, {"message": "session failed due to ttl expired ."}), 'answered 408: "session failed due to ttl'),
        (answer(500, {"message": "Internal Error.", "traceback": "..."}), 'answered 500: "Internal Error."'),
        (answer(403, UNOWNED), "answered 403: no bundle is registered for it"),
        (answer(200, body=b""), "answered 200 without a body"),
        (answer(200, body=b"<html>"), "answered 200 with a body that is not JSON"),
        (answer(502, body=b"<html>"), "answered 502"),
    ],
)
def test_verdict_on_an_answer(given: Answer, words: str) -> None:
    result = judge_answer(CHECK, given)
    assert result.verdict is (Verdict.BROKEN if words else Verdict.KEPT)
    assert result.words.startswith(words)
    assert (result.status, result.seconds) == (given.status, given.seconds)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (answer(404, {"message": "Route '/a' not found."}), ""),
        (answer(405), ""),
        (answer(400, body=b"no"), ""),
        (answer(200, {}), "answered 200, expected a refusal, 400 to 499"),
        (answer(500, {}), "answered 500, expected a refusal, 400 to 499"),
        (answer(408, {}), "answered 408: it was not refused in time"),
        (answer(403, UNOWNED), "answered 403: no bundle is registered for it"),
    ],
)
def test_verdict_on_a_refusal(given: Answer, words: str) -> None:
    result = judge_refusal(CHECK, given)
    assert (result.verdict, result.words) == (Verdict.BROKEN if words else Verdict.KEPT, words)


ONE, OTHER = answer(200, {"a": 1, "b": 2}), answer(200, {"a": 2})


@pytest.mark.parametrize(
    ("put", "after", "words"),
    [
        (answer(200, body=b'{"b":2,"a":1}'), ONE, ""),
        (answer(400, {"message": "no"}), None, 'PUT of what GET gave answered 400: "no"'),
        (answer(200, body=b""), ONE, "PUT of what GET gave answered 200 without a body"),
        (OTHER, ONE, "PUT of what GET gave answered something else than it was given"),
        (ONE, OTHER, "after the PUT, GET gives something else than before"),
        (ONE, answer(500), "the GET after it answered 500"),
    ],
)
def test_verdict_on_a_write(put: Answer, after: Answer | None, words: str) -> None:
    result = judge_write(CHECK, ONE, put, after)
    assert (result.verdict, result.words) == (Verdict.BROKEN if words else Verdict.KEPT, words)
    assert result.seconds == pytest.approx(0.3 if after else 0.2)


@pytest.mark.parametrize("judge", [judge_answer, judge_refusal])
def test_token_that_is_not_accepted_is_no_broken_promise(judge: Any) -> None:
    with pytest.raises(CouldNotRun, match="does not accept the token"):
        judge(CHECK, answer(401, {"message": "no"}))


def test_report_is_what_ci_servers_read() -> None:
    from junitparser import Failure, JUnitXml, Skipped

    evil = ContractCheck(Promise.REFUSES, "PUT", "/<&\x00\x1b\ud800>", "/x", 1)
    results = [
        ContractResult(CHECK, Verdict.KEPT, "", 200, 0.25),
        ContractResult(evil, Verdict.BROKEN, "answered \x00 & \ufffe", 200, 0.5),
        unchecked(CHECK, "no"),
    ]
    read = JUnitXml.fromstring(junit("sample", "moxa@\x01", results))
    (suite,) = read
    assert (suite.tests, suite.failures, suite.skipped, suite.time) == (3, 1, 1, 0.75)
    kinds = [[type(outcome) for outcome in case.result] for case in suite]
    assert kinds == [[], [Failure], [Skipped]]


KEPT = ContractResult(CHECK, Verdict.KEPT, status=200)
SIGNED = [
    ([], Verdict.KEPT, ""),
    (["mine"], Verdict.KEPT, ""),
    (["other"], Verdict.BROKEN, "answered by other, and not by this bundle"),
    (["another mine"], Verdict.BROKEN, "answered by another mine, and not by this bundle"),
    (["mine", "other"], Verdict.UNCHECKED, "other answers it too, so the answer is not only this bundle's"),
]


@pytest.mark.parametrize(("signs", "verdict", "words"), SIGNED)
def test_answer_has_to_be_signed_by_this_bundle_alone(signs: list[str], verdict: Verdict, words: str) -> None:
    result = judge_signs(KEPT, "mine", signs)
    assert (result.verdict, result.words) == (verdict, words)
    broken = ContractResult(CHECK, Verdict.BROKEN, "answered 500")
    assert judge_signs(broken, "mine", signs) == broken


def test_bundle_that_does_not_run_breaks_a_promise_of_its_own() -> None:
    manifest = Manifest("sample", "1.0.0", "", 2, ())
    assert [judge_running(manifest, words).verdict for words in ("", "it is stopped")] == [
        Verdict.KEPT,
        Verdict.BROKEN,
    ]
