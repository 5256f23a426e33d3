"""A handler waits for a command that may run for long, without a time-out.

Why: The SDK has three threads for all requests of a bundle, and a thread that waits for a command is blocked as long as
the command runs; by then, the client has got a 408. Python 2.7 has no time-outs for commands, but a gateway has
`timeout` of coreutils; many commands have an option of their own too. The methods that a handler calls are checked too;
code in a thread of its own is not. Commands that end at once, such as `cat` or `ifconfig`, and computed commands are
not reported.

Evidence: `timeout=` of `subprocess` is a TypeError under Python 2.7.18. The vendor's guide asks bundles to answer as
soon as possible.

Fix (unsafe): runs the command by `timeout 5`, if it is one program that stands there as a list or a text. A slower one
is killed then.

Bad:

    index.py
        import subprocess

        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                lost = subprocess.call(["ping", "192.0.2.1"])
                return response(code=200, data={"lost": lost})

Good:

    index.py
        import subprocess

        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                lost = subprocess.call(["timeout", "5", "ping", "-c", "1", "192.0.2.1"])
                return response(code=200, data={"lost": lost})
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.lint.code_edits import inserted
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, unsafe_fix
from bundlekit.quoting import quoted
from bundlekit.source.constants import Constants
from bundlekit.source.functions import Function, arguments, full_name, imported_names
from bundlekit.source.modules import Module
from bundlekit.source.request_functions import run_for_requests
from bundlekit.source.syntax import Scope, span_of

if TYPE_CHECKING:
    from tree_sitter import Node

_WAITING = frozenset(
    {
        *("subprocess.call", "subprocess.check_call", "subprocess.check_output", "os.system"),
        *("commands.getoutput", "commands.getstatusoutput"),
    }
)
_STARTING = frozenset({"subprocess.Popen", "os.popen"})
_WAITS = frozenset({"communicate", "wait", "read", "readlines"})
_ENDS = frozenset({"Timer", "kill", "terminate", "poll", "killpg", "send_signal", "alarm"})
_AT_ONCE = frozenset(
    {
        *("[", "arp", "awk", "basename", "blkid", "brctl", "cat", "chattr", "chgrp", "chmod", "chown"),
        *("clear", "cp", "crontab", "cut", "date", "df", "dirname", "dmesg", "echo", "egrep", "env"),
        *("ethtool", "expr", "false", "fdisk", "fgrep", "free", "gpio", "grep", "groups", "halt", "hciconfig"),
        *("head", "hostname", "hostnamectl", "hwclock", "i2cget", "i2cset", "id", "ifconfig", "ifdown"),
        *("insmod", "ip", "ip6tables", "iptables", "iwconfig", "kill", "killall", "last", "ln", "logger"),
        *("logname", "ls", "lsblk", "lsmod", "lsof", "lsusb", "md5sum", "mkdir", "mkfifo", "mknod"),
        *("modprobe", "mount", "mv", "mx-dio-ctl", "mx-uart-ctl", "netstat", "nice", "nohup", "nproc", "ntpq"),
        *("passwd", "pgrep", "pidof", "pkill", "poweroff", "printenv", "printf", "ps", "pwd", "readlink"),
        *("realpath", "reboot", "renice", "rm", "rmdir", "rmmod", "route", "sed", "setserial", "setsid"),
        *("sha1sum", "sha256sum", "shutdown", "sort", "ss", "stat", "stty", "sync", "sysctl", "tail", "tee"),
        *("test", "timedatectl", "timeout", "touch", "tr", "true", "tty", "tune2fs", "uci", "ulimit"),
        *("umount", "uname", "uniq", "uptime", "usermod", "vmstat", "w", "wc", "which", "who", "whoami"),
    }
)
_BOUNDED = re.compile(
    r"(?:^|\s)(?:-[A-Za-z]*[cwWmT]\s*\d|--(?:max-time|timeout|connect-timeout|deadline|wait|count)\b|\S*ConnectTimeout)"
)
_BEFORE = re.compile(r"^(?:\s|\(|sudo\s+(?:-\S+\s+)*|env\s+|exec\s+|\w+=\S*\s+|nice\s+(?:-n\s*-?\d+\s+)?)+")
_HINT = 'Python 2.7 has no time-out for it, but it can be run by ["timeout", "5", ...]'


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None or not re.search(rb"subprocess|os\s*\.|commands|from os", module.content):
        return
    imported, constants = imported_names(module.python), Constants()
    scopes: dict[int, Scope] = {}
    for function, _ in run_for_requests(module, inspection.source.routes):
        for name, call in function.calls():
            whole = full_name(imported, name)
            if whole not in _WAITING and not (whole in _STARTING and _is_waited_for(function)):
                continue
            scopes = scopes or {one.node.start_byte: one.scope for one in module.python.calls}
            command = _command(constants, call, scopes.get(call.start_byte, module.python.module))
            if command and (program := _slow(command)):
                message = f"{quoted(program)} may run for long, and requests wait for it without a time-out"
                correction = _correction(module, call, command, program)
                yield Diagnostic(module.path, span_of(module.text, call), message, _HINT, correction=correction)


def _correction(module: Module, call: Node, command: str, program: str) -> Correction | None:
    """`timeout 5` in front of the command, if it is one program, written as a list or as a plain text."""
    places, names, _ = arguments(call)
    given = places[0] if places else names.get("args")
    words = command.split()
    if given is None or not words or words[0].rpartition("/")[2] != program:
        return None
    if given.type == "list" and given.named_children and "shell" not in names:
        edit = inserted(module, given.named_children[0].start_byte, '"timeout", "5", ')
        return unsafe_fix('Run it by "timeout", "5"', [edit])
    if given.type != "string" or re.search(r"[|&;<>()$`\n]", command) or given.children[0].type != "string_start":
        return None
    return unsafe_fix("Run it by timeout 5", [inserted(module, given.children[0].end_byte, "timeout 5 ")])


def _is_waited_for(function: Function) -> bool:
    last = {name.rpartition(".")[2] for name, _ in function.calls()} | {
        name for one in function.of_kinds("call") for name in _method(one)
    }
    return bool(last & _WAITS) and not last & _ENDS


def _method(call: Node) -> Iterator[str]:
    """The last part of the name of what is called, whatever it is called on."""
    function = call.child_by_field_name("function")
    attribute = function.child_by_field_name("attribute") if function is not None else None
    if attribute is not None and attribute.text is not None:
        yield attribute.text.decode("utf-8", "replace")


def _command(constants: Constants, call: Node, scope: Scope) -> str:
    """The command line, as far as it can be seen from its first word on; else empty."""
    places, names, _ = arguments(call)
    given = places[0] if places else names.get("args")
    whole = constants.value(given, scope)
    if isinstance(whole, tuple):
        return " ".join(whole)
    if whole is not None or given is None:
        return whole or ""
    if given.type not in ("list", "tuple"):
        return ""
    words = [constants.value(one, scope) for one in given.named_children[:100] if one.type != "comment"]
    return " ".join(one if isinstance(one, str) else "?" for one in words)


def _slow(command: str) -> str:
    """The first program of a command line that may run for long; empty if there is none."""
    if command.rstrip().endswith("&"):
        return ""
    for part in re.split(r"\|\|?|&&|;|\n", command[:2000]):
        words = _BEFORE.sub("", part).split()
        program = words[0].rpartition("/")[2] if words else ""
        if program in ("timeout", "nohup", "setsid"):
            continue
        follows = program == "tail" and any(word.startswith(("-f", "-F", "--follow")) for word in words)
        if (program not in _AT_ONCE or follows) and program and not _BOUNDED.search(part) and "?" not in program:
            return program
    return ""


RULE = Rule(code="BK324", name="command-without-timeout", severity=Severity.WARNING, page=__doc__, check=check)
