"""The contract that bundle.json promises: from a manifest to checks, from answers to verdicts. Nothing is sent here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from urllib.parse import quote

from bundlekit.bundle.manifest import METHODS, Manifest
from bundlekit.bundle.patterns import ANY, REST, without_prefix
from bundlekit.errors import CouldNotRun
from bundlekit.gateway.answer_check import answer_faults
from bundlekit.gateway.client import Answer
from bundlekit.quoting import quoted
from bundlekit.source.contracts import NO_CONTRACT, OperationContract


class Promise(Enum):
    """What is promised."""

    RUNS = "runs"  # the bundle itself runs there
    ANSWERS = "answers"  # a declared GET answers 2xx with JSON, within ttl
    REFUSES = "refuses"  # a method that is not declared is refused
    KEEPS = "keeps"  # a PUT of what GET gave returns it, and so does a GET after it


class Verdict(Enum):
    KEPT = "kept"
    BROKEN = "broken"
    UNCHECKED = "not checked"


@dataclass(frozen=True)
class ContractCheck:
    """One promise to be checked.

    Attributes:
        method: in upper case.
        declared: the resource as bundle.json has it.
        resource: what to ask for, its parameters filled in.
        ttl: seconds in which it promises to answer.
        obstacle: why it cannot be checked; empty if it can.
        code: what index.py says of the answer.
    """

    promise: Promise
    method: str
    declared: str
    resource: str
    ttl: float
    obstacle: str = ""
    code: OperationContract = NO_CONTRACT


@dataclass(frozen=True)
class ContractResult:
    """How a check went.

    Attributes:
        words: why it is broken or was not checked.
        status: of the answer that decided, if there was one.
        seconds: that all its requests took.
    """

    check: ContractCheck
    verdict: Verdict
    words: str = ""
    status: int | None = None
    seconds: float = 0.0


def plan(
    manifest: Manifest,
    *,
    parameters: Mapping[str, str],
    write: bool,
    may_be_handled: Callable[[str, str], bool],
    contract_of: Callable[[str, str], OperationContract] = lambda *_: NO_CONTRACT,
) -> tuple[ContractCheck, ...]:
    """What to check of a bundle, in the order of bundle.json.

    Args:
        manifest: of the bundle. What it only listens to, as a view, is left out.
        parameters: what to put in the place of `:id`, by `id`.
        write: whether the state of the bundle may be written.
        may_be_handled: whether index.py may have a handler for a method, in lower case, of a resource. To send such a
            one where it is not declared would be a write.
        contract_of: what index.py says of the answers to a method, in lower case, of a resource.
    """
    checks: list[ContractCheck] = []
    for resource in manifest.resources:
        if resource.role != "model":
            continue
        asked, missing = filled(resource.path, parameters)
        declared = {method.lower() for method in resource.methods}
        writes_too = write and {"get", "put"} <= declared
        wanted = [("get", Promise.ANSWERS)] if "get" in declared else []
        wanted += [("put", Promise.KEEPS)] if writes_too else []
        wanted += [(method, Promise.REFUSES) for method in METHODS if declared and method not in declared]
        for method, promise in wanted:
            obstacle = missing
            if promise is Promise.REFUSES and method != "get" and not write and may_be_handled(method, resource.path):
                obstacle = "index.py may handle it, so it could change something; --write sends it"
            code = NO_CONTRACT if promise is Promise.REFUSES else contract_of(method, resource.path)
            checks.append(ContractCheck(promise, method.upper(), resource.path, asked, manifest.ttl, obstacle, code))
    return tuple(dict.fromkeys(checks))


def filled(path: str, parameters: Mapping[str, str]) -> tuple[str, str]:
    """A resource with its parameters filled in, and why it cannot be asked for; empty if it can."""
    segments, missing = [], []
    for segment in without_prefix(path).split("/"):
        if segment.startswith(":") and len(segment) > 1:
            value = parameters.get(segment[1:])
            missing += [] if value is not None else [segment[1:]]
            segments.append(segment if value is None else quote(value, safe=""))
        else:
            segments.append(segment)
    asked = "/".join(segments)
    if missing:
        return asked, "give " + " ".join(f"--param {name}=..." for name in dict.fromkeys(missing))
    if ANY in segments or REST in segments:
        return asked, "it has a wildcard, which no request can have"
    return asked, "" if asked.startswith("/") else "it does not begin with a slash"


def judge_answer(check: ContractCheck, answer: Answer) -> ContractResult:
    """Whether a GET answered as promised, and as index.py has it."""
    words = _trouble(answer) or next(iter(answer_faults(check.code, answer)), "")
    if not words and answer.seconds > check.ttl:
        words = f"took {answer.seconds:.1f} s, its ttl is {check.ttl:g} s"
    return _result(check, words, answer, answer.seconds)


def judge_refusal(check: ContractCheck, answer: Answer) -> ContractResult:
    """Whether a method that is not declared was refused: by whoever answers for the resource, and with a reason."""
    _let_in(answer)
    words = ""
    if answer.status == 408:
        words = f"answered {answer.status}: it was not refused in time"
    elif is_unowned(answer):
        words = _UNOWNED
    elif not 400 <= answer.status < 500:
        words = f"answered {answer.status}, expected a refusal, 400 to 499"
    return _result(check, words, answer, answer.seconds)


def judge_write(check: ContractCheck, before: Answer, put: Answer, after: Answer | None) -> ContractResult:
    """Whether a PUT of what a GET gave `before` returned the same, and a GET `after` it too, if one was sent.

    Args:
        check: of the resource.
        before: of a GET.
        put: of a PUT of what that gave.
        after: of the next GET; None if none was sent.
    """
    words = _trouble(put)
    if words:
        words = f"PUT of what GET gave {words}"
    elif faults := answer_faults(check.code, put):
        words = faults[0]
    elif put.json != before.json:
        words = "PUT of what GET gave answered something else than it was given"
    elif after is not None:
        words = _trouble(after)
        if words:
            words = f"the GET after it {words}"
        elif after.json != before.json:
            words = "after the PUT, GET gives something else than before"
    answers = [before, put] + ([after] if after else [])
    return _result(check, words, answers[-1], sum(answer.seconds for answer in answers))


def judge_running(manifest: Manifest, words: str) -> ContractResult:
    """Whether the bundle runs; `words` say why not, and are empty if it does."""
    check = ContractCheck(Promise.RUNS, "", manifest.name, manifest.name, manifest.ttl)
    return ContractResult(check, Verdict.BROKEN if words else Verdict.KEPT, words)


def judge_signs(result: ContractResult, name: str, signs: Sequence[str]) -> ContractResult:
    """The result of a GET, once it is known who has answered for its resource.

    Args:
        result: as `judge_answer` gives it.
        name: of the bundle whose answer it has to be.
        signs: the names of those who have answered; empty where nobody was seen.
    """
    others = [one for one in signs if one != name]
    if result.verdict is not Verdict.KEPT or not others:
        return result
    listed = " and ".join(others)
    if name not in signs:
        return replace(result, verdict=Verdict.BROKEN, words=f"answered by {listed}, and not by this bundle")
    words = f"{listed} answers it too, so the answer is not only this bundle's"
    return replace(result, verdict=Verdict.UNCHECKED, words=words)


def unchecked(check: ContractCheck, words: str) -> ContractResult:
    return ContractResult(check, Verdict.UNCHECKED, words)


def count(results: Iterable[ContractResult]) -> Counter[Verdict]:
    return Counter(result.verdict for result in results)


_UNOWNED = "answered 403: no bundle is registered for it"


def _result(check: ContractCheck, words: str, answer: Answer, seconds: float) -> ContractResult:
    return ContractResult(check, Verdict.BROKEN if words else Verdict.KEPT, words, answer.status, seconds)


def _trouble(answer: Answer) -> str:
    """What is wrong with an answer that should be 2xx with JSON; empty if nothing is."""
    _let_in(answer)
    if is_unowned(answer):
        return _UNOWNED
    if not answer.ok:
        said = _value(answer)
        message = said.get("message") if isinstance(said, dict) else None
        return f"answered {answer.status}" + (f": {quoted(message)}" if isinstance(message, str) else "")
    if not answer.body:
        return f"answered {answer.status} without a body"
    try:
        _ = answer.json
    except CouldNotRun:
        return f"answered {answer.status} with a body that is not JSON"
    return ""


def is_unowned(answer: Answer) -> bool:
    """Whether the gateway says that nobody is registered for the resource: a 403 in these words, not a 404."""
    said = _value(answer)
    return answer.status == 403 and isinstance(said, dict) and said.get("message") == "request forbidden"


def _value(answer: Answer) -> object:
    try:
        value: object = answer.json
    except CouldNotRun:
        return None
    return value


def _let_in(answer: Answer) -> None:
    if answer.status == 401:
        raise CouldNotRun("the gateway does not accept the token", hint="is it this gateway's, and was it revoked?")
