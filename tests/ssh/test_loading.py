"""What is loaded before a connection."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LOADED = """
import sys, threading
from bundlekit.ssh.loading import load_in_background
load_in_background()
load_in_background()
for thread in threading.enumerate()[1:]:
    thread.join()
assert "bundlekit.ssh.transport" in sys.modules
assert "invoke" not in sys.modules, "it takes a third of the time"
import invoke
"""

NEEDED = """
import sys
sys.path.insert(0, sys.argv[1])
from bundlekit.ssh import loading
loading._load()
assert "invoke" not in sys.modules
import paramiko
assert paramiko.marker
"""


def test_connection_loads_no_invoke_and_leaves_it_to_others() -> None:
    subprocess.run([sys.executable, "-c", LOADED], check=True)


def test_paramiko_that_needs_invoke_is_loaded_with_it(tmp_path: Path) -> None:
    """As a later release may; the first try fails then, and the next one finds invoke."""
    package = tmp_path / "paramiko"
    package.mkdir()
    (package / "__init__.py").write_text("import invoke\nmarker = True\n")
    subprocess.run([sys.executable, "-c", NEEDED, str(tmp_path)], check=True)
