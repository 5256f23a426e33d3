"""No telemetry, no account, works offline: the verbs for a workstation open no connection at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# Every way in which Python resolves a name or opens a connection, for this process and those that it forks.
REFUSE = """
import sys
def refuse(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
        print("CONNECTION", event, arguments[-1], file=sys.stderr)
        raise ConnectionRefusedError(f"no network: {event}")
sys.addaudithook(refuse)
from bundlekit.cli.main import main
for line in sys.argv[1:]:
    assert main(line.split()) == 0, line
"""


def test_new_validate_pack_and_export_open_no_connection(tmp_path: Path) -> None:
    lines = [
        "new --name thermostat --resource /thermostat:get,put --no-input",
        "validate thermostat",
        "validate --fix thermostat",
        "pack thermostat --sbom",
        "validate thermostat-0.1.0.tar.gz",
        "export openapi thermostat",
        "rules",
        "schema",
        "update --check thermostat",
    ]
    run = subprocess.run(
        [sys.executable, "-c", REFUSE, *lines],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "CONNECTION" not in run.stderr
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "thermostat-0.1.0.tar.gz").exists()
    # The hook hears of a connection, or this test could not fail.
    try_it = REFUSE.partition("from bundlekit")[0] + "import socket; socket.create_connection(('127.0.0.1', 9))"
    refused = subprocess.run([sys.executable, "-c", try_it], capture_output=True, text=True, check=False)
    assert "CONNECTION" in refused.stderr
