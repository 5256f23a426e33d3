"""Whether a deployed bundle keeps what its bundle.json promises: how that is checked, and what counts as its answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from bundlekit.errors import BadUsage

if TYPE_CHECKING:
    from bundlekit.bundle.bundle import Bundle
    from bundlekit.bundle.manifest import Manifest
    from bundlekit.deploy.observation import Seen
    from bundlekit.gateway.client import GatewayClient
    from bundlekit.gateway.contract import ContractCheck, ContractResult
    from bundlekit.remote.session import Session

_UNSEEN = "bundlekit sees only over SSH which bundle answered and which version runs: name a TARGET"


def plan_checks(
    bundle: Bundle, parameters: dict[str, str], *, write: bool
) -> tuple[Manifest, tuple[ContractCheck, ...]]:
    """What the bundle.json of a bundle promises, and how that is checked.

    Args:
        bundle: with a bundle.json.
        parameters: a value for each parameter of resources, such as `id` of `/thermostat/:id`.
        write: whether what GET gave is sent back by PUT.

    Raises:
        BadUsage: a parameter is of no resource.
        BundlekitError: it cannot be read.
    """
    from bundlekit.bundle.manifest import manifest_of
    from bundlekit.gateway.contract import plan
    from bundlekit.source.contracts import Contracts
    from bundlekit.source.handlers import may_be_handled
    from bundlekit.source.routes import read_source

    manifest = manifest_of(bundle)
    known = {
        segment[1:] for resource in manifest.resources for segment in resource.path.split("/") if segment[:1] == ":"
    }
    for name in parameters:
        if name not in known:
            raise BadUsage(f"no resource of {manifest.name} has the parameter :{name}")
    source = read_source(bundle, manifest.main)
    handled, contracts = partial(may_be_handled, source), Contracts(bundle, source)
    checks = plan(manifest, parameters=parameters, write=write, may_be_handled=handled, contract_of=contracts.of)
    return manifest, checks


def look_at(session: Session, manifest: Manifest, checks: Sequence[ContractCheck]) -> Seen:
    """Whether the bundle runs on the gateway, and who answers there for what is checked.

    Args:
        session: on the gateway.
        manifest: of the bundle.
        checks: of what it promises.

    Raises:
        BundlekitError: the gateway cannot be asked.
    """
    from bundlekit.deploy.observation import see
    from bundlekit.gateway.contract import Promise

    asked = [check.resource for check in checks if check.promise is Promise.ANSWERS and not check.obstacle]
    return see(session, manifest.name, asked)


def judge(
    manifest: Manifest, checks: Sequence[ContractCheck], gateway: GatewayClient, seen: Seen | None
) -> Iterator[ContractResult]:
    """All results, in their order; where it is known who has answered, that counts.

    Args:
        manifest: of the bundle.
        checks: of what it promises.
        gateway: that is asked.
        seen: the bundle as it runs there; None if that cannot be seen.

    Raises:
        BundlekitError: the gateway cannot be asked.
    """
    from bundlekit.gateway.contract import Promise, judge_running, judge_signs, unchecked
    from bundlekit.gateway.verification import verify

    if seen is not None:
        yield judge_running(manifest, seen.trouble)
    if seen is not None and seen.version is None:
        yield from (unchecked(check, "the bundle does not run there") for check in checks)
        return
    for result in verify(checks, gateway):
        signs = seen.signs.get(result.check.resource, ()) if seen else ()
        yield judge_signs(result, manifest.name, signs) if result.check.promise is Promise.ANSWERS else result


def notes_on(manifest: Manifest, results: Sequence[ContractResult], seen: Seen | None) -> Iterator[str]:
    """What was not seen of the bundle, or is another one than here.

    Args:
        manifest: of the bundle here.
        results: of all checks.
        seen: see `judge`.
    """
    from bundlekit.gateway.contract import Promise, Verdict

    if seen is None:
        yield _UNSEEN
        return
    yield from seen.notes
    if seen.version is not None and seen.version != manifest.version:
        yield f"{seen.version or 'no version'} runs there, and {manifest.version} is the version of bundle.json here"
    kept = [one for one in results if one.check.promise is Promise.ANSWERS and one.verdict is Verdict.KEPT]
    if unseen := [one.check.resource for one in kept if not seen.signs.get(one.check.resource)]:
        yield f"who answered for {', '.join(unseen)} could not be seen on the gateway's broker"
