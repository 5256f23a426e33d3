"""Command lines of bundlekit in processes of their own, which a process that has imported it already forks.

What Python takes to start and to import is most of what a command line costs. Whoever claims something about that or
about arguments that others see starts bundlekit as users do.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

_HERE = Path(__file__).parents[1]
_LARGEST = 1 << 17  # bytes of a request
_SHORT = 4096  # what a pipe takes before anybody reads
_HEEDED_AT_START = {"PYTHONPATH", "PYTHONIOENCODING", "PYTHONUTF8", "LC_ALL", "LC_CTYPE"}
_OF_COOKIECUTTER = ("arrow", "jinja2", "requests", "rich.prompt", "yaml")  # which looks for a home as it is imported
_IMPORTED = ("bundle", "cli", "deploy", "fleet", "gateway", "lint", "pack", "remote", "scaffold", "source", "ssh")
PRODUCT = "BUNDLEKIT_OF_TEST"  # in an environment: a folder with another `bundlekit` than this one
_ADDRESS = "BUNDLEKIT_FORK_SERVER"  # in our environment: where the one process listens that forks for all workers
_OF_EMULATOR = ("run", "gateway")  # verbs that need it; it is imported for the first of them


def run(
    arguments: Sequence[str], *, given: str, environment: Mapping[str, str], cwd: Path, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run bundlekit to its end, as `subprocess.run` does: what is `given` comes from a pipe.

    Raises:
        subprocess.TimeoutExpired: it has taken that many seconds, and was killed.
    """
    if len(given) > _SHORT or not _can_be_forked(environment):
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
    reading, writing = os.pipe()
    os.write(writing, given.encode())
    os.close(writing)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = _Forked(arguments, stdin=reading, stdout=out, stderr=err, env=dict(environment), cwd=cwd, text=True)
        os.close(reading)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(list(arguments), status, out.read(), err.read())


def start(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    cwd: Path | None = None,
    stdin: int = subprocess.PIPE,
    stdout: int = subprocess.PIPE,
) -> subprocess.Popen[str]:
    """Start bundlekit in a session of its own, as `subprocess.Popen` does, and let it run."""
    forked = _can_be_forked(environment)
    return (_Forked if forked else subprocess.Popen)(
        list(arguments) if forked else [sys.executable, "-m", "bundlekit", *arguments],
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=dict(environment),
        cwd=cwd,
        start_new_session=True,
        text=True,
    )


def _can_be_forked(environment: Mapping[str, str]) -> bool:
    return _HEEDED_AT_START.isdisjoint(environment)


