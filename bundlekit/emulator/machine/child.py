"""A child of process number 1: how it becomes a program, its terminal, its end."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import termios

from bundlekit.emulator.machine import kernel
from bundlekit.emulator.machine.views import UserView

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD, signal.SIGQUIT)


def become(
    arguments: list[str],
    *,
    view: UserView | None,
    environment: dict[str, str],
    folder: str | None,
    files: list[int],
    terminal: bool,
    calls: bytes,
) -> None:
    """Turn this process, just forked, into a program. Does not return.

    Args:
        arguments: the program and its arguments.
        view: of the files that its user has; None for root.
        environment: all of it.
        folder: where it starts; None for the home of the user.
        files: descriptors that become standard input, output and error.
        terminal: whether the last of them becomes its controlling terminal.
        calls: the filter of its system calls.
    """
    try:
        signal.set_wakeup_fd(-1)
        for number in (*SIGNALS, signal.SIGTTOU, signal.SIGTTIN, signal.SIGTSTP):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        if terminal:
            fcntl.ioctl(files[-1], termios.TIOCSCTTY, 0)
        if view:
            view.enter()
        safe = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in files]
        for place, each in enumerate(safe[:3]):
            os.dup2(each, place)
        os.closerange(3, 1024)
        os.chdir(_first_folder(folder, environment["HOME"], "/"))
        environment.setdefault("PWD", os.getcwd())  # noqa: PTH109
        kernel.filter_calls(calls)  # last: to enter a view is forbidden by it
        program = "/bin/bash" if arguments[0] == "-bash" else arguments[0]
        os.execvpe(program, arguments, environment)  # noqa: S606
    except FileNotFoundError:
        os.write(2, f"{arguments[0]}: command not found\n".encode(errors="replace"))
        os._exit(127)
    except BaseException as error:
        os.write(2, f"{' '.join(arguments[:1])}: {error}\n".encode(errors="replace"))
    finally:
        os._exit(126)  # whatever has happened: nobody else may go on as process number 1


def _first_folder(*folders: str | None) -> str:
    return next((folder for folder in folders if folder and os.access(folder, os.X_OK)), "/")


def open_terminal(size: list[int]) -> tuple[int, int]:
    """A new terminal's two ends; `size` is its rows and columns."""
    packed = pack_size(*size[:2])
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, packed)
    return master, slave


def pack_size(rows: int, columns: int) -> bytes:
    """A terminal's size as the kernel takes it, which knows no larger ones than 65535."""
    return struct.pack("HHHH", *(min(max(int(each), 0), 0xFFFF) for each in (rows, columns)), 0, 0)


def kill_group(child: int, number: int) -> None:
    for kill in (os.killpg, os.kill):
        try:
            kill(child, number)
        except ProcessLookupError:
            continue
        return
