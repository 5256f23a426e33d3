"""Command lines of bundlekit in processes of their own, which a process that has imported it already forks.

What Python takes to start and to import is most of what a command line costs. Whoever claims something about that or
about arguments that others see, or sends signals, starts bundlekit as users do.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NoReturn

_HERE = Path(__file__).parents[1]
_LARGEST = 1 << 17  # bytes of a request
_SHORT = 4096  # what a pipe takes before anybody reads
_HEEDED_AT_START = {"PYTHONPATH", "PYTHONIOENCODING", "PYTHONUTF8", "LC_ALL", "LC_CTYPE"}
_OF_COOKIECUTTER = ("arrow", "jinja2", "requests", "rich.prompt", "yaml")  # which looks for a home as it is imported
_IMPORTED = ("bundle", "cli", "deploy", "fleet", "gateway", "lint", "pack", "remote", "scaffold", "source", "ssh")


def run(
    arguments: Sequence[str], *, given: str, environment: Mapping[str, str], cwd: Path, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run bundlekit to its end, as `subprocess.run` does: what is `given` comes from a pipe.

    Raises:
        subprocess.TimeoutExpired: it has taken that many seconds, and was killed.
    """
    if len(given) > _SHORT or not _HEEDED_AT_START.isdisjoint(environment):
        return subprocess.run(
            [sys.executable, "-m", "bundlekit", *arguments],
            input=given,
            capture_output=True,
            text=True,
            env=dict(environment),
            cwd=cwd,
            timeout=timeout,
            check=False,
        )
    request = json.dumps({"arguments": list(arguments), "environment": dict(environment), "cwd": str(cwd)}).encode()
    reading, writing = os.pipe()
    os.write(writing, given.encode())
    os.close(writing)
    told, tell = os.pipe()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err, os.fdopen(told) as answers:
        socket.send_fds(_server(), [request], [reading, out.fileno(), err.fileno(), tell])
        os.close(reading)
        os.close(tell)
        process = int(answers.readline())
        if not select.select([answers], [], [], timeout)[0]:
            os.kill(process, signal.SIGKILL)
            raise subprocess.TimeoutExpired(list(arguments), timeout)
        status = int(answers.readline())
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(list(arguments), status, out.read(), err.read())


@cache
def _server() -> socket.socket:
    """The process that forks others for this one, and ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            cwd=_HERE,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    return ours


def _serve(requests: socket.socket) -> None:
    _import_all()
    gc.freeze()  # or each process would look through it all at its end
    while True:
        request, files, _, _ = socket.recv_fds(requests, _LARGEST, 4)
        if not request:
            return
        if not os.fork():
            requests.close()
            _keep(json.loads(request), *files)
        for file in files:
            os.close(file)
        _bury()


def _import_all() -> None:
    for name in _IMPORTED:
        package = importlib.import_module(f"bundlekit.{name}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "programs" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    for name in ("bundlekit.emulator.running", "paramiko", "platformdirs", *_OF_COOKIECUTTER):
        importlib.import_module(name)
    from bundlekit.remote import script

    script.compressed()
    script.digest()


def _bury() -> None:
    """Those who have kept others to the end have ended too."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _keep(request: dict[str, object], given: int, out: int, err: int, tell: int) -> None:
    """Have the command line run in a process of its own, and tell its number and its exit status."""
    process = os.fork()
    if not process:
        os.close(tell)
        _become(request, given, out, err)
    for file in (given, out, err):
        os.close(file)
    os.write(tell, f"{process}\n".encode())
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    os.write(tell, f"{status}\n".encode())
    os._exit(0)


def _become(request: dict[str, object], *standard: int) -> None:
    """Be bundlekit, with these as standard input, output and error."""
    for place, file in enumerate(standard):
        os.dup2(file, place)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    os.chdir(str(request["cwd"]))
    sys.argv = ["bundlekit", *request["arguments"]]  # type: ignore[misc]
    from bundlekit.cli import main

    end_with(main)


def end_with(main: Callable[[], int]) -> NoReturn:
    """End this process, which was forked, with what `main` returns or leaves by `sys.exit`.

    All is done that the end of a Python does but for taking its modules apart. That would touch each object and so have
    it copied, which takes longer than most command lines.
    """
    try:
        status: object = main()
    except SystemExit as end:
        status = end.code
    except BaseException:
        traceback.print_exc()
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else int(bool(status)))


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