class _Forked(subprocess.Popen[str]):
    """A process that the server forks instead of this one, whose parent tells how it ended. Its arguments are those of
    bundlekit.
    """

    def _execute_child(self, args: Sequence[str], *others: Any) -> None:
        """What `Popen` calls once it has made the pipes: their ends in both processes are among the others."""
        cwd, environment, pipes, session = others[4], others[5], others[9:15], others[-2]
        told, tell = os.pipe()
        self._answers = os.fdopen(told)
        request = {"arguments": args, "environment": environment, "cwd": str(cwd or Path.cwd()), "session": session}
        standard = [own if given == -1 else given for own, given in enumerate((pipes[0], pipes[3], pipes[5]))]
        socket.send_fds(_server(environment.get(PRODUCT)), [json.dumps(request).encode()], [*standard, tell])
        os.close(tell)
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]
        self.pid = int(self._answers.readline())
        self._child_created = True

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        return self._ended(0)

    def _wait(self, timeout: float | None) -> int:
        status = self._ended(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return status

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and self._answers.closed:  # nobody asks for this process any more but Popen
            self.returncode = -signal.SIGKILL
        if self.returncode is None and select.select([self._answers], [], [], timeout)[0]:
            with self._answers:
                self.returncode = int(self._answers.readline() or -signal.SIGKILL)
        return self.returncode


@cache
def _server(product: str | None) -> socket.socket:
    """The process that forks others for this one: that of all workers, or one that ends with this process."""
    if not product and (address := os.environ.get(_ADDRESS)):
        shared = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        shared.connect(address)
        return shared
    return _start(product)


@contextmanager
def for_all_workers() -> Iterator[None]:
    """Have one process fork for all workers that are started meanwhile. It imports nothing before one of them asks."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        address = f"{folder}/asked"  # in a folder of ours alone: whoever reaches it can run what they like
        listening.bind(address)
        listening.listen()
        with _start(None, listening):
            os.environ[_ADDRESS] = address
            yield
            del os.environ[_ADDRESS]


def _start(product: str | None, *more: socket.socket) -> socket.socket:
    """Start a process that forks until what is returned is closed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        files = [theirs.fileno(), *(one.fileno() for one in more)]
        subprocess.Popen(
            [sys.executable, "-m", __name__, *map(str, files)],
            pass_fds=files,
            cwd=product or _HERE,  # where Python looks for modules first
            env={**os.environ, "PYTHONPATH": str(_HERE)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    return ours


def _serve(owner: socket.socket, *listening: socket.socket) -> None:
    """Fork for whoever asks, until the owner has gone."""
    heard = [owner, *listening]
    running: dict[int, tuple[int, int]] = {}  # by what tells that it has ended: a process, and where its status is told
    while True:
        waited_for: list[Any] = [*heard, *running]
        for one in select.select(waited_for, [], [])[0]:
            if one in running:
                _tell_status(one, *running.pop(one))
                continue
            if one in listening:
                heard.append(one.accept()[0])
                continue
            request, files, _, _ = socket.recv_fds(one, _LARGEST, 4)
            if not request and one is owner:
                return
            if not request:
                heard.remove(one)
                one.close()
                continue
            _import_all()
            asked = json.loads(request)
            if asked["arguments"][:1] in [[verb] for verb in _OF_EMULATOR]:
                _import_package("emulator")
            *standard, tell = files
            process = os.fork()  # just once: what takes long about it is the memory of all that is imported
            if not process:
                for other in heard:
                    other.close()
                for end, (_, others) in running.items():
                    os.close(end)
                    os.close(others)
                os.close(tell)
                _become(asked, *standard)
            for file in standard:
                os.close(file)
            os.write(tell, f"{process}\n".encode())
            running[os.pidfd_open(process)] = process, tell


def _tell_status(end: int, process: int, tell: int) -> None:
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with suppress(BrokenPipeError):  # whoever asked may have gone
        os.write(tell, f"{status}\n".encode())
    os.close(tell)
    os.close(end)


@cache
def _import_all() -> None:
    for name in _IMPORTED:
        _import_package(name)
    for name in ("bundlekit.emulator.running", "jsonschema", "paramiko", "platformdirs", *_OF_COOKIECUTTER):
        importlib.import_module(name)
    from bundlekit.remote import script

    script.compressed()
    script.digest()
    gc.freeze()


@cache
def _import_package(name: str) -> None:
    package = importlib.import_module(f"bundlekit.{name}")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not {"programs", "sdk", "__main__"}.intersection(module.name.split(".")):
            importlib.import_module(module.name)
    gc.freeze()  # or each process would look through it all at its end


def _become(request: dict[str, object], *standard: int) -> None:
    """Be bundlekit, with these as standard input, output and error."""
    for place, file in enumerate(standard):
        os.dup2(file, place)
        os.close(file)
    # Anew, since those of the server know what theirs can do, such as to seek.
    sys.stdin = os.fdopen(0, encoding=sys.stdin.encoding, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding=sys.stdout.encoding, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding=sys.stderr.encoding, errors=sys.stderr.errors, closefd=False)
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    os.chdir(str(request["cwd"]))
    if request["session"]:
        os.setsid()
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
    _serve(*(socket.socket(fileno=int(number)) for number in sys.argv[1:]))
