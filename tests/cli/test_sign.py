"""`sign`, `verify-archive` and `pack --sign` as they are typed, beside the real ssh-keygen and ssh-agent."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bundlekit.cli import main
from bundlekit.pack.reading import read_archive
from bundlekit.pack.sshsig import headline
from tests.pack.folders import make_folder
from tests.pack.keys import ALICE, KINDS, accepted_by_ssh_keygen, make_key, signed_by_ssh_keygen

ARCHIVE = "thermostat-1.2.0.tar.gz"
SIGNATURE = f"{ARCHIVE}.sig"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a bundle in it, of a user without keys of his own."""
    make_folder(tmp_path / "thermostat")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return tmp_path


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An ssh-agent without keys."""
    process = subprocess.Popen(["ssh-agent", "-D", "-a", "agent"], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    monkeypatch.setenv("SSH_AUTH_SOCK", "agent")
    yield
    process.terminate()
    process.wait()
    process.stdout.close()


@pytest.fixture
def signers(here: Path) -> Path:
    """Alice's key in `key`, which the file of signers has."""
    file = here / "signers"
    file.write_text(f"{ALICE} {make_key(here / 'key')}\n")
    return file


@pytest.mark.parametrize("kind", KINDS)
def test_signature_is_that_of_ssh_keygen_both_ways(kind: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    public = make_key(here / "key", kind)
    (here / "signers").write_text(f"{ALICE} {public}\n")
    assert main(["pack", "thermostat", "--sign", "key"]) == 0
    assert accepted_by_ssh_keygen(here / ARCHIVE, here / "signers")
    assert main(["verify-archive", ARCHIVE, "--signers", "signers"]) == 0
    signed_by_ssh_keygen(here / ARCHIVE, here / "key")
    capsys.readouterr()
    assert main(["verify-archive", ARCHIVE, "--signers", "signers"]) == 0
    listed = subprocess.run(["ssh-keygen", "-l", "-f", "key.pub"], capture_output=True, text=True, check=True).stdout
    assert capsys.readouterr().out == f"{ARCHIVE}: signed by {ALICE}, {listed.split()[1]}\n"


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa-256"])
@pytest.mark.usefixtures("agent")
def test_agent_signs_for_a_public_key(kind: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "signers").write_text(f"{ALICE} {make_key(here / 'key', kind)}\n")
    make_key(here / "another")
    subprocess.run(["ssh-add", "-q", "key", "another"], check=True)
    (here / "key").unlink()
    main(["pack", "thermostat"])
    assert main(["signers", "moxa@127.0.0.1:1", "add", "another"]) == 2
    assert "another is a private key" in capsys.readouterr().err
    assert main(["sign", ARCHIVE, "--key", "key.pub"]) == 0
    assert accepted_by_ssh_keygen(here / ARCHIVE, here / "signers")


@pytest.mark.usefixtures("agent")
def test_only_key_needs_no_name_and_several_are_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["pack", "thermostat"])
    assert main(["sign", ARCHIVE]) == 2
    assert "no key to sign with" in capsys.readouterr().err
    make_key(here / "key")
    assert main(["sign", ARCHIVE, "--key", "key.pub"]) == 2
    err = capsys.readouterr().err
    assert "key.pub is a public key, and its private key is not in the ssh-agent" in err
    assert "`--key key`" in err
    assert main(["sign", ARCHIVE, "--key", "kye"]) == 2
    assert "kye cannot sign: it is not there" in capsys.readouterr().err
    subprocess.run(["ssh-add", "-q", "key"], check=True)
    assert main(["sign", ARCHIVE]) == 0
    make_key(here / "another", "ecdsa-256")
    subprocess.run(["ssh-add", "-q", "another"], check=True)
    assert main(["sign", ARCHIVE]) == 2
    assert "several keys" in capsys.readouterr().err


def test_passphrase_is_never_taken_from_elsewhere(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_key(here / "key", passphrase="geheim")
    main(["pack", "thermostat"])
    assert main(["sign", ARCHIVE, "--key", "key"]) == 3
    err = capsys.readouterr().err
    assert "the passphrase of key is not known" in err
    assert "kept: nothing was signed" in err
    assert not (here / SIGNATURE).exists()


def test_signature_goes_with_the_archive_that_it_was_of(here: Path, signers: Path) -> None:
    main(["pack", "thermostat", "--sign", "key"])
    assert main(["pack", "thermostat"]) == 0
    assert (here / SIGNATURE).exists()
    (here / "thermostat/more.py").write_text("")
    assert main(["pack", "thermostat"]) == 0
    assert not (here / SIGNATURE).exists()


def test_signature_changes_nothing_that_an_archive_is_known_by(here: Path, signers: Path) -> None:
    main(["pack", "thermostat"])
    unsigned = read_archive(here / ARCHIVE)
    main(["sign", ARCHIVE, "--key", "key"])
    signed = read_archive(here / ARCHIVE)
    assert signed.signatures is not None
    assert replace(signed, signatures=None) == unsigned


def test_short_key_does_not_sign(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-N", "", "-C", "a key", "-f", "short"], check=True)
    main(["pack", "thermostat"])
    assert main(["sign", ARCHIVE, "--key", "short"]) == 1
    assert "too short" in capsys.readouterr().err
    assert not (here / SIGNATURE).exists()
    assert main(["signers", "moxa@127.0.0.1", "add", "short.pub", "--name", ALICE]) == 2
    assert "too short" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["sign", "verify-archive"])
def test_folder_is_told_how_to_become_an_archive(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "thermostat"]) == 2
    err = capsys.readouterr().err
    assert "thermostat is a folder, and only archives have signatures" in err
    assert "`bundlekit pack thermostat --sign KEY`" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["list"], "`bundlekit signers TARGET list`"),
        (["add", "key.pub"], "`bundlekit signers TARGET add key.pub`"),
        (["remove", "alice", "bob"], "`bundlekit signers TARGET remove alice bob`"),
        (["gateway"], "say one of list, add and remove"),
        (["gateway", "show"], "show is none of list, add and remove"),
        ([], "no gateway is named"),
    ],
)
def test_signers_without_a_gateway_says_where_it_goes(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["signers", *words]) == 2
    assert said in capsys.readouterr().err


