"""`bundlekit.Gateway` against a booted gateway, as a program uses it."""

from __future__ import annotations

import pytest

import bundlekit
from bundlekit.errors import BadUsage, GatewayUnreachable, HostKeyRejected, LoginRefused
from bundlekit.remote.listener import SilentListener
from tests.library.example import main
from tests.workstation import Workstation

pytestmark = pytest.mark.gateway


class Heard(SilentListener):
    def __init__(self) -> None:
        self.words: list[str] = []

    def phase(self, word: str, text: str) -> None:
        self.words.append(word)


@pytest.fixture
def options(shared_workstation: Workstation, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """How `gateway` is reached from the workstation's home."""
    monkeypatch.setenv("HOME", str(shared_workstation.home))
    return {"password": shared_workstation.machine.password}


def test_life_of_a_bundle(
    shared_workstation: Workstation, options: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (shared_workstation.sample(version, name="library") for version in ("0.0.1", "0.0.2"))
    broken = shared_workstation.sample("0.0.3", name="library", before_main='raise ValueError("no sensor")')
    heard = Heard()
    with bundlekit.Gateway("gateway", password=options["password"], listener=heard) as gateway:
        planned = gateway.deploy(first, dry_run=True)
        assert (planned.outcome, bool(planned.plan.steps)) == (None, True)
        done = gateway.deploy(bundlekit.pack(first))
        assert done.outcome is not None
        assert done.outcome.word == "up"
        assert {"upload", "switch", "start"} <= set(heard.words)
        assert gateway.deploy(first).outcome is None  # it runs already
        gateway.deploy(second)
        with pytest.raises(bundlekit.RolledBack, match="ended with exit status 1") as error:
            gateway.deploy(broken)
        assert any("no sensor" in line for line in error.value.details)
        assert error.value.hint is not None
        assert "bundlekit logs gateway" in error.value.hint

        (state,) = gateway.status("library").bundles
        assert (state.version, state.is_well) == ("0.0.2", True)
        verified = gateway.verify(second)
        assert (verified.passed, verified.version, verified.broken) == (True, "0.0.2", ())
        assert any("Register successfully library" in line for line in gateway.logs("library"))
        with bundlekit.Gateway("gateway", password=options["password"]) as other:
            following = other.logs("library", lines=1000, follow=True)
            assert any("Register successfully library" in line for line in following)
            with pytest.raises(BadUsage, match="follows a log"):
                other.status()

        assert gateway.rollback("library").release == done.plan.release
        assert [one.verb for one in gateway.history("library", lines=2)] == ["rollback", "deploy"]
        assert gateway.verify(second).notes  # another version runs there
        with pytest.raises(bundlekit.CouldNotRun, match="not deployed"):
            gateway.rollback("no-such-bundle")
    with pytest.raises(BadUsage, match="not logged in"):
        gateway.status()
    assert capsys.readouterr() == ("", "")


def test_example_of_the_page_runs(
    shared_workstation: Workstation, options: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shared_workstation.sample(name="scripted")
    assert main("gateway", str(folder), options["password"]) == 0
    assert "scripted 0.0.1 runs on" in capsys.readouterr().out
    (folder / "bundle.json").write_text("{}")
    assert main("gateway", str(folder), options["password"]) == 1
    assert "BK101" in capsys.readouterr().err


def test_log_in_that_fails_sends_nothing_and_says_what_to_give(
    shared_workstation: Workstation, options: dict[str, str]
) -> None:
    with pytest.raises(LoginRefused, match="none was given") as refused:
        _look({})  # the key is accepted, and sudo asks
    assert "Gateway(target, password=...)" in str(refused.value.hint)
    shared_workstation.known_hosts.write_text("")
    with pytest.raises(HostKeyRejected, match="not known"):
        _look(options)
    with pytest.raises(GatewayUnreachable), bundlekit.Gateway("moxa@127.0.0.1:9", password="secret"):
        pass


def _look(options: dict[str, str]) -> None:
    with bundlekit.Gateway("gateway", password=options.get("password")) as gateway:
        gateway.status()
