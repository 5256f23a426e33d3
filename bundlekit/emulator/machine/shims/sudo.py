"""`sudo`: asks for the password, has process number 1 start the command, and stands between the two terminals."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import sys
import termios
import tty
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bundlekit.emulator.machine.machine_spec import USER
from bundlekit.emulator.machine.shims.ipc_client import IpcClient

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_KEPT = ("COLORTERM", "LANG", "LANGUAGE", "LS_COLORS", "TERM", "TZ", "DISPLAY")
_USAGE = "usage: sudo [-EHKkinSsv] [-p prompt] [-u user] [VAR=value] [--] [command [argument ...]]\n"
_TRIES = 3  # as sudo has it


@dataclass
class Wish:
    """A command line of sudo."""

    user: str = "root"
    prompt: str = f"[sudo] password for {USER}: "
    flags: set[str] = field(default_factory=set)
    variables: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)


class SudoError(Exception):
    """Ends sudo with status 1 and a word."""


def main(_name: str, words: list[str]) -> int:
    wish = _read(words)
    if wish is None:
        sys.stderr.write(_USAGE)
        return 1
    if "V" in wish.flags:
        sys.stdout.write("Sudo version 1.9.5p2 (that of an emulated gateway)\n")
        return 0
    try:
        return _obey(wish)
    except SudoError as refused:
        if str(refused):
            sys.stderr.write(f"sudo: {refused}\n")
        return 1
    except (EOFError, OSError) as error:
        sys.stderr.write(f"sudo: {str(error) or 'the machine goes down'}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return 1


def _read(words: list[str]) -> Wish | None:
    wish, rest = Wish(), list(words)
    long = {"--stdin": "S", "--non-interactive": "n", "--validate": "v", "--reset-timestamp": "k", "--login": "i"}
    long |= {"--shell": "s", "--preserve-env": "E", "--set-home": "H", "--remove-timestamp": "K", "--list": "l"}
    long |= {"--version": "V"}
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        if word == "--":
            break
        if word in long:
            wish.flags.add(long[word])
        elif word.startswith("--user="):
            wish.user = word.partition("=")[2]
        elif word.startswith("--prompt="):
            wish.prompt = word.partition("=")[2]
        elif word in ("--user", "--prompt") and rest:
            setattr(wish, word[2:], rest.pop(0))
        elif word.startswith("--") or not _read_letters(wish, word[1:], rest):
            return None
    while rest and "=" in rest[0] and rest[0].partition("=")[0].isidentifier():
        key, _, value = rest.pop(0).partition("=")
        wish.variables[key] = value
    wish.command = rest
    return wish if rest or wish.flags & set("iskKvVl") else None


def _read_letters(wish: Wish, letters: str, rest: list[str]) -> bool:
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter in "upghCrtTU":
            if not letters and not rest:
                return False
            value, letters = letters or rest.pop(0), ""
            if letter == "u":
                wish.user = value
            elif letter == "p":
                wish.prompt = value
        elif letter in "EHKSVbiklnsvPAB":
            wish.flags.add(letter)
        else:
            return False
    return True


def _obey(wish: Wish) -> int:
    client = IpcClient()
    user = {"#0": "root", "#1000": USER}.get(wish.user, wish.user)
    if user not in ("root", USER):
        raise SudoError(f"unknown user {wish.user}")
    if wish.flags & {"k", "K"}:
        client.ask("forget")
        if not wish.command:
            return 0
    if not client.ask("may")["may"]:
        _prove(client, wish)
    if "v" in wish.flags:
        return 0
    if "l" in wish.flags:
        host = os.uname().nodename
        sys.stdout.write(f"User {USER} may run the following commands on {host}:\n    (ALL : ALL) ALL\n")
        return 0
    environment = _environment(wish)
    return _run(client, user, _command(wish, environment), environment)


def _prove(client: IpcClient, wish: Wish) -> None:
    if "n" in wish.flags:
        raise SudoError("a password is required")
    prompt = wish.prompt.replace("%u", USER).replace("%p", USER).replace("%h", os.uname().nodename)
    for wrong in range(_TRIES):
        if wrong:
            sys.stderr.write("Sorry, try again.\n")
        password = _password_on_stdin(prompt) if "S" in wish.flags else _password_on_terminal(prompt)
        if password is None:
            sys.stderr.write("sudo: no password was provided\n")
            raise SudoError(_attempts(wrong) if wrong else "a password is required")
        if client.ask("password", password=password)["may"]:
            return
    raise SudoError(_attempts(_TRIES))


def _attempts(count: int) -> str:
    return f"{count} incorrect password attempt{'s' if count > 1 else ''}"


def _password_on_stdin(prompt: str) -> str | None:
    """A line, and not a byte more: the rest is the command's."""
    sys.stderr.write(prompt)
    sys.stderr.flush()
    return _line(0)