def test_signature_is_not_packed(here: Path, signers: Path) -> None:
    main(["pack", "thermostat", "-o", "thermostat", "--sign", "key"])
    first = (here / "thermostat" / ARCHIVE).read_bytes()
    main(["pack", "thermostat", "-o", "thermostat"])
    assert (here / "thermostat" / ARCHIVE).read_bytes() == first


def test_what_is_not_signed_by_a_signer_is_refused(
    here: Path, signers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["pack", "thermostat"])
    assert main(["verify-archive", ARCHIVE, "--signers", "signers"]) == 1
    assert f"{ARCHIVE} has no signature" in capsys.readouterr().err
    make_key(here / "mallory")
    main(["sign", ARCHIVE, "--key", "mallory"])
    assert main(["verify-archive", ARCHIVE, "--signers", "signers"]) == 1
    assert "is not one of the signers" in capsys.readouterr().err
    signed_by_ssh_keygen(here / ARCHIVE, here / "key", "file")
    assert main(["verify-archive", ARCHIVE, "--signers", "signers"]) == 1
    assert "made for the namespace file" in capsys.readouterr().err
    main(["sign", ARCHIVE, "--key", "key"])
    (here / "thermostat/more.py").write_text("")
    signature = (here / SIGNATURE).read_bytes()
    main(["pack", "thermostat"])
    (here / SIGNATURE).write_bytes(signature)
    assert main(["verify-archive", ARCHIVE, "--signers", "signers"]) == 1
    assert "of something else" in capsys.readouterr().err


def test_signatures_of_two_archives_do_not_mix(here: Path, signers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The list of one beside the bytes of another would let a gateway take the files of that one."""
    main(["pack", "thermostat", "--sign", "key"])
    end = "-----END SSH SIGNATURE-----\n"
    first = (here / SIGNATURE).read_text().split(end)
    (here / "thermostat/more.py").write_text("")
    main(["pack", "thermostat", "--sign", "key"])
    second = (here / SIGNATURE).read_text().split(end)
    (here / SIGNATURE).write_text(end.join([second[0], first[1], ""]))
    assert main(["verify-archive", ARCHIVE, "--signers", "signers"]) == 1
    assert "second signature" in capsys.readouterr().err


def test_signers_of_the_settings_count(here: Path, signers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["pack", "thermostat", "--sign", "key"])
    assert main(["verify-archive", ARCHIVE]) == 2
    (here / "bundlekit.toml").write_text('signers = "signers"\n')
    assert main(["verify-archive", ARCHIVE]) == 0
    signers.chmod(0o666)
    assert main(["verify-archive", ARCHIVE]) == 3
    assert "is not safe" in capsys.readouterr().err


def test_file_of_signers_is_taken_as_a_whole(here: Path, signers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = signers.read_text()
    (here / "many").write_text(line * (256 * 1024 // len(line) + 1))
    assert main(["signers", "moxa@127.0.0.1", "add", "many"]) == 2
    assert "many is larger than 256 KiB" in capsys.readouterr().err
    main(["pack", "thermostat", "--sign", "key"])
    assert main(["verify-archive", ARCHIVE, "--signers", "many"]) == 2
    assert "many is larger than 256 KiB" in capsys.readouterr().err
    (here / "damaged").write_bytes(headline(line.encode()) + line.replace("alice", "mallory").encode())
    assert main(["signers", "moxa@127.0.0.1", "add", "damaged"]) == 2
    assert "damaged, line 1 is not the checksum of the other lines" in capsys.readouterr().err
    (here / "none").write_text("# nobody yet\n\n")
    assert main(["signers", "moxa@127.0.0.1", "add", "none"]) == 2
    assert "none has no signers" in capsys.readouterr().err
    assert main(["signers", "moxa@127.0.0.1", "add", "key.pub"]) == 2
    err = capsys.readouterr().err
    assert "key.pub, line 1: it is not `NAME [OPTIONS] KIND KEY`" in err
    assert "--name NAME" in err
    assert main(["signers", "moxa@127.0.0.1", "add", "key.pub", "--name", "a\nb"]) == 2


def test_name_of_an_archive_cannot_steer_the_terminal(
    here: Path, signers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["pack", "thermostat"])
    archive = (here / ARCHIVE).rename(here / "\x1b]0;odd\a.tar.gz").name
    assert main(["sign", archive, "--key", "key"]) == 0
    assert main(["verify-archive", archive, "--signers", "signers"]) == 0
    (here / f"{archive}.sig").write_text("none")
    assert main(["verify-archive", archive, "--signers", "signers"]) == 1
    assert "\x1b]" not in "".join(capsys.readouterr())
