"""Sends what a contract allows, and what it does not, until something fails; then looks for the least that does.

schemathesis makes the requests from the OpenAPI document of the bundle, and Hypothesis makes them smaller. The bundle
runs on an emulated gateway; there is no way to name another one.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from bundlekit.bundle.bundle import Bundle
from bundlekit.errors import CouldNotRun, GatewayUnreachable
from bundlekit.export.description import Description, ExportedResource, Operation, Parameter, describe
from bundlekit.export.openapi import openapi
from bundlekit.fuzz.boundaries import boundary_values
from bundlekit.fuzz.fault import NO_BODY, Failure, Fault, FuzzRequest, last_error, place_of
from bundlekit.gateway import Answer
from bundlekit.source.handlers import handlers
from bundlekit.source.routes import Source, read_source
from bundlekit.testing.session import GatewaySession

_ROUNDS = 6  # searches for one more fault of an operation
_LOG_PATIENCE = 1.0  # seconds for what a bundle prints to arrive
_LARGEST = 2**63  # the controller drops greater numbers, so that nobody would answer
_MOST_UNANSWERED = 3  # requests of an operation; each takes as long as the patience, and a start of the bundle
_MOST_FOLLOWED = 3  # GETs that are sent after a change


@dataclass(frozen=True)
class Effort:
    """How much is tried.

    Attributes:
        examples: requests for each operation.
        seed: of the choice; the same gives the same requests.
        seconds: after which no new request is sent.
        patience: seconds for an answer, in place of the ttl of the bundle; later ones count as none.
    """

    examples: int = 100
    seed: int = 0
    seconds: float = 300.0
    patience: int = 5


@dataclass(frozen=True)
class CampaignReport:
    """What a campaign came to.

    Attributes:
        faults: in the order of the operations.
        operations: how many there are.
        requests: how many were sent.
        is_complete: whether all was tried before the time was over.
    """

    faults: tuple[Fault, ...]
    operations: int
    requests: int
    is_complete: bool


class Campaign:
    """Tries one bundle.

    Args:
        folder: of the bundle.
        effort: how much is tried.
        python: the interpreter that it runs under; None for this one.
        tell: is given the operation that is next, and how many faults there are so far.
    """

    def __init__(self, folder: Path, effort: Effort, python: str | None, tell: Callable[[str, int], None]) -> None:
        self._folder = folder.resolve()
        self._effort = effort
        self._python = python
        self._tell = tell
        self._faults: dict[tuple[str, ...], Fault] = {}
        self._known: set[tuple[str, ...]] = set()
        self._requests = 0
        self._unanswered = 0
        self._end = math.inf

    def run(self) -> CampaignReport:
        """Try all operations.

        Raises:
            CouldNotRun: the bundle does not start.
            BundlekitError: bundle.json cannot be read.
        """
        bundle = Bundle.in_folder(self._folder)
        description = describe(bundle)
        self._source = read_source(bundle, description.manifest.main)
        operations = list(_operations(description))
        if not operations:
            return CampaignReport((), 0, 0, is_complete=True)
        with (
            TemporaryDirectory(prefix="bundlekit-fuzz-") as state,
            GatewaySession(Path(state), self._python, plain=True) as session,
            session.gateway_with(self._folder, ttl=self._effort.patience) as self._gateway,
        ):
            self._try_all(description, operations)
        return CampaignReport(tuple(self._faults.values()), len(operations), self._requests, not self._is_over)

    @property
    def _is_over(self) -> bool:
        return time.monotonic() > self._end

    def _try_all(self, description: Description, operations: list[tuple[ExportedResource, Operation]]) -> None:
        import schemathesis

        self._end = time.monotonic() + self._effort.seconds
        schema = schemathesis.openapi.from_dict(openapi(description))
        reads = [(place, operation) for place, operation in operations if operation.method == "get"]
        for place, operation in operations:
            name = f"{operation.method.upper()} {place.path(':', '')}"
            if self._is_over:
                return
            self._tell(name, len(self._faults))
            self._gateway.reset()
            found = schema[place.path("{", "}")][operation.method]
            self._search(_Target(name, place, operation, self._line_of(place, operation)), found, reads)

    def _search(self, target: _Target, found: Any, reads: list[tuple[ExportedResource, Operation]]) -> None:
        """Look for faults of one operation until a round finds no other one."""
        self._unanswered = 0
        for request in _boundaries(target):
            if not self._is_over and self._unanswered < _MOST_UNANSWERED:
                self._fault(target, request, reads)
        self._known |= set(self._faults)
        for number in range(_ROUNDS):
            before = set(self._faults)
            self._round(target, found, reads, self._effort.seed + number)
            fresh = set(self._faults) - before
            self._known |= fresh
            if not fresh or self._is_over:
                return

    def _round(self, target: _Target, found: Any, reads: list[Any], number: int) -> None:
        from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
        from hypothesis import strategies as st
        from hypothesis.errors import HypothesisException
        from schemathesis import GenerationMode

        ids = {one.name: one.example for one in target.place.parameters}
        fixed = {"path_parameters": ids} if ids else {}
        ways = [found.as_strategy(GenerationMode.POSITIVE, **fixed)]
        if ids:
            ways.append(found.as_strategy(GenerationMode.POSITIVE))
        if target.operation.method in ("put", "post") and target.has_contract:
            ways.append(found.as_strategy(GenerationMode.NEGATIVE, **fixed))

        @seed(number)
        @settings(
            max_examples=self._effort.examples,
            phases=(Phase.generate, Phase.shrink),
            database=None,
            deadline=None,
            verbosity=Verbosity.quiet,
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.one_of(*ways))
        def attempt(case: Any) -> None:
            request = _request_of(case, target)
            if request is None or self._is_over or self._unanswered >= _MOST_UNANSWERED:
                return
            fault = self._fault(target, request, reads)
            if fault is not None:
                raise _FaultSeen

        try:
            attempt()
        except (_FaultSeen, HypothesisException):
            pass  # the faults are kept; one that depends on what was sent before does not come again
        except BaseExceptionGroup as error:
            if error.split((_FaultSeen, HypothesisException))[1] is not None:
                raise

    def _fault(self, target: _Target, request: FuzzRequest, reads: list[Any]) -> Fault | None:
        """Send a request, and read what it may have changed; keep the least fault of each kind."""
        sent = [request]
        fault = self._send(target, sent)
        if fault is None and request.method != "GET":
            for place, operation in _followed(target, reads):
                read = FuzzRequest("GET", _filled(place, request, target))
                line = self._line_of(place, operation)
                name = f"GET {place.path(':', '')}"
                fault = self._send(_Target(name, place, operation, line), [*sent, read])
                if fault is not None:
                    break
        if fault is None:
            return None
        is_unanswered = fault.failure in (Failure.CRASH, Failure.SILENCE)
        self._unanswered += is_unanswered
        if is_unanswered or len(fault.requests) > 1:
            self._gateway.reset()
        if is_unanswered and not self._is_unanswered_again(target, fault):
            return None  # this machine was slow
        if fault.key in self._known:
            return None
        kept = self._faults.get(fault.key)
        if kept is None or fault.size < kept.size:
            self._faults[fault.key] = fault
        return fault

    def _is_unanswered_again(self, target: _Target, fault: Fault) -> bool:
        """Send the requests of a fault once more; the bundle has just started with its factory settings."""
        again = None
        for index in range(len(fault.requests)):
            again = self._send(target, list(fault.requests[: index + 1]))
        if again is None or again.failure is not fault.failure:
            return False
        self._gateway.reset()
        return True

    def _send(self, target: _Target, requests: list[FuzzRequest]) -> Fault | None:
        """Send the last of some requests; those before it were sent already."""
        last = requests[-1]
        self._requests += 1
        heard = len(self._gateway.lines)
        body = () if last.body is NO_BODY else (last.body,)
        try:
            answer = self._gateway.request(last.method, last.resource, *body)
        except GatewayUnreachable:
            return self._no_answer(target, requests, heard)
        if answer.status == 408:
            return self._no_answer(target, requests, heard)
        if answer.status >= 500:
            return self._error(target, requests, answer, heard)
        faults = target.contract_faults(last, answer)
        if faults:
            path, line = target.at
            return Fault(Failure.CONTRACT, target.name, tuple(requests), answer.status, faults[0], path, line)
        return None

    def _no_answer(self, target: _Target, requests: list[FuzzRequest], heard: int) -> Fault:
        path, line = target.at
        status = self._gateway.ended
        if status is not None:
            words = last_error(self._gateway.lines[heard:]) or f"the bundle ended with exit status {status}"
            return Fault(Failure.CRASH, target.name, tuple(requests), None, words, path, line)
        words = f"no answer within {self._effort.patience} s"
        if said := last_error(self._gateway.lines[heard:]):
            words += f"; its log has {said}"
        return Fault(Failure.SILENCE, target.name, tuple(requests), None, words, path, line)

    def _error(self, target: _Target, requests: list[FuzzRequest], answer: Answer, heard: int) -> Fault | None:
        try:
            said = answer.json
        except CouldNotRun:
            said = None
        trace = said.get("traceback", "") if isinstance(said, dict) else ""
        path, line = place_of(trace if isinstance(trace, str) else "", self._folder)
        if trace and not line:
            return None  # the SDK itself fails, such as with a schema where the gateway sends no data for []
        deadline = time.monotonic() + _LOG_PATIENCE
        words = ""
        while line and not words and time.monotonic() < deadline:
            words = last_error(self._gateway.lines[heard:])
            if not words:
                time.sleep(0.01)
        if not line:
            path, line = target.at
        words = words or f"answers {answer.status}"
        return Fault(Failure.ERROR, target.name, tuple(requests), answer.status, words, path, line)

    def _line_of(self, place: ExportedResource, operation: Operation) -> tuple[str, int]:
        return _handler_place(self._source, operation.method, place.path(":", ""))


class _FaultSeen(Exception):
    """Tells Hypothesis that a request is worth making smaller."""


@dataclass(frozen=True)
class _Target:
    name: str
    place: ExportedResource
    operation: Operation
    at: tuple[str, int]

    @property
    def has_contract(self) -> bool:
        return not self.operation.contract.body.says_nothing

    def contract_faults(self, request: FuzzRequest, answer: Answer) -> list[str]:
        from bundlekit.gateway.answer_check import answer_faults

        body = {} if request.body is NO_BODY else request.body
        return answer_faults(self.operation.contract, answer, body if request.method != "GET" else None)


def _operations(description: Description) -> Iterator[tuple[ExportedResource, Operation]]:
    for place in description.places:
        for operation in place.operations:
            yield place, operation


def _request_of(case: Any, target: _Target) -> FuzzRequest | None:
    """A case of schemathesis as a request; None for one that no gateway hands on."""
    method = target.operation.method.upper()
    values = case.path_parameters or {}
    segments = [
        quote(str(values.get(one.name, one.example)), safe="") if isinstance(one, Parameter) else one
        for one in target.place.segments
    ]
    if not all(segments) or any(one in (".", "..") for one in segments):
        return None
    resource = "/" + "/".join(segments)
    if method not in ("PUT", "POST"):
        return FuzzRequest(method, resource)
    try:
        text = json.dumps(case.body, allow_nan=False)
    except (TypeError, ValueError):
        return FuzzRequest(method, resource)  # there is no body
    body = json.loads(text)
    return FuzzRequest(method, resource, body) if _can_travel(body) else None


def _boundaries(target: _Target) -> Iterator[FuzzRequest]:
    """The requests with the ends of what is allowed, and with one thing missing or another: most faults are there."""
    method, body = target.operation.method, target.operation.contract.body
    if method not in ("put", "post"):
        return
    resource = "/" + "/".join(one if isinstance(one, str) else one.example for one in target.place.segments)
    for value in boundary_values(body, target.place.example):
        if _can_travel(value):
            yield FuzzRequest(method.upper(), resource, value)


def _can_travel(value: Any) -> bool:
    """Whether a gateway hands a body on to a bundle."""
    if isinstance(value, dict):
        return all(_can_travel(key) and _can_travel(one) for key, one in value.items())
    if isinstance(value, list):
        return all(map(_can_travel, value))
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= one <= "\udfff" for one in value)
    return not isinstance(value, int | float) or abs(value) < _LARGEST


def _followed(target: _Target, reads: list[Any]) -> list[Any]:
    """What is read after a change: the same resource, those above and below it, then others."""
    shape = target.place.shape

    def distance(one: Any) -> int:
        common = sum(1 for a, b in zip(one[0].shape, shape, strict=False) if a == b)
        return len(one[0].shape) + len(shape) - 2 * common

    return sorted(reads, key=distance)[:_MOST_FOLLOWED]


def _filled(place: ExportedResource, request: FuzzRequest, target: _Target) -> str:
    """The path of a resource, with the ids of a request where both have the same parameters."""
    given = request.resource.strip("/").split("/")
    values = {one.name: given[index] for index, one in enumerate(target.place.segments) if isinstance(one, Parameter)}
    parts = [values.get(one.name, one.example) if isinstance(one, Parameter) else one for one in place.segments]
    return "/" + "/".join(parts)


def _handler_place(source: Source, method: str, resource: str) -> tuple[str, int]:
    found = handlers(source, method, resource)
    if not found or source.module is None:
        return source.path, 0
    text = source.text
    return source.path, text.span(text.offset(found[0].handler_at), text.offset(found[0].handler_at)).line
