"""A client of a gateway's REST API."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from bundlekit.errors import BundlekitError, CouldNotRun, GatewayUnreachable, reason_of
from bundlekit.gateway.endpoint import parse_url
from bundlekit.gateway.request import TOKEN_HEADER, checked_request, checked_token, refuse_constant
from bundlekit.gateway.trust import Trust, anybody
from bundlekit.gateway.wire import ByteStream, Opener, Wire, open_tcp, with_tls
from bundlekit.quoting import quoted

TIMEOUT = 70.0
"""Seconds; the REST front itself gives up after 60."""

LARGEST = 32 * 1024 * 1024
"""Bytes of a body that are taken."""

_NO_DATA: Any = object()


@dataclass(frozen=True)
class Answer:
    """What the gateway answered.

    Attributes:
        status: of HTTP, which is the `code` of the bundle's response.
        headers: their names in lower case.
        body: the bytes as they came.
        seconds: from the request's first byte to the answer's last one, once there was a connection.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the status is one of success, 200 to 299."""
        return 200 <= self.status < 300

    @cached_property
    def json(self) -> Any:
        """The body's value; None where there is no body.

        Raises:
            CouldNotRun: it is no JSON.
        """
        if not self.body:
            return None
        try:
            return json.loads(self.body, parse_constant=refuse_constant)
        except (ValueError, RecursionError) as error:
            start = quoted(self.body[:80].decode("utf-8", "replace"))
            raise CouldNotRun(f"the gateway answered {self.status} with {start}, which is not JSON") from error

    def __str__(self) -> str:
        return f"{self.status} {quoted(self.body[:80].decode('utf-8', 'replace'))}"


class GatewayClient:
    """Asks a gateway. Each request has a connection of its own, so threads may share a client.

        gateway = GatewayClient("https://192.168.4.127", token, trust=only("AB:CD:..."))
        gateway.put("/thermostat", {"key": 1}).status

    Every answer, a refusal too, is an Answer. Methods raise:
        BadUsage: the resource or the method is none.
        GatewayUnreachable: there is no connection, or it broke, or it took too long.
        CertificateRejected: the other end is not who it should be.
        CouldNotRun: what came back is no HTTP, or too large.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        trust: Trust,
        timeout: float = TIMEOUT,
        opener: Opener | None = None,
        name: str | None = None,
    ) -> None:
        """
        Args:
            url: what goes before `/api/v1`, such as `https://192.168.4.127`.
            token: sent as `mx-api-token`.
            trust: decides about the certificate; see `bundlekit.gateway.trust`.
            timeout: seconds for a whole request.
            opener: opens the stream to the HTTPS port, in place of TCP to the URL's host.
            name: how messages call the gateway; by default `host:port`.

        Raises:
            BadUsage: the URL or the token is none.
        """
        self._endpoint = parse_url(url)
        self._token = checked_token(token)
        self._trust = trust
        self._timeout = timeout
        self._opener = opener
        self.name = name or str(self._endpoint)

    @classmethod
    def over(cls, opener: Opener, token: str, *, name: str, timeout: float = TIMEOUT) -> GatewayClient:
        """A client over streams to the gateway's HTTPS port whose other end is known already, as SSH channels are.

        Args:
            opener: opens a stream, within so many seconds.
            token: of the REST API; it is secret.
            name: of the gateway, for messages.
            timeout: seconds for each request.
        """
        return cls("https://127.0.0.1", token, trust=anybody, timeout=timeout, opener=opener, name=name)

    def __repr__(self) -> str:
        return f"<GatewayClient of {self.name}>"

    def get(self, resource: str, *, query: Mapping[str, Any] | None = None) -> Answer:
        return self.request("GET", resource, query=query)

    def put(self, resource: str, data: Any = _NO_DATA, *, query: Mapping[str, Any] | None = None) -> Answer:
        """Send a PUT.

        Args:
            resource: a path, such as `/thermostat/7`.
            data: that JSON takes; without it there is no body.
            query: parameters to add to the path.
        """
        return self.request("PUT", resource, data, query=query)

    def post(self, resource: str, data: Any = _NO_DATA, *, query: Mapping[str, Any] | None = None) -> Answer:
        """Send a POST.

        Args:
            resource: a path, such as `/thermostat/7`.
            data: that JSON takes; without it there is no body.
            query: parameters to add to the path.
        """
        return self.request("POST", resource, data, query=query)

    def delete(self, resource: str, data: Any = _NO_DATA, *, query: Mapping[str, Any] | None = None) -> Answer:
        """Send a DELETE.

        Args:
            resource: a path, such as `/thermostat/7`.
            data: that JSON takes; without it there is no body.
            query: parameters to add to the path.
        """
        return self.request("DELETE", resource, data, query=query)

    def request(
        self,
        method: str,
        resource: str,
        data: Any = _NO_DATA,
        *,
        content: bytes | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Ask.

        Args:
            method: in either case.
            resource: such as `/thermostat/7`, with or without a query and `/api/v1`.
            data: sent as JSON, None as `null`; left out, there is no body.
            content: a body that is sent as it is, in place of `data`.
            query: joined to the resource.
        """
        method, path = checked_request(method, resource, query)
        if content is None and data is not _NO_DATA:
            content = json.dumps(data).encode()
        return self._exchange(method, path, content)

    def _exchange(self, method: str, path: str, content: bytes | None) -> Answer:
        wire: Wire | None = None
        try:
            wire = self._connect(time.monotonic() + self._timeout)
            start = time.monotonic()
            connection = http.client.HTTPConnection(self._endpoint.host, self._endpoint.port)
            connection.sock = cast(Any, wire)
            headers = {TOKEN_HEADER: self._token, "Accept": "application/json", "Connection": "close"}
            if content is not None:
                headers["Content-Type"] = "application/json"
            # A front that has enough of a huge body answers before it has read it.
            with suppress(ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
                connection.request(method, path, content, headers)
            response = http.client.HTTPResponse(cast(Any, wire), method=method)
            response.begin()
            return Answer(
                status=response.status,
                headers={name.lower(): value for name, value in response.getheaders()},
                body=self._body(response),
                seconds=time.monotonic() - start,
            )
        except BundlekitError:
            raise
        except TimeoutError as error:
            raise GatewayUnreachable(
                f"{self.name} does not answer {method} {path[:200]} within {self._timeout:g} s"
            ) from error
        except (http.client.RemoteDisconnected, http.client.IncompleteRead, EOFError, OSError) as error:
            raise GatewayUnreachable(f"the connection to {self.name} broke: {_words(error)}") from error
        except (http.client.HTTPException, ValueError) as error:
            raise CouldNotRun(f"{self.name} does not answer as HTTP does") from error
        finally:
            if wire is not None:
                wire.close()

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        body = response.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise CouldNotRun(f"{self.name} answered with more than {LARGEST >> 20} MiB")
        if response.length:
            raise http.client.IncompleteRead(body, response.length)
        return body

    def _connect(self, deadline: float) -> Wire:
        left = self._timeout
        stream: ByteStream = self._opener(left) if self._opener else open_tcp(self._endpoint, left)
        try:
            if self._endpoint.tls:
                stream = with_tls(stream, self._endpoint, self.name, self._trust, deadline)
        except BaseException:
            stream.close()
            raise
        return Wire(stream, deadline)


def _words(error: BaseException) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return "the answer is shorter than it says"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return reason_of(error)
