"""The ways to a gateway's REST API: one that is emulated here, one over SSH, or one by its URL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from bundlekit.cli.access import Access, Seconds, session_on
from bundlekit.cli.fleet_access import FleetAccess, fleet_options, is_single, single
from bundlekit.cli.keyring_store import keep_secret, kept_secret
from bundlekit.cli.terminal import can_ask, secret_from_stdin
from bundlekit.errors import BadUsage, CouldNotRun

if TYPE_CHECKING:
    from bundlekit.cli.fleet_access import Fleet
    from bundlekit.emulator.running import RunningGateway
    from bundlekit.fleet.inventory import Gateway
    from bundlekit.gateway.client import GatewayClient
    from bundlekit.gateway.endpoint import Endpoint
    from bundlekit.remote.session import Session

TOKEN_VARIABLE = "BUNDLEKIT_TOKEN"  # noqa: S105 - its name


@dataclass(frozen=True)
class AccessWay:
    """How to get to a REST API, as the command line says it.

    Attributes:
        access: over SSH.
        fleet: over SSH to several gateways, in place of `access`.
        url: over HTTPS; without both, to the gateway that is emulated here.
        ask_token: whether the user is asked for the token.
        save_token: whether the token goes into the keyring.
        max_time: seconds for a request.
    """

    access: Access | None
    url: str | None
    ask_token: bool
    save_token: bool
    max_time: float
    fleet: FleetAccess | None = None

    @property
    def takes_stdin(self) -> bool:
        """Whether a password or a token is read from standard input."""
        access = self.access or self.fleet
        return bool(access and access.password_stdin) or (self.ask_token and not can_ask())


def way_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the optional argument TARGET and the options of all ways; it gets them as one `way`."""
    from functools import wraps

    @wraps(function)
    def gathered(
        *,
        access: FleetAccess | None,
        url: str | None,
        ask_token: bool,
        save_token: bool,
        max_time: float,
        **others: Any,
    ) -> Any:
        one = single(access) if access and is_single(access) else None
        fleet = access if one is None else None
        if fleet and (url is not None or ask_token or save_token):
            raise BadUsage("--url, --ask-token and --save-token are for one gateway, and several are named")
        return function(way=AccessWay(one, url, ask_token, save_token, max_time, fleet), **others)

    for decorate in (
        click.option("--max-time", type=Seconds(0.1), default=70, show_default=True, metavar="SECONDS",
                     help="Give each request this long; the gateway itself gives up after 60."),
        click.option("--save-token", is_flag=True, help="Keep the token of --url in the keyring for the next time."),
        click.option("--ask-token", is_flag=True,
                     help="Ask for the API token; without a terminal it is a line of standard input."),
        click.option("--url", metavar="https://HOST[:PORT]",
                     help=f"Over HTTPS; the token comes from {TOKEN_VARIABLE} or the keyring."),
    ):  # fmt: skip
        gathered = decorate(gathered)
    return fleet_options(gathered, optional=True)


@contextmanager
def gateway_and_session_on(way: AccessWay) -> Iterator[tuple[GatewayClient, Session | None]]:
    """The gateway that the command line means, ready to be asked, and the session if it goes over SSH.

    Raises:
        BadUsage: it means two, or one of several.
        BundlekitError: it cannot be reached, or there is no token for it.
    """
    from bundlekit.gateway.client import GatewayClient

    if way.access and way.url is not None:
        raise BadUsage("TARGET and --url are two ways to a gateway", hint="use only one of them")
    if way.save_token and way.url is None:
        raise BadUsage("--save-token keeps the token of a --url, and there is none")
    if way.access:
        given = _ask_token(way.access.target) if way.ask_token else None
        with session_on(way.access) as session:
            token = given or session.api_token()
            yield GatewayClient.over(session.open_api, token, name=session.name, timeout=way.max_time), session
    elif way.url is not None:
        for client in _by_url(way, way.url):
            yield client, None
    else:
        emulated = _emulated()
        given = _ask_token(emulated.url) if way.ask_token else os.environ.get(TOKEN_VARIABLE)
        yield _client_of(emulated, given or _token_of(emulated), way.max_time), None


