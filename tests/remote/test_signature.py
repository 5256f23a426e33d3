"""The gateway's own check of signatures, under its Python 2.7 and with its openssl, and its list of signers."""

from __future__ import annotations

import base64
import calendar
import fcntl
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paramiko
import pytest

from bundlekit.pack import sshsig
from bundlekit.pack.archive import pack
from bundlekit.pack.ignore import open_folder
from bundlekit.pack.signature import sign
from bundlekit.remote import script
from bundlekit.remote.delta import inventory_of
from tests.box import Box
from tests.pack.folders import make_folder
from tests.pack.keys import ALICE, KINDS, make_key
from tests.remote.previous import previous_script
from tests.remote.test_script_functions import SHELLS, run

# On the gateway. A signature by Ed25519 takes tens of milliseconds there, one by another key a process: of flips that
# change no more than the digest of what is signed, all digests are compared, and every hundredth is checked as a whole.
# Of the second signature, which is checked in the same way as the first one, every eleventh.
# Other keys are openssl's: what comes as far as to it is put down, and one openssl judges all of that in the end.
COUNT = """
import base64, hashlib, json, os, subprocess, sys, tempfile, time
sys.path.insert(0, "/root/programs.zip")
import openssl, signature, sshsig

given = json.load(sys.stdin)
signers, made = given["signers"].encode(), given["made"].encode()
data = [base64.b64decode(one) for one in (given["archive"], given["contents"])]

def verdict(signers, made, data):
    try:
        return signature.signer(signers, "x", made, lambda name: hashlib.new(name.decode(), data).digest(), time.time())
    except sshsig.Wrong:
        return ""

def flips(text, step=1):
    for place in range(0, 8 * len(text), step):
        changed = bytearray(text)
        changed[place // 8] ^= 1 << place % 8
        yield bytes(changed)

found = {"version": sys.version_info[:2], "plain": verdict(signers, made, data[given["of"]])}
if given["all"]:
    found["signature"] = [verdict(signers, one, data[given["of"]]) for one in flips(made, 11 if given["of"] else 1)]
    found["signers"] = [verdict(one, made, data[given["of"]]) for one in flips(signers)]
    of = data[given["of"]]
    found["digests"] = len(set([hashlib.sha512(of).digest()] + [hashlib.sha512(one).digest() for one in flips(of)]))
    found["data"] = [verdict(signers, made, one) for one in flips(of, 101)]
else:
    folder, commands = tempfile.mkdtemp(), []
    def put_down(signature, message):
        for name, content in zip(("key", "raw", "message"), openssl._translated(signature)[1:] + (message,)):
            with open(os.path.join(folder, name + str(len(commands))), "wb") as stream:
                stream.write(content)
        algorithm = openssl._translated(signature)[0]
        commands.append("dgst -%s -verify key{0} -signature raw{0} message{0}".format(len(commands)) % algorithm)
        return False
    found["whole"] = [verdict(signers, one, data[0]) for one in list(flips(made))[-800::400]]
    openssl.is_valid = put_down
    verdict(signers, made, data[0])
    found["signature"] = [verdict(signers, one, data[0]) for one in flips(made)]
    found["signers"] = [verdict(one, made, data[0]) for one in flips(signers)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(["openssl"], cwd=folder, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT)
    said = process.communicate("\\n".join(commands).encode() + b"\\n")[0].decode()
    found["asked"], found["ok"] = len(commands) - 1, said.count("Verified OK")
    found["failed"] = said.count("Verification Failure") + said.count("Error Verifying Data")
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """An archive, and the list of its contents."""
    data = pack(open_folder(make_folder(tmp_path_factory.mktemp("bundle")))).data
    inventory = inventory_of(data)
    assert inventory
    return [data, inventory.text]


@pytest.fixture(scope="module")
def gateway(shared_box: Box, tmp_path_factory: pytest.TempPathFactory) -> Box:
    """One that has the programs."""
    programs = tmp_path_factory.mktemp("programs") / "programs.zip"
    programs.write_bytes(script.programs())
    shared_box.put(programs, "/root/programs.zip")
    return shared_box


def _counted(
    gateway: Box, folder: Path, kind: str, bundle: list[bytes], *, of: int, everything: bool
) -> dict[str, Any]:
    public = make_key(folder / "key", kind)
    made = sign(bundle[0], bundle[1], paramiko.PKey.from_path(folder / "key"))
    lines = f'{ALICE} namespaces="bundlekit",valid-after="20200101" {public} the release team\n'.encode()
    given = {
        "signers": (sshsig.headline(lines) + lines).decode(),
        "made": base64.b64encode((made.archive, made.contents)[of]).decode(),
        "archive": base64.b64encode(bundle[0]).decode(),
        "contents": base64.b64encode(bundle[1]).decode(),
        "of": of,
        "all": everything,
    }
    program = folder / "count.py"
    program.write_text(COUNT)
    gateway.put(program, f"/root/count-{kind}.py")
    done = gateway.run(f"python2.7 /root/count-{kind}.py", given=json.dumps(given), timeout=300)
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["version"], found["plain"]) == ([2, 7], ALICE)
    return found


@pytest.mark.gateway
@pytest.mark.parametrize("of", [0, 1], ids=["archive", "list of contents"])
def test_gateway_refuses_every_changed_bit(
    gateway: Box, tmp_path: Path, bundle: list[bytes], of: int, record_property: Callable[[str, object], None]
) -> None:
    found = _counted(gateway, tmp_path, "ed25519", bundle, of=of, everything=True)
    assert found["digests"] == 8 * len(bundle[of]) + 1
    counts = {name: len(found[name]) for name in ("signature", "signers")} | {"signed": found["digests"] - 1}
    record_property("told", f"changed bits, all refused by Python 2.7 of the gateway: {counts}")
    assert min(counts.values()) > (1500, 150)[of]
    assert {*found["signature"], *found["signers"], *found["data"]} == {""}


@pytest.mark.gateway
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "ed25519"])
def test_openssl_of_the_gateway_refuses_every_changed_bit(
    kind: str, gateway: Box, tmp_path: Path, bundle: list[bytes], record_property: Callable[[str, object], None]
) -> None:
    found = _counted(gateway, tmp_path, kind, bundle, of=0, everything=False)
    counts = {name: len(found[name]) for name in ("signature", "signers")} | {"by openssl": found["asked"]}
    record_property("told", f"changed bits of {kind}, all refused by Python 2.7 and openssl of the gateway: {counts}")
    assert counts["signature"] > 2500
    assert counts["signers"] > 2000
    assert found["asked"] > 300
    assert (found["ok"], found["failed"]) == (1, found["asked"]), "all but the one that is not changed"
    assert {*found["whole"], *found["signature"], *found["signers"]} == {""}


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_client_of_the_last_release_deploys_nothing(shell: tuple[str, ...], tmp_path: Path) -> None:
    """It has its own script along, which knows of no signers."""
    place = tmp_path / "gateway.sh"
    place.write_text(previous_script())
    root = tmp_path / "root"
    digest, words = "0" * 64, "release=1 replaces= wait=1 who=eve lock-wait=0"
    change = f"{words} version=1 identity={digest} upload={root}/uploads/{digest}-0 keep=3 how= list= folder="

    def by_the_last_release(*arguments: str) -> str:
        environment = {"PATH": os.environ["PATH"], "BUNDLEKIT_ROOT": str(root)}
        done = subprocess.run([*shell, place, *arguments], env=environment, capture_output=True, text=True, check=False)
        return done.stdout

    assert f"upload\t{root}/uploads/{digest}-0\t0" in by_the_last_release("receive", digest, "0")
    (root / "signers").write_text("")
    run(shell, root, "make_root")
    for arguments in (
        ["receive", digest, "0"],
        ["deploy", "x", *change.split()],
        ["rollback", "x", *f"{words} settings= how=".split()],
    ):
        said = by_the_last_release(*arguments)
        assert f"fail\tread-only\t{root}\t" in said
    assert not (root / "gateway.sh").exists()
    (root / "signers").unlink()
    run(shell, root, "make_root")
    assert f"upload\t{root}/uploads/{digest}-0\t0" in by_the_last_release("receive", digest, "0")


def _fingerprint(line: str) -> str:
    return sshsig.fingerprint(base64.b64decode(line.rsplit(maxsplit=1)[-1]))


class Signers:
    """The program that keeps a list of signers, on this machine."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "programs.zip"
        self.programs.write_bytes(script.programs())
        self.file = folder / "etc" / "signers"

    def __call__(self, verb: str, *arguments: str) -> tuple[int, str]:
        command = [sys.executable, str(self.programs), "signature", verb, str(self.file), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, done.stdout


@pytest.fixture
def signers(tmp_path: Path) -> Signers:
    return Signers(tmp_path)


def test_signers_come_and_go(signers: Signers, tmp_path: Path) -> None:
    alice, bob = (f"{name}@example.com {make_key(tmp_path / name)}" for name in ("alice", "bob"))
    assert signers("list") == (0, "")
    told = [f"{line.split()[0]} {_fingerprint(line)}" for line in (alice, bob)]
    assert signers("add", alice, bob) == (0, f"{told[0]}, {told[1]}\n")
    assert signers("add", alice.replace(" ", ' valid-before="20300101" ', 1)) == (0, f"{told[0]}\n")
    code, listed = signers("list")
    assert code == 0
    assert [line.split("\t")[1::3] for line in listed.splitlines()] == [
        ["bob@example.com", ""],
        ["alice@example.com", "valid-before=20300101"],
    ]
    assert signers.file.stat().st_mode & 0o777 == 0o644
    assert signers("remove", "carol") == (3, "carol is not one of the signers\n")
    assert signers("remove", "bob@example.com") == (0, f"{told[1]}\n")
    assert signers("remove", "alice@example.com") == (3, "no signer would be left\n")
    assert signers("list")[1].count("\n") == 1
    assert signers("remove", "--all") == (0, f"{told[0]}\n")
    assert [path.name for path in signers.file.parent.iterdir()] == ["signers.lock"]
    assert (signers.file.parent / "signers.lock").stat().st_mode & 0o777 == 0o600


def test_history_has_the_fingerprints_of_twenty_signers(signers: Signers) -> None:
    keys = [struct.pack(">I11sI32s", 11, b"ssh-ed25519", 32, bytes([number]) * 32) for number in range(21)]
    lines = [f"s{number} ssh-ed25519 {base64.b64encode(key).decode()}" for number, key in enumerate(keys)]
    told = ", ".join(f"s{number} {sshsig.fingerprint(key)}" for number, key in enumerate(keys[:20]))
    assert signers("add", *lines[:20]) == (0, f"{told}\n")
    assert signers("add", *lines) == (0, f"{told} and 1 more\n")


def test_signers_that_are_damaged_stay_as_they_are(signers: Signers, tmp_path: Path) -> None:
    alice = f"alice@example.com {make_key(tmp_path / 'alice')}"
    signers("add", alice)
    damaged = signers.file.read_bytes().replace(b"alice", b"mallory")
    signers.file.write_bytes(damaged)
    for arguments in (["list"], ["add", alice], ["remove", "mallory@example.com"]):
        code, said = signers(*arguments)
        assert code == 3
        assert "line 1 is not the checksum" in said
        assert signers.file.read_bytes() == damaged
    assert signers("add", "alice@example.com no-key")[0] == 3
    code, said = signers("remove", "--all")
    assert (code, said[:5], said.count("\n")) == (0, "all, ", 1)


def test_signers_that_are_written_by_hand_count(signers: Signers, tmp_path: Path) -> None:
    alice, bob = (f"{name}@example.com {make_key(tmp_path / name)}" for name in ("alice", "bob"))
    signers.file.parent.mkdir(mode=0o755)
    signers.file.write_text(f"{alice} of the release team\n# and\n")
    signers.file.chmod(0o664)
    assert signers("list") == (3, f"{signers.file} or its folder can be written by others than root\n")
    signers.file.chmod(0o644)
    signers.file.parent.chmod(0o775)
    assert signers("list") == (3, f"{signers.file} or its folder can be written by others than root\n")
    signers.file.parent.chmod(0o755)
    assert signers("list")[1].startswith("signer\talice@example.com\t")
    signers.file.write_text(f"# the team\n{alice}\n")
    assert "line 1 is not the checksum" in signers("list")[1]
    signers.file.write_text(f"{alice} of the release team\n# and\n")
    assert signers("add", bob)[0] == 0
    lines = signers.file.read_text().splitlines()
    assert lines[0].startswith("# sha256:")
    assert lines[1:] == [f"{alice} of the release team", "# and", bob]


def test_two_who_add_signers_at_once_keep_both(signers: Signers, tmp_path: Path) -> None:
    lines = [f"{name}@example.com {make_key(tmp_path / name)}" for name in "abcdef"]
    command = [sys.executable, str(signers.programs), "signature", "add", str(signers.file)]
    for process in [subprocess.Popen([*command, line]) for line in lines]:
        assert process.wait() == 0
    assert signers("list")[1].count("\n") == len(lines)


@pytest.mark.parametrize("kind", ["archive", "list"])
def test_signature_of_the_one_never_counts_for_the_other(
    kind: str, signers: Signers, tmp_path: Path, bundle: list[bytes]
) -> None:
    """Not even if somebody has signed a list as if it were an archive."""
    signers("add", f"{ALICE} {make_key(tmp_path / 'key')}")
    key = paramiko.PKey.from_path(tmp_path / "key")
    of = bundle[kind == "list"]
    file = tmp_path / "of"
    file.write_bytes(of)
    made = base64.b64encode(sign(of, None, key).archive).decode()
    other = "list" if kind == "archive" else "archive"
    assert signers("check", str(file), kind, made) == (0, f"{ALICE}\n")
    code, said = signers("check", str(file), other, made)
    assert (code, said) == (3, f"what it was made for is no {other}\n")
    assert signers("check", str(file), kind, "") == (3, "it has no signature\n")


def test_dates_count_on_the_gateway(signers: Signers, tmp_path: Path, bundle: list[bytes]) -> None:
    public = make_key(tmp_path / "key")
    file = tmp_path / "archive"
    file.write_bytes(bundle[0])
    signature = sign(bundle[0], None, paramiko.PKey.from_path(tmp_path / "key")).archive
    made = base64.b64encode(signature).decode()
    for options, code, reason in (
        ('valid-before="20200101"', 3, f"the key of {ALICE} counted before 20200101"),
        ('valid-after="20990101"', 3, f"the key of {ALICE} counts after 20990101"),
        ('namespaces="git"', 3, f"{ALICE} signs for the namespaces git alone"),
        ('valid-after="20200101"', 0, ALICE),
    ):
        signers("add", f"{ALICE} {options} {public}")
        ended, said = signers("check", str(file), "archive", made)
        assert (ended, said.startswith(reason)) == (code, True), said


def test_key_that_is_over_does_not_count_again_with_a_late_clock(
    signers: Signers, tmp_path: Path, bundle: list[bytes]
) -> None:
    """To a clock that is behind, the list is of the future."""
    public = make_key(tmp_path / "key")
    file = tmp_path / "archive"
    file.write_bytes(bundle[0])
    made = base64.b64encode(sign(bundle[0], None, paramiko.PKey.from_path(tmp_path / "key")).archive).decode()
    for options, code in (
        ('valid-before="20700101"', 3),
        ('valid-after="20700101"', 3),
        ('valid-before="20900101"', 0),
    ):
        signers("add", f"{ALICE} {options} {public}")
        assert signers("check", str(file), "archive", made)[0] == (3 if "after" in options else 0)
        os.utime(signers.file, (0, calendar.timegm((2080, 1, 1, 0, 0, 0))))
        assert signers("check", str(file), "archive", made)[0] == code


def test_others_cannot_keep_the_list_from_being_changed(signers: Signers, tmp_path: Path) -> None:
    lines = [f"{name} {make_key(tmp_path / name)}" for name in ("alice", "bob")]
    signers("add", lines[0])
    for readable in (signers.file.parent, signers.file):
        held = os.open(readable, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        assert signers("add", lines[1])[0] == 0
        os.close(held)


def test_gateway_without_openssl_checks_ed25519_alone(
    signers: Signers, tmp_path: Path, bundle: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "archive"
    file.write_bytes(bundle[0])
    made = {}
    for kind in ("ed25519", "ecdsa-256"):
        signers("add", f"{kind} {make_key(tmp_path / kind, kind)}")
        signature = sign(bundle[0], None, paramiko.PKey.from_path(tmp_path / kind)).archive
        made[kind] = base64.b64encode(signature).decode()
        assert signers("check", str(file), "archive", made[kind]) == (0, f"{kind}\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert signers("check", str(file), "archive", made["ed25519"]) == (0, "ed25519\n")
    code, said = signers("check", str(file), "archive", made["ecdsa-256"])
    assert (code, said.startswith("the gateway has no openssl")) == (3, True)
    (tmp_path / "openssl").touch(mode=0o644)
    code, said = signers("check", str(file), "archive", made["ecdsa-256"])
    assert (code, "Permission denied" in said) == (3, True)
