"""When requests for a declared resource reach a handler."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundlekit.bundle.patterns import Pattern, PatternIndex, meeting, registered, without_prefix

# handler, declared, whether some request fits both, whether the handler takes every one
MEETINGS = [
    ("/x", "/x", True, True),
    ("/x/", "/x", True, True),
    ("x", "/x", True, True),
    ("/x", "/y", False, False),
    ("/x", "/x/y", False, False),
    ("/x/y", "/x", False, False),
    ("/x/:id", "/x/:name", True, True),
    ("/x/:id", "/x/all", True, True),
    ("/x/all", "/x/:id", True, False),
    ("/x/:id", "/x/1/2", False, False),
    ("/:a/b", "/a/:b", True, False),
    ("/x/y", "/x/#", True, True),
    ("/x", "/x/#", True, True),
    ("/y", "/x/#", False, False),
    ("/x/:id/y/z", "/#", True, True),
    ("/x/#", "/x/y", True, False),
    ("/x/a:b", "/x/anything", True, True),
    ("/x/:", "/x/y", False, False),
    ("/", "/", True, True),
]


@pytest.mark.parametrize(("handler", "declared", "meets", "covers"), MEETINGS)
def test_handler_meets_and_covers(handler: str, declared: str, meets: bool, covers: bool) -> None:
    ours, theirs = Pattern.of(handler), Pattern.of(declared)
    assert ours.meets(theirs) is meets
    assert theirs.meets(ours) is meets
    assert ours.covers(theirs) is covers


paths = st.lists(st.sampled_from(["a", "b", ":a", ":b"]), min_size=1, max_size=4).map(
    lambda parts: "/" + "/".join(parts)
)


@given(paths, paths)
def test_what_covers_meets_too(handler: str, declared: str) -> None:
    ours, theirs = Pattern.of(handler), Pattern.of(declared)
    assert ours.covers(ours)
    assert not ours.covers(theirs) or ours.meets(theirs)
    assert (ours.covers(theirs) and theirs.covers(ours)) == (registered(handler) == registered(declared))


def test_params_are_registered_as_wildcards() -> None:
    assert registered("/x/:id/:name_2/y") == "/x/+/+/y"
    assert registered("/x/:é") == "/x/:é"


@pytest.mark.parametrize(
    ("written", "meant"),
    [("/api/v1/x", "/x"), ("api/v1/x", "/x"), ("/api/v1", "/"), ("/api/v10", "/api/v10"), ("/x/api/v1", "/x/api/v1")],
)
def test_prefix_is_taken_away(written: str, meant: str) -> None:
    assert without_prefix(written) == meant


@pytest.mark.parametrize(
    ("first", "second", "request_of_both"),
    [
        ("/rooms/all", "/rooms/:id", "/rooms/all"),
        ("/rooms/:id", "/rooms/all", "/rooms/all"),
        ("/rooms/:id", "/rooms/:name", "/rooms/:id"),
        ("/:a/all/:b", "/x/:c/y", "/x/all/y"),
        ("/rooms/#", "/rooms/1/limits", "/rooms/1/limits"),
        ("/rooms/+", "/rooms/:id/", "/rooms/+"),
        ("/rooms", "/rooms/:id", None),
        ("/rooms/a", "/rooms/b", None),
    ],
)
def test_meeting_is_a_request_of_both(first: str, second: str, request_of_both: str | None) -> None:
    assert meeting(first, second) == request_of_both


@given(st.lists(paths, max_size=6), paths)
def test_index_finds_what_a_look_at_all_finds(resources: list[str], path: str) -> None:
    patterns, pattern = [*map(Pattern.of, [*resources, "/a/#"])], Pattern.of(path)
    index = PatternIndex((one, at) for at, one in enumerate(patterns))
    assert index.meeting(pattern) == [at for at, one in enumerate(patterns) if one.meets(pattern)]
    assert index.covering(pattern) == [at for at, one in enumerate(patterns) if one.covers(pattern)]
