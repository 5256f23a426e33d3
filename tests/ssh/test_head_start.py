"""A connection that begins while a bundle is checked: what becomes of it if nobody takes it, or if it is no good."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from bundlekit.errors import GatewayUnreachable
from bundlekit.ssh.address import Address, address_from
from bundlekit.ssh.head_start import HeadStart
from bundlekit.ssh.target import parse_target
from bundlekit.ssh.transport import Transport


class Made:
    """Stands for a transport after its key exchange."""

    def __init__(self, *, active: bool = True) -> None:
        self.active = active
        self.closed = threading.Event()

    def is_active(self) -> bool:
        return self.active

    def close(self) -> None:
        self.closed.set()


def there(**options: str) -> Address:
    return address_from(parse_target("moxa@192.168.4.127"), {word: (value,) for word, value in options.items()})


def started(made: Made, address: Address | None = None) -> HeadStart:
    return HeadStart(lambda: address or there(), lambda _: cast("Transport", made))


def test_transport_that_was_taken_stays_open() -> None:
    made = Made()
    with started(made) as head_start:
        assert head_start.address() == there()
        assert cast("Any", head_start.take()) is made
    assert not made.closed.is_set()


def test_transport_that_nobody_took_is_closed() -> None:
    made = Made()
    with started(made) as head_start:
        head_start.address()
    assert made.closed.wait(60)


def test_transport_that_comes_too_late_is_closed() -> None:
    made, is_over = Made(), threading.Event()

    def start(_: Address) -> Transport:
        is_over.wait(60)
        return cast("Transport", made)

    with HeadStart(there, start):
        pass
    is_over.set()
    assert made.closed.wait(60)


def test_transport_that_broke_meanwhile_is_made_anew() -> None:
    made = Made(active=False)
    with started(made) as head_start:
        assert head_start.take() is None
    assert made.closed.is_set()


def test_transport_about_to_be_hung_up_on_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bundlekit.ssh.head_start._FRESH", -1.0)
    made = Made()
    with started(made) as head_start:
        assert head_start.take() is None
    assert made.closed.is_set()


def test_proxy_which_may_ask_something_is_left_for_later() -> None:
    made = Made()
    with started(made, there(proxycommand="ssh -W %h:%p bastion")) as head_start:
        assert head_start.take() is None


def test_failure_is_raised_where_it_counts() -> None:
    def fail(_: Address) -> Transport:
        raise GatewayUnreachable("nobody answers")

    with HeadStart(there, fail) as head_start, pytest.raises(GatewayUnreachable, match="nobody answers"):
        head_start.take()


def test_bundle_with_errors_waits_for_no_gateway(tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text("{}")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = f"moxa@127.0.0.1:{silent.getsockname()[1]}"
        ended = subprocess.run(
            [sys.executable, "-m", "bundlekit", "deploy", target, "--bundle", tmp_path, "--timeout", "86400"],
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert "error: " in ended.stderr
    assert "Traceback" not in ended.stderr
