"""`bundlekit run` as it is typed, with real processes."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pexpect
import psutil
import pytest

from tests.emulator.bundles.pythons import python_2
from tests.emulator.bundles.run import Run, user_folders
from tests.emulator.bundles.samples import make_bundle
from tests.emulator.conftest import Mosquitto
from tests.emulator.other_user import NAME, USER_ID, try_broker
from tests.emulator.sides import wait_until

STUBBORN = """
    def before_stop(self):
        import time
        print("never goes")
        time.sleep(600)
"""
WITH_CHILD = """
    child = subprocess.Popen(["sleep", "600"])
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "work" / "thermostat", "thermostat")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in folder.rglob("*")
    }


def processes(run: Run) -> list[psutil.Process]:
    """Those that it has started, and theirs."""
    return psutil.Process(run.pid).children(recursive=True)


def see_ended(started: list[psutil.Process]) -> None:
    assert started
    wait_until(lambda: not [one for one in started if one.is_running() and one.status() != psutil.STATUS_ZOMBIE])


def test_bundle_answers_by_the_ways_that_are_told(bundle: Path, home: Path) -> None:
    with Run(bundle, "--http-port", "0", home=home) as run:
        run.answers("thermostat")
        assert run.api("GET", "/thermostat") == (200, {"key": "value"})
        curl = shlex.split(run.sees("curl -K"))
        told = subprocess.run([curl[0], "-sS", *curl[1:]], check=True, capture_output=True, text=True)
        assert told.stdout == '{"key": "value"}'
        token = run.sees("^token ").split()[1]
        assert token not in " ".join(curl)
        assert Path(curl[2]).stat().st_mode & 0o077 == 0
        api = shlex.split(run.sees("bundlekit api").removeprefix("try"))
        asked = [sys.executable, "-m", *api]
        told = subprocess.run(
            asked, env={**os.environ, **user_folders(home)}, check=True, capture_output=True, text=True
        )
        assert '"value"' in told.stdout
        assert run.sees(r" http://127\.0\.0\.1:\d+/api/v1$")


def test_piped_output_is_the_bundles_alone_and_plain(bundle: Path, home: Path) -> None:
    other = make_bundle(bundle.parent / "door", "door")
    with Run(bundle.parent, home=home) as run:
        run.answers("thermostat")
        run.answers("door")
    assert other
    assert all(line.startswith(("thermostat | ", "door       | ")) for line in run.out)
    assert not [line for line in [*run.out, *run.err] if "\x1b" in line]


def test_bundle_in_this_folder_needs_no_path(bundle: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bundle)
    with Run(home=home) as run:
        run.answers("thermostat")


def test_try_leaves_nothing_in_the_folder_nor_anywhere_else(bundle: Path, home: Path) -> None:
    (bundle / "settings.py").write_text("import os\nHERE = os.path.dirname(os.path.realpath(__file__))\n")
    index = bundle / "index.py"
    index.write_text(
        index.read_text().replace("os.path.abspath(os.path.dirname(__file__))", "__import__('settings').HERE")
    )
    before = tree(bundle)
    with Run(bundle, home=home) as run:
        run.answers("thermostat")
        assert run.api("PUT", "/thermostat", {"key": 2}) == (200, {"key": 2})
    assert tree(bundle) == before
    assert [path.name for path in home.iterdir() if path.name.startswith("bundlekit-")] == []


def test_bundle_in_an_archive_is_run_and_leaves_nothing(bundle: Path, home: Path, tmp_path: Path) -> None:
    archive = tmp_path / "thermostat.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(bundle, ".")
    with Run(archive, home=home) as run:
        run.answers("thermostat")
        assert run.api("GET", "/thermostat") == (200, {"key": "value"})
    assert [path.name for path in home.iterdir() if path.name.startswith("bundlekit-")] == []


def test_save_starts_the_bundle_anew_with_its_settings_kept(bundle: Path, home: Path) -> None:
    with Run(bundle, home=home) as run:
        run.answers("thermostat")
        run.api("PUT", "/thermostat", {"key": 2})
        index = bundle / "index.py"
        index.write_text(index.read_text().replace('"/thermostat"', '"/warmer"', 1))
        run.answers("thermostat", 2)
        assert run.sees("^- thermostat starts again, index.py was saved")
        assert run.sees("goes, python 3")
        assert run.api("PUT", "/thermostat", {"key": 3})[1] == {"key": 3}
        assert run.api("GET", "/thermostat")[0] == 404
        index.write_text(index.read_text().replace('"/warmer"', '"/thermostat"'))
        run.answers("thermostat", 3)
        assert run.api("GET", "/thermostat") == (200, {"key": 3})