def _password_on_terminal(prompt: str) -> str | None:
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        sys.stderr.write(
            "sudo: a terminal is required to read the password; "
            "either use the -S option to read from standard input or configure an askpass helper\n"
        )
        raise SudoError("a password is required") from None
    before = termios.tcgetattr(terminal)
    silent = termios.tcgetattr(terminal)
    silent[3] &= ~termios.ECHO
    try:
        os.write(terminal, prompt.encode())
        termios.tcsetattr(terminal, termios.TCSAFLUSH, silent)
        return _line(terminal)
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
        os.write(terminal, b"\n")
        os.close(terminal)


def _line(where: int) -> str | None:
    found = b""
    while (byte := os.read(where, 1)) not in (b"", b"\n"):
        found += byte
    return found.decode(errors="surrogateescape") if found or byte else None


def _environment(wish: Wish) -> dict[str, str]:
    def is_kept(key: str, value: str) -> bool:
        return key in _KEPT or (key.startswith("LC_") and "/" not in value and "%" not in value)

    kept = {key: value for key, value in os.environ.items() if "E" in wish.flags or is_kept(key, value)}
    for key in ("HOME", "LOGNAME", "MAIL", "PATH", "SHELL", "USER"):
        kept.pop(key, None)
    caller = "root" if os.geteuid() == 0 else USER
    number = str(os.geteuid())
    return {
        **kept,
        "SUDO_COMMAND": " ".join(wish.command) or "/bin/bash",
        "SUDO_GID": number,
        "SUDO_UID": number,
        "SUDO_USER": caller,
        **wish.variables,
    }


def _command(wish: Wish, environment: dict[str, str]) -> list[str]:
    if wish.flags & {"i", "s"}:
        shell = ["/bin/bash", *(["-l"] if "i" in wish.flags else [])]
        quoted = " ".join("".join(c if c.isalnum() or c in "_-$" else "\\" + c for c in word) for word in wish.command)
        return [*shell, "-c", quoted] if wish.command else shell
    name, path = wish.command[0], "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    if "/" not in name:
        places = [f"{folder}/{name}" for folder in path.split(":")]
        name = next((place for place in places if os.access(place, os.X_OK) and Path(place).is_file()), "")
    if not name:
        raise SudoError(f"{wish.command[0]}: command not found")
    environment["SUDO_COMMAND"] = " ".join([name, *wish.command[1:]])
    return [name, *wish.command[1:]]


def _run(client: IpcClient, user: str, command: list[str], environment: dict[str, str]) -> int:
    terminal = _terminal()
    size = list(os.get_terminal_size(terminal)) if terminal is not None else None
    files = [0, 1, 2]
    client.say(
        "run",
        files,
        user=user,
        arguments=command,
        environment=environment,
        folder=str(Path.cwd()),
        terminal=[size[1], size[0]] if size else None,
    )
    message, passed = client.hear()
    if "started" not in message:
        raise SudoError("the machine did not start it")
    for number in _PASSED_ON:
        signal.signal(number, lambda sent, _: client.say("signal", number=int(sent)))
    status = _status(client) if terminal is None or not passed else _between(client, terminal, passed[0])
    if status < 0:
        for number in _PASSED_ON:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
        return 128 - status
    return status


def _status(client: IpcClient) -> int:
    return int(client.hear()[0]["status"])


def _terminal() -> int | None:
    if not any(os.isatty(each) for each in (0, 1, 2)):
        return None
    try:
        return os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return None


def _between(client: IpcClient, terminal: int, inner: int) -> int:
    """Carry bytes between the user's terminal and the command's, until the command has ended and said all."""

    def resize(*_: Any) -> None:
        columns, rows = os.get_terminal_size(terminal)
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    signal.signal(signal.SIGWINCH, resize)
    before = termios.tcgetattr(terminal)
    termios.tcsetattr(inner, termios.TCSANOW, before)
    reads_terminal = os.isatty(0)
    if reads_terminal:
        tty.setraw(terminal, termios.TCSADRAIN)
    status: int | None = None
    waiting = [client.socket.fileno(), inner, *([terminal] if reads_terminal else [])]
    try:
        while True:
            ready, _, _ = select.select(waiting, [], [], 0 if status is not None else None)
            if status is not None and inner not in ready:
                return status
            if inner in ready:
                try:
                    shown = os.read(inner, 65536)
                except OSError:
                    shown = b""
                _write_all(terminal, shown)
                if not shown:
                    return _status(client) if status is None else status
            if terminal in ready and status is None:
                _write_all(inner, os.read(terminal, 65536))
            if client.socket.fileno() in ready and status is None:
                status = _status(client)
                waiting = [inner]
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _write_all(where: int, data: bytes) -> None:
    while data:
        data = data[os.write(where, data) :]


if __name__ == "__main__":
    sys.exit(main("sudo", sys.argv[1:]))
