"""Whether an answer is what the code of a bundle says."""

from __future__ import annotations

from typing import Any

from bundlekit.errors import CouldNotRun
from bundlekit.gateway.client import Answer
from bundlekit.source.contracts import OperationContract, Origin
from bundlekit.source.shape_check import mismatch

NOT_SENT: Any = None


def answer_faults(contract: OperationContract, answer: Answer, sent: Any = NOT_SENT) -> list[str]:
    """What contradicts a contract, in words; empty if nothing does. Refusals contradict none.

    Args:
        contract: of the method and the resource.
        answer: of the bundle.
        sent: what was sent, as JSON; None where that does not matter.
    """
    is_checked = sent is not NOT_SENT and contract.origin is Origin.SCHEMA
    if not answer.ok or (contract.answer.says_nothing and not is_checked):
        return []
    faults = []
    if is_checked and mismatch(contract.body, sent):
        faults.append(f"answered {answer.status} to data that the schema of its Route refuses")
    if contract.answer.says_nothing:
        return faults
    try:
        value = answer.json
    except CouldNotRun:
        return [*faults, f"answered {answer.status} with a body that is not JSON"]
    reason = mismatch(contract.answer, value)
    return [*faults, f"the answer is not as index.py gives it: {reason}"] if reason else faults
