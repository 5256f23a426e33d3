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

ENDS = """
import atexit, sys
from bundlekit.ssh.loading import load_in_background
atexit.register(lambda: print("bundlekit.ssh.transport" in sys.modules))
load_in_background()
sys.exit(3)
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


def test_end_while_it_loads_waits_for_it() -> None:
    """Python would end a daemon thread in the midst of a library of Rust or C++, which aborts the process."""
    ended = subprocess.run([sys.executable, "-c", ENDS], check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "True\n", "")


def test_paramiko_that_needs_invoke_is_loaded_with_it(tmp_path: Path) -> None:
    """As a later release may; the first try fails then, and the next one finds invoke."""
    package = tmp_path / "paramiko"
    package.mkdir()
    (package / "__init__.py").write_text("import invoke\nmarker = True\n")
    subprocess.run([sys.executable, "-c", NEEDED, str(tmp_path)], check=True)