@contextmanager
def gateway_and_session_in(way: AccessWay, fleet: Fleet, gateway: Gateway) -> Iterator[tuple[GatewayClient, Session]]:
    """One of several gateways, ready to be asked; threads may call this.

    Args:
        way: that the command line means.
        fleet: of all gateways.
        gateway: one of them.

    Raises:
        BundlekitError: it cannot be reached.
    """
    from bundlekit.gateway.client import GatewayClient

    with fleet.session(gateway) as session:
        yield (
            GatewayClient.over(session.open_api, session.api_token(), name=session.name, timeout=way.max_time),
            session,
        )


def _by_url(way: AccessWay, url: str) -> Iterator[GatewayClient]:
    from bundlekit.emulator.running import running
    from bundlekit.gateway.client import GatewayClient
    from bundlekit.gateway.endpoint import parse_url
    from bundlekit.gateway.trust import KnownGateways, known_gateways_file

    endpoint = parse_url(url)
    user = endpoint.host if endpoint.port == 443 else str(endpoint)
    token = _ask_token(user) if way.ask_token else os.environ.get(TOKEN_VARIABLE)
    client = None
    for emulated in running():
        if _is_same_place(parse_url(emulated.url), endpoint):
            client = _client_of(emulated, token or _token_of(emulated), way.max_time)
    if client is None:
        token = token or kept_secret(user)
        if not token:
            raise CouldNotRun(
                f"there is no API token for {user}",
                hint=f"set {TOKEN_VARIABLE}, or give it with --ask-token; --save-token keeps it in the keyring",
            )
        trust = KnownGateways(known_gateways_file(), _tell_new)
        client = GatewayClient(url, token, trust=trust, timeout=way.max_time)
    yield client
    if way.save_token and token:
        _keep_token(user, token)


def _is_same_place(emulated: Endpoint, asked: Endpoint) -> bool:
    """Whether a URL means an emulated gateway of this machine, by whichever name of the loopback."""
    if emulated == asked:
        return True
    here = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"}  # noqa: S104 - it is compared, and nothing listens
    return (emulated.port, emulated.tls) == (asked.port, asked.tls) and {emulated.host, asked.host} <= here


def _emulated() -> RunningGateway:
    from bundlekit.emulator.running import running

    found = running()
    if not found:
        raise CouldNotRun(
            "no emulated gateway runs here",
            hint="start one with `bundlekit run` or `bundlekit gateway`; or name a gateway: TARGET, such as "
            "moxa@192.168.4.127, or --url",
        )
    if len(found) > 1:
        each = ", ".join(f"--url {one.url}" + (f" ({one.what})" if one.what else "") for one in found)
        raise BadUsage("several emulated gateways run here", hint=f"say which: {each}")
    return found[0]


def _client_of(emulated: RunningGateway, token: str, max_time: float) -> GatewayClient:
    from bundlekit.gateway.client import GatewayClient
    from bundlekit.gateway.trust import certificate_in

    return GatewayClient(emulated.url, token, trust=certificate_in(emulated.certificate), timeout=max_time)


def _token_of(emulated: RunningGateway) -> str:
    try:
        return emulated.token_file.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise CouldNotRun(f"cannot read the token in {emulated.token_file}: {error.strerror}") from error


def _tell_new(place: str, fingerprint: str) -> None:
    click.echo(
        click.style("note: ", fg="yellow") + f"{place} is new here; its certificate is trusted from now on: "
        f"SHA-256 {fingerprint}",
        err=True,
    )


def _ask_token(user: str) -> str:
    from bundlekit.gateway.request import checked_token

    if can_ask():
        token: str = click.prompt(f"API token of {user}", hide_input=True, err=True)
    else:
        token = secret_from_stdin("API token")
    return checked_token(token)


def _keep_token(user: str, token: str) -> None:
    keep_secret(user, token, instead=f"without a keyring, set {TOKEN_VARIABLE}")
    click.echo(click.style("note: ", fg="yellow") + f"the keyring has the token of {user} now", err=True)
