"""`bundlekit gateway`."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bundlekit.cli.commands.gateway_token import group, state_option
from bundlekit.cli.emulation import emulation
from bundlekit.cli.terminal import can_ask, secret_from_stdin
from bundlekit.cli.verb import VerbWithVerbs, verb
from bundlekit.errors import BadUsage, CouldNotRun

if TYPE_CHECKING:
    from bundlekit.emulator.fault_injection import Faults
    from bundlekit.emulator.machine.emulated_device import EmulatedDevice, Options

_MOVES = {
    "SSH": "--ssh-port",
    "the relay": "--ssh-port",
    "HTTPS": "--port",
    "HTTP": "--http-port",
    "MQTT": "--mqtt-port",
}
_GUIDES = "moxa"
"""The password of a gateway as it is sold, which the vendor's guide has."""


@dataclass(frozen=True)
class Wanted:
    """What the command line says; a port is 0 for any free one, None for none."""

    state: Path
    reset: bool
    yes: bool
    listen: str
    ssh_port: int
    port: int
    http_port: int | None
    mqtt_port: int | None
    python: str | None
    network: str
    password: str | None = field(repr=False)
    faults: tuple[str, ...]


@verb(
    "gateway",
    examples="""
    bundlekit gateway  then, elsewhere: bundlekit deploy moxa@127.0.0.1:2222
    bundlekit gateway --python python2.7  run bundles under the Python of real gateways
    bundlekit gateway --faults slow=2s,ssh-cut=300kB
    bundlekit gateway --state /tmp/second --ssh-port 0 --port 0  a second gateway, on free ports
    bundlekit gateway --reset  in the state of a new gateway
    bundlekit gateway token add  a token for its API
    """,
    kind=VerbWithVerbs,
    invoke_without_command=True,
    subcommand_metavar="[token ...]",
)
@state_option
@click.option("--reset", is_flag=True, help="Delete what is in the folder first: bundles, settings, keys, tokens.")
@click.option("--yes", is_flag=True, help="With --reset: do not ask.")
@click.option("--listen", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Who may reach it.")
@click.option("--ssh-port", type=click.IntRange(0, 65535), default=2222, show_default=True, help="0 for any free port.")
@click.option("--port", type=click.IntRange(0, 65535), default=8443, show_default=True, help="The port of HTTPS.")
@click.option("--http-port", type=click.IntRange(0, 65535), help="Also answer plain HTTP, on this port.")
@click.option(
    "--mqtt-port", type=click.IntRange(0, 65535), help="Also let your own programs reach its broker, on this port."
)
@click.option(
    "--python", metavar="PATH", help="The Python for bundles; by default a python2.7, else that of bundlekit."
)
@click.option(
    "--network",
    type=click.Choice(["own", "host"]),
    default="own",
    show_default=True,
    help="Give bundles a network of their own, or let them reach everything that this machine reaches.",
)
@click.option(
    "--password",
    "guides_password",
    type=click.Choice([_GUIDES]),
    help="Give the user moxa the password of the vendor's guide, which is public; by default the password is random.",
)
@click.option("--password-stdin", is_flag=True, help="Read the password of moxa from standard input.")
@click.option("--faults", multiple=True, metavar="SPEC", help="Inject faults; `help` lists them.")
@click.pass_context
def command(
    context: click.Context,
    *,
    state: Path,
    reset: bool,
    yes: bool,
    listen: str,
    ssh_port: int,
    port: int,
    http_port: int | None,
    mqtt_port: int | None,
    python: str | None,
    network: str,
    guides_password: str | None,
    password_stdin: bool,
    faults: tuple[str, ...],
) -> int:
    """Run an emulated gateway with an SSH server. You deploy bundles to it as to a real gateway. Only this machine can
    reach it, unless you change --listen.

    It has a user moxa, sudo that asks for the password of moxa, /opt, and the deployed bundles, which run again after a
    restart. All of this is in the --state folder, and no program that is started over SSH can write a file outside of
    that folder. It needs Linux, but not root. With --network host, programs in it reach everything that this machine
    reaches, and also the services of your desktop on abstract sockets: let only people log in whom you trust.

    Events go to standard error, one per line. Ctrl-C ends everything; press it twice to end at once.

    Exit code: 0 you ended it, 2 usage, 3 could not be done.
    """
    if context.invoked_subcommand:
        return 0
    if faults == ("help",):
        return _tell_faults()
    if password_stdin and guides_password:
        raise BadUsage("--password and --password-stdin are two passwords", hint="use only one of them")
    password = secret_from_stdin("password") if password_stdin else guides_password
    ports = (ssh_port, port, http_port, mqtt_port)
    return run(Wanted(state, reset, yes, listen, *ports, python, network, password, faults))


def run(wanted: Wanted) -> int:
    """Run an emulated gateway until the user ends it."""
    if sys.platform != "linux":
        raise CouldNotRun(
            "`bundlekit gateway` needs Linux, because it uses namespaces",
            hint="`bundlekit run` works here"
            if sys.platform != "win32"
            else "the Windows Subsystem for Linux (WSL) is a Linux",
        )
    if not _is_address(wanted.listen):
        raise BadUsage(f"--listen {wanted.listen} is not an IP address", hint="127.0.0.1 allows only this machine")
    with emulation(_MOVES):
        from bundlekit.emulator.machine.emulated_device import EmulatedDevice

        options = _options(wanted)
        if wanted.reset:
            _reset(wanted.state, ask=not wanted.yes)
        asyncio.run(_run(EmulatedDevice(wanted.state, options, _say), options))
    return 0


def _options(wanted: Wanted) -> Options:
    from bundlekit.emulator.address import SocketAddress
    from bundlekit.emulator.machine.emulated_device import Options

    def here(port: int) -> SocketAddress:
        return SocketAddress(wanted.listen, port)

    return Options(
        ssh=here(wanted.ssh_port),
        https=here(wanted.port),
        mqtt=None if wanted.mqtt_port is None else SocketAddress("127.0.0.1", wanted.mqtt_port),
        http=None if wanted.http_port is None else here(wanted.http_port),
        python=wanted.python,
        password=wanted.password,
        own_network=wanted.network == "own",
        faults=_faults(wanted.faults),
    )


def _faults(specs: tuple[str, ...]) -> Faults:
    from bundlekit.emulator.fault_injection import parse

    return parse(*specs)


def _tell_faults() -> int:
    from bundlekit.emulator.fault_injection import catalogue

    click.echo(catalogue())
    return 0


def _reset(state: Path, *, ask: bool) -> None:
    """Delete what is in a state folder of ours; symbolic links go as what they are."""
    from bundlekit.emulator.machine.emulated_device import check_is_ours, claimed, clear

    if not state.is_dir():
        return
    check_is_ours(state)
    if ask:
        if not can_ask():
            raise BadUsage(
                "--reset asks before it deletes, and there is no terminal for the question", hint="add --yes"
            )
        if not click.confirm(
            f"Delete all that the emulated gateway in {state} has: bundles, settings, keys?", err=True
        ):
            raise CouldNotRun("nothing was deleted, and nothing started")
    with claimed(state):
        clear(state)
    _say(f"{state} is empty")


async def _run(box: EmulatedDevice, options: Options) -> None:
    from bundlekit.emulator.running import RunningGateway, announce

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        if ended.is_set():
            os._exit(130)  # what is in the machine ends with this process
        _say("ending; Ctrl-C again does not wait")
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    starting = asyncio.create_task(box.start())
    ending = asyncio.create_task(ended.wait())
    await asyncio.wait([starting, ending], return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.wait([starting])
        return
    starting.result()
    try:
        gateway = box.gateway
        record = RunningGateway(
            kind="gateway",
            url=gateway.url,
            certificate=gateway.certificate,
            token_file=gateway.token_file,
            what=str(box.state),
            ssh=str(box.ssh_address),
            host_key=box.host_key,
            password=box.password if _may_be_shown(options) else "",
        )
        with announce(record):
            _tell_ways_in(box, options)
            await ended.wait()
    finally:
        ending.cancel()
        await box.stop()


def _tell_ways_in(box: EmulatedDevice, options: Options) -> None:
    gateway, ssh = box.gateway, box.ssh_address
    host = "127.0.0.1" if ssh.host in ("0.0.0.0", "::") else ssh.host  # noqa: S104 - what the user has chosen
    known = box.known_hosts(host)
    rows = [
        ("SSH", f"{ssh}, user moxa, password {box.password if _may_be_shown(options) else 'as given'}"),
        ("key", box.ssh.host_key.get_fingerprint()),
        ("API", f"{gateway.url}/api/v1"),
        *([("", f"{gateway.http_url}/api/v1")] if gateway.http_url else []),
        ("console", f"{gateway.url}/"),
        ("token", gateway.token),
        *(("broker" if at == 0 else "", str(broker)) for at, broker in enumerate(box.brokers)),
        ("python", ".".join(map(str, box.python.version)) + f", {box.python.executable}"),
        ("folder", str(box.state)),
        ("deploy", f"bundlekit deploy moxa@{host}:{ssh.port}"),
        ("log in", f"ssh -p {ssh.port} -o UserKnownHostsFile={known} moxa@{host}"),
    ]
    for title, text in rows:
        click.echo(click.style(f"{title:<8}", bold=True) + text, err=True)
    for fault in options.faults.words:
        _warn(f"fault: {fault}")
    if not options.own_network:
        _warn("--network host: every user who logs in reaches what this machine reaches, and its abstract sockets")
    is_local = ipaddress.ip_address(ssh.host).is_loopback
    if options.password == _GUIDES:
        who = "every user of this machine" if is_local else f"everybody who reaches {ssh}"
        _warn(f"{who} can log in with the password {_GUIDES}; without --password the password is random")
    elif not is_local:
        _warn(f"everybody who reaches {ssh} can try passwords")


def _may_be_shown(options: Options) -> bool:
    """Whether the password is none that somebody has thought up, and might have elsewhere."""
    return options.password in (None, _GUIDES)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _warn(text: str) -> None:
    click.echo(click.style("warning: ", fg="red", bold=True) + text, err=True)


def _say(text: str) -> None:
    from bundlekit.quoting import printable

    with contextlib.suppress(OSError):
        click.echo(click.style("-", fg="cyan") + " " + printable(text), err=True)


assert isinstance(command, click.Group)  # noqa: S101 - the kind that was asked for
command.add_command(group)
