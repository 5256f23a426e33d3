"""A bundle beside a gateway, as a test of the bundle has it: both in a thread's event loop."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bundlekit.emulator.bundles.leash import Leash
from bundlekit.emulator.bundles.runner import BundleRunner, Way
from bundlekit.emulator.gateway import EmulatedGateway
from bundlekit.emulator.threaded import Loop
from bundlekit.errors import CouldNotRun
from tests.emulator.bundles.samples import make_bundle

Place = tuple[Loop, EmulatedGateway, Leash]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with ExitStack() as stack:
        loop, leash = stack.enter_context(Loop()), stack.enter_context(Leash())
        gateway = EmulatedGateway(tmp_path_factory.mktemp("state"))
        loop.run(gateway.start())
        stack.callback(lambda: loop.run(gateway.stop()))
        yield loop, gateway, leash


def runner(place: Place, folder: Path, python: str = sys.executable) -> BundleRunner:
    _, gateway, leash = place
    way = Way(gateway.broker, python, reload=False)
    return BundleRunner(folder, way, log=gateway.log, leash=leash, declare=gateway.trace.registry.declare)


def test_it_is_registered_when_it_says_so(place: Place, tmp_path: Path) -> None:
    loop, gateway, _ = place
    bundle = runner(place, make_bundle(tmp_path / "alpha", "alpha"))
    loop.run(bundle.start())
    loop.run(bundle.registered())
    assert gateway.controller.components["alpha"].resources == ("/alpha",)
    assert [one.resource for one in gateway.trace.registry.declared["alpha"]] == ["/alpha"]
    loop.run(bundle.stop())
    assert bundle.pid is None
    assert [line for line in gateway.log.lines("alpha") if "goes, python 3" in line.text]


def test_one_that_does_not_come_up_is_told_with_its_last_lines(place: Place, tmp_path: Path) -> None:
    loop, _, _ = place
    folder = make_bundle(tmp_path / "alpha", "alpha")
    (folder / "index.py").write_text("import queue\nimport ConfigParser\n")
    bundle = runner(place, folder)
    loop.run(bundle.start())
    with pytest.raises(CouldNotRun) as failed:
        loop.run(bundle.registered())
    assert failed.value.message == "alpha did not come up: it ended with exit status 1"
    assert failed.value.details[-1] == "ModuleNotFoundError: No module named 'ConfigParser'"
    assert f'  File "{folder}/index.py", line 2, in <module>' in failed.value.details
    assert failed.value.hint
    assert "--python python2.7" in failed.value.hint
    loop.run(bundle.stop())


def test_python_that_cannot_be_started_is_told(place: Place, tmp_path: Path) -> None:
    loop, _, _ = place
    bundle = runner(place, make_bundle(tmp_path / "alpha", "alpha"), python="/etc/passwd")
    with pytest.raises(CouldNotRun, match="cannot start /etc/passwd: Permission denied"):
        loop.run(bundle.start())


PRINTS = r"""
import os, sys
out = getattr(sys.stdout, "buffer", sys.stdout)
out.write(b"caf\xc3\xa9 \xff\r\n\n" + b"x" * 3000000 + b"\n")
out.flush()
sys.stderr.write("to the other\n")
sys.stdout.write("without an end")
"""


def test_every_line_comes_through_whatever_is_in_it(place: Place, tmp_path: Path) -> None:
    loop, gateway, _ = place
    folder = make_bundle(tmp_path / "prints", "prints")
    (folder / "index.py").write_text(PRINTS)
    bundle = runner(place, folder)
    loop.run(bundle.start())
    loop.run(bundle.over())
    loop.run(bundle.stop())
    texts = [line.text for line in gateway.log.lines("prints")]
    assert texts[:2] == ["café \ufffd", ""]
    assert set("".join(texts[2:-2])) <= set("x… (0123456789 characters)")
    assert texts[-2:] == ["to the other", "without an end"]
