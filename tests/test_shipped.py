"""What is installed later gets to where bundlekit runs, whoever made that environment."""

from __future__ import annotations

import shlex
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from bundlekit.shipped import install_command

ENVIRONMENTS = {
    "venv": ("", "{python} -m pip install 'bundlekit[keyring]'"),
    "pipx": ("pipx_metadata.json", "pipx runpip my-kit install 'bundlekit[keyring]'"),
    "uv tool": ("uv-receipt.toml", "uv pip install --python {python} 'bundlekit[keyring]'"),
}


@pytest.mark.parametrize(("mark", "expected"), ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_command_fits_the_environment(
    mark: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = tmp_path / "my-kit"
    prefix.mkdir()
    if mark:
        (prefix / mark).touch()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setattr(sys, "executable", f"{prefix}/bin/python")
    assert install_command("keyring") == expected.format(python=f"{prefix}/bin/python")


def test_environment_without_pip_is_installed_into_by_uv(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    python = tmp_path / "bare" / "bin" / "python"
    code = f"import sys; sys.path.append({str(Path(__file__).parents[1])!r})\n"
    code += "from bundlekit.shipped import install_command; print(install_command('keyring'))"
    said = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shlex.split(said) == ["uv", "pip", "install", "--python", str(python), "bundlekit[keyring]"]
