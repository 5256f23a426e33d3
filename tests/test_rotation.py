"""What one commit leaves out, others try."""

from __future__ import annotations

from itertools import islice

import pytest

from tests import rotation
from tests.chaos.cases import PHASES, cases
from tests.chaos.matrix import MATRICES
from tests.chaos.test_chaos import SHARES


@pytest.fixture(autouse=True)
def fresh_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUNDLEKIT_ALL", raising=False)
    monkeypatch.setattr(rotation, "seed", lambda: "1")


def test_shares_have_each_case_once() -> None:
    cases = list(range(17))
    shares = [rotation.share(cases, 5, after=after) for after in range(5)]
    assert sorted(case for share in shares for case in share) == cases


def test_commits_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = set()
    for commit in ("6a8308f891d2", "079f0ae12345", "b218f2f00000", "b16401c0ffee", "0a82782abcde", "c29c1e4fedcb"):
        monkeypatch.setattr(rotation, "seed", lambda commit=commit: commit)
        tried |= set(rotation.share("abc", 3))
    assert tried == {"a", "b", "c"}


def test_ways_take_turns_at_each_case(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = set()
    for commit in range(20):
        monkeypatch.setattr(rotation, "seed", lambda commit=commit: f"{commit:012x}")
        run = rotation.in_turn("xy", "abc")
        assert ({way for way, _ in run}, [case for _, case in run]) == (set("xy"), ["a", "b", "c"])
        tried |= set(run)
    assert len(tried) == 6


def test_all_ways_of_each_case_are_tried_where_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLEKIT_ALL", "yes")
    assert len(rotation.in_turn("xy", "abc")) == 6


def test_ways_of_which_a_run_would_leave_out_one_are_refused() -> None:
    with pytest.raises(AssertionError, match="leave out a way"):
        rotation.in_turn("xyz", "ab")


def test_all_are_tried_where_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLEKIT_ALL", "yes")
    assert rotation.share("abc", 3) == ["a", "b", "c"]


def test_share_that_may_be_empty_is_refused() -> None:
    with pytest.raises(AssertionError, match="would be empty"):
        rotation.share("ab", 3)


@pytest.mark.parametrize("choices", [2, 3, 4, 5, 16])
def test_each_choice_has_its_turn_in_a_few_commits(choices: int, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = set()
    for commit in range(100 * choices):
        monkeypatch.setattr(rotation, "seed", lambda commit=commit: f"{commit:012x}")
        turns.add(rotation.turn(choices))
    assert turns == set(range(choices))


@pytest.mark.parametrize("name", MATRICES)
def test_commits_let_each_fault_meet_each_phase(name: str) -> None:
    plan, (scenarios, each) = MATRICES[name].plan, SHARES[name]
    met = {
        (case.fault, case.phase)
        for commit in range(200)
        for index in range(scenarios)
        for case in islice(cases(plan, f"{commit:012x} {name}", index, scenarios), each)
    }
    at_phases = {(fault, phase) for fault in plan.faults for phase in (*PHASES, "beside")}
    assert met == at_phases | {(link, way) for link in plan.links for way in ("out", "back")}