def test_what_no_bundle_is_made_of_starts_nothing_anew(bundle: Path, home: Path) -> None:
    with Run(bundle, home=home) as run:
        run.answers("thermostat")
        (bundle / "data/thermostat.json").write_text("{}")
        (bundle / "__pycache__").mkdir()
        (bundle / "__pycache__/index.cpython-311.pyc").write_text("")
        (bundle / ".git").mkdir()
        (bundle / ".git/index").write_text("")
        (bundle / ".index.py.swp").write_text("")
        (bundle / "helper.py").write_text("")
        run.answers("thermostat", 2)
        assert [line for line in run.err if "starts again" in line] == [
            "- thermostat starts again, helper.py was saved"
        ]


def test_without_reload_a_save_changes_nothing_and_the_last_end_ends_all(bundle: Path, home: Path) -> None:
    with Run(bundle, "--no-reload", home=home) as run:
        run.answers("thermostat")
        (bundle / "index.py").write_text("raise SystemExit(7)")
        assert run.api("GET", "/thermostat") == (200, {"key": "value"})
        for process in processes(run):
            if "index.py" in process.cmdline():
                process.kill()
        assert run.wait() == 1
        assert run.sees("^! thermostat ended by SIGKILL$")


@pytest.mark.parametrize("options", [(), ("--no-reload",)])
def test_reboot_starts_the_bundle_again_with_its_settings_kept(
    options: tuple[str, ...], bundle: Path, home: Path
) -> None:
    with Run(bundle, *options, home=home) as run:
        run.answers("thermostat")
        run.api("PUT", "/thermostat", {"key": 2})
        assert run.api("PUT", "/system/reboot")[0] == 200
        assert run.sees("^- thermostat starts again, for a reboot was asked for")
        run.answers("thermostat", 2)
        assert run.api("GET", "/thermostat") == (200, {"key": 2})


def test_crash_shows_where_and_waits_for_the_next_save(bundle: Path, home: Path) -> None:
    index = bundle / "index.py"
    good = index.read_text()
    index.write_text("import json\njson.loads('{')\n")
    with Run(bundle, home=home) as run:
        assert run.sees(r"^! thermostat ended with exit status 1; it starts again when you save$")
        assert run.sees(f'^thermostat \\|   File "{index}", line 2, in <module>$')
        index.write_text(good)
        run.answers("thermostat")


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ('print "hello"\n', "^ hint: this bundle is Python 2; give --python python2.7$"),
        ("import urllib2\n", "^ hint: this bundle is Python 2, which has a module urllib2; give --python python2.7$"),
        ("unicode('x')\n", "^ hint: this bundle is Python 2, which has unicode; give --python python2.7$"),
        ("import nosuchthing\n", "^ hint: nosuchthing is not installed for this Python; --python chooses another one$"),
    ],
)
def test_crash_that_the_python_explains_is_explained(source: str, hint: str, bundle: Path, home: Path) -> None:
    (bundle / "index.py").write_text(source)
    with Run(bundle, home=home) as run:
        assert run.sees(hint)


@pytest.mark.gateway
def test_python_2_bundle_runs_under_python_2(bundle: Path, home: Path, tmp_path: Path) -> None:
    (bundle / "index.py").write_text('print "hello"\n' + (bundle / "index.py").read_text())
    before = tree(bundle)
    with Run(bundle, "--python", python_2(tmp_path / "python"), home=home) as run:
        run.answers("thermostat")
        assert run.sees(r"^thermostat \| hello$")
    assert run.sees("goes, python 2")
    assert tree(bundle) == before


@pytest.mark.gateway
def test_bundle_that_needs_python_3_says_so_under_python_2(bundle: Path, home: Path, tmp_path: Path) -> None:
    (bundle / "index.py").write_text("print(f'{1}')\n")
    with Run(bundle, "--python", python_2(tmp_path / "python"), home=home) as run:
        assert run.sees("^ hint: this bundle needs a Python 3, and a gateway has 2.7$")


def test_error_in_a_package_of_others_is_not_the_bundles(bundle: Path, home: Path, tmp_path: Path) -> None:
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages/theirs.py").write_text('print "hello"\n')
    (bundle / "index.py").write_text("import theirs\n")
    with Run(bundle, home=home, variables={"PYTHONPATH": str(tmp_path / "packages")}) as run:
        assert run.sees("^ hint: .*/packages/theirs.py is not a file of the bundle: another version")


