"""What a machine is made of: written outside of it, carried out by its process number 1."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Self

USER = "moxa"
USER_ID = 1000  # the first user of a Debian, which has no other
HOME = f"/home/{USER}"
SOCKET = "/run/box.sock"  # where programs in the machine ask process number 1
REBOOT = 133  # exit status of a machine that wants to be booted again


@dataclass(frozen=True)
class File:
    """A file of the machine's own.

    Attributes:
        keep: whether one that is there already stays as it is.
    """

    path: str
    text: str
    mode: int = 0o644
    keep: bool = False


@dataclass(frozen=True)
class MachineSpec:
    """A machine.

    Attributes:
        root: the folder of this host that is its root.
        shown: files and folders of this host that it sees, read-only, by where it sees them.
        links: symbolic links, by path.
        programs: what it has in /usr/local/sbin, by name.
        files: in it.
        password: of `USER`; for sudo.
        environment: of all that runs in it.
        own_network: whether it has a loopback of its own and nothing else.
        ports: on which its own loopback listens for the gateway outside.
        disk: bytes that are free on /opt; None for what the folder has. With a number, changes to /opt are lost.
    """

    root: str
    hostname: str
    shown: dict[str, str]
    links: dict[str, str]
    programs: dict[str, str]
    files: list[File]
    password: str = field(repr=False)
    environment: dict[str, str]
    own_network: bool = True
    ports: list[int] = field(default_factory=list)
    disk: int | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        fields = json.loads(text)
        fields["files"] = [File(**file) for file in fields["files"]]
        return cls(**fields)


def environment_of(user: str) -> dict[str, str]:
    """What a log-in of a user has in its environment."""
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    home = "/root" if user == "root" else HOME
    # One user id is all there is, so an archive's owners cannot be put back.
    return {
        "HOME": home,
        "LANG": "C.UTF-8",
        "LOGNAME": user,
        "MAIL": f"/var/mail/{user}",
        "PATH": path,
        "SHELL": "/bin/bash",
        "TAR_OPTIONS": "--no-same-owner",
        "USER": user,
    }
