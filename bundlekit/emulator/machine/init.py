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
import itertools
import os
import selectors
import signal
import socket
import struct
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from bundlekit.emulator.machine import kernel, seccomp, tree
from bundlekit.emulator.machine.child import SIGNALS, become, kill_group, open_terminal
from bundlekit.emulator.machine.errors import attempt, log_error
from bundlekit.emulator.machine.granted_paths import load_granted_paths
from bundlekit.emulator.machine.ipc_messages import LARGEST, close, receive, send
from bundlekit.emulator.machine.ipc_server import IpcServer
from bundlekit.emulator.machine.machine_spec import SOCKET, File, MachineSpec, environment_of
from bundlekit.emulator.machine.safe_open import open_safely, read_safely
from bundlekit.emulator.machine.views import UserView, become_root, map_user

_PATIENCE = 2.0  # seconds that programs get to end
_DAMAGED = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EEXIST, errno.ENAMETOOLONG}  # files are not as they were
_SCRIPT = {"start": 15.0, "stop": 5.0}  # seconds until what comes after a script does not wait for it any more


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
    spec = MachineSpec.from_json(control.recv(LARGEST))
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
        status = Init(control, spec).run()
    except BaseException:
        traceback.print_exc()
    os._exit(status)


class Init:
    """Process number 1."""

    def __init__(self, control: socket.socket, spec: MachineSpec) -> None:
        self._control = control
        self._spec = spec
        self._selector = selectors.DefaultSelector()
        self._ended: dict[int, Callable[[int], None]] = {}
        self._spawned: dict[int, int] = {}
        self._status: int | None = None
        self._deadline: float | None = None
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def run(self) -> int:
        """Returns the exit status of the machine."""
        kernel.die_with_parent()
        kernel.gain_no_privileges()
        kernel.call_itself("init")
        try:
            listening = self._build()
        except Exception as error:
            traceback.print_exc()
            if isinstance(error, kernel.KernelRefusal) and error.errno not in _DAMAGED:
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
        server = IpcServer(self, self._selector, self._user, self._spec.password)
        self._selector.register(wake, selectors.EVENT_READ, lambda: os.read(wake, 4096))
        self._selector.register(self._control, selectors.EVENT_READ, self._told)
        self._selector.register(programs, selectors.EVENT_READ, lambda: server.admit(programs))
        send(self._control, {"event": "ready"}, listening)
        close(listening)
        self._run_scripts("/etc/rc2.d/S*", "start", lambda: send(self._control, {"event": "booted"}))
        while self._status is None or not self._is_over():
            for key, _ in self._selector.select(self._pause()):
                attempt(key.data)
            while self._timers and self._timers[0][0] <= time.monotonic():
                attempt(heapq.heappop(self._timers)[2])
            self._reap()
        return self._status

    def _pause(self) -> float | None:
        """Seconds until something has to be done, though nobody asks for it."""
        if self._status is not None:
            return 0.05
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something when so much time has passed."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._numbers), do))

    # ------------------------------------------------------------ building

    def _build(self) -> list[int]:
        """Returns the sockets that listen within the machine's own network."""
        spec = self._spec
        os.umask(0o022)
        kernel.check_filters()
        self._calls = seccomp.filter_program()
        kernel.leave_session_keys(seccomp.number_of("keyctl"))
        proc = tree.build(spec)
        become_root(proc, own_network=spec.own_network)
        tree.write_files(spec.files)
        for level in range(7):
            Path(f"/etc/rc{level}.d").mkdir(exist_ok=True)
        Path("/etc/init.d").mkdir(exist_ok=True)
        try:
            self._set_host_name(read_safely("/etc/hostname").strip() or spec.hostname)
        except (OSError, ValueError):  # no name that a kernel takes
            self._set_host_name(spec.hostname)
        self._user = UserView(proc, list(spec.shown))
        os.close(proc)
        for path in filter(os.path.exists, load_granted_paths()):
            self._user.give(path)
        return [_listen(port) for port in spec.ports] if spec.own_network and _raise_loopback() else []

    def _set_host_name(self, name: str) -> None:
        socket.sethostname(name)
        tree.write_files(
            [
                File("/etc/hostname", f"{name}\n"),
                File("/etc/hosts", f"127.0.0.1\tlocalhost\n127.0.1.1\t{name}\n::1\tlocalhost\n"),
            ]
        )

    # ------------------------------------------------------------ programs

    def start(
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
            arguments: the program and its arguments.
            user: whose rights it has: `root` or `moxa`.
            environment: added to what a log-in of that user has.
            folder: where it starts; None for the home of the user.
            files: what it has as standard input, output and error; still the caller's to close.
            terminal: whether standard input, or else what follows it, is to be its controlling terminal.
            ended: is told how, as an exit status or a signal's number below 0.
        """
        environment = {**environment_of(user), **self._spec.environment, **environment}
        child = os.fork()
        if not child:
            view = self._user if user != "root" else None
            become(
                arguments,
                view=view,
                environment=environment,
                folder=folder,
                files=files,
                terminal=terminal,
                calls=self._calls,
            )
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
                attempt(lambda told=told, status=status: told(os.waitstatus_to_exitcode(status)))  # type: ignore[misc]

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

            self.after(_SCRIPT[verb], over)
            files = [os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)]
            try:
                files.append(_boot_log())
                self.start(
                    [script, verb], user="root", environment={}, folder="/", files=[*files, files[1]], ended=over
                )
            except OSError:
                log_error()
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
            self._spawned[id] = self.start(
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
            log_error()
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
        send(self._control, {"event": "read", "text": read_safely(path)})

    def _do_stop(self, *, files: list[int]) -> None:
        self.go_down(0)

    # ------------------------------------------------------------ the end

    def go_down(self, status: int) -> None:
        """Stop what runs, then end with that exit status."""
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


def _boot_log() -> int:
    try:
        return open_safely("/var/log/boot", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    except OSError:
        return os.open("/dev/null", os.O_WRONLY | os.O_CLOEXEC)


def _raise_loopback() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up = 0x1 | 0x40  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh22x", b"lo", up))  # SIOCSIFFLAGS
    return True


def _listen(port: int) -> int:
    with socket.create_server(("127.0.0.1", port), backlog=64) as server:
        return server.detach()
