"""Checks a contract live: asks the gateway, one check after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bundlekit.gateway import contract
from bundlekit.gateway.client import GatewayClient
from bundlekit.gateway.contract import ContractCheck, ContractResult, Promise


def verify(checks: Iterable[ContractCheck], gateway: GatewayClient) -> Iterator[ContractResult]:
    """Check them in their order, each result as soon as it is known.

    Raises:
        GatewayUnreachable: the gateway cannot be asked any more.
        CouldNotRun: it does not accept the token, or answers what no gateway does.
    """
    for check in checks:
        yield contract.unchecked(check, check.obstacle) if check.obstacle else _result(check, gateway)


def _result(check: ContractCheck, gateway: GatewayClient) -> ContractResult:
    if check.promise is Promise.ANSWERS:
        return contract.judge_answer(check, gateway.get(check.resource))
    if check.promise is Promise.REFUSES:
        return contract.judge_refusal(check, gateway.request(check.method, check.resource))
    before = gateway.get(check.resource)
    if not before.ok or not before.body:
        return contract.unchecked(check, "GET gave nothing that could be written")
    put = gateway.request("PUT", check.resource, content=before.body)
    return contract.judge_write(check, before, put, gateway.get(check.resource) if put.ok else None)
