"""What is known of a gateway, and how a bundle kept its contract, for programs: as JSON has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bundlekit.bundle.manifest import Manifest
from bundlekit.gateway.contract import ContractResult, Verdict, count
from bundlekit.remote.events import GatewayState

_LEFT_OUT = ("had", "upload", "uploaded", "neighbours")  # nothing that a look at the gateway is about, or told anew


def gateway_report(gateway: GatewayState) -> dict[str, Any]:
    """What is known of a gateway, as `--format json` has it."""
    found = {name: value for name, value in asdict(gateway).items() if name not in _LEFT_OUT}
    found["bundles"] = [{**asdict(state), "version": state.version} for state in gateway.bundles]
    found["by_hand"] = [asdict(one) for one in gateway.neighbours if one.pid]
    return found


def contract_report(manifest: Manifest, gateway: str, results: Sequence[ContractResult]) -> dict[str, Any]:
    """The results for programs, in the form that docs/api.md describes.

    Args:
        manifest: of the bundle.
        gateway: what it is called.
        results: of all promises.
    """
    counts = count(results)
    return {
        "version": 1,
        "bundle": {"name": manifest.name, "version": manifest.version, "ttl": manifest.ttl},
        "gateway": gateway,
        "results": [
            {
                "promise": result.check.promise.value,
                "method": result.check.method,
                "declared": result.check.declared,
                "resource": result.check.resource,
                "verdict": result.verdict.name.lower(),
                "words": result.words,
                "status": result.status,
                "seconds": round(result.seconds, 6),
            }
            for result in results
        ],
        "summary": {verdict.name.lower(): counts[verdict] for verdict in Verdict},
    }
