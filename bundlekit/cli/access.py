"""What the verbs that talk to a gateway have in common: options, the session, which bundle."""

from __future__ import annotations

import math
import os
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bundlekit.cli import completing
from bundlekit.cli.inventories import meant_by
from bundlekit.cli.keyring_store import kept_secret
from bundlekit.cli.terminal import TerminalPrompter
from bundlekit.errors import BadUsage, BundlekitError, LoginRefused
from bundlekit.library.gateway import TIMEOUT
from bundlekit.library.own_gateway import expect_its_key, password_of

if TYPE_CHECKING:
    from bundlekit.fleet.inventory import Gateway
    from bundlekit.remote.events import BundleState
    from bundlekit.remote.session import Session
    from bundlekit.ssh.address import Address
    from bundlekit.ssh.head_start import HeadStart
    from bundlekit.ssh.transport import Transport

_DAY = 86_400  # seconds; a longer wait is a slip, and sockets take no time without end


class Seconds(click.FloatRange):
    """A time to wait, of a day at most."""

    def __init__(self, least: float) -> None:
        super().__init__(min=least, max=_DAY)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):  # it is in any range
            self.fail(f"{value!r} is not a number of seconds", param, ctx)
        return number


@dataclass(frozen=True)
class Access:
    """How to get into the gateway, as the command line says it.

    Attributes:
        target: where it is.
        gateway: what an inventory says about it; None for an address.
        inventory: the file of `--inventory`, for hints.
        group: the gateways of a group, if that was named for its password.
    """

    target: str
    identity: Path | None
    ssh_config: Path | None
    password_stdin: bool
    accept_new_host_key: bool
    timeout: float | None
    gateway: Gateway | None = None
    inventory: Path | None = None
    group: tuple[Gateway, ...] = ()

    @property
    def typed(self) -> str:
        """The words that mean the gateway on a command line, quoted for a shell."""
        if self.gateway is None:
            return shlex.quote(self.target)
        return shlex.join([*(["-i", str(self.inventory)] if self.inventory else []), self.gateway.name])


def access_options(
    function: Callable[..., Any], *, optional: bool = False, of_group: bool = False
) -> Callable[..., Any]:
    """Give a verb the argument TARGET and the options of the log-in; it gets them as one `access`.

    Args:
        function: the verb.
        optional: whether TARGET may be left out; `access` is None then.
        of_group: whether TARGET may be a group with a password of its own; `group` of `access` has its gateways then.
    """
    from functools import wraps

    @wraps(function)
    def gathered(
        *,
        target: str | None,
        inventory: Path | None,
        identity: Path | None,
        ssh_config: Path | None,
        password_stdin: bool,
        accept_new_host_key: bool,
        timeout: float | None,
        **others: Any,
    ) -> Any:
        access = None
        if target is not None:
            meant = meant_by([target], inventory, ssh_config)
            is_group = of_group and all(one.password_kept_as and one.password_of == target for one in meant.gateways)
            if len(meant.gateways) > 1 and not is_group:
                raise BadUsage(f"{target} means {len(meant.gateways)} gateways, and this verb takes only one")
            gateway = meant.gateways[0]
            access = Access(
                gateway.target,
                identity,
                ssh_config,
                password_stdin,
                accept_new_host_key,
                timeout,
                gateway if meant.inventory else None,
                inventory,
                meant.gateways if is_group else (),
            )
        return function(access=access, **others)

    return click.argument("target", required=not optional, shell_complete=completing.gateways)(log_in_options(gathered))


