"""Programs inside of a machine that ask process number 1 for something."""

from __future__ import annotations

import hmac
import os
import resource
import selectors
import signal
import socket
import time
from collections.abc import Callable
from typing import Any, Protocol

from bundlekit.emulator.machine.child import kill_group, open_terminal
from bundlekit.emulator.machine.errors import log_error
from bundlekit.emulator.machine.granted_paths import save_granted_paths
from bundlekit.emulator.machine.ipc_connection import IpcConnection
from bundlekit.emulator.machine.ipc_messages import close, receive
from bundlekit.emulator.machine.machine_spec import REBOOT, USER
from bundlekit.emulator.machine.views import UserView

_FRESH = 900.0  # seconds that sudo remembers a password
_WRONG = 0.1  # seconds that a wrong password costs
_MOST_CALLERS = 256  # so that no user of the machine can take all descriptors of process number 1


class MachineControl(Protocol):
    """What process number 1 does for those who may ask for it."""

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
        """Start a program; its process.

        Args:
            arguments: the program and its arguments.
            user: whose rights it has.
            environment: added to what a log-in of that user has.
            folder: where it starts; None for the home of the user.
            files: descriptors that become standard input, output and error.
            terminal: whether the last of them becomes its controlling terminal.
            ended: is told how, as an exit status or a signal's number below 0.
        """

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something later."""

    def go_down(self, status: int) -> None:
        """End the machine."""


class IpcServer:
    """Those who ask, and what they are told."""

    def __init__(
        self, machine: MachineControl, selector: selectors.BaseSelector, view: UserView, password: str
    ) -> None:
        """Nobody yet.

        Args:
            machine: does what is asked for.
            selector: is told of their connections.
            view: of the user's files, which root can give to and take from.
            password: of the user, for sudo.
        """
        self._machine = machine
        self._selector = selector
        self._view = view
        self._password = password
        self._sudo: dict[tuple[str, ...], float] = {}
        self._callers: set[IpcConnection] = set()
        self._most_callers = min(_MOST_CALLERS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)

    def admit(self, programs: socket.socket) -> None:
        """Take in one that wants to ask."""
        connection, _ = programs.accept()
        if len(self._callers) >= self._most_callers:
            connection.close()
            return
        caller = IpcConnection(connection)
        self._callers.add(caller)
        self._hear(caller)

    def _hear(self, caller: IpcConnection) -> None:
        self._selector.register(caller.connection, selectors.EVENT_READ, lambda: self._asked(caller))

    def _asked(self, caller: IpcConnection) -> None:
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
            log_error()
        finally:
            close(files)
        self._dismiss(caller)

    def _dismiss(self, caller: IpcConnection) -> None:
        if caller.child:
            kill_group(caller.child, signal.SIGHUP)
        if not caller.gone:
            caller.gone = True
            self._callers.discard(caller)
            self._selector.unregister(caller.connection)
            caller.connection.close()

    def _answer(self, caller: IpcConnection, message: dict[str, Any], files: list[int]) -> None:
        match message["ask"]:
            case "may":
                caller.reply({"may": self._may(caller)})
            case "password":
                if hmac.compare_digest(_bytes(str(message["password"])), _bytes(self._password)):
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
                (self._view.give if way == "give" else self._view.take)(os.path.realpath(str(message["path"])))
                save_granted_paths(self._view.granted_paths)
                caller.reply({})
            case "reboot" if caller.is_root:
                caller.reply({})
                self._machine.go_down(REBOOT)
            case _:
                caller.reply({"refused": True})

    def _refuse_later(self, caller: IpcConnection) -> None:
        """Until then it is not heard."""
        self._selector.unregister(caller.connection)

        def refuse() -> None:
            self._hear(caller)
            caller.reply({"may": False})

        self._machine.after(_WRONG, refuse)

    def _may(self, caller: IpcConnection) -> bool:
        return caller.is_root or caller.proved or time.monotonic() - self._sudo.get(caller.place, -_FRESH) < _FRESH

    def _run_for(self, caller: IpcConnection, message: dict[str, Any], files: list[int]) -> None:
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
            caller.child = self._machine.start(
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


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
