"""What the verbs that talk to many gateways have in common: options, which gateways, a session on each of them."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from bundlekit.cli import completing
from bundlekit.cli.access import (
    Access,
    address_of,
    known_password,
    label_of_verb,
    log_in_options,
    name_in_keyring,
)
from bundlekit.cli.inventories import Meant, meant_by
from bundlekit.errors import BadUsage, GatewayUnreachable
from bundlekit.library.gateway import TIMEOUT

if TYPE_CHECKING:
    import paramiko

    from bundlekit.cli.fleet_secrets import FleetPrompter
    from bundlekit.fleet.inventory import Gateway
    from bundlekit.remote.session import Session
    from bundlekit.ssh.address import Address
    from bundlekit.ssh.connection import Connection
    from bundlekit.ssh.prompts import Prompter

JOBS = 50  # threads; the arithmetic of more log-ins at once only waits for the processor
PER_JUMP_HOST = 10  # sshd drops log-ins beyond its MaxStartups, which is 10 by default
_TRIES_OF_A_JUMP_HOST = 6  # with pauses that double: about half a minute in all
_SHORTEST, _LONGEST = 0.25, 1.0  # seconds before the second try; twice as long before each later one
# What ssh says when the sshd of a jump host drops it unheard, as MaxStartups has it do; a gateway that is off sounds
# otherwise.
_CHOKED = ("kex_exchange_identification", "Connection closed by", "Connection reset", "Not allowed at this time")


@dataclass(frozen=True)
class FleetAccess:
    """How to get into many gateways, as the command line says it.

    Attributes:
        targets: addresses; or names, groups and patterns of the inventory.
        inventory: of `--inventory`.
        jobs: gateways at once.
        per_jump_host: log-ins at once by way of one jump host.
    """

    targets: tuple[str, ...]
    inventory: Path | None = None
    identity: Path | None = None
    ssh_config: Path | None = None
    password_stdin: bool = False
    accept_new_host_key: bool = False
    timeout: float | None = None
    jobs: int = JOBS
    per_jump_host: int = PER_JUMP_HOST

    @cached_property
    def meant(self) -> Meant:
        """The gateways that TARGETs mean.

        Raises:
            BundlekitError: a word means nothing, or the inventory cannot be read.
        """
        return meant_by(self.targets, self.inventory, self.ssh_config)

    def to(self, gateway: Gateway) -> Access:
        """How to get into one of them, or into another gateway in the same way."""
        return Access(
            gateway.target,
            self.identity,
            self.ssh_config,
            self.password_stdin,
            self.accept_new_host_key,
            self.timeout,
            gateway,
            self.inventory,
        )


def gateways_of(access: FleetAccess) -> tuple[Gateway, ...]:
    """The gateways that the command line means; an address is called as it is typed."""
    return access.meant.gateways


def is_single(access: FleetAccess) -> bool:
    """Whether one gateway is meant by its address or name, and by no group or pattern: see `single`."""
    return access.meant.is_single


def single(access: FleetAccess) -> Access:
    """How to get into the only gateway that is meant."""
    found = access.to(gateways_of(access)[0])
    return found if access.meant.inventory else replace(found, gateway=None)


_OF_LOGIN = ("identity", "ssh_config", "password_stdin", "accept_new_host_key", "timeout", "jobs", "per_jump_host")


def _many_options() -> tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...]:
    """The options that make sense for several gateways alone."""
    return (
        click.option("--per-jump-host", type=click.IntRange(1, 1000), default=PER_JUMP_HOST, show_default=True,
                     metavar="N", help="For several gateways: log in to at most N at once through one jump host."),
        click.option("--jobs", type=click.IntRange(1, 1000), default=JOBS, show_default=True, metavar="N",
                     help="For several gateways: work on at most N at once."),
    )  # fmt: skip


def fleet_options(function: Callable[..., Any], *, one: bool = False, optional: bool = False) -> Callable[..., Any]:
    """Give a verb the arguments TARGET... and the options of the log-in; it gets them as one `access`.

    Args:
        function: of the verb.
        one: whether there is one argument, which may be a pattern: others of the verb follow.
        optional: whether TARGET may be left out without an inventory as well; `access` is None then.
    """

    @wraps(function)
    def gathered(*, target: str | tuple[str, ...] | None, inventory: Path | None, **others: Any) -> Any:
        targets = target if isinstance(target, tuple) else (target,) if target is not None else ()
        said = {name: others.pop(name) for name in _OF_LOGIN}
        access = None
        if targets or inventory is not None:
            access = FleetAccess(targets, inventory, **said)
        elif not optional:
            raise BadUsage(
                "no gateway is named", hint="name it as [USER@]HOST[:PORT]; or give `-i FILE`, an inventory of gateways"
            )
        return function(access=access, **others)

    decorated: Callable[..., Any] = gathered
    for decorate in _many_options():
        decorated = decorate(decorated)
    return click.argument("target", required=False, nargs=1 if one else -1, shell_complete=completing.gateways)(
        log_in_options(decorated)
    )


def fleet_login_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb that knows its gateways the options of the log-in alone; it gets them as one `access`."""

    @wraps(function)
    def gathered(*, inventory: Path | None, **others: Any) -> Any:
        said = {name: others.pop(name) for name in _OF_LOGIN}
        return function(access=FleetAccess((), inventory, **said), **others)

    decorated: Callable[..., Any] = log_in_options(gathered)
    for decorate in _many_options():
        decorated = decorate(decorated)
    return decorated