def log_in_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options of the log-in, each as a parameter of its own."""
    file = click.Path(path_type=Path, dir_okay=False, exists=True)
    for decorate in (
        click.option("--timeout", type=Seconds(1), metavar="SECONDS",
                     show_default="ConnectTimeout of the ssh configuration, else 20",
                     help="Wait this long for the gateway to answer."),
        click.option("--accept-new-host-key", is_flag=True,
                     help="Trust a gateway that is not in known_hosts yet. A changed key is never accepted."),
        click.option("--password-stdin", is_flag=True,
                     help="Read the password for log-in and sudo from standard input, one line."),
        click.option("--ssh-config", type=file, help="Read this file in place of ~/.ssh/config."),
        click.option("--identity", type=file, help="Log in with this private key."),
        click.option("-i", "--inventory", type=click.Path(path_type=Path, exists=True),
                     help="A file of gateways and groups, or an inventory of Ansible. TARGET is a name, a group or a "
                     "pattern in it."),
    ):  # fmt: skip
        function = decorate(function)
    return function


def bundle_option(
    text: str = "The bundle. By default the bundle in this folder, else the only bundle on the gateway.",
    *,
    or_all: bool = False,
) -> Callable[..., Any]:
    """Give a verb the option --bundle, a bundle's name or its folder; it gets the name.

    Args:
        text: of its help.
        or_all: whether no word about it means all bundles; else it means the one in this folder, if there is one.
    """

    def named(_context: click.Context, _option: click.Parameter, bundle: str | None) -> str | None:
        return None if or_all and bundle is None else bundle_name(bundle)

    return click.option("-b", "--bundle", metavar="NAME|FOLDER", callback=named, help=text)


def release_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb that looks at one release the options --bundle and --release."""
    function = click.option(
        "--release",
        callback=release_word,
        shell_complete=completing.releases,
        help="A version or a release's id; by default the current release.",
    )(function)
    return click.option(
        "-b", "--bundle", metavar="NAME", help="The bundle. By default the only bundle on the gateway."
    )(function)


def wait_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the option --wait."""
    return click.option(
        "--wait",
        type=click.IntRange(5, 3600),
        default=60,
        show_default=True,
        metavar="SECONDS",
        help="Wait this long for the bundle to register. A slow gateway needs more.",
    )(function)


def verify_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the option --no-verify."""
    return click.option(
        "--no-verify",
        "verify",
        is_flag=True,
        flag_value=False,
        default=True,
        help="Do not ask the bundle's GETs on the gateway: it is enough that the bundle registers.",
    )(function)


def force_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the option --force-resource."""
    help = "Go on even if another bundle on the gateway has one of its resources, or a copy of it runs by hand."
    return click.option("--force-resource", "force", is_flag=True, help=help)(function)


def hand_over_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the option --handover."""
    return click.option(
        "--handover",
        "hand_over",
        is_flag=True,
        help="Start the new release beside the running release, and stop the old one when the new one is up.",
    )(function)


def wait_lock_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the option --wait-lock."""
    return click.option(
        "--wait-lock",
        type=click.IntRange(0, 86400),
        default=0,
        show_default=True,
        metavar="SECONDS",
        help="Wait this long for another change to end. By default, do not wait.",
    )(function)


@contextmanager
def session_on(
    access: Access, *, prompter: TerminalPrompter | None = None, head_start: HeadStart | None = None
) -> Iterator[Session]:
    """Log in; at the end log out. By default nobody is asked for what the keyring or standard input has.

    Args:
        access: what the command line says.
        prompter: asks in place of the usual one.
        head_start: see `head_start_of`.
    """
    from bundlekit.remote import script
    from bundlekit.remote.session import Session
    from bundlekit.ssh.connection import Connection
    from bundlekit.ssh.loading import load_in_background

    load_in_background()  # while ssh is asked what its configuration says
    address = head_start.address() if head_start else address_of(access)
    prompter = prompter or prompter_for(access, address)
    try:
        with Connection(
            address,
            ask=prompter,
            accept_new_host_key=access.accept_new_host_key,
            timeout=_timeout(access, address),
            started=head_start.take() if head_start else None,
            on_host_key=lambda _: script.make_in_background(),  # the log-in takes some round trips
        ) as connection:
            yield Session(connection, prompter, label=label_of_verb())
    except BundlekitError as error:
        if isinstance(error, LoginRefused):
            error.hint = prompter.remedy(error.message) or error.hint
        if error.hint:  # what it says to type can be typed
            error.hint = typed_out(error.hint, access)
        raise


def head_start_of(access: Access) -> HeadStart:
    """Begin to connect, for a `session_on` that comes later; nobody is asked anything, and no key is offered."""
    from bundlekit.ssh.head_start import HeadStart

    def begin(address: Address) -> Transport:
        from bundlekit.ssh.connection import start

        return start(address, _timeout(access, address))

    return HeadStart(lambda: address_of(access), begin)


def _timeout(access: Access, address: Address) -> float:
    return access.timeout or address.timeout or TIMEOUT


def label_of_verb() -> str:
    """How a gateway's log calls this program: with the verb, where click knows it."""
    context = click.get_current_context(silent=True)
    return f"bundlekit {context.info_name}" if context else "bundlekit"


