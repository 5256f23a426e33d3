"""Windows and macOS: what the verbs for a workstation need there, with all hidden that only Unix or Linux has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

# A Python that has what Python has on Windows. What belongs to Python itself and to libraries is loaded before: they
# know both systems, and would look for the real Windows.
HIDDEN = """
import click, ctypes, getpass, json, multiprocessing.util, os, platform, platformdirs, shutil, signal, socket
import subprocess, sys, tempfile, cookiecutter.extensions, cookiecutter.main, jsonschema, paramiko
import tree_sitter_python, urllib3
modules = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}
class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name in modules:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Nowhere())
for name in modules:
    sys.modules.pop(name, None)
names = '''O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK chown fchmod fchown fork forkpty getegid geteuid getgid getgroups
getpgid getuid killpg lchown mkfifo mknod openpty pread pwrite setsid setuid sched_getaffinity sysconf uname
register_at_fork getpriority setpriority nice'''
for name in names.split():
    if hasattr(os, name):
        delattr(os, name)
for name in "SIGALRM SIGHUP SIGKILL SIGPIPE SIGUSR1 SIGWINCH pthread_sigmask".split():
    delattr(signal, name)
del socket.AF_UNIX
os.supports_dir_fd.clear()
os.supports_fd.clear()
os.supports_follow_symlinks.clear()
sys.platform = "win32"
"""

RUN = """
import contextlib, io
import bundlekit
for name in bundlekit.__all__:
    getattr(bundlekit, name)
from bundlekit.cli.main import main
for platform, line in json.loads(sys.argv[1]):
    sys.platform = platform
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(line)
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""


def test_workstation_needs_no_unix_and_what_does_says_so(tmp_path: Path) -> None:
    new = ["new", "--name", "thermostat", "--resource", "/thermostat:get,put", "--no-input"]
    works = [
        new,
        ["validate", "thermostat"],
        ["validate", "--fix", "thermostat"],
        ["pack", "thermostat"],
        ["validate", "thermostat-0.1.0.tar.gz"],
    ]
    offline = [
        ["deploy", "moxa@127.0.0.1:9", "--bundle", "thermostat", "--accept-new-host-key"],
        ["api", "GET", "/thermostat", "moxa@127.0.0.1:9"],
    ]
    not_here = [["run", "thermostat"], ["gateway"], ["update", "thermostat"]]
    asked = [("win32", line) for line in works + offline + not_here] + [("darwin", ["gateway"])]
    run = subprocess.run(
        [sys.executable, "-c", HIDDEN + RUN, json.dumps(asked)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "USERNAME": "somebody"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    done = [json.loads(line) for line in run.stdout.splitlines()]
    crashes = [file.read_text() for file in tmp_path.rglob("crash-*.txt")]
    assert not crashes, crashes[0]
    assert len(done) == len(asked)
    for code, _, err in done[: len(works)]:
        assert code == 0, err
    assert "thermostat: clean" in done[1][2]
    assert (tmp_path / done[3][1].split()[1]).exists()
    for code, _, err in done[len(works) : len(works) + len(offline)]:
        assert code == 3
        assert "127.0.0.1" in err.partition("error:")[2], err
    for code, _, err in done[len(works) + len(offline) :]:
        assert code == 3, err
        assert "needs Linux" in err
        assert " hint: " in err
