"""What the ssh configuration says about a host: by asking OpenSSH itself, or, where there is none, by reading it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from bundlekit.errors import Unreadable
from bundlekit.ssh.ssh_config_file import Reading
from bundlekit.ssh.target import Target

SSH_FOLDER = Path("~/.ssh")
SYSTEM_CONFIG = Path("/etc/ssh/ssh_config")

Options = Mapping[str, tuple[str, ...]]
"""By keyword in lower case; only those that name files have more than one value."""

_LISTS = ("userknownhostsfile", "globalknownhostsfile")


def options_for(target: Target, file: Path | None = None, said: Sequence[str] = ()) -> Options:
    """What applies to a target.

    Args:
        target: what it says counts as if it stood on the command line of ssh.
        file: in place of the user's and the system's.
        said: options as behind `-o` of ssh, `KEYWORD=VALUE`, which win over the files.

    Raises:
        Unreadable: the configuration cannot be read, or makes no sense.
    """
    program = shutil.which("ssh")
    # OpenSSH does nothing for a user without a name, as in containers.
    return by_openssh(program, target, file, said) if program and _own_home() else by_reading(target, file, said)


def config_to_name(file: Path | None) -> Path | None:
    """The configuration that `ssh` has to be told of by -F; None where it finds the same one by itself."""
    own = (SSH_FOLDER / "config").expanduser()
    if file is None and _is_home_elsewhere() and os.path.exists(own):  # noqa: PTH110 - of a closed folder too
        return own
    return file


def by_openssh(program: str, target: Target, file: Path | None = None, said: Sequence[str] = ()) -> Options:
    """Ask `ssh -G`, the authority: it is quick, connects to nothing, and knows Match and Include.

    Args:
        program: the path of ssh.
        target: that was named.
        file: in place of ~/.ssh/config.
        said: options that win, as `-o` takes them.

    Raises:
        Unreadable: ssh makes no sense of its configuration.
    """
    command = [program, "-G", "-T"]
    command += [*(["-l", target.user] if target.user else []), *(["-p", str(target.port)] if target.port else [])]
    command += [word for each in said for word in ("-o", each)]
    with _stand_in(file) as config:
        ended = subprocess.run(
            [*command, *(["-F", str(config)] if config else []), "--", target.host],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
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


def by_reading(target: Target, file: Path | None = None, said: Sequence[str] = ()) -> Options:
    """Read the files; all but CanonicalizeHostname is as OpenSSH has it, and keywords that make no sense pass.

    Args:
        target: that was named.
        file: in place of ~/.ssh/config.
        said: options that win, as `-o` takes them.

    Raises:
        Unreadable: a file cannot be read.
    """
    places = [(file, SSH_FOLDER)] if file else [(SSH_FOLDER / "config", SSH_FOLDER), (SYSTEM_CONFIG, Path("/etc/ssh"))]
    reading = Reading(target.host, target.user)
    try:
        for option in said:
            reading.take(option)
        for each, base in places:
            reading.read(each.expanduser(), base.expanduser())
        if reading.wants_final:
            reading.begin_final()
            for each, base in places:
                reading.read(each.expanduser(), base.expanduser())
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError of `~somebody` who is not there
        raise Unreadable(f"cannot read the ssh configuration: {error}") from error
    options = {**reading.options, "hostname": (reading.real_host(),)}
    if "hostkeyalias" in options:
        options["hostkeyalias"] = (options["hostkeyalias"][0].lower(),)
    return options


def _split(value: str) -> Iterator[str]:
    """The files that OpenSSH lists with spaces between them, and maybe in them."""
    words = value.split(" ")
    while words:
        there = (n for n in range(2, len(words) + 1) if os.path.exists(" ".join(words[:n])))  # noqa: PTH110
        count = max(there, default=1)
        yield " ".join(words[:count])
        del words[:count]


def _own_home() -> Path | None:
    """By the password file; None for a user that is not there."""
    try:
        import pwd
    except ImportError:  # Windows has no such file
        return Path("~").expanduser()
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return None


def _is_home_elsewhere() -> bool:
    return Path("~").expanduser() != _own_home()


@contextmanager
def _stand_in(file: Path | None) -> Iterator[Path | None]:
    """The configuration to tell ssh of: one that has it do in another home folder what it does in the user's.

    OpenSSH looks at the password file, and not at $HOME, which sandboxes, containers and sudo set.
    """
    if not _is_home_elsewhere():
        yield file
        return
    folder = SSH_FOLDER.expanduser()
    files = [file.absolute()] if file else [folder / "config", SYSTEM_CONFIG]
    known = " ".join(f'"{folder / name}"' for name in ("known_hosts", "known_hosts2"))
    with NamedTemporaryFile("w", prefix="bundlekit-ssh-", encoding="utf-8") as config:
        config.writelines(f'Match all\nInclude "{each}"\n' for each in files)
        config.write(f"Match all\nUserKnownHostsFile {known}\n")
        config.flush()
        yield Path(config.name)
