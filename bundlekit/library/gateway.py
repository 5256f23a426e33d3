"""A gateway, for a program: what the verbs of the command line do, as methods that return values."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bundlekit.errors import BadUsage, BundlekitError, CouldNotRun, HostKeyRejected, LoginRefused
from bundlekit.remote.listener import Listener, SilentListener

if TYPE_CHECKING:
    from bundlekit.deploy.outcome import Outcome
    from bundlekit.deploy.verbs import Deployed
    from bundlekit.library.verifying import Verification
    from bundlekit.pack.archive import Archive
    from bundlekit.remote.events import BundleState, GatewayState, HistoryEntry
    from bundlekit.remote.session import Session
    from bundlekit.ssh.address import Address
    from bundlekit.ssh.connection import Connection

TIMEOUT = 20.0
"""Seconds for an answer of the gateway, where neither the caller nor the ssh configuration gives another time."""


class GivenPrompter:
    """Answers what a log-in asks from values that were given beforehand; nobody is asked anything."""

    def __init__(self, password: str | None, passphrase: str | None = None) -> None:
        self._password = password
        self._passphrase = passphrase

    @property
    def given(self) -> str | None:
        return self._password

    def password(self, account: str, *, again: bool = False, for_sudo: bool = False) -> str:
        if self._password is None:
            raise LoginRefused(
                f"{'sudo on the gateway' if for_sudo else account} asks for a password, and none was given",
                hint="give it: Gateway(target, password=...); or let a key and a sudo without a password be enough",
            )
        return self._password

    def passphrase(self, file: str, *, again: bool = False) -> str | None:
        return None if again else self._passphrase

    def trust_host_key(self, host: str, kind: str, fingerprint: str) -> bool:
        raise HostKeyRejected(
            f"the host key of {host} is not known: {kind} {fingerprint}",
            kept="no password and no file was sent",
            hint="compare it with the key on the gateway's own console, and add it to known_hosts; "
            "Gateway(target, accept_new_host_key=True) stores it",
        )


class Gateway:
    """A gateway that is reached over SSH, between `with` and the end of its block.

    ```python
    with bundlekit.Gateway("moxa@192.168.4.127", password=password) as gateway:
        gateway.deploy("thermostat")
    ```

    One object is for one thread. Every method raises `GatewayUnreachable` if the link breaks; `kept` says then what is
    known of the gateway. A change that the gateway has begun goes on there without the link.

    Attributes:
        name: the gateway as it was given, with address and port if they differ; empty before the log-in.
    """

    def __init__(
        self,
        target: str,
        *,
        password: str | None = None,
        passphrase: str | None = None,
        identity: str | os.PathLike[str] | None = None,
        ssh_config: str | os.PathLike[str] | None = None,
        accept_new_host_key: bool = False,
        timeout: float | None = None,
        listener: Listener | None = None,
    ) -> None:
        """Say how to get there; nothing is sent before `with`.

        Args:
            target: `[user@]host[:port]`, an IPv6 address in brackets, or a `Host` of the ssh configuration.
            password: for the log-in where no key is accepted, and for sudo. The password of an emulated gateway of
                this user is known without. The keyring is not asked.
            passphrase: of the private key.
            identity: the file of the private key to log in with; by default as the ssh configuration says.
            ssh_config: a file in place of `~/.ssh/config`.
            accept_new_host_key: trust a gateway that is not in known_hosts yet. A changed key is never accepted.
            timeout: seconds for each answer of the gateway; by default 20, or what the ssh configuration says.
            listener: hears how a change goes on: phases, answers of the bundle, notes, bytes of the upload.
        """
        self._target = target
        self._password = password
        self._passphrase = passphrase
        self._identity = identity
        self._ssh_config = ssh_config
        self._accept_new_host_key = accept_new_host_key
        self._timeout = timeout
        self._listener = listener or SilentListener()
        self._connection: Connection | None = None
        self._session: Session | None = None
        self.name = ""

    def __enter__(self) -> Self:
        """Log in.

        Raises:
            GatewayUnreachable: there is no connection.
            HostKeyRejected: its host key is not known, or has changed.
            LoginRefused: neither the keys nor the password are accepted.
            BadUsage: the target or the ssh configuration makes no sense.
        """
        from bundlekit.library.own_gateway import password_of
        from bundlekit.remote.session import Session
        from bundlekit.ssh.connection import Connection

        with self._hints():
            address = self._address()
            password = password_of(address) if self._password is None else self._password
            prompter = GivenPrompter(password, self._passphrase)
            timeout = self._timeout or address.timeout or TIMEOUT
            self._connection = Connection(
                address, ask=prompter, accept_new_host_key=self._accept_new_host_key, timeout=timeout
            )
        self._session = Session(self._connection, prompter, label="bundlekit python")
        self.name = self._session.name
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Log out."""
        if self._connection is not None:
            self._connection.__exit__(kind, error, trace)
        self._connection = self._session = None

    def status(self, bundle: str | None = None) -> GatewayState:
        """Look at the gateway and its bundles; nothing is changed.

        Args:
            bundle: the name of the only bundle to look at; by default all.

        Returns:
            Its state. Sizes are bytes, times are seconds since 1970 by the gateway's clock.

        Raises:
            GatewayUnfit: a tool is missing on the gateway.
            LoginRefused: sudo on the gateway refuses.
        """
        with self._hints():
            return self._open().probe(bundle)

    def deploy(
        self,
        bundle: Archive | str | os.PathLike[str],
        *,
        wait: int = 60,
        keep: int = 3,
        rate: int | None = None,
        verify: bool = True,
        hand_over: bool = False,
        force: bool = False,
        write: bool | None = None,
        wait_lock: int = 0,
        dry_run: bool = False,
    ) -> Deployed:
        """Make a bundle the current release of its name, and see that it comes up. What runs already is left alone.

        Args:
            bundle: an archive of `pack` or `read_archive`; or the path of a folder or an archive, which is checked and
                packed first.
            wait: seconds for the bundle to register.
            keep: the number of good releases that are kept.
            rate: bytes a second to upload, at most; None for no limit.
            verify: whether its GETs have to answer before it counts as up.
            hand_over: whether it is started beside the running release, which is stopped when it is up.
            force: whether it may have a resource of another bundle there.
            write: whether a PUT of what its GETs answer has to be kept, too. By default the settings of the bundle's
                folder say it (`verify-write`), and for an archive in memory it is not tried.
            wait_lock: seconds to wait for another change to end.
            dry_run: whether it is only planned, and nothing is changed.

        Returns:
            The plan with its steps in words, the gateway as it was before, and the outcome: None if there was nothing
            to do, or with `dry_run`.

        Raises:
            Refused: the bundle has errors, or another bundle on the gateway has one of its resources.
            RolledBack: it did not come up; what ran before runs again. `details` has the end of its log.
            NeedsHuman: what ran before did not come up again.
            GatewayUnfit: Python, the SDK or space is missing; nothing was stopped.
            GatewayBusy: another change is under way.
        """
        from bundlekit.deploy import verbs
        from bundlekit.pack.archive import Archive

        if isinstance(bundle, Archive):
            archive, settings_say_write = bundle, False
        else:
            from bundlekit.library.packing import checked_archive
            from bundlekit.lint.chosen import Asked, RuleChoice

            archive, settings_say_write = checked_archive(Path(bundle), RuleChoice(Asked()))
        also_write = settings_say_write if write is None else write
        with self._hints():
            session = self._open()
            if dry_run:
                return verbs.preview(
                    session,
                    archive,
                    self._listener,
                    keep=keep,
                    verify=verify,
                    hand_over=hand_over,
                    force=force,
                    write=also_write,
                )
            return verbs.deploy(
                session,
                archive,
                self._listener,
                wait=wait,
                keep=keep,
                rate=rate,
                verify=verify,
                hand_over=hand_over,
                force=force,
                write=also_write,
                wait_lock=wait_lock,
            )

    def rollback(
        self,
        bundle: str | None = None,
        release: str | None = None,
        *,
        wait: int = 60,
        verify: bool = True,
        hand_over: bool = False,
        settings: bool = False,
        mark_bad: bool = False,
        force: bool = False,
        wait_lock: int = 0,
    ) -> Outcome:
        """Make an earlier release of a bundle the current one.

        Args:
            bundle: its name; None where only one is deployed.
            release: its id, its version, or a start of the id that only one has; None to undo the last change.
            wait: seconds for it to register.
            verify: see `deploy`.
            hand_over: see `deploy`; not with `settings`.
            settings: whether the settings become what they were when that release was left.
            mark_bad: whether the release that is left is marked as bad.
            force: see `deploy`.
            wait_lock: seconds to wait for another change to end.

        Raises:
            RolledBack: the earlier release did not come up; the one before runs again.
            NeedsHuman: neither came up.
            CouldNotRun: there is no such bundle or release.
            BadUsage: several bundles are deployed, and none is named.
        """
        from bundlekit.deploy import verbs

        with self._hints():
            session = self._open()
            return verbs.rollback(
                session,
                bundle_on(session, bundle),
                release,
                self._listener,
                wait=wait,
                verify=verify,
                hand_over=hand_over,
                wait_lock=wait_lock,
                settings=settings,
                mark_bad=mark_bad,
                force=force,
            )

    def verify(
        self,
        bundle: str | os.PathLike[str],
        *,
        parameters: Mapping[str, str] | None = None,
        write: bool = False,
        max_time: float = 70,
    ) -> Verification:
        """Check live that a bundle runs there and does what its bundle.json declares.

        Args:
            bundle: the path of its folder or archive on this machine.
            parameters: a value for each parameter of resources, such as `{"id": "1"}` for `/thermostat/:id`.
            write: whether requests that may change something are sent, and a PUT of what GET returned has to be kept.
            max_time: seconds for a request; the gateway itself gives up after 60.

        Returns:
            A result for each promise. A broken promise is no exception: see `Verification.passed`.

        Raises:
            BadUsage: a parameter is of no resource.
            Unreadable: there is no bundle.
        """
        from bundlekit.library.checking import bundle_at
        from bundlekit.library.verifying import verify_contract

        with self._hints():
            return verify_contract(
                self._open(), bundle_at(Path(bundle)), parameters or {}, write=write, max_time=max_time
            )

    def logs(
        self, bundle: str | None = None, *, lines: int = 100, follow: bool = False, release: str | None = None
    ) -> Iterator[str]:
        """What a bundle has printed, a line each, without the end of the line and fit for a terminal.

        Args:
            bundle: its name; None where only one is deployed.
            lines: how many of the last lines.
            follow: whether new lines follow, until the caller stops. Then nothing else can be asked on this object.
            release: only of this one, by id, version or start of the id.

        Raises:
            CouldNotRun: there is no such bundle or release.
            BadUsage: several bundles are deployed and none is named; or `follow` with a `release`.
        """
        from bundlekit.deploy.release_choice import release_named

        if follow and release is not None:
            raise BadUsage("follow and release exclude each other", hint="new lines come from the current release")
        with self._hints():
            session = self._open()
            state = bundle_on(session, bundle)
            of = release_named(state, release) if release is not None else None
            found = session.log_lines(state.name, lines, follow=follow, release=of)
            # All of it now, or what the caller leaves would be taken for the answer to the next question.
            return self._followed(found) if follow else iter(list(found))

    def history(self, bundle: str | None = None, *, lines: int = 20) -> list[HistoryEntry]:
        """The changes that were made on the gateway, the last one first.

        Args:
            bundle: only of this one, by name.
            lines: the most changes.
        """
        from bundlekit.deploy.history import read_history

        with self._hints():
            return read_history(self._open(), bundle, lines)

    def _followed(self, found: Iterator[str]) -> Iterator[str]:
        self._session = None
        with self._hints():
            yield from found

    def _open(self) -> Session:
        if self._session is None:
            raise BadUsage(
                "this Gateway is not logged in, or follows a log",
                hint="use it as `with bundlekit.Gateway(target) as gateway:`",
            )
        return self._session

    def _address(self) -> Address:
        from dataclasses import replace

        from bundlekit.library.own_gateway import expect_its_key
        from bundlekit.ssh.address import look_up
        from bundlekit.ssh.target import parse_target

        config = None if self._ssh_config is None else Path(self._ssh_config)
        address = expect_its_key(look_up(parse_target(self._target), config))
        return replace(address, identities=(os.fspath(self._identity),)) if self._identity is not None else address

    @contextmanager
    def _hints(self) -> Iterator[None]:
        """Have hints name the gateway where the command line has TARGET."""
        try:
            yield
        except BundlekitError as error:
            if error.hint:
                error.hint = error.hint.replace("TARGET", self._target)
            raise


def bundle_on(
    session: Session,
    name: str | None,
    *,
    leftovers_count: bool = False,
    seen: Callable[[Sequence[BundleState]], None] = lambda _: None,
) -> BundleState:
    """The bundle on the gateway that has a name, or the only one.

    Args:
        session: on the gateway.
        name: None where none was named.
        leftovers_count: whether one counts of which only settings are left, or a folder with nothing in it.
        seen: hears of all that are there.

    Raises:
        CouldNotRun: it is not there.
        BadUsage: several are there and none was named.
    """
    there = session.probe(name).bundles
    seen(there)
    bundles = [
        state
        for state in there
        if (state.current or state.releases or (leftovers_count and state.is_there)) and name in (None, state.name)
    ]
    if len(bundles) == 1:
        return bundles[0]
    if name is not None:
        raise CouldNotRun(
            f"{name} is not deployed on {session.name}", hint="`bundlekit status TARGET` shows what is there"
        )
    if not bundles:
        raise CouldNotRun(f"no bundle is deployed on {session.name}", hint="`bundlekit deploy TARGET` brings one")
    raise BadUsage(
        f"{session.name} has several bundles", hint=f"say --bundle {'|'.join(state.name for state in bundles)}"
    )
