"""What one commit leaves out, others try."""

from __future__ import annotations

import pytest

from tests import rotation


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


def test_all_are_tried_where_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLEKIT_ALL", "yes")
    assert rotation.share("abc", 3) == ["a", "b", "c"]
