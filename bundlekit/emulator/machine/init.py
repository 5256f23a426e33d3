"""Process number 1 of a machine, and the one outside that is its parent. Standard library alone, one thread.

It builds the machine, boots it, starts programs in it when the gateway outside or a program inside asks, and reaps.
When it ends, for whatever reason, the kernel ends everything else in the machine at once; and it ends as soon as the
gateway outside does.
"""

from __future__ import annotations

import errno
import fcntl
import glob
import heapq
import hmac
import itertools
import json
import os
import resource
import selectors
import signal
import socket
import struct
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bundlekit.emulator.machine import kernel, tree
from bundlekit.emulator.machine.blueprint import REBOOT, SOCKET, USER, Blueprint, File, environment_of
from bundlekit.emulator.machine.caller import Caller
from bundlekit.emulator.machine.messages import LARGEST, close, receive, send
from bundlekit.emulator.machine.plain import open_plain, read_plain
from bundlekit.emulator.machine.starting import SIGNALS, become, kill_group, open_terminal
from bundlekit.emulator.machine.views import UserView, become_root, map_user

_PATIENCE = 2.0  # seconds that programs get to end
_FRESH = 900.0  # seconds that sudo remembers a password
_WRONG = 0.1  # seconds that a wrong password costs
_DAMAGED = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EEXIST, errno.ENAMETOOLONG}  # files are not as they were
_SCRIPT = {"start": 15.0, "stop": 5.0}  # seconds until what comes after a script does not wait for it any more
_MOST_CALLERS = 256
_LONGEST_LOG = 1 << 20  # bytes
_GIVEN = Path("/var/lib/box/given")


def main(control: socket.socket, parent: int) -> int:
    """Start a machine and wait for its end; what it is comes over `control`.

    Args:
        control: one end of a pair of sockets; the other one is the gateway's.
        parent: the process that started this one.

    Returns:
        The exit status of its process number 1.
    """
    control.set_inheritable(False)
    kernel.die_with_parent()
    if os.getppid() != parent:
        return 1
    os.setsid()
    blueprint = Blueprint.from_json(control.recv(LARGEST))
    who = (os.geteuid(), os.getegid())
    try:
        kernel.unshare(kernel.NEW_USERS | kernel.NEW_MOUNTS | kernel.NEW_PROCESSES)
        proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        map_user(proc, user=0, outside=who)
        os.close(proc)
        kernel.die_with_parent()
        child = os.fork()
    except OSError as error:
        send(control, {"event": "forbidden", "step": str(error.filename), "errno": error.errno})
        return 1
    if child:
        send(control, {"event": "launched", "pid": child})
        control.close()
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        status = Init(control, blueprint).run()
    except BaseException:
        traceback.print_exc()
    os._exit(status)


