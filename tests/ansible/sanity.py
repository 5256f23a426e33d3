"""`python -m tests.ansible.sanity VERSION TEST...`: `ansible-test sanity` on the collection, offline but for pip.

It would fetch get-pip.py from a server of Ansible's; the ensurepip of Python does the same.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.ansible.controller import ROOT

_STAND_IN = "import ensurepip\nensurepip.bootstrap()\n"


def main(version: str, *tests: str) -> int:
    """Run the tests, by default all.

    Args:
        version: the environment of Ansible below `.venv`.
        tests: their names.

    Returns:
        Its exit code.
    """
    environment = ROOT / ".venv" / version
    home = ROOT / ".venv" / f"{version}-test"  # with the environments that it makes
    cache = home / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    (source,) = environment.glob("lib/python*/site-packages/ansible_test/_internal/python_requirements.py")
    for number in re.findall(r"\bpip='([0-9.]+)'", source.read_text()):
        (cache / f"get_pip_{number.replace('.', '_')}.py").write_text(_STAND_IN)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    chosen = [word for test in tests for word in ("--test", test)]
    return subprocess.run(
        [environment / "bin/ansible-test", "sanity", "--requirements", "--python", python, *chosen],
        cwd=ROOT / "ansible_collections/bundlekit/thingspro",
        env={**os.environ, "HOME": str(home)},
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
