"""What tests ask for by name."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import core, settings

from tests import fork_server, rotation
from tests.box import Box, PlainBox
from tests.workstation import Workstation

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling

# Started in the background of a shell, we would hand SIGINT on as ignored, and no Ctrl-C of a test would be heard.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples in each run of a commit. `make fuzz` makes many more.
settings.register_profile("steady", database=None, deadline=None, max_examples=rotation.examples(100))
settings.register_profile("search", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile(_PROFILE := os.environ.get("BUNDLEKIT_HYPOTHESIS", "steady"))
if _PROFILE == "steady":
    core.global_force_seed = rotation.turn(1 << 32)  # type: ignore[assignment] # what --hypothesis-seed sets


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    from tests.scheduling import mark_slow, waiting_first

    mark_slow(items, all_of_them=config.args_source is config.ArgsSource.TESTPATHS)
    waiting_first(items)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        os.environ["BUNDLEKIT_SEED"] = rotation.seed()  # or a commit made meanwhile would give workers other tests
        shared = ExitStack()
        shared.enter_context(fork_server.for_all_workers())
        config.add_cleanup(shared.close)


def pytest_sessionstart() -> None:
    gc.disable()  # until what all tests are made of is there; it stays to the end


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    from tests.scheduling import FromBothEnds

    return FromBothEnds(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests have recorded as `told`, whether they passed or not."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                if name == "told":
                    terminalreporter.write_line(str(value))


@pytest.fixture
def box() -> Iterator[Box]:
    """A gateway with systemd, booted afresh for this test alone."""
    with Box() as box:
        yield box


@pytest.fixture
def plain_box() -> Iterator[PlainBox]:
    """A gateway without systemd, started afresh for this test alone."""
    with PlainBox() as box:
        yield box


@pytest.fixture(scope="session")
def shared_box() -> Iterator[Box]:
    """A gateway that tests share which only read, or whose bundles all have names of their own."""
    with Box() as box:
        yield box


@pytest.fixture
def workstation(tmp_path: Path, box: Box) -> Workstation:
    """A workstation with a gateway that has systemd, both for this test alone."""
    return Workstation(tmp_path, box)


@pytest.fixture
def plain_workstation(tmp_path: Path, plain_box: PlainBox) -> Workstation:
    """A workstation with a gateway that has no systemd, both for this test alone."""
    return Workstation(tmp_path, plain_box)


# A bundle that runs takes seven milliseconds of a processor each second to the end of the tests. Stopped in order, it
# takes leave of the controller. Whoever is at a change of it still has to end first.
_FORGET = """
cd /opt/bundlekit/bundles 2>/dev/null || exit 0
for name in *; do
    case $name in {known} | '*') continue ;; esac
    while pgrep -f "gateway[.]sh (worker|guard|recovery) $name " >/dev/null; do sleep .1; done
    systemctl stop "bundlekit-$name.service" 2>/dev/null
    ! pgrep -af "gateway[.]sh [a-z]* $name( |\\$)|/bundles/$name/" || exit 1
    rm -rf "./$name" "/run/bundlekit/$name" /etc/systemd/system/bundlekit-$name.service \\
        /etc/systemd/system/*/bundlekit-$name.service
done
"""


@pytest.fixture(scope="session")
def emptied_box() -> Iterator[Box]:
    """A gateway for `emptied_workstation` alone."""
    with Box() as box:
        yield box


@pytest.fixture
def emptied_workstation(tmp_path: Path, emptied_box: Box) -> Iterator[Workstation]:
    """A workstation with a gateway to which nothing was ever deployed, as far as it can tell.

    It may lose its power, but what is not of bundlekit stays as it is.
    """
    yield Workstation(tmp_path, emptied_box)
    emptied_box.run("(" + _FORGET.format(known="''") + ") && rm -rf /opt/bundlekit /run/bundlekit")


@pytest.fixture
def shared_workstation(tmp_path: Path, shared_box: Box) -> Iterator[Workstation]:
    """A workstation with a gateway that other tests use as well. What was deployed there goes with the test."""
    bundles = shared_box.root / "opt/bundlekit/bundles"
    known = [folder.name for folder in bundles.iterdir()] if bundles.exists() else []
    yield Workstation(tmp_path, shared_box)
    shared_box.run(_FORGET.format(known="|".join(known) or "''"))
