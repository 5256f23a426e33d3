"""The pytest plugin as the author of a bundle uses it: pytest on a generated bundle, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bundlekit.scaffold.template import render_bundle
from tests.rotation import share
from tests.scaffold.conversations import CONVERSATIONS, Conversation

# One of settings, one of all kinds of resources, one with a name that options look like.
GENERATED = [one for one in CONVERSATIONS if one.name in ("new-one", "new-rooms") or one.name.startswith("-new")]

# Other plugins that are here, and take longer to come up than all that is tried.
NOT_OURS = ("-p", "no:schemathesis", "-p", "no:hypothesispytest")


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    # As it ends, pytest removes what earlier runs left in the folder that all runs share: minutes on a busy disk.
    own = f"--basetemp={folder.parent / 'of-pytest'}"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *NOT_OURS, own, *arguments],
        cwd=folder,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def lamp(tmp_path: Path) -> Path:
    """A bundle of one resource, with no tests yet."""
    folder = render_bundle(Conversation("lamp", ("/lamp:get,put",), (), kept=None).answers, tmp_path)
    (folder / "tests" / "test_resources.py").unlink()
    return folder


def write_test(folder: Path, source: str) -> None:
    (folder / "tests").mkdir(exist_ok=True)
    (folder / "tests" / "test_lamp.py").write_text(source)


@pytest.mark.parametrize("conversation", share(GENERATED, of=3), ids=lambda conversation: conversation.name)
def test_generated_tests_pass_and_leave_the_bundle_as_it_is(conversation: Conversation, tmp_path: Path) -> None:
    folder = render_bundle(conversation.answers, tmp_path)
    before = files(folder)
    ended = run_pytest(folder, "-q")
    assert ended.returncode == 0, ended.stdout
    assert "passed" in ended.stdout
    assert files(folder) == before


def test_generated_tests_fail_for_a_bundle_that_breaks_its_promise(lamp: Path, tmp_path: Path) -> None:
    conversation = next(one for one in CONVERSATIONS if one.name == "new-one")
    folder = render_bundle(conversation.answers, tmp_path)
    main = folder / "index.py"
    main.write_text(main.read_text().replace("settings.update(data)", "pass"))
    ended = run_pytest(folder, "-q")
    assert ended.returncode == 1
    assert "test_put_is_merged_and_stays" in ended.stdout


def test_each_test_begins_with_factory_settings_and_restart_keeps_them(lamp: Path) -> None:
    (lamp / "data" / "lamp.json").write_text('{"from": "a run by hand"}')
    write_test(
        lamp,
        """
import pytest

@pytest.mark.parametrize("turn", [1, 2])
def test_lamp(gateway, turn):
    answer = gateway.get("/lamp")
    assert gateway.contract_faults("GET", "/lamp", answer) == []
    assert gateway.contract_faults("GET", "/other", answer) == []
    gateway.reset()
    assert gateway.get("/lamp").json == {"key": "value"}
    assert gateway.put("/lamp", {"key": turn}).ok
    gateway.restart()
    assert gateway.get("/lamp").json == {"key": turn} == gateway.settings
    assert "Register successfully lamp" in gateway.log
    assert gateway.request("post", "/lamp", {}).status == 404
    assert gateway.get("/system/status?fields=hostname").json == {"hostname": "Moxa"}
