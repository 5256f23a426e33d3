"""Events in, outcome or error out."""

from __future__ import annotations

import pytest

from bundlekit.deploy.history import entry_in_words
from bundlekit.deploy.outcome import Outcome, outcome_of
from bundlekit.errors import BundlekitError
from bundlekit.remote.events import parse_event, parse_history_entry

ENDS_WELL = [
    ("outcome\tup\t2-b\t1-a|pruned\t0-c|end", Outcome("up", "2-b", "1-a", ("0-c",))),
    ("outcome\tup\t2-b\t2-b|end", Outcome("up", "2-b")),
    ("outcome\tup\t2-b\t|end", Outcome("up", "2-b")),
    ("phase\tstop\t2-b|outcome\tstopped\t2-b|end", Outcome("stopped", "2-b")),
    ("outcome\tremoved\tsettings|end", Outcome("removed", settings_kept=True)),
    ("outcome\tremoved\tnothing|end", Outcome("removed")),
    ("pruned\t0-c|outcome\troom|end", Outcome("room", pruned=("0-c",))),
]
ENDS_BADLY = [
    ("log\tboom|outcome\tback\t2-b\tdied 1\t1-a\trunning|end", 1, "release 2-b of x ended with exit status 1"),
    ("outcome\tback\t2-b\tsilent 60\t1-a\tstopped|end", 1, "did not say `Register successfully x` within 60 s"),
    ("outcome\tback\t2-b\ttrouble no space\t1-a\tfailing|end", 1, "could not be put in place: no space"),
    ("outcome\tdown\t2-b\tdied 1|end", 1, "ended with exit status 1"),
    ("outcome\tstuck\t2-b\tdied 1\t1-a|end", 4, "and release 1-a did not come up again either"),
    (
        "outcome\tstuck\t2-b\tdied 1\t1-a\tsettings|end",
        4,
        "release 1-a is in place again, but not all else is: settings",
    ),
    ("outcome\tstuck\t2-b\tdied 1\t1-a\tup|end", 4, "release 1-a runs now. It started too late, or a step back"),
    ("outcome\tstuck\t2-b\tdied 1\t1-a\tstart settings|end", 4, "and release 1-a did not come up again either"),
    ("outcome\tstuck\t2-b\tdied 1\t1-a\tstop start|end", 4, "and release 1-a could not be put in its place again"),
    ("outcome\tstuck\t2-b\tdied 1\t\tservice|end", 4, "and some of it could not be removed again: service"),
    ("outcome\tback\t2-b\tbroken-off stop\t1-a\trunning|end", 1, "2-b of x was broken off"),
    ("fail\tbroken-off\tcheck|end", 3, "broken off in phase check"),
    ("outcome\tnot-up\t2-b\tdied 1|end", 4, "ended with exit status 1"),
    ("fail\tbusy\tstop\teve@workstation\t1|end", 3, "another change is under way there: stop, by eve@workstation"),
    ("fail\tchanged\t9-z|end", 3, "the current release is 9-z now"),
    ("fail\tdigest|end", 3, "its SHA-256 differs"),
    ("fail\tsyntax\tindex.py, line 3: invalid syntax|end", 1, "index.py, line 3: invalid syntax"),
    ("fail\tspace\t/opt|end", 3, "the disk of the gateway is full"),
    ("fail\tread-only\t/opt|end", 3, "cannot write below /opt"),
    ("fail\tunpack\ttar: x|end", 3, "could not be unpacked there: tar: x"),
    ("fail\tstop\tno bus|end", 3, "could not be stopped: no bus"),
    ("fail\tservice\t/etc\tx|end", 3, "could not be put into /etc: x"),
    ("fail\tno-python|end", 3, "has no Python 2.7"),
    ("fail\tno-release\t|end", 3, "it is not deployed there"),
    ("fail\tno-release\t1|end", 3, "there is no release 1 there"),
    ("fail\tno-snapshot\t1-a|end", 3, "no settings of release 1-a to go back to"),
    (
        "fail\tbusy\tstop\teve@workstation\t1\tmoxa from 10.0.0.1|end",
        3,
        "stop, by eve@workstation (moxa from 10.0.0.1) since ",
    ),
    ("fail\tno-log\tx|end", 3, "has printed nothing yet"),
    ("fail\tof-tomorrow\tx|end", 3, "refused: of-tomorrow x"),
    ("phase\tstop\t1-a", 3, "broke off before it reported how the change ended"),
]


@pytest.mark.parametrize(("lines", "outcome"), ENDS_WELL)
def test_change_that_ends_well(lines: str, outcome: Outcome) -> None:
    assert outcome_of(map(parse_event, lines.split("|")), "x") == outcome


@pytest.mark.parametrize(("lines", "code", "words"), ENDS_BADLY)
def test_change_that_does_not(lines: str, code: int, words: str) -> None:
    with pytest.raises(BundlekitError) as caught:
        outcome_of(map(parse_event, lines.split("|")), "x")
    assert caught.value.exit_code == code
    assert words in caught.value.message


@pytest.mark.parametrize("lines", [lines for lines, code, _ in ENDS_BADLY if code in (1, 4)])
def test_release_that_did_not_come_up_is_told_with_what_to_do_next(lines: str) -> None:
    with pytest.raises(BundlekitError) as caught:
        outcome_of(map(parse_event, lines.split("|")), "x")
    assert caught.value.hint


def test_release_before_that_was_only_slow_is_no_reason_to_suspect_the_disk() -> None:
    with pytest.raises(BundlekitError) as caught:
        outcome_of([parse_event("outcome\tstuck\t2-b\tdied 1\t1-a\tup")], "x")
    assert caught.value.hint
    assert "disk" not in caught.value.hint
    assert "bundlekit status TARGET" in caught.value.hint


ACTS = [
    ("up\t\t", "deploy 2-b by eve@workstation (moxa from 10.0.0.1): it runs"),
    (
        "back\tdied 3\tboot",
        "rolled back to 1-a: it ended with exit status 3; broken off, and brought to its end by",
    ),
    (
        "refused\tsyntax index.py:3 invalid syntax \t",
        "refused: the gateway's Python does not take index.py:3 invalid syntax",
    ),
    (
        "refused\timport index.py:1 No module\t",
        "refused: the gateway does not have what it imports: index.py:1 No module",
    ),
    ("refused\tspace /opt\t", "refused: space /opt"),
    ("refused\tbroken-off check\tboot", "refused: it was broken off in phase check"),
    ("stuck\tsilent 60\tguard", "neither it nor 1-a runs as it should: it did not say"),
]


@pytest.mark.parametrize(("ended", "words"), ACTS)
def test_line_of_the_history_says_who_did_what_and_how_it_ended(ended: str, words: str) -> None:
    event = parse_event(f"act\t20\t10\tx\tdeploy\t2-b\t1-a\teve@workstation\tmoxa\t10.0.0.1\t{ended}")
    assert words in entry_in_words(parse_history_entry(event))
