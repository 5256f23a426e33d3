"""What keeps a session from going on, in the user's words: broken links, refused uploads, a sudo that says no."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bundlekit.errors import BundlekitError, CouldNotRun, GatewayUnfit, GatewayUnreachable, LoginRefused
from bundlekit.quoting import for_terminal
from bundlekit.remote.bootstrap import NO_ROOM

UNTOUCHED = "nothing was stopped or changed"
SILENCE = 60.0  # seconds without a byte, after which a link counts as dead


@contextmanager
def translate_ssh_errors(kept: str | None = None, hint: str = "run the same again") -> Iterator[None]:
    """Say what broke in the user's words.

    Args:
        kept: what is left there.
        hint: what to do then.

    Raises:
        GatewayUnfit: the gateway did not take an upload.
        GatewayUnreachable: the connection broke, or nothing came any more.
    """
    import paramiko
    import scp

    try:
        yield
    except BundlekitError:
        raise
    except scp.SCPException as error:
        raise GatewayUnfit(
            f"the gateway did not take the upload: {for_terminal(str(error)).strip()}",
            kept=UNTOUCHED,
            hint="is its disk full? And it needs `scp`, which comes with its SSH server",
        ) from error
    except TimeoutError as error:
        raise GatewayUnreachable(
            f"the gateway has said nothing for {SILENCE:g} s or more", kept=kept, hint=hint
        ) from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        said = str(error) or ("it ended" if isinstance(error, EOFError) else type(error).__name__)
        raise GatewayUnreachable(f"the connection to the gateway broke: {said}", kept=kept, hint=hint) from error


def classify_startup_failure(account: str, status: int | None, complaint: str) -> BundlekitError:
    """Why the script was not even reached.

    Args:
        account: user and host.
        status: of the channel; None if none came.
        complaint: what came on standard error.
    """
    said = tuple(complaint.splitlines()[-5:])
    kept = "nothing was changed"
    if status == NO_ROOM:
        return GatewayUnfit(
            f"{account} can write neither to /tmp nor to its home: the disk is full or read-only",
            kept=kept,
            hint="`df -h` and `dmesg` there show which",
            details=said,
        )
    if any(words in complaint for words in ("Sorry, try again", "incorrect password", "no password was provided")):
        return LoginRefused(
            f"sudo on the gateway does not accept the password of {account}",
            kept=kept,
            hint="it is the password of that user there, unless its sudoers file asks for root's (rootpw)",
        )
    if "must have a tty" in complaint:
        return LoginRefused(
            "sudo on the gateway requires a terminal, and bundlekit has none there",
            kept=kept,
            hint="remove `requiretty` from its sudoers file, for this user at least",
        )
    if "not in the sudoers file" in complaint or "may not run sudo" in complaint or "not allowed to" in complaint:
        return LoginRefused(
            f"{account} may not become root with sudo",
            kept=kept,
            hint="bundles run as root: log in as a user of the group sudo; on a ThingsPro gateway that is moxa",
            details=said,
        )
    if "sudo: not found" in complaint or "sudo: command not found" in complaint:
        return GatewayUnfit("there is no sudo on the gateway", kept=kept, hint="log in as root, or install sudo there")
    return CouldNotRun(
        f"the command on the gateway ended with status {status} before it began its work",
        kept=kept,
        hint="its login shell has to run `sh`; what it said is above",
        details=said or ("(it said nothing)",),
    )
