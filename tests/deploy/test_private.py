"""What a bundle keeps and prints is for root to read; a service that cannot run is told from a bundle that is slow."""

from __future__ import annotations

import pytest

from tests.workstation import Workstation

pytestmark = pytest.mark.gateway

SECRET = "of-nobody-else"
SHOWS = f'import sys; sys.stderr.write("{SECRET}\\n")'


def test_settings_and_logs_are_roots_alone_also_those_of_an_older_script(shared_workstation: Workstation) -> None:
    workstation, place = shared_workstation, "/opt/bundlekit/bundles/private"
    found = f"su -s /bin/sh moxa -c 'grep -rs {SECRET} {place}' || true"
    assert workstation.deploy(workstation.sample("0.0.1", name="private", before_main=SHOWS)).code == 0
    workstation.machine.api("PUT", "/private", {"key": SECRET})
    assert (
        workstation.deploy(workstation.sample("0.0.2", name="private", before_main=f"{SHOWS}; sys.exit(1)")).code == 1
    )
    workstation.machine.run(
        f"test $(grep -rl {SECRET} {place}/settings {place}/snapshots {place}/log {place}/releases/*.log | wc -l) -ge 4"
    )
    assert "index.py" in workstation.machine.run(found).stdout, "releases may be read"
    assert not [line for line in workstation.machine.run(found).stdout.splitlines() if "index.py" not in line]
    workstation.machine.run(f"chmod -R a+rX {place}")
    third = workstation.sample("0.0.3", name="private", before_main=SHOWS)
    assert workstation.deploy(third).code == 0
    assert not [line for line in workstation.machine.run(found).stdout.splitlines() if "index.py" not in line]
    assert workstation.deploy(third).out.startswith("unchanged: "), "who logs in sees what runs"
    assert SECRET in workstation.on_gateway("logs", "--bundle", "private").out
    assert workstation.on_gateway("remove", "--bundle", "private", "--yes", "--purge").code == 0


def test_service_that_does_not_run_is_no_bundle_that_is_slow(shared_workstation: Workstation) -> None:
    workstation, spoiled = shared_workstation, "/etc/systemd/system/bundlekit-spoiled.service.d"
    workstation.machine.run(
        f"mkdir {spoiled}; printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' >{spoiled}/x.conf"
    )
    failed = workstation.deploy(workstation.sample(name="spoiled"), "--wait", "5")
    assert failed.code == 1
    assert "could not be put in place: its service does not run" in failed.err
    assert "nothing runs, as before" in failed.err
    workstation.machine.run(f"rm -r {spoiled}; systemctl daemon-reload")
