"""Functions of the script by themselves, under the states of a gateway that only chaos has brought about."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import time
from hashlib import sha256
from pathlib import Path

import pytest

from bundlekit.remote import bootstrap, script

SHELLS = [("dash",), ("busybox", "sh")]
END = "# ---------------------------------------------------------------- the way in"
# No service, no processes of other people, and no bundle but x.
STAND_INS = f"""
find_python() {{ PYTHON={sys.executable}; }}
has_systemd() {{ false; }}
fsync_paths() {{ :; }}
fsync_disk() {{ :; }}
is_going_down() {{ false; }}
RUN_DIR=$ROOT
use_bundle x
events=$ROOT/events
errors=/dev/null
"""


@pytest.fixture(params=SHELLS, ids=" ".join)
def shell(request: pytest.FixtureRequest) -> tuple[str, ...]:
    found: tuple[str, ...] = request.param
    return found


def home(root: Path, files: dict[str, str]) -> Path:
    """A bundle's folder with such files in it; a link where the text begins with an arrow."""
    folder = root / "bundles/x"
    folder.mkdir(parents=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            path.symlink_to(text.removeprefix("-> "))
        else:
            path.write_text(text)
    return folder


def run(shell: tuple[str, ...], root: Path, commands: str, *, prefix: tuple[str, ...] = ()) -> str:
    """What some commands print that use the script's functions."""
    definitions = script.text().split(END)[0]
    ended = subprocess.run(
        [*prefix, *shell, "-c", 'eval "$(cat)"', "gateway.sh"],  # all of it is too long for an argument
        input=f"{definitions}\n{STAND_INS}\n{commands}",
        env={**os.environ, "BUNDLEKIT_ROOT": str(root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return ended.stdout + ended.stderr


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


WITHOUT_FLOCK = "flock() { return 127; }\n"
WITHOUT_PYTHON = "find_python() { PYTHON=false; }; PYTHON=false\n"


@pytest.mark.parametrize("lacks", [WITHOUT_FLOCK, WITHOUT_PYTHON], ids=["no flock", "no Python"])
def test_lock_is_taken_by_flock_and_by_python_alike(shell: tuple[str, ...], lacks: str, tmp_path: Path) -> None:
    """By one at a time, and only if it is the file that lies there still."""
    folder = home(tmp_path, {})
    commands = """
        find_python
        take_lock 0 make; echo taken $?
        is_locked; echo locked $?
        (exec 9>&-; take_lock 0; echo again $?)
        unlock
        is_locked; echo locked $?
        take_lock for-ever; echo taken $?
        rm "$B/lock"; (umask 077; : >"$B/lock")
        take_free_lock "$B/lock"; echo other $?
        unlock
        take_lock 0
        (exec 9>&-; take_lock for-ever; echo waited $?) &
        sleep .3
        echo held
        unlock
        wait
    """
    said = "taken 0\nlocked 0\nagain 1\nlocked 1\ntaken 0\nother 1\nheld\nwaited 0\n"
    assert run(shell, tmp_path, lacks + commands) == said
    (folder / "lock").chmod(0o644)  # as an older script has made it, so that others may hold it
    assert run(shell, tmp_path, f"{WITHOUT_FLOCK}find_python; take_lock 0; echo $?") == "0\n"
    assert (folder / "lock").stat().st_mode & 0o777 == 0o600


def test_lock_that_somebody_has_is_known_as_such_without_python(shell: tuple[str, ...], tmp_path: Path) -> None:
    """A supervisor asks at each start, while its bundle is down."""
    home(tmp_path, {})
    held = "take_lock 0 make; our_python() { echo python; }; exec 8>&9; (exec 9>&-; is_locked; echo $?)"
    assert run(shell, tmp_path, held) == "0\n"


def test_lock_that_others_can_open_is_not_taken_as_it_is(shell: tuple[str, ...], tmp_path: Path) -> None:
    (home(tmp_path, {"lock": ""}) / "lock").chmod(0o644)
    assert run(shell, tmp_path, 'exec 9>>"$B/lock"; take_free_lock "$B/lock"; echo $?') == "1\n"


def test_look_at_a_gateway_takes_few_processes(shell: tuple[str, ...], tmp_path: Path) -> None:
    """Each is some milliseconds on a gateway. In a namespace of their own, processes are numbered one by one."""
    info = "version={0}\ndigest={0}\nnumber={0}\ntime=1\nsize=8\nwho=eve@workstation\nstate=good\ntrail=-\n"
    files = {"current": "-> releases/4", "lock": "", "log": "", "settings/x.json": "{}"}
    for number in range(1, 5):
        files |= {f"releases/{number}.info": info.format(number), f"releases/{number}/index.py": ""}
    home(tmp_path, files)
    apart = ("unshare", "--map-root-user", "--pid", "--fork", "--mount-proc")
    said = run(shell, tmp_path, 'probe x; sh -c "echo processes \\$\\$"', prefix=apart).splitlines()
    assert [line.split("\t")[:3] for line in said if line.startswith("release")] == [
        ["release", str(number), str(number)] for number in (4, 3, 2, 1)
    ]
    assert "end" in said
    assert int(said[-1].removeprefix("processes ")) <= 22


@pytest.mark.parametrize(
    ("last", "shown"), [("echo end", ["end"]), ("printf half", ["half goes on", "end"])], ids=["to the end", "killed"]
)
def test_events_are_shown_by_few_processes(shell: tuple[str, ...], last: str, shown: list[str], tmp_path: Path) -> None:
    """Those of a worker, and of the watchdog that goes on where that one was killed; however long they take."""
    home(tmp_path, {})
    commands = f"""
        : >"$events"
        (sleep 5; echo " goes on"; echo end) >>"$events" &
        watchdog=$!
        (say guard $watchdog; say phase begin; sleep 3; {last}) >>"$events" &
        show_events "$events" $!
        sh -c 'echo processes $$'
    """
    apart = ("unshare", "--map-root-user", "--pid", "--fork", "--mount-proc")
    said = run(shell, tmp_path, commands, prefix=apart).splitlines()
    assert said[:-1] == ["phase\tbegin", *shown]
    if shell == ("dash",):  # the `tail` in busybox cannot wait for the end of a process
        assert int(said[-1].removeprefix("processes ")) <= 20


@pytest.mark.parametrize("who", ["watchdog x /dev/null", "recovery x boot", "recover_at_boot; wait"])
def test_name_of_who_was_ended_in_the_last_moment_does_not_stay_in_the_lock(
    shell: tuple[str, ...], who: str, tmp_path: Path
) -> None:
    folder = home(tmp_path, {"lock": "what=recovery of deploy of 9\nwho=eve@workstation\n"})
    run(shell, tmp_path, f'run_detached() {{ shift; "$@"; }}\nrm() {{ :; }}\n{who}')
    assert (folder / "lock").read_text() == ""


def test_command_that_cannot_be_written_leaves_nothing(shell: tuple[str, ...], tmp_path: Path) -> None:
    folder = home(tmp_path, {})
    assert run(shell, tmp_path, "mv() { return 1; }\nsend_command drop || echo failed") == "failed\n"
    assert left(folder) == []


def test_journal_that_is_closed_leaves_no_half_written_settings(shell: tuple[str, ...], tmp_path: Path) -> None:
    folder = home(
        tmp_path, {"settings/x.json": "{}", "settings/.x.json.new": "{", "journal": "key=1\nverb=deploy\n", "lock": ""}
    )
    run(shell, tmp_path, 'JOURNAL=$NEWLINE$(cat "$B/journal")$NEWLINE\nclose_journal up')
    assert left(folder) == ["lock", "settings/x.json"]


@pytest.mark.parametrize(
    ("registered", "answers", "started_anew"),
    [(False, True, False), (False, False, True), (True, True, True)],
    ids=["never registered", "said nothing on a full disk", "registered"],
)
def test_hand_over_that_is_taken_back_starts_the_release_before_anew_unless_that_answers(
    shell: tuple[str, ...], registered: bool, answers: bool, started_anew: bool, tmp_path: Path
) -> None:
    line = "Register successfully x tunnel: 1\n" if registered else "it starts\n"
    folder = home(
        tmp_path,
        {
            "beside/running": "bundle=7\nrelease=new\noffset=0\n",
            "beside/log": line,
            "running": "release=old\n",
            "releases/new.info": "state=new\n",
        },
    )
    said = run(
        shell,
        tmp_path,
        f"""
        bundle_pid() {{ echo 5; }}
        send_command() {{ echo "$@"; }}
        stop_service() {{ echo stopped; }}
        WRITE=yes
        verify_release() {{ [ -z "$WRITE" ] && {"true" if answers else "false"}; }}
        JOURNAL=$NEWLINE
        record id new; record previous old; record reason 'silent 5'
        undo_beside && recorded before
        """,
    )
    assert said.split() == (["drop", "stopped"] if started_anew else ["drop", "untouched"])
    assert not (folder / "beside").exists()


@pytest.mark.parametrize("has_changed", [True, False])
def test_hand_over_that_was_broken_off_after_the_switch_has_one_set_of_settings_when_it_goes_on(
    shell: tuple[str, ...], has_changed: bool, tmp_path: Path
) -> None:
    """What the release before wrote in its last moment counts; else what the new one has written since."""
    folder = home(
        tmp_path,
        {
            "current": "-> releases/new",
            "releases/old/data/x.json": "last" if has_changed else "first",
            "releases/new/data/x.json": "-> ../../../beside/settings/x.json",
            "settings/x.json": "last" if has_changed else "first",
            "beside/release": "id=new\n",
            "beside/seen/x.json": "first",
            "beside/settings/x.json": "of the new one",
        },
    )
    commands = """
        stop_service() { finish_candidate; }
        try_release() { cat "$B/releases/new/data/x.json"; }
        take_back() { echo "$reason"; }
        JOURNAL=$NEWLINE
        record id new; record previous old; record before running; record wait 5; record phase switch
        recover_release guard
        """
    assert run(shell, tmp_path, commands) == ("last" if has_changed else "of the new one")
    assert (folder / "releases/new/data/x.json").readlink() == Path("../../../settings/x.json")
    assert not (folder / "beside").exists()


def test_supervisor_has_told_of_itself_before_anybody_goes_on_from_a_journal(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    folder = home(tmp_path, {"journal": "verb=deploy\n"})
    commands = """
        recover_at_boot() { info "$B/running" supervisor; exit; }
        supervise x
        """
    first, second = run(shell, tmp_path, f"echo $$\n{commands}").split()
    assert (first, (folder / "running").exists()) == (second, True)


def test_bundle_that_came_up_is_known_as_such_by_who_cannot_note_it_down(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    folder = home(tmp_path, {"running": "bundle=5\noffset=0\n", "log": "Register successfully x tunnel: 1\n"})
    (folder / "registered").mkdir()  # nothing can be written there, whoever one is
    assert run(shell, tmp_path, "has_registered && has_registered && echo yes") == "yes\n"


def test_log_is_searched_again_when_it_has_grown_and_no_sooner(shell: tuple[str, ...], tmp_path: Path) -> None:
    home(tmp_path, {"running": "bundle=5\noffset=0\n", "log": "it begins\n"})
    commands = """
        grep() { echo searched >>"$ROOT/told"; command grep "$@"; }
        has_registered; has_registered; echo $?
        echo "Register successfully x tunnel: 1" >>"$B/log"
        has_registered; echo $?
        cat "$ROOT/told"
    """
    assert run(shell, tmp_path, commands) == "1\n0\nsearched\nsearched\n"


@pytest.mark.parametrize("noted", [True, False])
def test_look_of_who_cannot_read_the_log_leaves_it_to_root_until_it_is_noted_that_the_bundle_came_up(
    shell: tuple[str, ...], noted: bool, tmp_path: Path
) -> None:
    home(tmp_path, {"running": "bundle=5\n", **({"registered": "5\n"} if noted else {})})
    assert (run(shell, tmp_path, "look x 0 0 1 2>/dev/null").endswith("end\n")) is noted


def test_release_before_has_a_minute_to_come_up_again_however_short_the_wait_was(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    home(tmp_path, {"current": "-> releases/old"})
    commands = """
        bundle_pid() { false; }
        start_service() { :; }
        confirm() { echo "$@"; }
        JOURNAL=$NEWLINE
        record previous old; record before running; record wait 5
        undo_start
        record wait 600
        undo_start
        """
    assert run(shell, tmp_path, commands) == "old 60 1 as-before\nold 600 1 as-before\n"


LINE = "1700000001\t1700000000\tx\tdeploy\t2\t1\tme\tme\t::1\tup\t\t\t1700000000.7\n"
ADD = """
JOURNAL=$NEWLINE; record key 9.9; record verb stop; record began 1; record who me; record by boot
add_history stopped ''
"""


@pytest.mark.parametrize(
    "damage",
    [
        bytes(5000),
        bytes(40) + LINE.encode()[40:],
        LINE.encode()[:40],
        LINE.encode()[:-3],
        LINE.encode()[:-1] + bytes(1),
    ],
    ids=["NULs", "begin lost", "half", "key cut", "end lost"],
)
def test_history_that_a_power_cut_damaged_tells_what_is_whole(
    shell: tuple[str, ...], damage: bytes, tmp_path: Path
) -> None:
    home(tmp_path, {})
    history = tmp_path / "history"
    history.write_bytes(LINE.encode() + damage)
    assert run(shell, tmp_path, "list_history x 9") == LINE
    added = run(shell, tmp_path, f"{ADD}list_history '*' 9").splitlines()
    assert (added[0] + "\n", added[1].split("\t")[2:4]) == (LINE, ["x", "stop"])
    assert len(added) == 2
    assert run(shell, tmp_path, f"{ADD}list_history x 9").splitlines() == added, "there is one line for a change"


def test_history_line_that_was_damaged_is_added_again(shell: tuple[str, ...], tmp_path: Path) -> None:
    home(tmp_path, {})
    (tmp_path / "history").write_bytes(bytes(30) + b"\tx\tstop\t\t\tme\t\t\tstopped\t\t\t9.9\n")
    assert "\tx\tstop\t" in run(shell, tmp_path, f"{ADD}list_history x 9")


def test_first_journal_that_a_power_cut_emptied_is_no_change(shell: tuple[str, ...], tmp_path: Path) -> None:
    folder = home(tmp_path, {"journal": "\0\0\0", "lock": "", "current.new": "-> releases/2"})
    assert "fail" not in run(shell, tmp_path, "recover boot")
    assert left(folder) == ["lock"]
    assert not (tmp_path / "history").exists()


def test_change_that_a_power_cut_ended_before_it_began_leaves_nothing(shell: tuple[str, ...], tmp_path: Path) -> None:
    folder = home(tmp_path, {"journal.new": "verb=rollback\n", "lock": "what=rollback\n"})
    run(shell, tmp_path, "recovery x boot")
    assert left(folder) == ["lock"]
    assert (folder / "lock").read_text() == ""


def test_journal_is_begun_only_with_what_is_to_be_done(shell: tuple[str, ...], tmp_path: Path) -> None:
    folder = home(tmp_path, {})
    run(shell, tmp_path, "start_guard() { :; }; begin rollback me; note_in_journal phase stop")
    assert left(folder) == []


def test_half_written_files_of_those_who_are_gone_are_taken_away(shell: tuple[str, ...], tmp_path: Path) -> None:
    with subprocess.Popen(["sh", "-c", "read -r line", "gateway.sh"], stdin=subprocess.PIPE) as other:
        for name in ("gateway.sh.99999999", f"gateway.sh.{os.getpid()}", f"gateway.sh.{other.pid}", "gateway.shx"):
            (tmp_path / name).write_text("half")
        run(shell, tmp_path, 'echo new | put_file "$ROOT/gateway.sh" 755')
        assert left(tmp_path) == ["gateway.sh", f"gateway.sh.{other.pid}", "gateway.shx"]


@pytest.mark.parametrize("act", ["disable_service", "remove_service"])
def test_service_that_goes_is_gone_on_the_disk(shell: tuple[str, ...], act: str, tmp_path: Path) -> None:
    said = run(
        shell, tmp_path, f"rm() {{ echo change; }}; at_boot() {{ echo change; }}; sync() {{ echo sync; }}; {act}"
    )
    assert said.split()[-2:] == ["change", "sync"]


def test_link_to_settings_is_there_all_the_time(shell: tuple[str, ...], tmp_path: Path) -> None:
    """Where it is missing for a moment, a power cut would have the SDK make factory settings that count."""
    folder = home(tmp_path, {"releases/1/data/x.json.factory": "{}", "releases/1/data/x.json": "renamed"})
    there = '[ -e "$B/releases/1/data/x.json" ] || echo gone'
    look = "".join(f'{tool}() {{ command {tool} "$@"; {there}; }}; ' for tool in ("mv", "cp", "rm"))
    # Of old tools, -f is two steps.
    look += f'ln() {{ [ "$1" != -sf ] || {{ command rm -f "$3"; {there}; }}; command ln "$@"; }};'
    (folder / "settings").mkdir()
    assert run(shell, tmp_path, f'{look} collect_settings "$B/releases/1"') == ""
    assert (folder / "releases/1/data/x.json").is_symlink()
    assert (folder / "settings/x.json").read_text() == "renamed"


HANDED_OVER = {
    "current": "-> releases/old",
    "releases/old/data/x.json.factory": "{}",
    "releases/old/data/x.json": "-> ../../../settings/x.json",
    "releases/new/data/x.json.factory": "{}",
    "releases/new/data/x.json": "-> ../../../beside/settings/x.json",
    "beside/release": "id=new\n",
    "beside/seen/x.json": "{}",
    "beside/settings/x.json": '{"of": "the new one"}',
}


@pytest.mark.parametrize("has_changed", [True, False])
def test_last_words_of_a_release_survive_a_power_cut_right_after_the_switch(
    shell: tuple[str, ...], has_changed: bool, tmp_path: Path
) -> None:
    """Who starts first after it is the supervisor; it obeys what was decided before the switch."""
    last = '{"last": "words"}' if has_changed else "{}"
    folder = home(tmp_path, {**HANDED_OVER, "settings/x.json": last})
    prepare = "JOURNAL=$NEWLINE; record id new; record previous old; previous=old"
    assert run(shell, tmp_path, f"{prepare}; put_in_place new; current_release") == "new\n"
    run(shell, tmp_path, "finish_candidate")
    assert (folder / "settings/x.json").read_text() == (last if has_changed else '{"of": "the new one"}')
    assert not (folder / "beside").exists()
    assert (folder / "releases/new/data/x.json").readlink() == Path("../../../settings/x.json")


def test_settings_of_a_hand_over_are_adopted_to_the_end_once_that_is_decided(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    """Some of them were already, so they differ from what was seen."""
    files = {**HANDED_OVER, "current": "-> releases/new", "settings/x.json": '{"of": "the new one"}'}
    folder = home(tmp_path, {**files, "journal": "previous=old\nwhose=new\n", "beside/settings/y.json": "[]"})
    run(shell, tmp_path, "finish_candidate")
    assert left(folder / "settings") == ["x.json", "y.json"]


def test_supervisor_of_an_older_script_is_told_whose_settings_count_by_a_file(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    folder = home(tmp_path, {**HANDED_OVER, "settings/x.json": "last"})
    prepare = 'send_command() { ls "$B/beside/again"; }; JOURNAL=$NEWLINE; record whose before; record previous old'
    commands = f"{prepare}; unite_settings new"
    assert str(folder / "beside/again") in run(shell, tmp_path, commands)


def test_rollback_with_settings_that_an_older_script_had_switched_finds_them(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    folder = home(
        tmp_path,
        {
            "current": "-> releases/1",
            "settings/x.json": "of 2",
            "settings/y.json": "of 2",
            "snapshots/1/x.json": "of 1",
            "journal": "verb=rollback\nid=1\nprevious=2\nbefore=running\nsettings=settings\nwait=5\nphase=switch\n",
        },
    )
    commands = 'stop_service() { :; }; try_release() { cat "$B"/settings/*; }; recover guard'
    assert run(shell, tmp_path, commands).endswith("of 1")
    assert left(folder / "settings") == ["x.json"]


GOOD, TORN = '{"key": "mine"}', '{"key": "mi'


@pytest.mark.parametrize(
    ("mode", "found", "ends"),
    [
        ("mend", "\0" * 15, GOOD),
        ("mend", "", GOOD),
        ("mend", TORN, GOOD),
        ("unclean", None, GOOD),
        ("mend", None, None),
        ("mend", "key: mine\n", "key: mine\n"),
        ("mend", '{"key": "later"}', '{"key": "later"}'),
        ("keep", TORN, TORN),
    ],
)
def test_settings_that_a_power_cut_left_are_restored_and_no_others(
    shell: tuple[str, ...], mode: str, found: str | None, ends: str | None, tmp_path: Path
) -> None:
    factory = {"releases/1/data/x.json.factory": "{}", "releases/1/data/x.json": "-> ../../../settings/x.json"}
    folder = home(tmp_path, {**factory, "settings/x.json": GOOD})
    run(shell, tmp_path, "tend_settings 1 keep")
    path = folder / "settings/x.json"
    path.unlink()
    if found is not None:
        path.write_text(found)
    said = run(shell, tmp_path, f"tend_settings 1 {mode}; tend_settings 1 {mode}")
    assert said == ""
    assert (path.read_text() if path.exists() else None) == ends
    restored = ends == GOOD
    assert (folder / "mended").exists() is restored
    assert "settings x.json were damaged" in (folder / "log").read_text() if restored else not (folder / "log").exists()
    if restored and found is not None:
        assert (folder / "snapshots/.damaged/x.json").read_text() == found
    gone = found is None or not found.startswith("{")
    kept = folder / "kept/x.json"
    assert (kept.read_text() if kept.exists() else None) == (
        GOOD if restored or found == TORN else None if gone else found
    )


def test_settings_that_were_renamed_into_place_are_restored_where_they_belong(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    files = {"releases/1/data/x.json.factory": "{}", "releases/1/data/x.json": "\0\0", "settings/x.json": "{}"}
    folder = home(tmp_path, {**files, "kept/x.json": GOOD})
    run(shell, tmp_path, "tend_settings 1 mend")
    assert (folder / "releases/1/data/x.json").is_symlink()
    assert (folder / "releases/1/data/x.json").read_text() == GOOD


def test_copy_of_settings_of_another_age_goes_with_them(shell: tuple[str, ...], tmp_path: Path) -> None:
    folder = home(
        tmp_path, {"current": "-> releases/1", "settings/x.json": "2", "settings.for.1/x.json": "1", "kept/x.json": "2"}
    )
    run(shell, tmp_path, "bring_settings")
    assert left(folder) == ["current", "settings/x.json"]
    assert (folder / "settings/x.json").read_text() == "1"


def act(verb: str, release: str, previous: str = "", outcome: str = "up", *, bundle: str = "x") -> str:
    fields = ["2", "1", bundle, verb, release, previous, "eve@workstation", "moxa", "10.0.0.1", outcome, "", "", "1.1"]
    return "\t".join(fields) + "\n"


# What has been done, by a script that kept no trail, and the trail of what is current then.
HISTORIES = [
    ([], "-"),
    ([act("deploy", "a")], "-"),
    ([act("deploy", "a"), act("deploy", "b", "a"), act("deploy", "c", "b")], "- a b"),
    ([act("deploy", "a"), act("deploy", "b", "a"), act("deploy", "c", "b", "back")], "- a"),
    ([act("deploy", "a"), act("deploy", "b", "a"), act("deploy", "c", "b"), act("rollback", "b", "c")], "- a"),
    ([act("deploy", "a"), act("deploy", "b", "a"), act("deploy", "b-1", "b"), act("rollback", "a", "b-1")], "-"),
    ([act("deploy", "a"), act("rollback", "z", "a")], "- a"),
    ([act("deploy", "a"), act("deploy", "b", "a"), act("remove", "b", "", "removed"), act("deploy", "c")], "-"),
    ([act("deploy", "a"), act("deploy", "q", "p", bundle="y"), act("restart", "a"), act("deploy", "b", "a")], "- a"),
]


@pytest.mark.parametrize(("acts", "trail"), HISTORIES)
def test_trail_of_an_older_script_is_read_from_the_history(
    shell: tuple[str, ...], acts: list[str], trail: str, tmp_path: Path
) -> None:
    home(tmp_path, {"releases/now.info": "state=good\n"})
    (tmp_path / "history").write_text("".join(acts))
    assert run(shell, tmp_path, 'use_trail now; echo "$kept"') == trail + "\n"


def test_trail_grows_by_changes_and_shrinks_by_what_undoes_them(shell: tuple[str, ...], tmp_path: Path) -> None:
    kept = {f"releases/{id}/index.py": "" for id in "abc"}
    folder = home(tmp_path, {**kept, **{f"releases/{id}.info": "state=good\n" for id in "abc"}})
    commands = """
        keep() { JOURNAL=$NEWLINE; record how "$3"; use_next_trail "$1" "$2"; mark_good "$1" "$trail"; }
        go() { keep "$@"; keep "$@"; use_trail "$1"; echo "$kept"; }
        go a '' ''
        go b a ''
        go c b no-verify
        go b c undo
        go a b 'undo mark-bad'
        go c a ''
        go a c undo
        go b a ''; go c b ''; rm -r "$B/releases/a"; go b c ''
        go c b undo
        """
    printed = run(shell, tmp_path, commands).splitlines()
    assert printed == ["-", "- a", "- a b", "- a", "-", "- a", "-", "- a", "- a b", "- b c", "- b"]
    assert (folder / "releases/c.info").read_text().count("trail=") == 1


def test_trail_has_an_end(shell: tuple[str, ...], tmp_path: Path) -> None:
    long = " ".join(f"{number}.0.0-abababab" for number in range(1000, 1400))
    home(tmp_path, {f"releases/{id}/index.py": "" for id in [*long.split(), "old", "new"]})
    (tmp_path / "bundles/x/releases/old.info").write_text(f"trail=- {long}\n")
    found = run(shell, tmp_path, "JOURNAL=$NEWLINE; use_next_trail new old; echo $trail").strip()
    assert len(found) <= 2000
    assert found.startswith("- 1")
    assert found.endswith(" 1399.0.0-abababab old")


def test_release_that_is_marked_as_bad_stays_so_when_it_is_started(shell: tuple[str, ...], tmp_path: Path) -> None:
    folder = home(tmp_path, {"releases/a.info": "state=bad\n", "current": "-> releases/a"})
    commands = """
        confirm() { true; }
        bundle_pid() { echo 5; }
        start_service() { :; }
        JOURNAL=$NEWLINE
        record id a; record wait 5; record key 1
        finish_start
        """
    assert "outcome\tup" in run(shell, tmp_path, commands)
    assert (folder / "releases/a.info").read_text() == "state=bad\n"


@pytest.mark.parametrize(
    ("words", "chosen"),
    [("", "yes,,"), ("write", "yes,yes,"), ("later write handover", "yes,yes,yes"), ("rewrite", "yes,,")],
)
def test_words_for_a_change_are_heeded_and_unknown_ones_are_not(
    shell: tuple[str, ...], words: str, chosen: str, tmp_path: Path
) -> None:
    assert run(shell, tmp_path, f'choose_how "{words}"; echo "$VERIFY,$WRITE,$HAND_OVER"').strip() == chosen


WORDS = [
    ["deploy", "-rf", "0.0.1-abc", "tar:ab", "", "a b", "\t"],
    ["stop", "it's", "''", "'\"'\"'", "a\nb\n", '"$break"', "$(id)", "`id`", "; id", "\\", "ä€", "*", "~", "#"],
]


@pytest.mark.parametrize("words", WORDS, ids=["plain", "hostile"])
def test_order_of_the_client_is_words(shell: tuple[str, ...], tmp_path: Path, words: list[str]) -> None:
    line = bootstrap.command("", *words).decode().strip(" ").removesuffix("\n")
    home(tmp_path, {})
    said = run(
        shell,
        tmp_path,
        f"""break='\n'
order=$(cat <<'END'\n{line}\nEND\n)
is_words "$order" && eval "set -- $order" && for word; do printf '%s\\0' "$word"; done""",
    )
    assert said.split("\0")[:-1] == words


ACTING = [
    "$(id)",
    "`id`",
    "a;id",
    "a|id",
    "a&id",
    "a>b",
    "a<b",
    '"$(id)"',
    '"$break',
    "'a",
    "a\\b",
    "$break",
    "(id)",
    "a*",
]


@pytest.mark.parametrize("line", ACTING)
def test_line_on_which_a_shell_would_act_is_no_order(shell: tuple[str, ...], tmp_path: Path, line: str) -> None:
    home(tmp_path, {})
    said = run(shell, tmp_path, f"order=$(cat <<'END'\nstop {line}\nEND\n)\nis_words \"$order\" && echo yes || echo no")
    assert said == "no\n"


# Of four releases, 2 has failed. What is done, which one is current, and which of them stay.
KEPT = [
    ("take_arguments room keep=1 who=me; change_room", "4", "4"),
    ("take_arguments room keep=2 who=me; change_room", "4", "4"),
    ("take_arguments room keep=3 who=me; change_room", "4", "3 4"),
    ("take_arguments room keep=4 who=me; change_room", "4", "1 3 4"),
    ("take_arguments room keep=1 who=me; change_room", "1", "1 4"),
    ("prune 1 3", "4", "2 3 4"),
    ("prune 2 1", "4", "1 2 3 4"),
    ("prune 1 1", "3", "1 2 3 4"),
]


@pytest.mark.parametrize(("act", "current", "stay"), KEPT)
def test_releases_that_stay_are_those_of_the_docs(
    shell: tuple[str, ...], act: str, current: str, stay: str, tmp_path: Path
) -> None:
    """The current release always stays; the one before it unless the disk is short of space and `--keep` is 1 or 2."""
    files = {"current": f"-> releases/{current}"}
    for number in "1234":
        state = "failed" if number == "2" else "good"
        files |= {f"releases/{number}.info": f"number={number}\nstate={state}\n", f"releases/{number}/index.py": ""}
    folder = home(tmp_path, files)
    said = run(shell, tmp_path, act)
    assert sorted(path.name for path in (folder / "releases").iterdir() if path.is_dir()) == stay.split(), said
    assert ("outcome\troom" in said) == act.endswith("change_room"), said


def test_place_for_an_upload_that_is_just_being_made_is_nobodys_to_drop(shell: tuple[str, ...], tmp_path: Path) -> None:
    home(tmp_path, {})
    place = tmp_path / "uploads/ab-cd"
    place.mkdir(parents=True)
    look = f"is_uploading {place} && echo busy || echo idle"
    assert run(shell, tmp_path, look) == "busy\n"
    (place / "start").touch()
    assert run(shell, tmp_path, look) == "idle\n"
    (place / "start").unlink()
    os.utime(place, (time.time() - 180,) * 2)
    assert run(shell, tmp_path, look) == "idle\n"


def test_link_in_an_upload_changes_no_mode_elsewhere(shell: tuple[str, ...], tmp_path: Path) -> None:
    secret, place = tmp_path / "secret", tmp_path / "place"
    secret.write_text("")
    secret.chmod(0o600)
    (place / "tree").mkdir(parents=True)
    (place / "list").write_text(f"x {sha256(b'').hexdigest()} start.sh\n")
    with tarfile.open(place / "archive.tar.gz", "w:gz") as tar:
        link = tarfile.TarInfo("start.sh")
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        tar.addfile(link)
    assert run(shell, tmp_path, f"complete_tree {place} && echo taken") == ""
    assert secret.stat().st_mode & 0o777 == 0o600


def test_two_first_deploys_at_once_leave_each_other_s_upload(shell: tuple[str, ...], tmp_path: Path) -> None:
    meanwhile = 'rm() { command mkdir -p "$ROOT/uploads/theirs"; command rm "$@"; }'
    assert run(shell, tmp_path, f"{meanwhile}\nguard_uploads; echo $?") == "0\n"
    assert (tmp_path / "uploads/theirs").is_dir()
