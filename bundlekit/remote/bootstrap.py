"""The command line that opens a conversation with the gateway's script: pure, so that it can be tested as text."""

from __future__ import annotations

import gzip
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from bundlekit.remote import script

# Exit codes of the command line and of the conversation, apart from those of sudo (1) and of the script (0 or 9).
NO_ROOM = 73
PASSWORD_NEEDED = 74

_ROOM = 200_000  # bytes, for the script and what tools complain of; a /tmp that is full is often another disk

# First it says whether the gateway has this very script already, which then looks at what there is to see without being
# root; whether it has the script's programs; and whether a change is under way or was broken off. All of it at once,
# for ten packets are under way on a link before it waits, however small. Standard input is a line with the password
# (empty where there is none), then, unless it has, the script, compressed, then commands. `read` takes the line byte by
# byte, and dd so many bytes: what comes after them is left for the next reader. `read` is the shell's own, so no list
# of processes has the password. A script that is there is read before the password is: while the answer is under way
# to the client. All on one line, which csh as a login shell insists on.
_OPENING = (
    "umask 077; export LC_ALL=C; unset GZIP; "
    """trap 'rm -rf "$folder"' EXIT; trap 'exit 75' HUP INT TERM PIPE; """
    'for place in /tmp/ "$HOME/."; do folder=$(mktemp -d "$place"bundlekit.XXXXXX) && '
    'dd if=/dev/zero of="$folder/gateway.sh" bs={room} count=1 2>"$folder/complaint" && break; '
    'rm -rf "$folder"; folder=; done; [ -n "$folder" ] || exit 73; : >"$folder/complaint"; '
    "root=${{BUNDLEKIT_ROOT:-/opt/bundlekit}}; script=$folder/gateway.sh; known=; programs=; "
    'cp "$root/gateway.sh" "$script" 2>/dev/null; '
    'case $(sha256sum "$script" 2>/dev/null) in {digest}*) known=known;; esac; '
    '[ -f "$root/programs-{programs}.zip" ] && programs=programs; '
    'for journal in "$root"/bundles/*/journal; do [ ! -f "$journal" ] || break; journal=; done; '
    r"""seen=; [ -z "$known" ] || seen=$({look}printf "looked\t%s\n." {token}); """
    r"""printf "\nscript\t%s\t%s\t%s\t%s\n%s" {token} "$known" "$programs" "${{journal:+journal}}" "${{seen%.}}"; """
    '[ -n "$known" ] || {{ IFS= read -r password; '
    '{{ dd bs={size} count=1 iflag=fullblock 2>/dev/null || head -c {size}; }} | gzip -dc >"$script" || exit 73; }}; '
    'set -- converse {token}; . "$script"'
)


@dataclass(frozen=True)
class Opening:
    """The begin of a conversation.

    Attributes:
        command: for the login shell there, whichever that is.
        login: the line that it reads first; it has the password in it, so it is shown nowhere.
        script: what it reads then, unless it has said that the gateway has it.
        token: in front of each command; and behind each answer, so that no log of a bundle can pass for its end.
    """

    command: str
    login: bytes
    script: bytes
    token: str

    def __repr__(self) -> str:
        return f"Opening({self.command!r})"

    def stdin(self, *, known: bool) -> bytes:
        """What it reads before the first command.

        Args:
            known: whether the gateway has the script.
        """
        return self.login if known else self.login + self.script


def opening(token: str, *, password: str | None, look: Sequence[str] = (), label: str = "bundlekit") -> Opening:
    """Open a conversation.

    Args:
        token: hex digits that nobody can guess.
        password: for sudo; None to find out whether it asks for one.
        look: a bundle, and identity and digest of an archive, to be looked at where the gateway has the script.
        label: what it is for, letters and spaces: for lists of processes and logs of the gateway.

    Raises:
        ValueError: the password has a line break in it.
    """
    if password and "\n" in password:
        raise ValueError("a password is one line")
    packed = script.compressed()
    words = f'sh "$script" look {shlex.join([*look, token])} </dev/null 2>/dev/null; ' if look else ""
    body = _OPENING.format(
        size=len(packed), room=_ROOM, digest=script.digest(), token=token, look=words, programs=script.programs_digest()
    )
    return Opening(f": {label}; exec sh -c " + shlex.quote(body), f"{password or ''}\n".encode(), packed, token)


def take(token: str, name: str, content: bytes) -> bytes:
    """The line that has a file taken that a later command reads, and the file.

    Args:
        token: of the opening.
        name: one of those that the script takes.
        content: of the file.
    """
    packed = gzip.compress(content, mtime=0)
    return command(token, "take", name, str(len(packed))) + packed


def command(token: str, verb: str, *arguments: str) -> bytes:
    """The line with a command: have a verb done.

    Args:
        token: of the opening.
        verb: of the script, and
        arguments: of the verb, whatever characters they have.
    """
    # A line break stands between quotes by now; there it would end the command.
    words = shlex.join([verb, *arguments]).replace("\n", """'"$break"'""")
    return f"{token} {words}\n".encode()
