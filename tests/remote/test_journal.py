"""A change that is cut off at any of its steps, and goes on from its journal: the script's own functions, no gateway.

The service is a stand-in, everything on the disk is real. While a change runs, the disk is copied before each step,
which is a command that changes the disk or the service; and each time that it is synced. A power cut leaves what was
there at a sync; or all names as they are before a step, and NULs for what was written to files and not synced yet. From
each copy the change has to go on to an end that makes sense; a run tries a fifth of them, by the commit.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bundlekit.remote import script
from bundlekit.remote.commands import (
    Command,
    deploy_command,
    remove_command,
    restart_command,
    rollback_command,
    stop_command,
)
from tests.remote import previous
from tests.rotation import share

SHELLS = [("dash",), ("busybox", "sh")]
END = r"^# -+ the way in$|^\[ \$# -gt 0 \] \|\|"  # in the script, and in the one that travels

STAND_INS = r"""
steps=0
step() {
    steps=$((steps + 1))
    for kind in $KINDS; do copy "$kind"; done
}
copy() {
    [ -n "$COPIES" ] || return 0
    command mkdir "$COPIES/$1-$steps"
    command cp -a "$ROOT" "$COPIES/$1-$steps/root"
    [ "$1" = torn ] || return 0
    known "$ROOT" >"$COPIES/torn-$steps/written"
    command cp "$ROOT.synced" "$COPIES/torn-$steps/synced"
}
known() { /usr/bin/find "$@" -type f -printf '%i %B@\t%T@ %s\t%P\n'; }
mv() { step; command mv "$@"; }
rm() {
    step
    for path in "$@"; do
        case $path in
        -* | "$ROOT"/*) ;;
        *) echo "not of the gateway: $path" >&2; return 1 ;;
        esac
    done
    command rm "$@"
}
ln() { step; command ln "$@"; }
cp() { step; command cp "$@"; }
mkdir() { step; command mkdir "$@"; }
sync() {
    [ -n "$COPIES" ] || return 0 # nobody asks what was synced
    steps=$((steps + 1))
    if [ "${1:-}" = -- ]; then
        shift
        known "$@" -maxdepth 0 >>"$ROOT.synced"
    else
        known "$ROOT" >"$ROOT.synced"
    fi
    copy cut
}
find_python() { PYTHON=true; }
take_lock() { command mkdir -p "$B/releases"; exec 9>>"$B/lock"; }
is_going_down() { false; }
run_detached() { echo 0; }
has_systemd() { false; }
install_service() { step; echo >"$B/service"; }
enable_service() { step; [ -e "$B/service" ] && echo >"$B/enabled"; }
disable_service() { step; command rm -f "$B/enabled"; }
remove_service() { step; command rm -f "$B/service" "$B/enabled"; }
is_at_boot() { [ -e "$B/enabled" ]; }
supervisor_pid() { [ -e "$ROOT/runs" ]; }
bundle_pid() { supervisor_pid; }
has_registered() { case " $GOOD " in *" $(cat "$ROOT/runs") "*) ;; *) return 1 ;; esac; }
stop_service() { step; command rm -f "$ROOT/runs"; }
start_service() {
    enable_service
    supervisor_pid && return
    power_on
}
power_on() {
    release=$(current_release)
    [ -n "$release" ] || return
    step
    [ -f "$B/releases/$release/code" ] || echo "no code" >&2
    bring_settings
    finish_candidate
    echo "$release found $(cat "$B/settings/x.json" 2>/dev/null)" >>"$ROOT/starts"
    if [ "$release" != old ]; then
        echo "of $release" >"$B/settings/x.json.new"
        sync -- "$B/settings/x.json.new"
        command mv "$B/settings/x.json.new" "$B/settings/x.json"
    fi
    echo "$release" >"$ROOT/runs"
}
confirm() {
    step
    [ "$(cat "$ROOT/runs")" = "$1" ] || { reason="died 1"; return 1; }
    has_registered || { reason="silent 1"; return 1; }
}
check_release() { step; [ -z "${UNFIT:-}" ] || { fail syntax 'index.py'; return 1; }; }
verify_upload() { step; }
unpack_upload() { step; command mkdir -p "$2/data" && echo new >"$2/code" && echo '{}' >"$2/data/x.json.factory"; }
info() {
    case $2 in
    starts) echo 1 ;;
    release) [ "$1" != "$B/running" ] || { cat "$ROOT/runs"; return; } ;;
    esac
    sed -n "s/^$2=//p" "$1" 2>/dev/null | tail -n 1
}
use_info() { value=$(info "$@"); }
by_hand() { ! [ -e "$ROOT/hand" ] || echo 7; }
may_adopt() { record settings by-hand && remember_by_hand; }
remember_by_hand() {
    step
    command mkdir -p "$B/by-hand" && command ln -sf / "$B/by-hand/cwd"
}
stop_by_hand() { step; command rm -f "$ROOT/hand"; }
sleep() { :; }
run_outside() { [ -L "$B/by-hand/cwd" ] && echo >"$ROOT/hand"; }
COPIES=${COPIES:-}
KINDS=${KINDS:-}
RUN_DIR=$ROOT/memory
events=$ROOT/events
errors=$ROOT/errors
use_bundle x
"""


@dataclass(frozen=True)
class Case:
    """A change, from a gateway on which `old` runs unless it is the first one.

    Attributes:
        change: the call.
        good: the releases that come up.
        ends: the releases that may run in the end, and the settings then.
        finds: the settings that `new` may find.
        before: how the gateway is made.
        steps: whether the worker is killed before each step too.
        torn: whether what is not synced is lost before each step; other cases write the same.
    """

    change: str
    good: str
    ends: dict[str, str]
    finds: str = "mine"
    before: str = "old runs"
    steps: bool = False
    torn: bool = True

    @property
    def verbs(self) -> tuple[str, ...]:
        """By which it may stand in the history."""
        return ("adopt",) if self.before == "by hand" else tuple(re.findall("change_([a-z]+)", self.change))


BEFORE = {
    "nothing": "",
    "by hand": "command mkdir -p $ROOT/folder/data; echo by-hand >$ROOT/folder/data/x.json; echo >$ROOT/hand;"
    "echo mine >$B/settings/x.json",
    "old runs": "put_release old; make_good old; switch_to old; install_service; start_service",
    "old is stopped": "put_release old; make_good old; switch_to old; install_service",
    "new was there": "put_release old; make_good old; put_release new; make_good new;"
    "set_info $B/releases/new.info trail '- of-another-time';"
    "echo as-it-was >$B/releases/new/code; mkdir -p $B/snapshots/new; echo 'as new left them' >$B/snapshots/new/x.json;"
    "switch_to old; install_service; start_service",
}
MAKE = r"""
put_release() {
    command mkdir -p "$B/releases/$1/data" "$B/settings"
    echo mine >"$B/settings/x.json"
    echo '{}' >"$B/releases/$1/data/x.json.factory"
    echo "$1" >"$B/releases/$1/code"
    printf 'number=1\nstate=new\n' >"$B/releases/$1.info"
    link_settings "$B/releases/$1"
}
make_good() { set_info "$B/releases/$1.info" state good; }
command mkdir -p "$B/releases" "$B/settings"
"""


def call(command: Command) -> str:
    """What the script does for a command; `ROOT` in it is the folder of all."""
    verb, _, *arguments = command
    return f"take_arguments {shlex.join([verb, *arguments]).replace('ROOT', '$ROOT')}; change_{verb}"


def deploy(replaces: str = "", *, folder: str = "") -> str:
    return call(
        deploy_command(
            "x",
            release="new",
            version="2",
            identity=f"tar:{'0' * 64}",
            upload="ROOT/uploads/u",
            replaces=replaces,
            wait=5,
            keep=3,
            who="me",
            lock_wait=0,
            verify=True,
            hand_over=False,
            force=False,
            write=False,
            folder=folder,
        )
    )


def rollback(*, settings: bool = False) -> str:
    return call(
        rollback_command(
            "x",
            release="new",
            replaces="old",
            wait=5,
            who="me",
            lock_wait=0,
            settings=settings,
            verify=True,
            hand_over=False,
            force=False,
            undo=False,
            mark_bad=False,
        )
    )


ADOPT = deploy(folder="ROOT/folder")

CASES = {
    "upgrade": Case(deploy("old"), "old new", {"old": "mine", "new": "of new"}, steps=True),
    "upgrade that fails": Case(deploy("old"), "old", {"old": "mine"}, steps=True),
    "upgrade of one that is stopped and fails": Case(
        deploy("old"), "old", {"": "mine"}, before="old is stopped", torn=False
    ),
    "first one": Case(deploy(), "new", {"": "", "new": "of new"}, "", before="nothing"),
    "first one that fails": Case(deploy(), "", {"": ""}, "", before="nothing"),
    "adoption": Case(ADOPT, "new", {"": "mine", "new": "of new"}, "by-hand", before="by hand"),
    "adoption that fails": Case(ADOPT, "", {"": "mine"}, "by-hand", before="by hand", steps=True),
    "unfit": Case(f"UNFIT=1; {deploy('old')}", "old", {"old": "mine"}),
    "same bytes again": Case(deploy("old"), "old new", {"old": "mine", "new": "of new"}, before="new was there"),
    "same bytes again that fail": Case(
        deploy("old"), "old", {"old": "mine"}, before="new was there", steps=True, torn=False
    ),
    "rollback": Case(
        rollback(),
        "old new",
        {"old": "mine", "new": "of new"},
        before="new was there",
        torn=False,
    ),
    "rollback that fails": Case(rollback(), "old", {"old": "mine"}, before="new was there", torn=False),
    "rollback with settings": Case(
        rollback(settings=True),
        "old new",
        {"old": "mine", "new": "of new"},
        "as new left them",
        before="new was there",
    ),
    "rollback with settings that fails": Case(
        rollback(settings=True), "old", {"old": "mine"}, "as new left them", before="new was there"
    ),
    "stop": Case(call(stop_command("x", who="me", lock_wait=0)), "old", {"old": "mine", "": "mine"}),
    "restart": Case(call(restart_command("x", wait=5, who="me", lock_wait=0)), "old", {"old": "mine"}),
    "remove": Case(call(remove_command("x", purge=False, who="me", lock_wait=0)), "old", {"old": "mine", "": "mine"}),
    "purge": Case(
        call(remove_command("x", purge=True, who="me", lock_wait=0)), "old", {"old": "mine", "": ""}, steps=True
    ),
}

IN_BUSYBOX = ("first one that fails", "rollback with settings that fails", "purge")


class Gateway:
    """A disk, and what stands in for a service on it."""

    def __init__(self, folder: Path, shell: tuple[str, ...], good: str, source: str = "") -> None:
        self.root = folder / "root"
        self._shell = shell
        definitions = re.split(END, source or script.text(), flags=re.MULTILINE)[0]
        self._definitions = definitions + STAND_INS + MAKE + (previous.NAMES if source else "")
        self._environment = {"PATH": os.environ["PATH"], "BUNDLEKIT_ROOT": str(self.root), "GOOD": good}

    def run(self, text: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._shell, "-s"],
            input=f"{self._definitions}\n{text}\n",
            env={**self._environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def running(self) -> str:
        return self.read("runs")

    def read(self, path: str) -> str:
        file = self.root / path
        return file.read_text().strip() if file.is_file() else ""


def copies_of(case: Case, shell: tuple[str, ...], folder: Path, kinds: str = "") -> list[Path]:
    """The disk before each step of a change, and what a power cut leaves of it. No two alike go on in the same way."""
    gateway = Gateway(folder, shell, case.good)
    made = gateway.run(BEFORE[case.before])
    assert (made.returncode, made.stderr) == (0, "")
    copies = folder / "copies"
    copies.mkdir()
    kinds = kinds or ("killed " if case.steps else "") + ("torn" if case.torn and shell == SHELLS[0] else "")
    ended = gateway.run(f"sync; {case.change}; step; echo done", COPIES=str(copies), KINDS=kinds)
    assert ended.stdout.endswith("done\n"), ended.stdout + ended.stderr
    assert "phase" in ended.stdout
    found: dict[tuple[object, ...], Path] = {}
    for copy in sorted(copies.iterdir(), key=lambda copy: int(copy.name.split("-")[1])):
        if copy.name.startswith("torn"):
            lose_what_is_not_synced(copy)
        found.setdefault((copy.name.startswith("killed"), *contents(copy / "root")), copy)
    return list(found.values())


def contents(root: Path) -> Iterator[tuple[Path, Path | bytes]]:
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            yield path.relative_to(root), path.readlink()
        elif path.is_file():
            yield path.relative_to(root), path.read_bytes()


# No files of a disk, or such as stand for those of another one, or of which nothing is asked.
NOT_SYNCED = {"runs", "starts", "events", "errors", "said", "service", "enabled"}
APPENDED_TO = {"journal", "history", "boots"}


def lose_what_is_not_synced(copy: Path) -> None:
    """Of what was written and is not on the disk yet, a power cut leaves NULs."""
    synced: dict[str, set[str]] = {}
    for line in (copy / "synced").read_text().splitlines():
        inode, version, _ = line.split("\t")
        synced.setdefault(inode, set()).add(version)
    for line in (copy / "written").read_text().splitlines():
        inode, version, name = line.split("\t")
        path = copy / "root" / name
        if version in synced.get(inode, ()) or path.name in NOT_SYNCED or name.startswith("memory/"):
            continue
        stays = 0
        if path.name in APPENDED_TO:
            stays = max((int(version.split()[1]) for version in synced.get(inode, ())), default=0)
        content = path.read_bytes()
        path.write_bytes(content[:stays] + bytes(len(content) - stays))


@pytest.mark.parametrize(
    ("case", "shell"),
    [
        pytest.param(case, shell, id=f"{name}, {shell[0]}")
        for name, case in CASES.items()
        for shell in SHELLS
        if shell == SHELLS[0] or name in IN_BUSYBOX
    ],
)
def test_change_that_is_cut_off_anywhere_ends_in_order(tmp_path: Path, case: Case, shell: tuple[str, ...]) -> None:
    for copy in share(copies_of(case, shell, tmp_path), of=5):
        gateway = Gateway(copy, shell, case.good)
        power = not copy.name.startswith("killed")
        boot = "command rm -f $ROOT/runs; ! is_at_boot || power_on;" if power else ""
        how = "boot" if power else "guard"
        went_on = gateway.run(
            f"{boot} [ ! -f $B/journal ] || (recovery x {how} $ROOT/said; echo done >&2) && history x 9"
        )
        told = f"{copy}\n{went_on.stdout}{went_on.stderr}"
        assert went_on.stdout.endswith("end\n"), told
        acts = [line.split("\t")[1:] for line in went_on.stdout.splitlines() if line.startswith("act")]
        check(gateway, case, acts, told)
        # A power cut that comes before it was stopped ends what runs by hand, and nobody else does.
        assert case.before != "by hand" or bool(gateway.running) != (gateway.root / "hand").exists(), told
        assert not (gateway.root / "bundles/x/by-hand").exists(), told


@pytest.mark.parametrize(
    ("name", "shell"),
    [(name, SHELLS[0]) for name in previous.CASES] + [("upgrade that fails", SHELLS[1])],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_journal_of_the_release_before_is_finished_by_this_one(
    tmp_path: Path, name: str, shell: tuple[str, ...]
) -> None:
    case = CASES[name]
    (tmp_path / "sent").mkdir()
    (tmp_path / "sent/gateway.sh").write_text(script.bare())
    (tmp_path / "sent/programs.zip").write_bytes(script.programs())
    upgrade = f'SELF={tmp_path}/sent/gateway.sh; run_detached() {{ shift; "$@"; }}; show_events() {{ echo shown; }}'
    states = list(previous.unpack_states(name, tmp_path))
    for copy in share(states, of=min(5, len(states))):
        gateway = Gateway(copy, shell, case.good)
        (gateway.root / "gateway.sh").write_text(previous.previous_script())
        went_on = gateway.run(f"{upgrade}; finish_broken_off; history x 9")
        told = f"{copy}\n{went_on.stdout}{went_on.stderr}"
        assert went_on.stdout.endswith("end\n"), told
        check(gateway, case, [line.split("\t")[1:] for line in went_on.stdout.splitlines() if line[:3] == "act"], told)
        assert gateway.read("gateway.sh") == script.bare().strip(), told
        assert (gateway.root / f"programs-{script.programs_digest()}.zip").exists(), told


@pytest.mark.parametrize("name", ["upgrade", "upgrade that fails"])
def test_journal_of_this_release_is_finished_by_the_one_before(tmp_path: Path, name: str) -> None:
    """The client of another person may be an older one."""
    case = CASES[name]
    journals = set()
    for copy in copies_of(case, SHELLS[0], tmp_path, kinds="killed"):
        gateway = Gateway(copy, SHELLS[0], case.good, previous.previous_script())
        journal = gateway.read("bundles/x/journal")
        if not journal or journal in journals:
            continue
        journals.add(journal)
        went_on = gateway.run("(recovery x status $ROOT/said); history x 9")
        told = f"{copy}\n{went_on.stdout}{went_on.stderr}"
        check(gateway, case, [line.split("\t")[1:] for line in went_on.stdout.splitlines() if line[:3] == "act"], told)
    assert len(journals) >= 5


def test_verbs_that_one_script_starts_in_another_are_known_to_both() -> None:
    """They are started from the installed copy, which another client may have replaced meanwhile."""
    ours, theirs = script.bare(), previous.previous_script()
    started = re.compile(r"\$ROOT/gateway\.sh\"? ([a-z-]+)|run_outside ([a-z]+)")
    for starts, knows in ((ours, theirs), (theirs, ours)):
        verbs = {one or other for one, other in started.findall(starts)}
        assert verbs >= {"supervise", "guard", "recovery", "resume"}
        way_in = re.split(END, knows, flags=re.MULTILINE)[-1]
        unknown = {verb for verb in verbs if not re.search(rf"(?:^|\| ){verb}(?: \||\))", way_in, re.MULTILINE)}
        assert unknown <= {"apart", "worker"}  # of the client that has just installed the copy


def test_what_runs_and_has_lost_its_link_makes_room_for_the_new_release(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, SHELLS[0], "new")
    gateway.run(f"{BEFORE['old runs']}; command rm $B/current")
    said = gateway.run(deploy()).stdout
    assert "outcome\tup\tnew" in said, said
    assert gateway.running == "new"


def test_release_that_cannot_be_noted_as_good_is_told_with_a_word_about_it(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, SHELLS[0], "new")
    gateway.run(BEFORE["old runs"])
    read_only = "confirm() { keep_journal() { false; }; }"
    said = gateway.run(f"{read_only}; {deploy('old')}").stdout
    assert "note\tnothing can be written there" in said, said


def check(gateway: Gateway, case: Case, acts: list[list[str]], told: str) -> None:
    assert gateway.running in case.ends, told
    assert gateway.read("bundles/x/settings/x.json") == case.ends[gateway.running], told
    bundle = gateway.root / "bundles/x"
    left = {path.name for path in [*bundle.glob("*"), *bundle.glob(".*"), *bundle.glob("releases/.*")]}
    assert not left & {"journal", "boots", ".reserve", ".staging", ".aside", ".staging.info", ".aside.info"}, told
    assert not [name for name in left if "settings." in name], told
    if gateway.running:
        assert (bundle / "current").readlink() == Path("releases", gateway.running), told
        assert "state=good" in gateway.read(f"bundles/x/releases/{gateway.running}.info"), told
        assert gateway.read(f"bundles/x/releases/{gateway.running}/code"), told
    assert all(act[3] in case.verbs and act[6] == "me" for act in acts), told
    assert len(acts) in ((1,) if gateway.running == "new" else (0, 1)), told
    found = {"old": ("mine",), "new": (case.finds, "of new")}
    for start in gateway.read("starts").splitlines():
        release, _, settings = start.partition(" found")
        assert settings.strip() in found[release], told
    if gateway.running == "new":  # what a rollback goes to from here
        trail = "trail=-" if case.before in ("nothing", "by hand") else "trail=- old"
        assert trail in gateway.read("bundles/x/releases/new.info").splitlines(), told
    assert "no code" not in told
    assert "not of the gateway" not in told
