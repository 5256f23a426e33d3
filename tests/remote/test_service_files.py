"""The files that start a bundle at boot, for those who check such files."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from bundlekit.remote import script
from tests.box import Box

NAMES = ["example", "a-b", "-rf", "--"]
FACILITIES = "$remote_fs +mountnfs\n$network +networking\n"


def file_of(function: str, name: str) -> str:
    """What the script writes for a bundle of that name."""
    definitions, _ = re.split("# -+ the way in\n", script.text())
    source = f"{definitions}\nuse_bundle {name}\n{function}\n"
    return subprocess.run(["sh"], input=source, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("takes", "words"), [("touch", ""), ("true", "note\tnothing here takes a service for its boots")]
)
def test_service_that_no_boot_would_start_is_told(tmp_path: Path, takes: str, words: str) -> None:
    definitions, _ = re.split("# -+ the way in\n", script.text())
    stand_ins = f"has_systemd() {{ false; }}\nat_boot() {{ {takes} {tmp_path}/link; }}\nsync() {{ :; }}\n"
    source = f"{definitions}\n{stand_ins}is_at_boot() {{ [ -e {tmp_path}/link ]; }}\nenable_service\n"
    said = subprocess.run(["sh"], input=source, capture_output=True, text=True, check=True).stdout
    assert said.startswith(words)
    assert bool(said) == bool(words)


@pytest.mark.gateway
def test_unit_passes_systemd_analyze_verify(shared_box: Box) -> None:
    def verified(unit: str, name: str) -> str:
        shared_box.run(f"mkdir -p /root/units && cat >'/root/units/{name}'", given=unit)
        done = shared_box.run(f"systemd-analyze verify '/root/units/{name}' 2>&1", check=False)
        return f"{done.returncode} {done.stdout}"

    shared_box.run("mkdir -p /opt/bundlekit && touch /opt/bundlekit/gateway.sh")
    for name in NAMES:
        assert verified(file_of("unit", name), f"bundlekit-{name}.service") == "0 "
    spoiled = file_of("unit", "example").replace("Restart=", "Restarts=")
    assert "Restarts" in verified(spoiled, "spoiled.service"), "it looks at all"


def linted(folder: Path, name: str, text: str) -> tuple[int, str]:
    """What insserv says of an init script and its LSB header, as of one to be made to start at boot."""
    scripts = folder / "init.d"
    for place in (scripts, folder / "overrides", *(folder / f"rc{level}.d" for level in "0123456S")):
        place.mkdir()
    (folder / "facilities").write_text(FACILITIES)
    (scripts / name).write_text(text)
    (scripts / name).chmod(0o755)
    places = ["-c", str(folder / "facilities"), "-o", str(folder / "overrides"), "-p", str(scripts)]
    done = subprocess.run(["/usr/sbin/insserv", "-n", *places, name], capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if not re.search("dryrun|enable service", line)]
    return done.returncode, "\n".join(said)


@pytest.mark.parametrize("name", NAMES)
def test_init_script_has_a_header_that_insserv_accepts(tmp_path: Path, name: str) -> None:
    text = file_of("init_script", name)
    for shell in (("dash",), ("busybox", "sh")):
        subprocess.run([*shell, "-n"], input=text, text=True, check=True)
    assert linted(tmp_path, f"bundlekit-{name}", text) == (0, "")


@pytest.mark.parametrize(
    ("old", "new"), [("# Default-Start:", "# Starts:"), ("$network", "$nonsense"), ("### END", "## END")]
)
def test_insserv_tells_a_header_that_is_wrong(tmp_path: Path, old: str, new: str) -> None:
    text = file_of("init_script", "example")
    assert old in text
    assert linted(tmp_path, "bundlekit-example", text.replace(old, new))[1] != ""
