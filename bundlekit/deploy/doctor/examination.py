"""What stands between somebody and a deploy, looked at one by one, as far as it goes. Nothing is changed anywhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from bundlekit.deploy.doctor.checks import CheckResult, fail, judge, judge_resources, of_error, ok, skip, warn
from bundlekit.deploy.doctor.first_checks import check_name, hear_banner, judge_server, open_port
from bundlekit.deploy.doctor.signers import MeantBundle, judge_signers
from bundlekit.errors import BundlekitError, GatewayUnreachable, HostKeyRejected, LoginRefused, reason_of
from bundlekit.remote.bootstrap import NO_ROOM, PASSWORD_NEEDED
from bundlekit.remote.channel import Conversation
from bundlekit.remote.events import Event, parse_event
from bundlekit.remote.ssh_errors import classify_startup_failure
from bundlekit.ssh.address import Address
from bundlekit.ssh.banner import parse_banner
from bundlekit.ssh.certificates import host_certificate_of
from bundlekit.ssh.connection import Connection
from bundlekit.ssh.known_hosts import KnownHosts, fingerprint
from bundlekit.ssh.prompts import Prompter

if TYPE_CHECKING:
    import paramiko

_SILENCE = 60.0  # seconds; a gateway that swaps takes long to start Python
_HTTPS = 443
_TOKEN_FILE = "/etc/mx-api-token"  # noqa: S105 - its name
_BEFORE = ("name", "port", "server", "host-key", "log-in")
_BEHIND = (
    "sudo",
    "token",
    "python",
    "sdk",
    "tools",
    "disk",
    "clock",
    "boot",
    "controller",
    "bundles",
    "signers",
    "rest",
)


def examine(
    address: Address,
    ask: Prompter,
    *,
    accept_new_host_key: bool = False,
    timeout: float = 20,
    bundle: MeantBundle | None = None,
) -> Iterator[CheckResult]:
    """Look at all that a deploy needs, in the order in which it needs it.

    Args:
        address: see `look_up`. A new host key is not added anywhere.
        ask: for a password, a passphrase, and about an unknown host key.
        accept_new_host_key: take an unknown one without asking.
        timeout: seconds for each step.
        bundle: that is to be deployed; None where none is meant.

    Yields:
        A check for each thing, as soon as it is known. After one that nothing goes on from, the others are `skip`.
    """
    done: list[str] = []
    for check in _to_the_log_in(address, ask, accept_new_host_key, timeout, bundle):
        done.append(check.name)
        yield check
        last = check
    if last.outcome == "fail":
        why = f"that needs the {last.name}"
        yield from (skip(name, why) for name in (*_BEFORE, *_BEHIND) if name not in done)


def _to_the_log_in(
    address: Address, ask: Prompter, accept_new: bool, timeout: float, bundle: MeantBundle | None
) -> Iterator[CheckResult]:
    if address.proxy is None:
        yield (check := check_name(address))
        if check.outcome == "fail":
            return
        check, stream = open_port(address, timeout)
        yield check
        if stream is None:
            return
        with stream:
            yield (check := hear_banner(stream, timeout))
        if check.outcome == "fail":
            return
    else:
        yield skip("name", "a proxy leads there")
        yield skip("port", "a proxy leads there")
    shown: list[paramiko.PKey] = []
    try:
        connection = Connection(
            replace(address, remember_in=None),
            ask=ask,
            accept_new_host_key=accept_new,
            timeout=timeout,
            on_host_key=shown.append,
        )
    except HostKeyRejected as error:
        yield of_error("host-key", error)
        return
    except LoginRefused as error:
        yield _host_key(address, shown[0])
        yield of_error("log-in", error)
        return
    except GatewayUnreachable as error:
        if shown:
            yield _host_key(address, shown[0])
        yield of_error("log-in" if shown else "server", error)
        return
    with connection:
        server = parse_banner(connection.transport.remote_version)
        if address.proxy is not None and server is not None:
            yield judge_server(server)
        yield _host_key(address, shown[0])
        yield ok("log-in", f"{connection.login.account} gets in by {connection.login.way}")
        yield from _behind_the_log_in(connection, ask, timeout, bundle)


def _host_key(address: Address, key: paramiko.PKey) -> CheckResult:
    text = f"{key.get_name()} {fingerprint(key)}"
    if address.expected_key is not None:
        return ok("host-key", f"{text} is that of the emulated gateway on this machine")
    if KnownHosts(address.known_hosts).vouches_for(key, address.key_name):
        certified = " by its certificate" if host_certificate_of(key) else ""
        return ok("host-key", f"{text} is the known key{certified}")
    return warn(
        "host-key",
        f"{text} is not known yet, and was trusted for now",
        "compare it with the key on the gateway's own console; the first deploy adds it to known_hosts",
    )


def _behind_the_log_in(
    connection: Connection, ask: Prompter, timeout: float, bundle: MeantBundle | None
) -> Iterator[CheckResult]:
    from bundlekit.remote import script

    left = list(_BEHIND)

    def told(check: CheckResult) -> CheckResult:
        if check.name in left:
            left.remove(check.name)
        return check

    password = connection.password or ask.given
    try:
        conversation = Conversation(connection.transport, password=password, silence=_SILENCE, label="bundlekit doctor")
        token, sudo = _by_sudo(connection, conversation, ask, password)
        yield told(sudo)
        if not conversation.greeted:
            yield from (skip(name, "no command of ours runs there") for name in left)
            return
        conversation.give_file("examine.sh", script.examination().encode())
        conversation.give("look" if sudo.outcome == "fail" else "examine")
        events, begun, ended = _timed(conversation)
        if not ended:
            raise EOFError("it reported nothing")
        yield told(_token(token, sudo, events))
        now = next((event.number(0) for event in events if event.word == "time"), 0)
        for check in judge(events, now - (begun + ended) / 2, (ended - begun) / 2 + 1):
            yield told(_as_seen(check, connection.login.account) if sudo.outcome == "fail" else check)
        yield told(judge_signers(events, bundle))
        if bundle is not None:
            yield judge_resources(events, bundle.manifest.name, bundle.manifest.answered)
        yield told(_rest(connection, token, timeout))
    except BundlekitError as error:
        yield told(of_error(left[0], error))
    except _broken() as error:
        yield told(fail(left[0], f"the connection broke: {reason_of(error)}", "run the same again"))
    yield from (skip(name, "the gateway broke off") for name in left)


def _as_seen(check: CheckResult, account: str) -> CheckResult:
    """A disk that is read-only for somebody who is not root need not be for root, who may see other mounts."""
    if check.name == "disk" and check.outcome == "fail" and "read-only" in check.found:
        return warn(check.name, f"{check.found}, as {account} sees it", check.remedy)
    return check


def _broken() -> tuple[type[Exception], ...]:
    import paramiko

    return (paramiko.SSHException, OSError, EOFError)


def _timed(conversation: Conversation) -> tuple[list[Event], float, float]:
    """The answer, and between which times of ours the gateway told its own; the later one is 0 if it did not."""
    begun, ended = time.time(), 0.0
    events: list[Event] = []
    for line in conversation.answer():
        events.append(parse_event(line))
        if events[-1].word == "time":
            ended = time.time()
    return events, begun, ended


def _by_sudo(
    connection: Connection, conversation: Conversation, ask: Prompter, password: str | None
) -> tuple[str, CheckResult]:
    """The API token, which only root can read, and how sudo went."""
    account = connection.login.account
    conversation.give("token")
    events = [parse_event(line) for line in conversation.answer()]
    free = not password
    if conversation.status == PASSWORD_NEEDED and not password:
        try:
            conversation.give("password", ask.password(account, for_sudo=True))
        except LoginRefused as error:
            return "", fail("sudo", f"it asks for the password of {account}", error.hint or "")
        list(conversation.answer())
        conversation.give("token")
        events = [parse_event(line) for line in conversation.answer()]
        free = False
    token = next((event.field(0) for event in events if event.word == "token"), "")
    if not any(event.word == "hello" for event in events):
        name = "disk" if conversation.status == NO_ROOM else "sudo"
        return "", of_error(name, classify_startup_failure(account, conversation.status, conversation.complaint))
    if connection.address.user == "root":
        return token, ok("sudo", "root needs none")
    return token, ok("sudo", f"{account} becomes root{', and is asked for no password' if free else ''}")


def _token(token: str, sudo: CheckResult, events: list[Event]) -> CheckResult:
    if token:
        return ok("token", f"the API token is in {_TOKEN_FILE}")
    there = any(event.word == "token" and event.field(0) == "yes" for event in events)
    if sudo.outcome == "fail" and there:
        return skip("token", f"only root can read {_TOKEN_FILE}")
    return warn(
        "token",
        f"{_TOKEN_FILE} is not there or empty, so a deploy cannot ask the bundle's GETs",
        "ThingsPro makes it at boot; a token of the web console goes to `bundlekit api --ask-token`",
    )


def _rest(connection: Connection, token: str, timeout: float) -> CheckResult:
    from bundlekit.gateway.client import GatewayClient

    if not token:
        return skip("rest", "there is no API token to ask with")

    def opener(seconds: float) -> paramiko.Channel:
        return connection.open_stream("127.0.0.1", _HTTPS, seconds)

    client = GatewayClient.over(opener, token, name=connection.login.account, timeout=timeout)
    try:
        answer = client.get("/system/status")
    except BundlekitError as error:
        return of_error("rest", error, "warn")
    if answer.status == 401:
        return warn("rest", "it does not accept the API token", f"is {_TOKEN_FILE} from before a reset? Reboot it")
    if answer.status in (408, 500, 502, 503, 504):
        return warn("rest", f"it answers {answer.status}", "is ThingsPro up, or still starting?")
    return ok("rest", f"it answers on port {_HTTPS}, and takes the API token")
