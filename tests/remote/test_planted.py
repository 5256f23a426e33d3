"""Python modules that somebody has planted where a gateway's Python would find them: nothing of ours imports them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bundlekit.remote import script
from tests.remote.test_script_functions import SHELLS, home, run
from tests.workstation import Workstation

PLANTED = """
import os
with open({mark!r}, "a") as mark:
    mark.write("%s by %s: %s\\n" % (__name__, os.getuid(), open("/proc/self/cmdline").read()))
"""
# What the script's programs import, and what any Python does at its start.
NAMES = """
    fcntl json os sys time socket select subprocess signal importlib pkgutil imp ast re ssl httplib runpy zipfile
    encodings site sitecustomize usercustomize
"""


def plant(folder: Path, mark: str) -> None:
    for name in NAMES.split():
        package = folder / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(PLANTED.format(mark=mark))
    (folder / "planted.pth").write_text("import sitecustomize\n")


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_function_that_is_called_in_the_folder_of_a_release_imports_nothing_of_it(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    release, mark = tmp_path / "release", tmp_path / "mark"
    plant(release, str(mark))
    (release / "bundle.json").write_text('{"name": "x", "version": "1", "resources": []}')
    (release / "index.py").write_text("import time\n")
    folder = home(tmp_path, {"lock": "", "from": "it"})
    (tmp_path / f"programs-{script.programs_digest()}.zip").write_bytes(script.programs())
    said = run(
        shell,
        tmp_path,
        f"""
        cd {release}
        find_python
        take_lock 1 && echo taken
        is_locked && echo locked
        unlock
        has_sdk && echo sdk
        mv() {{ return 1; }}
        rename "$B/from" "$B/to" && echo renamed
        check_sources {release} "$B/settings" && echo checked
        ask_gets {release}/bundle.json /nowhere 3>&1 && echo asked
        cat {mark}
        """,
    )
    assert mark.exists() is False, said
    assert [word for word in said.split() if word in ("taken", "locked", "renamed", "checked", "asked")] == [
        *("taken", "locked", "renamed", "checked", "asked")
    ], said
    assert (folder / "to").read_text() == "it"
    assert subprocess.run([sys.executable, "-c", "import fcntl"], cwd=release, check=False).returncode == 0
    assert "fcntl by" in mark.read_text()


@pytest.mark.gateway
def test_nothing_that_the_login_has_planted_is_imported_by_any_verb(shared_workstation: Workstation) -> None:
    """In its home, where it lands; in what Python takes for the user's own packages; and by what sudo may keep."""
    workstation, machine = shared_workstation, shared_workstation.machine
    first = workstation.sample("0.0.1", name="planted")
    verbs = [
        *(("restart",), ("stop",), ("start",), ("status",), ("logs",), ("history",), ("releases",), ("rollback",)),
        *(("verify", "--bundle", str(first)), ("remove", "--yes", "--purge")),
    ]
    plant(workstation.home / "planted", "/home/moxa/used")
    machine.put(workstation.home / "planted", "/home/moxa/planted")
    machine.run(
        """
        cd /home/moxa; cp -r planted/* .
        mkdir -p .local/lib/python2.7; cp -r planted .local/lib/python2.7/site-packages
        : >used; chmod 666 used; chown -R moxa: . || true
        kept='HOME PYTHONPATH PYTHONHOME PYTHONUSERBASE PYTHONSTARTUP PYTHONINSPECT'
        echo "Defaults !always_set_home, env_keep += \\"$kept\\"" >/etc/sudoers.d/keep
        echo 'PermitUserEnvironment yes' >/etc/ssh/sshd_config.d/planted.conf; systemctl reload ssh
        printf 'PYTHONPATH=/home/moxa/planted\\nPYTHONUSERBASE=/home/moxa/.local\\n' >.ssh/environment
        """
    )
    try:
        for bundle, *how in ((first,), (first,), (workstation.sample("0.0.2", name="planted"), "--handover")):
            printed = workstation.deploy(bundle, *how)
            assert printed.code == 0, printed.err
        assert workstation.run("api", "GET", "/planted", "gateway", "--password-stdin").code == 0
        for verb, *arguments in verbs:
            named = () if verb == "verify" else ("--bundle", "planted")
            printed = workstation.on_gateway(verb, *named, *arguments)
            assert printed.code == 0, (verb, printed.err)
        assert workstation.on_gateway("doctor").code == 0
        assert machine.run("cat /home/moxa/used").stdout == ""
        # It is there to be found: by a Python as anybody would start it.
        machine.run("su moxa -c 'cd; python2.7 -c 0'")
        assert "usercustomize by" in machine.run("cat /home/moxa/used").stdout
    finally:
        machine.run(
            "cd /home/moxa; rm -rf .local used .ssh/environment planted $(ls planted);"
            "rm /etc/sudoers.d/keep /etc/ssh/sshd_config.d/planted.conf; systemctl reload ssh"
        )
