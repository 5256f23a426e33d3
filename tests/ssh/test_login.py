"""`bundlekit login`: what the keyring gets was accepted, by a real gateway or a real key."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from bundlekit.cli import keyring_store
from bundlekit.cli.main import main
from bundlekit.errors import CouldNotRun
from tests.workstation import Workstation

gateway = pytest.mark.gateway

BACKEND = """
import json, os, pathlib
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

class Keyring(KeyringBackend):
    priority = 1
    name = "a drawer"
    file = pathlib.Path(os.environ["HOME"], "kept.json")
    def all(self):
        return json.loads(self.file.read_text())
    def get_password(self, service, name):
        return self.all().get(f"{service} {name}")
    def set_password(self, service, name, password):
        self.file.write_text(json.dumps({**self.all(), f"{service} {name}": password}))
    def delete_password(self, service, name):
        kept = self.all()
        if kept.pop(f"{service} {name}", None) is None:
            raise PasswordDeleteError("it is not there")
        self.file.write_text(json.dumps(kept))
"""


def give_keyring(workstation: Workstation, backend: str = "backend.Keyring") -> None:
    folder = workstation.home / ".config" / "python_keyring"
    folder.mkdir(parents=True)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "keyringrc.cfg").write_text(f"[backend]\ndefault-keyring={backend}\nkeyring-path={folder}\n")
    (workstation.home / "kept.json").write_text("{}")


def kept(workstation: Workstation) -> dict[str, str]:
    found: dict[str, str] = json.loads((workstation.home / "kept.json").read_text())
    return found


@gateway
def test_password_is_tried_then_stored_used_and_forgotten(shared_workstation: Workstation) -> None:
    workstation = shared_workstation
    give_keyring(workstation)
    workstation.write_config()
    account = f"moxa@{workstation.machine.address}"
    wrong = workstation.on_gateway("login", given="of-last-year\n")
    assert (wrong.code, kept(workstation)) == (3, {})
    assert f"{account} does not accept the password" in wrong.err
    assert "of-last-year" not in wrong.err
    stored = workstation.on_gateway("login")
    assert stored.code == 0, stored.err
    assert f"stored in a drawer: service bundlekit, name {account}" in stored.out
    assert kept(workstation) == {f"bundlekit {account}": workstation.machine.password}
    assert workstation.run("status", "gateway", given="").code in {0, 1}
    gone = workstation.run("login", "gateway", "--forget", given="")
    assert (gone.code, gone.out, kept(workstation)) == (0, f"the keyring has forgotten {account}\n", {})
    none = workstation.run("login", "gateway", "--forget", given="")
    assert (none.code, none.out) == (0, f"the keyring has nothing for {account}\n")
    assert "`bundlekit login gateway`" in workstation.run("status", "gateway", given="").err


@gateway
def test_password_of_a_group_is_tried_on_the_first_that_answers(shared_workstation: Workstation) -> None:
    workstation = shared_workstation
    give_keyring(workstation)
    workstation.write_config()
    inventory = workstation.home / "gateways.ini"
    inventory.write_text("[north]\noff target=127.0.0.1:1\ngateway\n[north:vars]\npassword = group\n")
    stored = workstation.run("login", "-i", "gateways.ini", "north", "--password-stdin")
    assert stored.code == 0, stored.err
    assert kept(workstation) == {f"bundlekit north of {inventory}": workstation.machine.password}
    for target in ("gateway", "gateway,!off"):  # like one target, and like many
        assert workstation.run("status", "-i", "gateways.ini", target, given="").code in {0, 1}
    inventory.rename(workstation.home / "others.ini")  # which may lead elsewhere
    elsewhere = workstation.run("status", "-i", "others.ini", "gateway", given="")
    assert (elsewhere.code, "asks for a password" in elsewhere.err) == (3, True), elsewhere.err
    forgotten = workstation.run("login", "-i", "gateways.ini", "north", "--forget", given="")
    assert forgotten.code == 2  # there is no such file


@gateway
def test_password_for_sudo_alone_is_tried_there(shared_workstation: Workstation) -> None:
    """A key is enough for the log-in, so only sudo tells whether the password is right."""
    workstation = shared_workstation
    give_keyring(workstation)
    wrong = workstation.on_gateway("login", given="of-last-year\n")
    assert (wrong.code, kept(workstation)) == (3, {})
    assert "sudo on the gateway does not accept the password" in wrong.err
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "bundlekit", "login", "gateway"],
        env=workstation.environment,
        encoding="utf-8",
        timeout=60,
    )
    terminal.expect("password of moxa@.*: ")
    terminal.sendline(workstation.machine.password)
    terminal.expect("stored in a drawer")
    terminal.expect(pexpect.EOF)
    assert list(kept(workstation).values()) == [workstation.machine.password]


@pytest.fixture
def locked_key(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-f", file], check=True)
    return file


@pytest.fixture
def drawer(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the keyring has, by name."""
    import keyring

    secrets: dict[str, str] = {}
    monkeypatch.setattr(keyring, "get_password", lambda _, name: secrets.get(name))
    monkeypatch.setattr(keyring, "set_password", lambda _, name, secret: secrets.update({name: secret}))
    monkeypatch.setattr(keyring, "delete_password", lambda _, name: secrets.pop(name))
    return secrets


@pytest.mark.parametrize("said", ["open sesame", "open barley"])
def test_passphrase_is_tried_on_its_key(
    drawer: dict[str, str],
    locked_key: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    said: str,
) -> None:
    code = 0 if said == "open sesame" else 3
    monkeypatch.chdir(locked_key.parent)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{said}\n"))
    assert main(["login", "--key", "key", "--password-stdin"]) == code
    assert drawer == ({str(locked_key): said} if code == 0 else {})
    assert said not in "".join(capsys.readouterr())
    assert main(["login", "--key", str(locked_key), "--forget"]) == 0
    assert drawer == {}


def test_login_wants_a_target_or_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["login"]) == 2
    assert main(["login", "gw", "--key", "key"]) == 2
    assert "needs either a TARGET" in capsys.readouterr().err


def test_keyring_that_keeps_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring

    monkeypatch.setattr(keyring, "set_password", lambda *_: None)
    monkeypatch.setattr(keyring, "get_password", lambda *_: None)
    with pytest.raises(CouldNotRun, match="did not store"):
        keyring_store.keep_secret("moxa@gw", "secret", instead="-")


@pytest.mark.parametrize(
    ("files", "command"),
    [
        (["pipx_metadata.json", "pyvenv.cfg"], "pipx inject bundlekit keyring"),
        (["uv-receipt.toml", "pyvenv.cfg"], "uv tool install --with keyring bundlekit"),
        (["pyvenv.cfg"], "uv pip install --python "),
        (["pyvenv.cfg", "lib/python3.12/site-packages/pip/x"], "-m pip install keyring"),
        ([], "-m pip install keyring"),
    ],
)
def test_without_the_library_the_hint_fits_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[str], command: str
) -> None:
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(CouldNotRun) as caught:
        keyring_store.require_keyring("moxa@gw", instead="-")
    assert command in str(caught.value.hint)
