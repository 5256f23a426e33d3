"""The command line that runs the gateway's script there: pure, so that it can be tested as text."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from bundlekit.deploy import script

# Exit codes of the command line itself, apart from those of sudo (1) and of the script (0 or 9).
NO_ROOM = 73
PASSWORD_NEEDED = 74

# Standard input is a line with the password (empty where there is none), then the script, compressed. `read` takes
# the line byte by byte and leaves the rest; `read` and `printf` are the shell's own, so no list of processes has it.
# All on one line, which csh as a login shell insists on.
_UNPACK = (
    "umask 077; export LC_ALL=C; IFS= read -r password; "
    'folder=$(mktemp -d /tmp/bundlekit.XXXXXX || mktemp -d "$HOME/.bundlekit.XXXXXX") || exit 73; '
    """trap 'rm -rf "$folder"' EXIT; trap 'exit 75' HUP INT TERM PIPE; """
    'gzip -dc >"$folder/gateway.sh" || exit 73; '
)

_AS_ROOT = 'sh "$folder/gateway.sh" {arguments}'

# `sudo -n` first: where sudo asks for nothing, a password line would be left over, and where it does, an empty
# line would count as a wrong password.
_BY_SUDO = (
    'if sudo -n sh -c : 2>/dev/null; then sudo -n sh "$folder/gateway.sh" {arguments}; '
    """elif [ -z "$password" ]; then sudo -n sh -c : 2>&1 | grep -q 'password is required' && exit 74; """
    "sudo -n sh -c :; "
    """else printf '%s\\n' "$password" | sudo -S -p '' sh "$folder/gateway.sh" {arguments}; fi"""
)


@dataclass(frozen=True)
class Call:
    """A run of the gateway's script.

    Attributes:
        command: for the login shell there, whichever that is.
        stdin: all that it reads; it has the password in it, so it is shown nowhere.
    """

    command: str
    stdin: bytes

    def __repr__(self) -> str:
        return f"Call({self.command!r})"


def call(verb: str, *arguments: str, is_root: bool, password: str | None) -> Call:
    """Make the call of a verb of the script.

    Args:
        verb: of the script, and
        arguments: of the verb, whatever characters they have.
        is_root: whether the log-in is root's, so that sudo is not needed.
        password: for sudo; None to find out whether it asks for one.

    Raises:
        ValueError: the password has a line break in it.
    """
    if password and "\n" in password:
        raise ValueError("a password is one line")
    body = _UNPACK + (_AS_ROOT if is_root else _BY_SUDO).format(arguments=shlex.join([verb, *arguments]))
    return Call("exec sh -c " + shlex.quote(body), f"{password or ''}\n".encode() + script.compressed())
