"""What the machine sees of this host, read-only: programs, libraries, and the Python that bundles run under."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import bundlekit
from bundlekit.emulator.machine import shims
from bundlekit.emulator.machine.machine_spec import HOME, USER, USER_ID, File, MachineSpec
from bundlekit.errors import BadUsage
from bundlekit.shipped import sdk

_TOP = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_SETTINGS = (
    "alternatives",
    "ca-certificates",
    "crypto-policies",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "pki",
    "protocols",
    "services",
    "ssl/certs",
    "terminfo",
)
_SFTP_SERVERS = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server")
_LOCAL = "/usr/local"
_PACKAGE = Path(bundlekit.__file__).resolve().parent
# Whatever folder `bundlekit gateway` is started in, nothing is imported from it. The Python is started there all the
# same: a shim of pyenv or asdf chooses the version by that folder.
_ASK_PYTHON = """
import sys
sys.path[:] = [folder for folder in sys.path if folder]
import json
names = "prefix", "exec_prefix", "base_prefix", "real_prefix"
prefixes = [getattr(sys, name) for name in names if hasattr(sys, name)]
print(json.dumps({"version": list(sys.version_info[:2]), "executable": sys.executable, "prefixes": prefixes}))
"""

_MOTD = """
This is an emulated gateway: a box in a box, on the developer's own machine.
`sudo su` makes you root; the password is that of moxa.