def typed_out(text: str, access: Access) -> str:
    """A hint with the target that was named in place of TARGET."""
    return re.sub(r"\bTARGET\b", lambda _: access.typed, text)


def prompter_for(access: Access, address: Address) -> TerminalPrompter:
    """Asks about the log-in at an address. What the inventory has, or an emulated gateway of this user's, is known."""
    known = None if access.password_stdin else known_password(access, address)
    kept_as = name_in_keyring(address)
    if access.gateway and access.gateway.password_kept_as and not kept_secret(kept_as):
        kept_as = access.gateway.password_kept_as
    return TerminalPrompter(from_stdin=access.password_stdin, known=known, kept_as=kept_as, batch=address.batch)


def known_password(access: Access, address: Address) -> str | None:
    """The password that nobody has to be asked for."""
    of_inventory = access.gateway.password if access.gateway else None
    return of_inventory if of_inventory is not None else password_of(address)


def name_in_keyring(address: Address) -> str:
    """What the keyring has the password under: `USER@HOST`, or `USER@HOST:PORT`."""
    host = f"[{address.host}]" if ":" in address.host and address.port != 22 else address.host
    return f"{address.user}@{host}" if address.port == 22 else f"{address.user}@{host}:{address.port}"


def address_of(access: Access) -> Address:
    """Where TARGET leads to, by the ssh configuration; `--identity` wins. An emulated gateway is known by its key."""
    from dataclasses import replace

    from bundlekit.ssh.address import look_up
    from bundlekit.ssh.target import parse_target

    gateway = access.gateway
    extra = gateway.ssh_options if gateway else ()
    address = expect_its_key(look_up(parse_target(access.target), access.ssh_config, extra))
    if gateway is not None:
        address = replace(address, called=gateway.name)
    identity = access.identity or (gateway.identity if gateway else None)
    return replace(address, identities=(str(identity),)) if identity else address


def bundle_name(bundle: str | None) -> str | None:
    """The name that --bundle means: of the bundle in a folder, or as it stands; by default of the one in this folder.

    Raises:
        BadUsage: it is neither.
    """
    from bundlekit.bundle.bundle import MANIFEST, Bundle
    from bundlekit.bundle.manifest import NAME, manifest_of
    from bundlekit.quoting import quoted

    folder = Path("." if bundle is None else bundle)
    if bundle != "" and os.path.isfile(folder / MANIFEST):  # noqa: PTH113 - whatever text stands there
        return manifest_of(Bundle.in_folder(folder)).name
    if bundle is None:
        return None
    if NAME.fullmatch(bundle):
        return bundle
    raise BadUsage(
        f"{quoted(bundle)} is neither a bundle's folder nor a bundle's name", hint=f"names match {NAME.pattern}"
    )


_RELEASE = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_~-]{0,199}")


def release_word(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    """A version, or the start of a release's id, as it stands on the command line.

    Raises:
        BadUsage: no release is called so.
    """
    from bundlekit.quoting import quoted

    if text is None or _RELEASE.fullmatch(text):
        return text
    raise BadUsage(
        f"{quoted(text)} is neither a version nor the id of a release", hint="`bundlekit releases TARGET` lists them"
    )


def bundle_there(
    session: Session, name: str | None, *, leftovers_count: bool = False, remember: bool = True
) -> BundleState:
    """The bundle on the gateway that has a name, or the only one.

    Args:
        session: on the gateway.
        name: None where none was named.
        leftovers_count: whether one counts of which only settings are left, or a folder with nothing in it.
        remember: whether its releases are kept for the completion of command lines.

    Raises:
        CouldNotRun: it is not there.
        BadUsage: several are there and none was named.
    """
    from bundlekit.library.gateway import bundle_on

    def keep(there: Sequence[BundleState]) -> None:
        if remember:
            completing.remember_releases(session.identity["target"], name, there)

    return bundle_on(session, name, leftovers_count=leftovers_count, seen=keep)