class Fleet:
    """Sessions on many gateways, which share what is asked of the user. A context manager; threads may share it.

    Attributes:
        access: as the command line says it.
        gateways: that are meant.
    """

    def __init__(self, access: FleetAccess, gateways: Sequence[Gateway] | None = None) -> None:
        """Nothing is connected or asked yet.

        Args:
            access: as the command line says it.
            gateways: by default all that it means.
        """
        self.access = access
        self.gateways = tuple(gateways if gateways is not None else gateways_of(access))
        self._label = label_of_verb()  # click does not know it in threads
        self._addresses: dict[str, Address] = {}
        self._jump_hosts: defaultdict[str, threading.Semaphore] = defaultdict(
            lambda: threading.Semaphore(access.per_jump_host)
        )
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Read the password of standard input, and ask about all host keys that are not known yet.

        Raises:
            BadUsage: standard input has no password.
        """
        from bundlekit.cli.fleet_host_keys import agreed_keys
        from bundlekit.cli.fleet_secrets import SharedSecrets

        self._secrets = SharedSecrets(from_stdin=self.access.password_stdin)
        self._agreed: dict[str, str] = {}
        if not self.access.accept_new_host_key:
            self._agreed = agreed_keys(
                self.gateways, self.access.jobs, self.address, self.connect, asks=self._secrets.asks
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._secrets.close()

    def address(self, gateway: Gateway) -> Address:
        """Where a gateway is, by the ssh configuration, which is asked once."""
        found = self._addresses.get(gateway.name)
        if found is None:
            found = self._addresses[gateway.name] = address_of(self.access.to(gateway))
        return found

    def jump_host(self, gateway: Gateway) -> str:
        """What the gateways behind the same jump host have in common; empty for those that are behind none."""
        return _way(self.address(gateway))

    def known_address(self, gateway: Gateway) -> Address | None:
        """Where a gateway is, if that is known already."""
        return self._addresses.get(gateway.name)

    def timeout(self, address: Address) -> float:
        """Seconds for each step of a log-in."""
        return self.access.timeout or address.timeout or TIMEOUT

    def prompter(self, gateway: Gateway) -> FleetPrompter:
        """Answers what a log-in asks, for many gateways at once."""
        from bundlekit.cli.fleet_secrets import FleetPrompter, shared_by

        address = self.address(gateway)
        return FleetPrompter(
            self._secrets,
            shared=shared_by(gateway, address.user, self.access.inventory),
            kept_as=name_in_keyring(address),
            known=known_password(self.access.to(gateway), address),
            agreed_key=self._agreed.get(gateway.name),
            batch=address.batch,
        )

    @contextmanager
    def session(self, gateway: Gateway) -> Iterator[Session]:
        """Log in to a gateway; at the end log out. Threads may call this, for one gateway each.

        Raises:
            BundlekitError: as of `Connection` and of what is done in the session. TARGET stands in hints.
        """
        from bundlekit.errors import LoginRefused
        from bundlekit.remote.session import Session

        prompter = self.prompter(gateway)
        try:
            with self.connect(self.address(gateway), prompter) as connection:
                if connection.password:
                    prompter.accept(connection.password)
                yield Session(connection, prompter, label=self._label)
        except LoginRefused as error:
            error.hint = prompter.remedy(error.message) or error.hint
            raise

    def connect(
        self, address: Address, prompter: Prompter, on_host_key: Callable[[paramiko.PKey], None] = lambda _: None
    ) -> Connection:
        """Log in; by way of a jump host that chokes again after a while.

        Args:
            address: of the gateway.
            prompter: for what the log-in asks.
            on_host_key: hears of the host key once it is trusted, before the log-in.

        Raises:
            GatewayUnreachable, HostKeyRejected, LoginRefused: as their names say.
        """
        import random
        import time

        from bundlekit.ssh.connection import Connection

        def once() -> Connection:
            return Connection(
                address,
                ask=prompter,
                accept_new_host_key=self.access.accept_new_host_key,
                timeout=self.timeout(address),
                on_host_key=on_host_key,
            )

        if address.proxy is None:
            return once()
        with self._lock:
            semaphore = self._jump_hosts[_way(address)]
        for number in range(_TRIES_OF_A_JUMP_HOST - 1):
            try:
                with semaphore:
                    return once()
            except GatewayUnreachable as error:
                if not any(word in line for word in _CHOKED for line in error.details):
                    raise
            time.sleep(random.uniform(_SHORTEST, _LONGEST) * 2**number)  # noqa: S311 - it is no secret
        with semaphore:
            return once()


def _way(address: Address) -> str:
    """The commands of a jump host differ by their gateway only."""
    return (address.proxy or "").replace(address.host, "%h").replace(str(address.port), "%p")
