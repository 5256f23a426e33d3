"""Every error that bundlekit raises on purpose, and the exit code of each.

    BundlekitError             3  anything below; the command line shows it and never a traceback
    |-- BadUsage               2  the command line asks for something that makes no sense
    |-- Refused                1  the bundle has findings, so the verb did not go on
    |-- RolledBack             1  the new release did not come up and was rolled back
    |-- CouldNotRun            3  the work could not be done; nothing was changed
    |   |-- Unreadable         3  a bundle, an archive or a file cannot be read
    |   |-- Taken              3  what should be made is there already; it was left untouched
    |   |-- GatewayUnreachable 3  no connection: name, route, port, or the server is not SSH
    |   |-- HostKeyRejected    3  the gateway's host key is unknown or has changed
    |   |-- CertificateRejected 3 the gateway's HTTPS certificate is not the one that is known
    |   |-- LoginRefused       3  the gateway accepts neither the keys nor the password, or sudo does not
    |   |-- GatewayUnfit       3  Python, the SDK, a tool or the room on the disk is missing there
    |   `-- GatewayBusy        3  somebody else is deploying there
    |-- NeedsHuman             4  the gateway was left in a state that somebody has to look at
    `-- Interrupted          130  the user pressed Ctrl-C

A message says what failed; `kept` says what is still as it was; `hint` says what to do next.
"""

from __future__ import annotations

EXIT_CODES = {
    0: "success; also when you end a command that runs until then, such as `logs -f` or `run`",
    1: "findings; or the release was rolled back; or refused",
    2: "wrong usage",
    3: "could not be done",
    4: "the gateway needs a human",
    5: "`api`: the gateway answered with a 5xx",
    6: "`deploy` to several gateways: all that were reached are up, and some are offline",
    130: "interrupted",
    141: "the program that read the output has ended",
}
"""What each exit code of the command line means. The README has this table; a test holds the two equal."""


def reason_of(error: BaseException) -> str:
    """Why something failed, for a message: what the system says, else the error's own text, else its name."""
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).strip()


def trace_of(error: BaseException) -> list[str]:
    """Where something failed, a line a call; also in threads.

    `traceback` marks the place in each line with the help of `ast.parse`. In CPython 3.11 that fails at times when
    several threads are in it, here or in another one.
    """
    import traceback

    calls = traceback.extract_tb(error.__traceback__)
    return [f"{call.filename}:{call.lineno} in {call.name}: {call.line}" for call in calls]


class BundlekitError(Exception):
    """The root of the tree.

    Args:
        message: what failed, in the user's words, one sentence.
        kept: what is still as it was, when somebody might fear otherwise.
        hint: what to do next.
        details: lines that belong to it, such as the end of a log, shown as they are.
    """

    exit_code = 3

    def __init__(
        self,
        message: str,
        *,
        kept: str | None = None,
        hint: str | None = None,
        details: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kept = kept
        self.hint = hint
        self.details = details

    def fields(self) -> dict[str, object]:
        """It for programs: `kind`, `what`, `kept`, `hint`, `details`."""
        return {
            "kind": type(self).__name__,
            "what": self.message,
            "kept": self.kept,
            "hint": self.hint,
            "details": list(self.details),
        }


class BadUsage(BundlekitError):
    """The command line, or a caller, asks for something that makes no sense: nothing was read or changed."""

    exit_code = 2


class Refused(BundlekitError):
    """The bundle or archive has findings, or another bundle on the gateway has one of its resources."""

    exit_code = 1


class RolledBack(BundlekitError):
    """The new release did not come up; the gateway runs what ran before."""

    exit_code = 1


class CouldNotRun(BundlekitError):
    """The work could not be done, for a reason that none of the errors below names; nothing was changed."""

    exit_code = 3


class Unreadable(CouldNotRun):
    """A bundle, an archive, a settings file or a record cannot be read, or is damaged; it was left as it is."""


class Taken(CouldNotRun):
    """The file or folder that the verb would make exists; it was left as it is."""


class GatewayUnreachable(CouldNotRun):
    """There is no connection, or it broke: name, route, port, silence, or a server that is not SSH."""


class HostKeyRejected(CouldNotRun):
    """The host key of the gateway is unknown, revoked, or not the one in known_hosts; no secret was sent."""


class CertificateRejected(CouldNotRun):
    """The HTTPS certificate of the gateway is not the one that is trusted; the API token was not sent."""


class LoginRefused(CouldNotRun):
    """The gateway accepts neither the keys nor the password, or sudo does not, or nobody can be asked."""


class GatewayUnfit(CouldNotRun):
    """The gateway lacks Python, the SDK, a tool or space on the disk; nothing was stopped or changed."""


class GatewayBusy(CouldNotRun):
    """Another change of the same bundle is under way on the gateway, or a process there holds its lock."""


class NeedsHuman(BundlekitError):
    """The gateway runs neither the new release nor the previous one; `details` has the end of the log."""

    exit_code = 4


class Interrupted(BundlekitError):
    """The user pressed Ctrl-C; `kept` says whether the gateway goes on."""

    exit_code = 130
