"""Modules that lie where bundlekit is started, or in the user's home, are imported by no helper process of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.emulator.bundles.pythons import python_2
from tests.workstation import SAMPLE

# Each one notes the command line that has imported it, and then is the module that it hides.
_PLANT = """
import os, sys
with open("/proc/self/cmdline") as line, open({mark!r}, "a") as mark:
    mark.write(line.read().replace("\\0", " ").replace("\\n", " ") + "\\n")
name, before = __name__, sys.path[:]
sys.path[:] = [one for one in before if one and os.path.realpath(one) != {folder!r}]
del sys.modules[name]
try:
    __import__(name)
except ImportError:
    sys.modules[name] = os
sys.path[:] = before
"""
_NAMES = ("json", "importlib/__init__", "sitecustomize", "usercustomize", "fcntl", "socket", "bundlekit_bridge")
_VERBS = {"gateway": "log in", "gateway of 2.7": "log in", "run": "- example answers"}


def _plant(folder: Path, mark: Path, names: tuple[str, ...] = _NAMES) -> None:
    for name in names:
        file = folder / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_PLANT.format(mark=str(mark), folder=os.path.realpath(folder)))


@pytest.mark.parametrize("on_path", [False, True], ids=["in folders", "on PYTHONPATH"])
@pytest.mark.parametrize("verb", _VERBS)
def test_planted_modules_are_not_imported(tmp_path: Path, verb: str, on_path: bool) -> None:
    mark, home, current = tmp_path / "mark", tmp_path / "home", tmp_path / "current"
    for version in (f"{sys.version_info[0]}.{sys.version_info[1]}", "2.7"):
        _plant(home / f".local/lib/python{version}/site-packages", mark)
    _plant(current, mark)
    variables = {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "XDG_RUNTIME_DIR": str(home)}
    if on_path:
        _plant(tmp_path / "path", mark, ("json", "sitecustomize"))
        variables["PYTHONPATH"] = str(tmp_path / "path")
    options = [str(SAMPLE)] if verb == "run" else ["--state", str(tmp_path / "state"), "--ssh-port", "0"]
    if "2.7" in verb:
        options += ["--python", str(python_2(tmp_path / "python"))]
    # As it is installed: `python -m` would look into the current folder first by itself.
    command = [str(Path(sys.executable).with_name("bundlekit")), verb.split(maxsplit=1)[0], *options, "--port", "0"]
    with subprocess.Popen(
        command, env=variables, cwd=current, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith(_VERBS[verb]):
                break
        process.send_signal(signal.SIGINT)
        said += process.stdout.read()
    assert f"\n{_VERBS[verb]}" in said, said
    importers = mark.read_text().splitlines() if mark.exists() else []
    # PYTHONPATH is the user's own word to the process that he starts, and to his bundles.
    allowed = (f"{command[0]} {verb.split(maxsplit=1)[0]} ", "index.py ") if on_path else ()
    assert [line for line in importers if not any(word in line for word in allowed)] == []
    assert bool(importers) == on_path
