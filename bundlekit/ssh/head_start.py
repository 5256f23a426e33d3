"""A connection that is made while something else is done, up to its key exchange: nothing of it has to be decided."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bundlekit.ssh.address import Address
    from bundlekit.ssh.transport import Transport

_FRESH = 60.0  # seconds; by default OpenSSH hangs up after twice as long without a log-in
_FOR_THE_END = 1.0  # seconds; Python aborts if it ends while the thread is within a library of Rust


class HeadStart:
    """Connects in a thread. The host key is judged, and somebody logs in, only by who takes the transport.

    Use it as a context manager; at its end a transport that nobody has taken is closed.
    """

    def __init__(self, look_up: Callable[[], Address], start: Callable[[Address], Transport]) -> None:
        """Begin.

        Args:
            look_up: finds the address.
            start: connects to it; not called where a proxy leads there, which may ask the user something.
        """
        self._look_up, self._start = look_up, start
        self._address: Future[Address] = Future()
        self._transport: Future[Transport | None] = Future()
        self._taking = threading.Lock()
        self._is_over = False
        self._since = 0.0
        # A daemon: whoever ends because of something else does not wait for a gateway that does not answer.
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> HeadStart:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._taking:
            self._is_over = True
            if self._transport.done() and not self._transport.exception() and (open_one := self._transport.result()):
                open_one.close()
        self._thread.join(_FOR_THE_END)

    def address(self) -> Address:
        """Where it leads to.

        Raises:
            BundlekitError: as `look_up` raises it.
        """
        return self._address.result()

    def take(self) -> Transport | None:
        """The transport, not logged in; None where it has to be made anew. The taker closes it.

        Raises:
            GatewayUnreachable: it could not be made.
        """
        transport = self._transport.result()
        with self._taking:
            self._transport = Future()
        if transport and (time.monotonic() - self._since > _FRESH or not transport.is_active()):
            transport.close()
            return None
        return transport

    def _run(self) -> None:
        try:
            address = self._look_up()
        except BaseException as error:  # which is raised where it is asked for
            self._address.set_exception(error)
            return
        self._address.set_result(address)
        transport = self._transport
        try:
            made = self._start(address) if address.proxy is None else None
        except BaseException as error:  # as above
            transport.set_exception(error)
            return
        with self._taking:
            self._since = time.monotonic()
            if self._is_over and made is not None:
                made.close()
            transport.set_result(made)
