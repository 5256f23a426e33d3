"""The live check of what a bundle promises, on a gateway that somebody has logged in to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bundlekit.bundle.manifest import Manifest
from bundlekit.deploy.contract_check import judge, look_at, notes_on, plan_checks
from bundlekit.gateway.client import GatewayClient
from bundlekit.gateway.contract import ContractResult, Verdict

if TYPE_CHECKING:
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.remote.session import Session


@dataclass(frozen=True)
class Verification:
    """How a bundle on a gateway kept what its bundle.json promises.

    Attributes:
        manifest: of the bundle on this machine.
        version: that runs on the gateway; None where none does.
        release: the id of that release; empty where bundlekit has deployed none.
        results: of all promises, in the order of bundle.json; `seconds` is what the requests of one took.
        notes: what could not be seen, or differs from the bundle here.
    """

    manifest: Manifest
    version: str | None
    release: str
    results: tuple[ContractResult, ...]
    notes: tuple[str, ...]

    @property
    def broken(self) -> tuple[ContractResult, ...]:
        """The promises that are broken."""
        return tuple(one for one in self.results if one.verdict is Verdict.BROKEN)

    @property
    def unchecked(self) -> tuple[ContractResult, ...]:
        """The promises that were not checked, such as those that need a parameter."""
        return tuple(one for one in self.results if one.verdict is Verdict.UNCHECKED)

    @property
    def passed(self) -> bool:
        """Whether no promise is broken."""
        return not self.broken


def verify_contract(
    session: Session, bundle: Bundle, parameters: Mapping[str, str], *, write: bool, max_time: float
) -> Verification:
    """Check it; see `bundlekit.Gateway.verify`.

    Args:
        session: on the gateway.
        bundle: on this machine.
        parameters: a value for each parameter of resources.
        write: whether requests that may change something are sent.
        max_time: seconds for a request.

    Raises:
        BadUsage: a parameter is of no resource.
        BundlekitError: the bundle cannot be read, or the gateway cannot be asked.
    """
    manifest, checks = plan_checks(bundle, dict(parameters), write=write)
    token = session.api_token()
    seen = look_at(session, manifest, checks)
    gateway = GatewayClient.over(session.open_api, token, name=session.name, timeout=max_time)
    results = tuple(judge(manifest, checks, gateway, seen))
    return Verification(manifest, seen.version, seen.release, results, tuple(notes_on(manifest, results, seen)))
