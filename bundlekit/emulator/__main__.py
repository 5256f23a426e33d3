"""The controller and the REST front of a gateway, beside a broker that runs already."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import ssl
import sys
from pathlib import Path

from bundlekit.emulator.address import SocketAddress
from bundlekit.shipped import install_command


def main() -> int:
    """Run until SIGTERM or SIGINT.

    Returns:
        The exit code: 0 when it was told to end, 3 when it could not run.
    """
    options = _parser().parse_args()
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    try:
        tls = _tls(options.certificate, options.key) if options.certificate else None
        asyncio.run(_serve(options.broker, options.listen, _token(options.token_file), tls))
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 3
    except ModuleNotFoundError as error:
        print(f"error: {error}: run `{install_command('emulator')}`", file=sys.stderr)  # noqa: T201
        return 3
    return 0


async def _serve(broker: SocketAddress, listen: SocketAddress, token: str, tls: ssl.SSLContext | None) -> None:
    from bundlekit.emulator.rest import RestFront
    from bundlekit.emulator.service import ControllerService
    from bundlekit.emulator.tokens import only

    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task  # noqa: S101 - this is one
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        front = RestFront(broker, listen=listen, authorizer=only(token), tls=tls)
        async with ControllerService(broker), front:
            print(f"listening on {front.url}", flush=True)  # noqa: T201
            await asyncio.Event().wait()


def _token(file: Path) -> str:
    token = file.read_text(encoding="ascii").strip()
    if not token:
        raise ValueError(f"there is no token in {file}")
    return token


def _address(text: str) -> SocketAddress:
    try:
        return SocketAddress.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _tls(certificate: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise ValueError(f"cannot use the certificate in {certificate}: {error}") from error
    return context


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bundlekit.emulator", description=__doc__)
    add, where = parser.add_argument, "HOST:PORT"
    add("--broker", type=_address, metavar=where, required=True, help="the MQTT broker")
    add("--listen", type=_address, metavar=where, required=True, help="for HTTP; port 0 is any free one")
    add("--token-file", type=Path, required=True, help="holds what callers send as mx-api-token")
    add("--certificate", type=Path, help="PEM file; makes it HTTPS")
    add("--key", type=Path, help="PEM file; not needed where the certificate's file holds it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
