"""Builds the documentation site: `python -m website`; `zensical` has to be on the PATH or beside this Python."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from website.pages import ROOT, NotInNav, check_nav, write

if __name__ == "__main__":
    try:
        check_nav()
    except NotInNav as error:
        sys.exit(f"error: {error}")
    write(ROOT / "build/docs")
    beside = Path(sys.executable).with_name("zensical")
    program = str(beside) if beside.exists() else shutil.which("zensical")
    if program is None:
        sys.exit("error: zensical is not installed; `make docs` installs it")
    sys.exit(subprocess.run([program, "build", "--clean", "--strict"], cwd=ROOT, check=False).returncode)
