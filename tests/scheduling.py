"""Which process runs which tests, and when, as several of them run the tests."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# Tests that share what is dear to set up; a process takes all of a line.
TOGETHER = (
    "tests/ansible/test_collection.py",
    "tests/cli/test_api.py",
    "tests/cli/test_verify.py",
    "tests/deploy/test_cut_off.py::test_deploy_that_is_cut_off_ends_in_order_without_systemd",
    "tests/deploy/test_cut_off.py",
    "tests/emulator/bundles/test_bridge.py",
    "tests/emulator/test_sdk.py",
    "tests/export/test_tools.py",
    "tests/lsp/",
    "tests/scaffold/test_on_gateway.py",
    "tests/test_pre_commit.py",
    "tests/test_wheel.py",
    "tests/vendor/test_on_gateway.py",
)

# Tests that take minutes: begun late, they would keep one process busy after all others have ended.
LONG = ("tests/crash/", "tests/chaos/")

# Tests that keep a processor busy for so long that none may be left for the end.
BUSY = ("tests/export/test_tools.py", "tests/lint/test_hostile_runs.py", "tests/testing/test_plugin.py")

# Tests that need more than a second of a processor or so, root to give files away, or an Ansible. `make test-fast`
# leaves them out.
SLOW = (
    "tests/bundle/test_ownership.py",
    "tests/cli/test_api.py",
    "tests/cli/test_gateway.py",
    "tests/cli/test_new.py::test_interrupted_run_leaves_nothing",
    "tests/cli/test_new.py::test_its_hook_lets_a_good_bundle_pass_and_a_bad_one_not",
    "tests/cli/test_run.py",
    "tests/cli/test_validate_settings_baseline.py",
    "tests/cli/test_verify.py",
    "tests/deploy/test_surroundings.py",
    "tests/deploy/test_verify.py",
    "tests/export/test_tools.py",
    "tests/fleet/test_ansible_inventory.py",
    "tests/fuzz/test_fuzz.py",
    "tests/lint/test_cache.py",
    "tests/lint/test_corrected_bundles.py",
    "tests/lint/test_corrections.py::test_corrections_of_several_rules_do_not_undo_each_other",
    "tests/lint/test_evidence.py",
    "tests/lint/test_fast_schema.py::test_accepted_is_exactly_what_jsonschema_accepts",
    "tests/lint/test_fixing.py::test_any_manifest_is_sounder_after_it",
    "tests/lint/test_fixing_fields.py::test_any_manifest_has_what_is_safe_in_the_order_of_the_guide_and_nothing_lost",
    "tests/lint/test_fuzz.py",
    "tests/lint/test_hostile.py",
    "tests/lint/test_hostile_runs.py",
    "tests/lint/test_hostile_settings.py",
    "tests/lint/test_parallel.py",
    "tests/lint/test_report.py::test_nothing_steers_a_terminal_or_breaks_an_encoding",
    "tests/lint/test_report.py::test_sarif_keeps_to_its_schema",
    "tests/lint/test_schema.py::test_rules_find_something_exactly_where_the_schema_does",
    "tests/lint/test_source_rules.py::test_hostile_source_neither_hangs_nor_crashes",
    "tests/lint/test_source_rules.py::test_many_modules_are_not_all_looked_into",
    "tests/lint/test_suppression.py::test_thousands_of_comments_are_looked_at",
    "tests/lint/test_undefined_names.py",
    "tests/pack/test_gitignore.py::test_answers_are_those_of_pathspec",
    "tests/pack/test_reading.py::test_refused[too many]",
    "tests/pack/test_same_bytes.py",
    "tests/pack/test_signature.py::test_every_changed_bit",
    "tests/pack/test_unpacking.py",
    "tests/scaffold/test_earlier.py",
    "tests/scaffold/test_rendering.py",
    "tests/scaffold/test_update_repository.py",
    "tests/source/test_python_2.py::test_hostile_source_neither_hangs_nor_crashes",
    "tests/source/test_routes.py::test_time_grows_with_the_size_alone",
    "tests/test_completion.py",
    "tests/test_documents.py::test_block",
    "tests/test_documents.py::test_tutorial",
    "tests/test_offline.py",
    "tests/test_other_systems.py",
    "tests/test_pre_commit.py",
    "tests/test_release.py::test_action",
    "tests/test_release.py::test_component",
    "tests/test_site.py::test_built_site",
    "tests/test_wheel.py",
    "tests/vendor/test_on_gateway.py",
    "tests/vendor/test_vendor.py",
)


def mark_slow(items: list[pytest.Item], *, all_of_them: bool) -> None:
    """Give slow tests the marker `slow`.

    Raises:
        pytest.UsageError: `SLOW` has what is no test, and these are all.
    """
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker("slow")
    if all_of_them and (gone := [slow for slow in SLOW if not any(item.nodeid.startswith(slow) for item in items)]):
        raise pytest.UsageError(f"SLOW of tests/scheduling.py names no test: {', '.join(gone)}")


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