class Init:
    """Process number 1."""

    def __init__(self, control: socket.socket, blueprint: Blueprint) -> None:
        self._control = control
        self._blueprint = blueprint
        self._selector = selectors.DefaultSelector()
        self._ended: dict[int, Callable[[int], None]] = {}
        self._spawned: dict[int, int] = {}
        self._sudo: dict[tuple[str, ...], float] = {}
        self._status: int | None = None
        self._deadline: float | None = None
        self._callers: set[Caller] = set()
        self._most_callers = min(_MOST_CALLERS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def run(self) -> int:
        """Returns the exit status of the machine."""
        kernel.die_with_parent()
        kernel.gain_no_privileges()
        kernel.leave_session_keys()
        kernel.call_itself("init")
        try:
            listening = self._build()
        except Exception as error:
            traceback.print_exc()
            if isinstance(error, kernel.Refused) and error.errno not in _DAMAGED:
                send(self._control, {"event": "forbidden", "step": str(error.filename), "errno": error.errno})
            else:
                send(self._control, {"event": "damaged", "text": str(error)})
            return 1
        kernel.hide()
        wake, woken = os.pipe()
        for end in (wake, woken):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(woken)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)
        programs = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        programs.bind(SOCKET)
        programs.listen(64)
        self._selector.register(wake, selectors.EVENT_READ, lambda: os.read(wake, 4096))
        self._selector.register(self._control, selectors.EVENT_READ, self._told)
        self._selector.register(programs, selectors.EVENT_READ, lambda: self._admit(programs))
        send(self._control, {"event": "ready"}, listening)
        close(listening)
        self._run_scripts("/etc/rc2.d/S*", "start", lambda: send(self._control, {"event": "booted"}))
        while self._status is None or not self._is_over():
            for key, _ in self._selector.select(self._pause()):
                _try(key.data)
            while self._timers and self._timers[0][0] <= time.monotonic():
                _try(heapq.heappop(self._timers)[2])
            self._reap()
        return self._status

    def _pause(self) -> float | None:
        """Seconds until something has to be done, though nobody asks for it."""
        if self._status is not None:
            return 0.05
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _after(self, seconds: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), do))

    # ------------------------------------------------------------ building

    def _build(self) -> list[int]:
        """Returns the sockets that listen within the machine's own network."""
        blueprint = self._blueprint
        os.umask(0o022)
        proc = tree.build(blueprint)
        become_root(proc, own_network=blueprint.own_network)
        tree.write_files(blueprint.files)
        for level in range(7):
            Path(f"/etc/rc{level}.d").mkdir(exist_ok=True)
        Path("/etc/init.d").mkdir(exist_ok=True)
        try:
            self._set_host_name(read_plain("/etc/hostname").strip() or blueprint.hostname)
        except (OSError, ValueError):  # no name that a kernel takes
            self._set_host_name(blueprint.hostname)
        self._user = UserView(proc, list(blueprint.shown))
        os.close(proc)
        for path in filter(os.path.exists, _given()):
            self._user.give(path)
        return [_listen(port) for port in blueprint.ports] if blueprint.own_network and _raise_loopback() else []

    def _set_host_name(self, name: str) -> None:
        socket.sethostname(name)
        tree.write_files(
            [
                File("/etc/hostname", f"{name}\n"),
                File("/etc/hosts", f"127.0.0.1\tlocalhost\n127.0.1.1\t{name}\n::1\tlocalhost\n"),
            ]
        )

    # ------------------------------------------------------------ programs

    def _start(
        self,
        arguments: list[str],
        *,
        user: str,
        environment: dict[str, str],
        folder: str | None,
        files: list[int],
        terminal: bool = False,
        ended: Callable[[int], None],
    ) -> int:
        """Start a program in a session of its own.

        Args:
            files: what it has as standard input, output and error; still the caller's to close.
            terminal: whether standard input, or else what follows it, is to be its controlling terminal.
            ended: is told how, as an exit status or a signal's number below 0.
        """
        environment = {**environment_of(user), **self._blueprint.environment, **environment}
        child = os.fork()
        if not child:
            view = self._user if user != "root" else None
            become(arguments, view=view, environment=environment, folder=folder, files=files, terminal=terminal)
        self._ended[child] = ended
        return child

    def _reap(self) -> None:
        while True:
            try:
                child, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not child:
                return
            if told := self._ended.pop(child, None):
                _try(lambda told=told, status=status: told(os.waitstatus_to_exitcode(status)))  # type: ignore[misc]

    def _run_scripts(self, pattern: str, verb: str, done: Callable[[], None]) -> None:
        """Run the scripts of a run level, one after the other, as a Debian without systemd does."""
        scripts = iter(sorted(glob.glob(pattern)))  # noqa: PTH207 - the order is that of the names

        def go_on() -> None:
            script = next(scripts, None)
            if script is None:
                done()
                return
            waited = [True]

            def over(_: int = 0) -> None:
                if waited:
                    waited.clear()
                    go_on()

            self._after(_SCRIPT[verb], over)
            files = [os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)]
            try:
                files.append(_boot_log())
                self._start(
                    [script, verb], user="root", environment={}, folder="/", files=[*files, files[1]], ended=over
                )
            except OSError:
                _complain()
                over()
            finally:
                close(files)

        go_on()

    # ------------------------------------------------------------ the gateway outside

    def _told(self) -> None:
        try:
            message, files = receive(self._control)
        except OSError:
            message, files = None, []
        if message is None:
            os._exit(1)
        try:
            getattr(self, "_do_" + message.pop("do"))(files=files, **message)
        finally:
            close(files)

    def _do_spawn(
        self,
        *,
        id: int,
        arguments: list[str],
        user: str,
        environment: dict[str, str],
        terminal: list[int] | None,
        files: list[int],
    ) -> None:
        def ended(status: int) -> None:
            self._spawned.pop(id, None)
            send(self._control, {"event": "exited", "id": id, "status": status})

        if self._status is not None:
            ended(255)
            return
        both: tuple[int, ...] = ()
        try:
            if terminal:
                both = open_terminal(terminal)
                files = [both[1]] * 3
            self._spawned[id] = self._start(
                arguments,
                user=user,
                environment=environment,
                folder=None,
                files=files,
                terminal=bool(terminal),
                ended=ended,
            )
            send(self._control, {"event": "started", "id": id}, both[:1])
        except (OSError, ValueError):
            _complain()
            ended(255)
        finally:
            close(both)

    def _do_signal(self, *, id: int, number: int, files: list[int]) -> None:
        if child := self._spawned.get(id):
            kill_group(child, number)

    def _do_hostname(self, *, name: str, files: list[int]) -> None:
        self._set_host_name(name)
        send(self._control, {"event": "named"})

    def _do_read(self, *, path: str, files: list[int]) -> None:
        send(self._control, {"event": "read", "text": read_plain(path)})

    def _do_stop(self, *, files: list[int]) -> None:
        self._go_down(0)

    # ------------------------------------------------------------ programs inside that ask

    def _admit(self, programs: socket.socket) -> None:
        connection, _ = programs.accept()
        if len(self._callers) >= self._most_callers:
            connection.close()
            return
        caller = Caller(connection)
        self._callers.add(caller)
        self._hear(caller)

    def _hear(self, caller: Caller) -> None:
        self._selector.register(caller.connection, selectors.EVENT_READ, lambda: self._asked(caller))

    def _asked(self, caller: Caller) -> None:
        """Whatever it says, or cannot be done, ends nothing but the talk with this one."""
        files: list[int] = []
        try:
            message, files = receive(caller.connection)
            if isinstance(message, dict):
                self._answer(caller, message, files)
                return
        except OSError:
            pass
        except Exception:
            _complain()
        finally:
            close(files)
        self._dismiss(caller)

    def _dismiss(self, caller: Caller) -> None:
        if caller.child:
            kill_group(caller.child, signal.SIGHUP)
        if not caller.gone:
            caller.gone = True
            self._callers.discard(caller)
            self._selector.unregister(caller.connection)
            caller.connection.close()

    def _answer(self, caller: Caller, message: dict[str, Any], files: list[int]) -> None:
        match message["ask"]:
            case "may":
                caller.reply({"may": self._may(caller)})
            case "password":
                if hmac.compare_digest(_bytes(str(message["password"])), _bytes(self._blueprint.password)):
                    caller.proved = True
                    self._sudo[caller.place] = time.monotonic()
                    caller.reply({"may": True})
                else:
                    self._refuse_later(caller)
            case "forget":
                self._sudo.pop(caller.place, None)
                caller.reply({})
            case "run" if self._may(caller) and not caller.child and len(files) == 3:
                self._run_for(caller, message, files)
            case "signal" if caller.child:
                kill_group(caller.child, int(message["number"]))
            case "give" | "take" as way if caller.is_root:
                (self._user.give if way == "give" else self._user.take)(os.path.realpath(str(message["path"])))
                _keep_given(self._user.given)
                caller.reply({})
            case "reboot" if caller.is_root:
                caller.reply({})
                self._go_down(REBOOT)
            case _:
                caller.reply({"refused": True})

    def _refuse_later(self, caller: Caller) -> None:
        """Until then it is not heard."""
        self._selector.unregister(caller.connection)

        def refuse() -> None:
            self._hear(caller)
            caller.reply({"may": False})

        self._after(_WRONG, refuse)

    def _may(self, caller: Caller) -> bool:
        return caller.is_root or caller.proved or time.monotonic() - self._sudo.get(caller.place, -_FRESH) < _FRESH

    def _run_for(self, caller: Caller, message: dict[str, Any], files: list[int]) -> None:
        """Start a program as another user for sudo, on sudo's files, or on a new terminal in their place."""
        user = "root" if message["user"] == "root" else USER
        terminal: list[int] | None = message["terminal"]
        both: tuple[int, ...] = ()

        def ended(status: int) -> None:
            caller.child = 0
            caller.reply({"status": status})

        try:
            if terminal:
                both = open_terminal(terminal)
                files = [*(both[1] if os.isatty(each) else each for each in files), both[1]]
            caller.child = self._start(
                [str(word) for word in message["arguments"]],
                user=user,
                environment={str(key): str(value) for key, value in message["environment"].items()},
                folder=str(message["folder"]),
                files=files,
                terminal=bool(terminal),
                ended=ended,
            )
            caller.reply({"started": caller.child}, list(both[:1]))
        finally:
            close(both)

    # ------------------------------------------------------------ the end

    def _go_down(self, status: int) -> None:
        if self._deadline is None:
            self._deadline = float("inf")
            self._run_scripts("/etc/rc6.d/K*", "stop", lambda: self._end_all(status))

    def _end_all(self, status: int) -> None:
        self._status = status
        self._deadline = time.monotonic() + _PATIENCE
        try:
            os.kill(-1, signal.SIGTERM)
            os.kill(-1, signal.SIGHUP)
        except ProcessLookupError:
            pass

    def _is_over(self) -> bool:
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return True
        return time.monotonic() > (self._deadline or 0)


def _try(work: Callable[[], Any]) -> None:
    """Nothing that fails may end the machine."""
    try:
        work()
    except Exception:
        _complain()


def _complain() -> None:
    """Into the log, which is a file of the host's, and so does not grow for ever."""
    if os.fstat(2).st_size < _LONGEST_LOG:
        traceback.print_exc()


def _given() -> list[str]:
    """The paths that were given to the user; none where the file of them is damaged."""
    try:
        paths = json.loads(read_plain(str(_GIVEN), LARGEST))
    except (ValueError, RecursionError):
        return []
    return [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []


def _keep_given(paths: list[str]) -> None:
    new = _GIVEN.with_suffix(".new")
    tree.write_files([File(str(new), json.dumps(paths))])
    new.replace(_GIVEN)


def _boot_log() -> int:
    try:
        return open_plain("/var/log/boot", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    except OSError:
        return os.open("/dev/null", os.O_WRONLY | os.O_CLOEXEC)


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _raise_loopback() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up = 0x1 | 0x40  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh22x", b"lo", up))  # SIOCSIFFLAGS
    return True


def _listen(port: int) -> int:
    with socket.create_server(("127.0.0.1", port), backlog=64) as server:
        return server.detach()