"""
_PROFILE = """umask 022
[ -n "${BASH_VERSION:-}" ] && [ -r ~/.bashrc ] && . ~/.bashrc
[ -z "${SSH_TTY:-}" ] || cat /etc/motd
"""
_BASHRC = "case $- in *i*) ;; *) return ;; esac\nPS1='${debian_chroot:-}\\u@\\h:\\w\\$ '\nalias ls='ls --color=auto'\n"


@dataclass(frozen=True)
class Interpreter:
    """A Python of this host.

    Attributes:
        executable: by which it is started.
        version: major and minor.
        folders: that it needs.
    """

    executable: str
    version: tuple[int, int]
    folders: tuple[str, ...]


def interpreter(path: str | None) -> Interpreter:
    """The Python that bundles run under in the machine.

    Args:
        path: to it, or its name; None for a Python 2.7 if there is one, else the one that runs this.

    Raises:
        BadUsage: there is no Python, or the user's home would have to be shown for it.
    """
    if path:
        found = shutil.which(os.path.expanduser(path))  # noqa: PTH111 - a bare name is looked for on the PATH
        if not found or not (asked := _ask(found)):
            raise BadUsage(f"{path} is not a Python that can be run", hint="give the path of a python2.7 or a python3")
        if any(Path.home().is_relative_to(folder) for folder in asked.folders):
            raise BadUsage(
                f"{path} is directly in your home folder, and every program in the box could read all of that",
                hint=f"give the path that it leads to: {os.path.realpath(found)}",
            )
        return asked
    found = shutil.which("python2.7")
    return (found and _ask(found)) or _ask(sys.executable) or Interpreter(sys.executable, sys.version_info[:2], ())


def machine_spec(
    root: Path,
    *,
    python: Interpreter,
    environment: Mapping[str, str],
    hostname: str,
    token: str,
    password: str,
    own_network: bool = True,
    disk: int | None = None,
) -> MachineSpec:
    """The machine that this host can make.

    Args:
        root: its own folder.
        python: that bundles run on.
        environment: of a bundle that runs in it.
        hostname: of the machine.
        token: what /etc/mx-api-token holds.
        password: of its user.
        own_network: whether it has its own loopback and nothing else.
        disk: bytes that are free on /opt.
    """
    own = (sys.prefix, sys.base_prefix, *_ask_folders(sys.executable), str(_PACKAGE), str(sdk()), *shims.libraries())
    variables = {**environment, "BUNDLEKIT_BYTECODE": "/var/cache/python"}
    return MachineSpec(
        root=str(root),
        hostname=hostname,
        shown={path: path for path in _shown([*own, *python.folders])},
        links={f"/{name}": str(Path("/", name).readlink()) for name in _TOP if Path("/", name).is_symlink()},
        programs={**shims.texts(_PACKAGE), **_transfer_programs(), **_python_programs(python, variables)},
        files=_files(token, own_network=own_network),
        password=password,
        environment={key: value for key, value in environment.items() if key.startswith("BROKER_")},
        own_network=own_network,
        ports=[1883, 443] if own_network else [],
        disk=disk,
    )


def _ask(executable: str) -> Interpreter | None:
    try:
        # Python 2.7 does not know -I, virtual environments need site, and -E would ignore a wrapper's PYTHONHOME too.
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        command = [executable, "-s", "-c", _ASK_PYTHON]
        done = subprocess.run(command, env=clean, capture_output=True, check=True, timeout=30)
        told = json.loads(done.stdout)
        folders = {*told["prefixes"], *map(os.path.realpath, told["prefixes"]), *_ask_folders(told["executable"])}
        return Interpreter(told["executable"], tuple(told["version"]), tuple(sorted(folders)))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None


def _ask_folders(executable: str) -> list[str]:
    """The folders of an executable, over all the links that lead to it."""
    folders = []
    while True:
        folders.append(os.path.dirname(executable))  # noqa: PTH120 - not resolved
        if not Path(executable).is_symlink():
            return folders
        executable = os.path.normpath(Path(folders[-1], Path(executable).readlink()))


def _shown(wanted: Iterable[str]) -> list[str]:
    """The paths to show, none of them within another one."""
    paths = {"/usr", *(f"/{name}" for name in _TOP if Path("/", name).is_dir() and not Path("/", name).is_symlink())}
    paths |= {f"/etc/{name}" for name in _SETTINGS if Path("/etc", name).exists()}
    # The host's /usr/local is hidden unless it is wanted.
    paths |= {_LOCAL if Path(path).is_relative_to(_LOCAL) else path for path in wanted}
    paths = {path for path in paths if Path(path).exists() and path != "/"}
    return sorted(path for path in paths if path == _LOCAL or not any(_is_below(path, other) for other in paths))


def _is_below(path: str, other: str) -> bool:
    return path != other and Path(path).is_relative_to(other)


def _transfer_programs() -> dict[str, str]:
    """What serves SCP and SFTP: this host's where it has them, for they are nearer to a box's, else our own."""
    servers = [file for file in _SFTP_SERVERS if Path(file).exists()] or ["box-sftp-server"]
    found = {"sftp-server": f'#!/bin/sh\nexec {servers[0]} "$@"\n'}
    if not Path("/usr/bin/scp").exists():
        found["scp"] = '#!/bin/sh\nexec box-scp "$@"\n'
    return found


def _python_programs(python: Interpreter, environment: Mapping[str, str]) -> dict[str, str]:
    settings = " ".join(f"{key}={shlex.quote(value)}" for key, value in sorted(environment.items()))
    start = f'#!/bin/sh\nexport {settings}\nexec {shlex.quote(python.executable)} "$@"\n'
    if python.version == (2, 7):
        return {"python": start, "python2": start, "python2.7": start}
    missing = '#!/bin/sh\necho "${0##*/}: not on this gateway; python is $(python --version)" >&2\nexit 127\n'
    return {"python": start, "python2": missing, "python2.7": missing}


def _files(token: str, *, own_network: bool) -> list[File]:
    shell = "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh"
    resolver = "" if own_network else _text("/etc/resolv.conf")
    return [
        File(
            "/etc/passwd",
            f"root:x:0:0:root:/root:{shell}\n{USER}:x:{USER_ID}:{USER_ID}::{HOME}:{shell}\n"
            "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        ),
        File("/etc/group", f"root:x:0:\ntty:x:5:\nsudo:x:27:{USER}\n{USER}:x:{USER_ID}:\nnogroup:x:65534:\n"),
        File(
            "/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"
        ),
        File("/etc/hostname", "", keep=True),
        File("/etc/resolv.conf", resolver),
        File("/etc/mx-api-token", f"{token}\n", 0o600),
        File("/etc/motd", _MOTD),
        File("/etc/profile", _PROFILE),
        File(f"{HOME}/.bashrc", _BASHRC, keep=True),
        File("/root/.bashrc", _BASHRC, keep=True),
    ]


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""
