"""What tasks of many processes add to one record, for `bundlekit rollout report`."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

try:
    from bundlekit.deploy.verbs import this_person
    from bundlekit.fleet.failures import state_of_failure
    from bundlekit.fleet.record import add_to_shared
    from bundlekit.fleet.states import State
except ImportError:  # which the action reports
    pass

if TYPE_CHECKING:
    from bundlekit.deploy.plan import Plan
    from bundlekit.deploy.verbs import Deployed
    from bundlekit.errors import BundlekitError
    from bundlekit.pack.archive import Archive
    from bundlekit.remote.events import GatewayState


class PlayRecord:
    """What is noted of one gateway.

    Attributes:
        target: where it is, once that is known.
    """

    def __init__(self, file: Path, archive: Archive, gateway: str) -> None:
        """Nothing is written yet.

        Args:
            file: of the record; it may be new.
            archive: that is deployed.
            gateway: its name in the inventory.
        """
        self.target = gateway
        self._file = file
        self._archive = archive
        self._gateway = gateway
        self._began = time.monotonic()
        self._is_ordered = False

    def order(self, plan: Plan, there: GatewayState) -> None:
        """Note an order before it is given.

        Raises:
            CouldNotRun: that is not possible; the order must not be given then.
        """
        last = there.bundle(self._archive.name).last
        order: dict[str, object] = {
            "release": plan.release,
            "replaced": plan.replaces,
            "who": this_person(),
            "last": asdict(last) if last else {},
        }
        self._add(("begin", {"wave": 0}), ("order", order))
        self._is_ordered = True

    def end(self, done: Deployed) -> None:
        """Note that the bundle is up.

        Raises:
            CouldNotRun: that is not possible.
        """
        state, outcome = State.UNCHANGED, done.outcome
        fields: dict[str, object] = {"release": done.plan.release}
        if outcome is not None:
            state = State.UP
            fields |= {"release": outcome.release, "replaced": outcome.replaced, "starts": 1}
        self._end(state, fields)

    def fail(self, error: BundlekitError) -> None:
        """Note what failed.

        Raises:
            CouldNotRun: that is not possible.
        """
        self._end(state_of_failure(error, ordered=self._is_ordered), {"error": error.fields()})

    def _end(self, state: State, fields: dict[str, object]) -> None:
        seconds = round(time.monotonic() - self._began, 3)
        self._add(("state", {"state": state.value, "seconds": seconds, **fields}))

    def _add(self, *events: tuple[str, dict[str, object]]) -> None:
        archive = self._archive
        head = {
            "bundle": archive.name,
            "version": archive.version,
            "identity": archive.identity,
            "digest": archive.digest,
            "by": this_person(),
        }
        about = {"gateway": self._gateway, "target": self.target}
        add_to_shared(self._file, head, [(event, {**about, **fields}) for event, fields in events])