""",
    )
    ended = run_pytest(lamp, "-q")
    assert ended.returncode == 0, ended.stdout
    assert (lamp / "data" / "lamp.json").read_text() == '{"from": "a run by hand"}'


def test_bundle_has_the_least_time_that_its_ttl_may_mean(lamp: Path) -> None:
    manifest = json.loads((lamp / "bundle.json").read_text())
    (lamp / "bundle.json").write_text(json.dumps({**manifest, "ttl": 2}))
    main = lamp / "index.py"
    late = "__import__('time').sleep(1.2); return response(code=200, data=self.model.db)"
    main.write_text(main.read_text().replace("return response(code=200, data=self.model.db)", late))
    write_test(lamp, "def test_lamp(gateway):\n    assert gateway.get('/lamp').status == 408\n")
    ended = run_pytest(lamp, "-q")
    assert ended.returncode == 0, ended.stdout


def test_failed_test_shows_what_the_bundle_printed(lamp: Path) -> None:
    main = lamp / "index.py"
    main.write_text(main.read_text().replace("return response(code=200, data=self.model.db)", "return 1 / 0"))
    write_test(lamp, "def test_lamp(gateway):\n    assert gateway.get('/lamp').status == 200\n")
    ended = run_pytest(lamp)
    assert ended.returncode == 1
    assert "Log of the bundle lamp" in ended.stdout
    assert "ZeroDivisionError" in ended.stdout
    assert "500" in ended.stdout


def test_bundle_that_does_not_start_is_told_with_its_traceback_and_none_of_ours(lamp: Path) -> None:
    (lamp / "index.py").write_text("import loging\n")
    write_test(lamp, "def test_lamp(gateway):\n    pass\n")
    ended = run_pytest(lamp)
    assert ended.returncode == 1
    assert "lamp did not come up" in ended.stdout
    assert "During handling" not in ended.stdout
    assert "No module named 'loging'" in ended.stdout
    assert "BundleProcess" not in ended.stdout


def test_bundle_that_never_registers_is_given_up(lamp: Path) -> None:
    (lamp / "index.py").write_text("import time\nprint('still here')\ntime.sleep(1000)\n")
    write_test(
        lamp,
        """
import pytest
from bundlekit.testing import bundle_gateway

bundle_gateway._PATIENCE = 1.0

def test_lamp(gateway):
    pass
""",
    )
    ended = run_pytest(lamp)
    assert ended.returncode == 1
    assert "lamp did not register within 1 s" in ended.stdout
    assert "still here" in ended.stdout


def test_test_outside_of_a_bundle_says_how_to_name_one(lamp: Path, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_lamp(gateway):\n    assert gateway.get('/lamp').ok\n")
    lost = run_pytest(tmp_path, "test_it.py")
    assert lost.returncode == 1
    assert "--bundlekit-bundle FOLDER" in lost.stdout
    assert "Traceback" not in lost.stdout
    assert run_pytest(tmp_path, "test_it.py", "--bundlekit-bundle", "lamp").returncode == 0
    (tmp_path / "pytest.ini").write_text("[pytest]\nbundlekit_bundle = lamp\n")
    assert run_pytest(tmp_path, "test_it.py").returncode == 0


def test_unknown_interpreter_is_told(lamp: Path) -> None:
    write_test(lamp, "def test_lamp(gateway):\n    pass\n")
    ended = run_pytest(lamp, "--bundlekit-python", "python2.99")
    assert ended.returncode == 1
    assert "there is no python2.99" in ended.stdout


def test_several_workers_have_a_gateway_each(lamp: Path) -> None:
    write_test(
        lamp,
        """
import pytest

@pytest.mark.parametrize("turn", range(4))
def test_lamp(gateway, turn):
    gateway.put("/lamp", {"key": turn})
    assert gateway.get("/lamp").json == {"key": turn}
""",
    )
    ended = run_pytest(lamp, "-q", "-n", "2")
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("is_package", [False, True])
def test_one_run_over_two_bundles_gives_each_test_its_own(tmp_path: Path, is_package: bool) -> None:
    """The modules of tests have the same name in both, as those that are generated have."""
    for name in ("lamp", "fan"):
        folder = render_bundle(Conversation(name, (f"/{name}:get,put",), (), kept=None).answers, tmp_path)
        (folder / "tests" / "test_resources.py").write_text(
            f"from pathlib import Path\n\n\ndef test_own(gateway):\n    assert gateway.name == {name!r}\n"
            f"    assert gateway.get('/{name}').status == 200\n    assert {name!r} in Path(__file__).parts\n"
        )
        (folder / "tests" / f"test_{name}.py").write_text(
            f"def test_{name}(bundle):\n    assert bundle.name == {name!r}\n"
        )
        if is_package:
            (folder / "tests" / "__init__.py").touch()
    ended = run_pytest(tmp_path, "-q")
    assert ended.returncode == 0, ended.stdout
    assert "4 passed" in ended.stdout
