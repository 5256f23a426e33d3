"""Which process runs which tests, and when, as several of them run the tests."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# Tests that share what is dear to set up; a process takes all of a line.
TOGETHER = (
    "tests/cli/test_api.py",
    "tests/cli/test_verify.py",
    "tests/deploy/test_cut_off.py::test_deploy_that_is_cut_off_ends_in_order_without_systemd",
    "tests/deploy/test_cut_off.py",
    "tests/emulator/bundles/test_bridge.py",
    "tests/emulator/test_sdk.py",
    "tests/scaffold/test_on_gateway.py",
    "tests/test_pre_commit.py",
    "tests/test_wheel.py",
)

# Tests that take minutes: begun late, they would keep one process busy after all others have ended.
LONG = ("tests/crash/", "tests/chaos/")

# Tests that keep a processor busy for so long that none may be left for the end.
BUSY = ("tests/export/test_tools.py", "tests/lint/test_hostile_runs.py", "tests/testing/test_plugin.py")


def waiting_first(items: list[pytest.Item]) -> None:
    """Put the tests first that wait for booted gateways most of their time, long ones before all, the busiest last."""
    items.sort(
        key=lambda item: (
            item.get_closest_marker("gateway") is None,
            not item.nodeid.startswith(LONG),
            item.nodeid.startswith(BUSY),
        )
    )


class FromBothEnds(LoadScopeScheduling):  # type: ignore[misc]
    """Most processes take the tests from the first on, every third one from the last on.

    So that there is work for the processors while gateways are waited for, and short tests are left for the end.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((group for group in TOGETHER if nodeid.startswith(group)), nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        if self.nodes.index(node) % 3 == 1:
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)