@contextlib.contextmanager
def on_1883() -> Iterator[None]:
    """Somebody has the port that gateways have their broker on: we, unless a test beside this one has it already."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            held.enter_context(socket.create_server(("127.0.0.1", 1883)))
        yield


def test_broker_is_elsewhere_where_1883_is_taken(bundle: Path, home: Path) -> None:
    told = ""
    for _ in range(5):  # a test beside this one may have had the port, and let it go in between
        with on_1883(), Run(bundle, home=home) as run:
            run.answers("thermostat")
            told = run.sees("^broker ")
        if not told.split()[1].endswith(":1883"):
            break
    assert re.fullmatch(r"broker +127.0.0.1:(?!1883)\d+ \(1883 is taken\)", told)


PUBLISHES = """
    @Route(methods="post", resource="/said")
    def post(self, message, response):
        port = os.environ["BROKER_PORT_1883_TCP_PORT"]
        said = json.dumps({"id": 1, "method": "put", "resource": "/thermostat", "data": {"key": "said"}})
        subprocess.check_call(["mosquitto_pub", "-p", port, "-t", "/controller", "-m", said])
        return response()
"""


def test_bundle_that_calls_mosquitto_pub_is_heard(bundle: Path, home: Path) -> None:
    make_bundle(bundle.parent / "door", "door", PUBLISHES, ["/said"])
    with Run(bundle.parent, home=home) as run:
        run.answers("thermostat")
        run.answers("door")
        assert run.api("POST", "/said", {})[0] == 200
        wait_until(lambda: run.api("GET", "/thermostat") == (200, {"key": "said"}))


def test_bundle_that_takes_a_resource_of_the_gateway_answers_alone(bundle: Path, home: Path) -> None:
    make_bundle(bundle.parent / "net", "net", NETWORK, ["/network/interfaces"])
    with Run(bundle.parent / "net", "--without", "/network", "--strict", home=home) as run:
        run.answers("net")
        assert run.api("GET", "/network/interfaces") == (200, ["wlan0"])
    with Run(bundle.parent / "net", home=home) as run:
        run.answers("net")
        # Its own answer comes first or last, and the last list counts.
        assert run.api("GET", "/network/interfaces") in ((200, ["wlan0"]), (200, ["eth0", "eth1"]))


def test_in_place_the_bundle_keeps_its_settings_and_does_not_start_itself_anew(bundle: Path, home: Path) -> None:
    with Run(bundle, "--in-place", home=home) as run:
        run.answers("thermostat")
        assert run.api("PUT", "/thermostat", {"key": 2}) == (200, {"key": 2})
        (bundle / "thermostat.log").write_text("")
        (bundle / "helper.py").write_text("")
        run.answers("thermostat", 2)
        assert len([line for line in run.err if "starts again" in line]) == 1
    with Run(bundle, "--in-place", home=home) as run:
        run.answers("thermostat")
        assert run.api("GET", "/thermostat") == (200, {"key": 2})
    assert not list(bundle.rglob("*.pyc"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_everything_cleanly(number: signal.Signals, bundle: Path, home: Path) -> None:
    with Run(bundle, home=home) as run:
        run.answers("thermostat")
        started = processes(run)
        run.signal(number)
        assert run.wait() == 0
        see_ended(started)
        assert run.sees("goes, python 3")
        assert not list((home / "runtime").rglob("*.json"))


def test_second_signal_ends_everything_at_once(tmp_path: Path, home: Path) -> None:
    bundle = make_bundle(tmp_path / "stubborn", "stubborn", STUBBORN)
    with Run(bundle, home=home) as run:
        run.answers("stubborn")
        started = processes(run)
        run.signal(signal.SIGINT)
        run.sees("never goes")
        run.signal(signal.SIGINT)
        assert run.wait() == 130
        see_ended(started)
        assert [path.name for path in home.iterdir() if path.name.startswith("bundlekit-")] == []


def test_killed_it_leaves_no_process(tmp_path: Path, home: Path) -> None:
    bundle = make_bundle(tmp_path / "parent", "parent", WITH_CHILD)
    with Run(bundle, home=home) as run:
        run.answers("parent")
        started = processes(run)
        assert [one for one in started if one.name() == "sleep"]
        run.signal(signal.SIGKILL)
        run.wait()
        see_ended(started)


def test_children_of_a_bundle_end_with_it(tmp_path: Path, home: Path) -> None:
    bundle = make_bundle(tmp_path / "parent", "parent", WITH_CHILD)
    with Run(bundle, home=home) as run:
        run.answers("parent")
        children = [one for one in processes(run) if one.name() == "sleep"]
        (bundle / "index.py").write_text("raise SystemExit(0)")
        run.sees("ended with exit status 0")
        see_ended(children)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize("option", ["--port", "--http-port", "--broker-port"])
def test_port_in_use_is_told_with_the_option_that_moves_it(option: str, taken: int, bundle: Path, home: Path) -> None:
    with Run(bundle, "--port", "0", option, str(taken), home=home, port=False) as run:
        assert run.wait() == 3
        assert run.sees(f"^error: cannot listen on 127.0.0.1:{taken} for .*: something listens there already$")
        assert run.sees(f"^ hint: {option} sets another port; {option} 0 takes any free port$")


def test_faults_are_told_and_a_bundle_that_can_run_is_run(bundle: Path, home: Path) -> None:
    manifest = bundle / "bundle.json"
    manifest.write_text(manifest.read_text().replace('"priority"', '"x": 1, "email": 5, "priority"'))
    with Run(bundle, home=home) as run:
        run.answers("thermostat")
        assert run.sees(r"thermostat/bundle\.json:\d+:\d+: error BK")
        assert run.sees("^note: .*thermostat is run all the same; no deploy takes it$")


NETWORK = """
    @Route(methods="get", resource="/network/interfaces")
    def interfaces(self, message, response):
        return response(data=["wlan0"])
