"""The results of a contract check as JUnit XML."""

from __future__ import annotations

from collections.abc import Sequence

from bundlekit.gateway.contract import ContractResult, Promise, Verdict
from bundlekit.junit import Case, document, suite

_NAMES = {
    Promise.ANSWERS: "answers within its ttl",
    Promise.REFUSES: "is refused, as it is not declared",
    Promise.KEEPS: "of what GET gave keeps it",
}
_OUTCOMES = {Verdict.BROKEN: "failure", Verdict.UNCHECKED: "skipped"}


def junit(bundle: str, gateway: str, results: Sequence[ContractResult]) -> str:
    """A document of one suite, the bundle's, with a case for each check.

    Args:
        bundle: its name.
        gateway: its name, for people.
        results: one for each check.
    """
    return document(suite(bundle, [_case(bundle, result) for result in results], host=gateway))


def _case(bundle: str, result: ContractResult) -> Case:
    check, outcome = result.check, _OUTCOMES.get(result.verdict, "")
    return Case(
        f"{bundle}.contract",
        f"{check.method} {check.declared} {_NAMES[check.promise]}",
        outcome,
        message=result.words,
        kind=check.promise.value if outcome == "failure" else "",
        seconds=result.seconds,
    )
