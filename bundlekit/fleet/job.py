"""A bundle that is rolled out, and the check at the end of its soak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bundlekit.errors import GatewayUnfit, NeedsHuman

if TYPE_CHECKING:
    from bundlekit.bundle.manifest import Manifest
    from bundlekit.deploy.observation import Seen
    from bundlekit.fleet.story import Part
    from bundlekit.gateway.contract import ContractCheck
    from bundlekit.pack.archive import Archive
    from bundlekit.remote.session import Session

_PATIENCE = 70.0  # seconds for a request over the REST API; the gateway itself gives up after 60


@dataclass(frozen=True)
class Job:
    """A bundle that is rolled out.

    Attributes:
        archive: of the bundle.
        manifest: of the bundle.
        checks: of its contract, at the end of the soak; none where its answers do not count.
        how: each deploy is made; see `verbs.deploy`.
    """

    archive: Archive
    manifest: Manifest
    checks: tuple[ContractCheck, ...] = ()
    how: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the bundle."""
        return self.archive.name


def check_after_soak(session: Session, job: Job, part: Part) -> int:
    """See that a release still runs and answers, and was not started again since it came up.

    Args:
        session: on the gateway.
        job: that deployed it.
        part: what was noted of it there.

    Returns:
        How often the bundle was started.

    Raises:
        NeedsHuman: it did not run well.
    """
    from bundlekit.deploy.contract_check import look_at

    seen = look_at(session, job.manifest, job.checks)
    if seen.release != part.release:
        problem = f"release {seen.release or 'none'} is current there instead of {part.release}"
    elif seen.starts > max(part.starts, 1):
        problem = f"it was started {seen.starts} times"
    else:
        problem = seen.trouble or _broken_promise(session, job, seen)
    if problem:
        raise NeedsHuman(
            f"release {part.release} of {job.name} started, but did not run well until the end of the soak: {problem}",
            kept="it was not rolled back",
            hint=f"`bundlekit logs TARGET --bundle {job.name}` shows what it printed",
        )
    return seen.starts


def _broken_promise(session: Session, job: Job, seen: Seen) -> str:
    """What the bundle does not answer as it declares; empty where it does, or where that cannot be asked."""
    from bundlekit.deploy.contract_check import judge
    from bundlekit.gateway.client import GatewayClient
    from bundlekit.gateway.contract import Verdict

    if not job.checks:
        return ""
    token = session.api_token()
    client = GatewayClient.over(session.open_api, token, name=session.name, timeout=_PATIENCE)
    try:
        results = list(judge(job.manifest, job.checks, client, seen))
    except GatewayUnfit:  # its SSH server forbids forwarding
        return ""
    broken = [result for result in results if result.verdict is Verdict.BROKEN]
    return f"{broken[0].check.method} {broken[0].check.resource} {broken[0].words}" if broken else ""
