"""What the ssh configuration says about a host: by asking OpenSSH itself, or, where there is none, by paramiko."""

from __future__ import annotations

import os
import pwd
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from bundlekit.deploy.target import Target
from bundlekit.errors import Unreadable

SSH_FOLDER = Path("~/.ssh")
SYSTEM_CONFIG = Path("/etc/ssh/ssh_config")
_DEEPEST = 16  # as in OpenSSH
_KEYWORD = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+)(.*?)\s*")

Options = Mapping[str, tuple[str, ...]]
"""By keyword in lower case; only those that name files have more than one value."""

_LISTS = ("userknownhostsfile", "globalknownhostsfile")


def options_for(target: Target, file: Path | None = None) -> Options:
    """What applies to a target.

    Args:
        target: what it says counts as if it stood on the command line of ssh.
        file: in place of the user's and the system's.

    Raises:
        Unreadable: the configuration cannot be read, or makes no sense.
    """
    program = shutil.which("ssh")
    return by_openssh(program, target, file) if program else by_paramiko(target, file)


def config_to_name(file: Path | None) -> Path | None:
    """The configuration that `ssh` has to be told of by -F; None where it finds the same one by itself."""
    own = (SSH_FOLDER / "config").expanduser()
    if file is None and _is_home_elsewhere() and own.exists():
        return own
    return file


def by_openssh(program: str, target: Target, file: Path | None = None) -> Options:
    """Ask `ssh -G`, the authority: it is quick, connects to nothing, and knows Match and Include."""
    command = [program, "-G", "-T"]
    given = None
    if _is_home_elsewhere():
        # OpenSSH looks at the password file, and not at $HOME, which sandboxes, containers and sudo set.
        command += ["-F", "/dev/stdin"]
        given = _for_home(file)
    elif file is not None:
        command += ["-F", str(file)]
    command += [*(["-l", target.user] if target.user else []), *(["-p", str(target.port)] if target.port else [])]
    ended = subprocess.run(
        [*command, "--", target.host], input=given or "", capture_output=True, text=True, errors="replace", check=False
    )
    if ended.returncode != 0:
        said = [line for line in ended.stderr.splitlines() if not line.startswith("Pseudo-terminal")]
        raise Unreadable(
            f"ssh makes no sense of its configuration for {target.host}: {said[0] if said else 'it does not say why'}",
            hint=f"`ssh -G {target.host}` shows the same",
        )
    options: dict[str, tuple[str, ...]] = {}
    for line in ended.stdout.splitlines():
        keyword, _, value = line.partition(" ")
        values = tuple(_split(value)) if keyword in _LISTS else (value,)
        options[keyword] = (*options.get(keyword, ()), *values)
    return options


def by_paramiko(target: Target, file: Path | None = None) -> Options:
    """Read it with paramiko's parser, Include followed; CanonicalizeHostname and some rare Match words differ."""
    import paramiko

    files = [(file, SSH_FOLDER)] if file else [(SSH_FOLDER / "config", SSH_FOLDER), (SYSTEM_CONFIG, Path("/etc/ssh"))]
    given = "".join(f"{key} {value}\n" for key, value in (("User", target.user), ("Port", target.port)) if value)
    text = f"Host *\n{given}" if given else ""
    try:
        for each, base in files:
            text = _followed(text + "Host *\n", each.expanduser(), base.expanduser(), target.host, _DEEPEST)
        found = paramiko.SSHConfig.from_text(_spelt_out(text)).lookup(target.host)
        return {key: _values(key, value) for key, value in found.items()}
    except (OSError, ValueError, KeyError, paramiko.SSHException) as error:
        raise Unreadable(f"cannot read the ssh configuration {file or SSH_FOLDER / 'config'}: {error}") from error


def _split(value: str) -> Iterator[str]:
    """The files that OpenSSH lists with spaces between them, and maybe in them."""
    words = value.split(" ")
    while words:
        count = max((n for n in range(2, len(words) + 1) if Path(" ".join(words[:n])).exists()), default=1)
        yield " ".join(words[:count])
        del words[:count]


def _values(key: str, value: str | list[str] | None) -> tuple[str, ...]:
    if value is None:
        return ("none",)
    if isinstance(value, list):
        return tuple(value)
    return tuple(shlex.split(value)) if key in _LISTS else (value,)


def _is_home_elsewhere() -> bool:
    try:
        return Path("~").expanduser() != Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:  # a user without a name, as in containers
        return True


def _for_home(file: Path | None) -> str:
    """A configuration that has ssh do in another home folder what it does in the user's."""
    folder = SSH_FOLDER.expanduser()
    files = [file.absolute()] if file else [folder / "config", SYSTEM_CONFIG]
    known = " ".join(f'"{folder / name}"' for name in ("known_hosts", "known_hosts2"))
    return "".join(f'Match all\nInclude "{each}"\n' for each in files) + f"Match all\nUserKnownHostsFile {known}\n"


def _followed(before: str, file: Path, base: Path, host: str, depth: int) -> str:
    """`before` with what a file says about a host, and with what the files say that it includes."""
    if not file.exists():
        return before
    header = "Host *"
    text = before
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        found = _KEYWORD.fullmatch(line)
        keyword = found[1].lower() if found else ""
        if found and keyword == "include":
            if depth and _applies(text, host):
                for name in shlex.split(found[2]):
                    pattern = base / Path(name).expanduser()
                    for each in sorted(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))):
                        text = _followed(text + "Host *\n", each, base, host, depth - 1)
                text += f"{header}\n"
            continue
        if keyword in ("host", "match"):
            header = line
        text += f"{line}\n"
    return text


def _applies(text: str, host: str) -> bool:
    """Whether what follows a text counts for a host."""
    import paramiko

    return "bundlekit" in paramiko.SSHConfig.from_text(f"{_spelt_out(text)}\nBundlekit yes\n").lookup(host)


def _spelt_out(text: str) -> str:
    """Without the words after `#` at the end of a line, which OpenSSH drops and paramiko keeps."""
    return re.sub(r"(?m)^(\s*(?!ProxyCommand|LocalCommand|Match)\w[^\n\"#]*?)\s+#.*$", r"\1", text, flags=re.IGNORECASE)