"""

# arguments, exit status, what is told
REFUSED = [
    (["thermostat", "copy"], 2, "error: thermostat is the name of two of these bundles"),
    (["thermostat", "--python", "python9"], 2, "error: there is no Python python9"),
    (["thermostat", "--python", "/etc/passwd"], 2, "error: there is no Python /etc/passwd"),
    (["thermostat", "--broker", "nowhere"], 2, "error: --broker: 'nowhere' is not HOST:PORT"),
    (["thermostat", "--broker", "a:1", "--mqtt-port", "1"], 2, "error: --broker-port is for a new broker"),
    (["thermostat", "--without", "/nothing"], 2, "error: --without /nothing: the gateway has no such resource"),
    (["nothing"], 2, "error: there is no nothing"),
    (["empty"], 3, "error: there is no index.py in "),
]


@pytest.mark.parametrize(("arguments", "code", "told"), REFUSED)
def test_what_cannot_be_run_is_told(
    arguments: list[str], code: int, told: str, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bundle(bundle.parent / "copy", "thermostat")
    (bundle.parent / "empty").mkdir()
    (bundle.parent / "empty/bundle.json").write_text("{}")
    monkeypatch.chdir(bundle.parent)
    with Run(*arguments, home=bundle.parents[1] / "home") as run:
        assert run.wait() == code
        assert [line for line in run.err if line.startswith(told)]
        assert not [line for line in run.err if "Traceback" in line or "run all the same" in line]


def test_outside_broker_is_used(bundle: Path, home: Path, tmp_path: Path) -> None:
    mosquitto = Mosquitto(tmp_path)
    mosquitto.start()
    try:
        with Run(bundle, "--broker", str(mosquitto.address), home=home) as run:
            run.answers("thermostat")
            assert run.sees(f"^broker +{mosquitto.address}$")
            assert run.api("GET", "/thermostat") == (200, {"key": "value"})
    finally:
        mosquitto.stop()


def test_another_user_can_neither_read_nor_deregister_a_bundle(bundle: Path, home: Path) -> None:
    with Run(bundle, home=home) as run:
        run.answers("thermostat")
        host, _, port = run.sees("^broker ").split()[1].rpartition(":")
        assert try_broker(host, port) in ("b''", "b'ConnectionResetError'")
        assert run.sees(rf"^! refused a connection of user {NAME} \(uid {USER_ID}\) to the broker$")
        assert run.api("PUT", "/thermostat", {"key": "mine"}) == (200, {"key": "mine"})
    assert all(line.startswith("thermostat | ") for line in run.out)


def test_it_ends_when_nobody_reads_it_any_more(bundle: Path, home: Path) -> None:
    line = [sys.executable, "-m", "bundlekit", "run", str(bundle), "--port", "0"]
    with subprocess.Popen(
        line, env={**os.environ, **user_folders(home)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(30) == 141


def test_terminal_that_is_closed_ends_everything(bundle: Path, home: Path) -> None:
    line = ["-m", "bundlekit", "run", str(bundle), "--port", "0"]
    with pexpect.spawn(sys.executable, line, env={**os.environ, **user_folders(home)}, timeout=60) as terminal:
        terminal.expect("\x1b\\[36m-\x1b\\[0m thermostat answers")
        started = psutil.Process(terminal.pid).children(recursive=True)
    see_ended(started)
    assert not list((home / "state").rglob("crash*"))


def test_nothing_that_a_bundle_prints_steers_the_terminal(bundle: Path, home: Path) -> None:
    (bundle / "index.py").write_text("print('a\\x1b[31mred\\x07\\ttab')\n")
    with Run(bundle, home=home) as run:
        assert run.sees("      tab") == r"thermostat | a\x1b[31mred\x07      tab"


def test_missing_extra_is_told_with_the_command_that_installs_it(bundle: Path, home: Path) -> None:
    code = f"import sys; sys.modules['aiohttp'] = None; from bundlekit.cli import main; main(['run', {str(bundle)!r}])"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **user_folders(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "error: the emulated gateway needs aiohttp, which is not installed" in run.stderr
    assert f"hint: run `{sys.executable} -m pip install 'bundlekit[emulator]'`" in run.stderr
