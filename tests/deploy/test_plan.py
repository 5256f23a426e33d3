"""State in, steps out."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from bundlekit.deploy.plan import Action, obstacle, plan_deploy, release_id
from bundlekit.deploy.release_choice import rollback_target
from bundlekit.deploy.verbs import preview
from bundlekit.errors import BadUsage, CouldNotRun, GatewayBusy, GatewayUnfit, Refused
from bundlekit.pack.archive import Archive, ArchiveMember
from bundlekit.remote.events import BundleState, GatewayState, Lock, Neighbour, Release, Running
from bundlekit.remote.listener import Listener
from bundlekit.remote.session import Session

DIGEST = "ab" * 32
IDENTITY = "tar:" + DIGEST
ARCHIVE = Archive("example", "0.0.4", "ef" * 32, IDENTITY, b"x" * 1000, (ArchiveMember("index.py", 4000, False),))
ID = "0.0.4-abababab"


def release(version: str, time: int, state: str = "good", identity: str = "tar:" + "cd" * 32) -> Release:
    return Release(release_id(version, identity), version, identity, time, state)


OLD = (release("0.0.3", 30), release("0.0.2", 20), release("0.0.1", 10))
RUNNING = Running(1, OLD[0].id, 30, 1, registered=True)
UPGRADE = BundleState("example", OLD[0].id, RUNNING, at_boot=True, releases=OLD)
THIS = release("0.0.4", 40, identity=IDENTITY)
SAME = BundleState("example", ID, replace(RUNNING, release=ID), at_boot=True, releases=(THIS, *OLD))
FIT = GatewayState("Moxa", "systemd", "/usr/bin/python", sdk=True, free=10_000_000, bundles=(BundleState("example"),))

PLANS = [
    ("first", BundleState("example"), Action.INSTALL, "", ["upload", "unpack", "make", "start", "wait"]),
    ("upgrade", UPGRADE, Action.INSTALL, OLD[0].id, ["upload", "unpack", "stop", "make", "start", "wait", "remove"]),
    ("same, running", SAME, Action.NOTHING, ID, []),
    ("same, stopped", replace(SAME, running=None), Action.START, ID, ["start", "wait"]),
    ("same, mute", replace(SAME, running=replace(RUNNING, registered=False)), Action.START, ID, ["start", "wait"]),
    (
        "same bytes are an old release, another one is current",
        replace(UPGRADE, releases=(*OLD, replace(THIS, time=5))),
        Action.INSTALL,
        OLD[0].id,
        ["upload", "unpack", "stop", "make", "start", "wait", "remove"],
    ),
]


@pytest.mark.parametrize(
    ("state", "action", "replaces", "steps"), [case[1:] for case in PLANS], ids=[c[0] for c in PLANS]
)
def test_plan(state: BundleState, action: Action, replaces: str, steps: list[str]) -> None:
    plan = plan_deploy(ARCHIVE, replace(FIT, bundles=(state,)), keep=3)
    assert (plan.action, plan.release, plan.replaces) == (action, ID, replaces)
    assert [step.split()[0] for step in plan.steps] == steps


def test_plan_names_the_releases_that_pruning_removes() -> None:
    plan = plan_deploy(ARCHIVE, replace(FIT, bundles=(UPGRADE,)), keep=2)
    removed = [step for step in plan.steps if step.startswith("remove")]
    assert removed == [f"remove release {OLD[1].id}, for 2 are kept", f"remove release {OLD[2].id}, for 2 are kept"]


OBSTACLES = [
    ({"missing": ("tar", "gzip")}, GatewayUnfit, "has no tar and no gzip"),
    ({"python": None}, GatewayUnfit, "no Python 2.7"),
    ({"sdk": False}, GatewayUnfit, "no sanji SDK"),
    ({"signers": True}, Refused, "this example is not signed"),
    ({"free": 2_000_000}, GatewayUnfit, "2.0 MB are needed, 2.0 MB are free"),
    ({"bundles": (replace(UPGRADE, lock=Lock("stop", "eve", 1, alive=True)),)}, GatewayBusy, "stop, by eve"),
]


@pytest.mark.parametrize(("change", "kind", "words"), OBSTACLES)
def test_obstacle_is_named(change: dict[str, object], kind: type[Exception], words: str) -> None:
    problem = obstacle(ARCHIVE, replace(FIT, **change))  # type: ignore[arg-type]
    assert isinstance(problem, kind)
    assert words in str(problem)


@pytest.mark.parametrize(
    "state",
    [
        BundleState("example"),
        replace(UPGRADE, lock=Lock("stop", "eve", 1, alive=False)),
        replace(UPGRADE, lock=Lock("recovery of stop", "eve", 1, alive=True)),
    ],
)
def test_fit_gateway_has_no_obstacle(state: BundleState) -> None:
    assert obstacle(ARCHIVE, replace(FIT, bundles=(state,))) is None


def test_change_of_somebody_else_is_no_obstacle_for_who_waits() -> None:
    state = replace(UPGRADE, lock=Lock("stop", "eve", 1, alive=True))
    assert obstacle(ARCHIVE, replace(FIT, bundles=(state,)), waits=True) is None


def test_dry_run_during_a_change_says_to_look_again_rather_than_to_wait_for_a_lock() -> None:
    class Looker:
        def probe(self, _bundle: str) -> GatewayState:
            return replace(FIT, bundles=(replace(UPGRADE, lock=Lock("stop", "eve", 1, alive=True)),))

    with pytest.raises(GatewayBusy) as caught:
        preview(cast(Session, Looker()), ARCHIVE, cast(Listener, None))
    assert caught.value.kept == "nothing was stopped or changed"
    assert "when that has ended" in str(caught.value.hint)


SIZED = tuple(replace(release, size=1_500_000) for release in OLD)
FAILED_LARGE = replace(release("0.0.5", 50, "failed"), size=1_500_000)


@pytest.mark.parametrize(
    ("keep", "releases", "free", "goes"),
    [
        (3, SIZED, 1_600_000, [OLD[2].id]),
        (2, SIZED, 1_600_000, [OLD[1].id, OLD[2].id]),
        (1, SIZED, 1_600_000, [OLD[1].id, OLD[2].id]),
        (9, (FAILED_LARGE, *SIZED), 1_600_000, [FAILED_LARGE.id]),
        (9, SIZED, 1_600_000, None),
        (2, SIZED, 9_000_000, []),
    ],
)
def test_room_is_made_by_what_pruning_may_take(
    keep: int, releases: tuple[Release, ...], free: int, goes: list[str] | None
) -> None:
    gateway = replace(FIT, free=free, bundles=(replace(UPGRADE, releases=releases),))
    problem = obstacle(ARCHIVE, gateway, keep=keep)
    assert (problem is None) == (goes is not None)
    steps = plan_deploy(ARCHIVE, gateway, keep=keep).steps
    assert sorted(step.split()[2].rstrip(",") for step in steps if "for the room" in step) == sorted(goes or [])


@pytest.mark.parametrize(
    ("version", "id"),
    [
        ("0.0.1", "0.0.1-abababab"),
        ("1.0.0-rc.1+b2", "1.0.0-rc.1+b2-abababab"),
        ("../../etc", "etc-abababab"),
        ("$(reboot)", "reboot-abababab"),
        ("-rf", "rf-abababab"),
        ("\n", "release-abababab"),
        ("ü" * 50, "release-abababab"),
        ("9" * 99, "9" * 40 + "-abababab"),
    ],
)
def test_release_id_is_safe_as_a_folder(version: str, id: str) -> None:
    assert release_id(version, DIGEST) == id


FAILED = release("0.0.5", 50, "failed")
TRAIL = (OLD[2].id, OLD[1].id)
STATE = replace(UPGRADE, releases=(FAILED, *OLD), trail=TRAIL)
MARKED = tuple(replace(one, state="bad", reason="eve@workstation") if one is OLD[1] else one for one in OLD)


@pytest.mark.parametrize(
    ("state", "wanted", "target"),
    [
        (STATE, None, OLD[1].id),
        (replace(STATE, current=OLD[1].id, trail=TRAIL[:1]), None, OLD[2].id),
        # What was deployed before it was left on purpose.
        (replace(STATE, trail=TRAIL[:1]), None, OLD[2].id),
        (replace(STATE, current=OLD[2].id, trail=(OLD[0].id,)), None, OLD[0].id),
        # Those that are gone, bad or current are passed over.
        (replace(STATE, trail=(*TRAIL, "0.0.9-gone", OLD[0].id)), None, OLD[1].id),
        (replace(STATE, releases=MARKED), None, OLD[2].id),
        (STATE, "0.0.1", OLD[2].id),
        (STATE, OLD[2].id, OLD[2].id),
        (STATE, "0.0.2-c", OLD[1].id),
        (replace(STATE, current=""), None, OLD[0].id),
    ],
)
def test_rollback_goes_to(state: BundleState, wanted: str | None, target: str) -> None:
    assert rollback_target(state, wanted) == target


@pytest.mark.parametrize(
    ("state", "wanted", "kind", "words"),
    [
        (replace(STATE, current=OLD[2].id, trail=()), None, CouldNotRun, "no change of example to undo: 0.0.1-"),
        (replace(STATE, trail=(FAILED.id,)), None, CouldNotRun, "no change of example to undo"),
        (replace(STATE, releases=MARKED), "0.0.2", CouldNotRun, "was marked as bad by eve@workstation"),
        (STATE, "9", BadUsage, "no release '9'"),
        (STATE, "0.0.", BadUsage, "names several"),
        (STATE, "0.0.3", BadUsage, "is the current release already"),
        (STATE, "0.0.5", CouldNotRun, "did not come up when it was deployed"),
    ],
)
def test_rollback_goes_nowhere(state: BundleState, wanted: str | None, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        rollback_target(state, wanted)


def test_plan_of_a_hand_over_starts_the_new_release_before_it_stops_the_old_one() -> None:
    for state, first in ((replace(UPGRADE, running=RUNNING), "start"), (replace(UPGRADE, running=None), "stop")):
        plan = plan_deploy(ARCHIVE, replace(FIT, bundles=(state,)), keep=3, hand_over=True, verify=False)
        assert plan.steps[2].split()[0] == first
        assert not any("GET" in step for step in plan.steps)


NOTES = [
    (UPGRADE, "0.0.4", []),
    (UPGRADE, "0.0.2", ["a downgrade: 0.0.2 is older than 0.0.3", "release 0.0.2-cdcdcdcd is 0.0.2 too"]),
    (UPGRADE, "0.0.10", []),
    (UPGRADE, "0.0.3", ["another content under the same version: release 0.0.3-cdcdcdcd is 0.0.3 too"]),
    (UPGRADE, "of-today", []),
    (BundleState("example"), "0.0.1", []),
    (SAME, "0.0.4", []),
    (
        replace(UPGRADE, releases=(*OLD, replace(THIS, state="bad", reason="eve@workstation"))),
        "0.0.4",
        ["was marked as bad by eve@workstation; if it comes up, it is good again"],
    ),
]


@pytest.mark.parametrize(("state", "version", "notes"), NOTES)
def test_plan_notes_what_is_unusual(state: BundleState, version: str, notes: list[str]) -> None:
    plan = plan_deploy(replace(ARCHIVE, version=version), replace(FIT, bundles=(state,)), keep=3)
    assert len(plan.notes) == len(notes)
    assert all(words in note for words, note in zip(notes, plan.notes, strict=True))


@pytest.mark.parametrize(
    ("version", "there", "words"),
    [
        ("0.0.2", UPGRADE, "example 0.0.2 is not newer than 0.0.3, which is there now"),
        ("0.0.3", UPGRADE, "example 0.0.3 is not newer than 0.0.3"),
        ("0.0.10-x", UPGRADE, "example 0.0.10-x is not newer"),  # it is in no order
        ("0.0.10", UPGRADE, ""),
        ("0.0.1", BundleState("example"), ""),
        ("0.0.4", SAME, ""),
        ("0.0.4", replace(SAME, running=None), ""),  # it is started
    ],
)
def test_only_what_is_newer_is_deployed_if_that_is_asked_for(version: str, there: BundleState, words: str) -> None:
    class Asked:
        def probe(self, name: str) -> GatewayState:
            return replace(FIT, bundles=(there,))

        def note(self, text: str) -> None:
            """As a listener."""

    def previewed(*, newer: bool) -> None:
        asked = Asked()
        preview(cast(Session, asked), replace(ARCHIVE, version=version), cast(Listener, asked), newer=newer)

    previewed(newer=False)
    if not words:
        previewed(newer=True)
        return
    with pytest.raises(Refused) as refused:
        previewed(newer=True)
    assert words in refused.value.message
    assert "without --require-newer" in (refused.value.hint or "")


def test_resource_of_another_bundle_is_an_obstacle_unless_forced() -> None:
    archive = replace(ARCHIVE, resources=("/rooms/all",))
    gateway = replace(FIT, neighbours=(Neighbour("other", "1.0", ("/rooms/:id",)),))
    problem = obstacle(archive, gateway)
    assert isinstance(problem, Refused)
    assert problem.kept == "nothing was stopped or changed"
    assert "`bundlekit remove TARGET --bundle other`; --force-resource overrides this" in str(problem.hint)
    assert obstacle(archive, gateway, force=True) is None
    assert obstacle(replace(archive, resources=("/rooms",)), gateway) is None
