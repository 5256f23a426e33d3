"""known_hosts, line by line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import paramiko
import pytest

from bundlekit.errors import HostKeyRejected
from bundlekit.ssh.known_hosts import KnownHosts, check_host_key

KEY = paramiko.ECDSAKey.generate()
OTHER = paramiko.ECDSAKey.generate()
LINE = f"{KEY.get_name()} {KEY.get_base64()}"
HASHED = paramiko.HostKeys.hash_host("gw", "|1|" + "A" * 27 + "=|" + "A" * 27 + "=")


class Nobody:
    """Can be asked nothing."""

    given = None

    def password(self, account: str, *, again: bool = False, for_sudo: bool = False) -> str:
        raise AssertionError(account)

    def passphrase(self, file: str, *, again: bool = False) -> str | None:
        raise AssertionError(file)

    def trust_host_key(self, host: str, kind: str, fingerprint: str) -> bool:
        return False


def known(tmp_path: Path, text: str) -> KnownHosts:
    file = tmp_path / "known_hosts"
    file.write_bytes(text.encode("latin-1"))
    return KnownHosts([file, tmp_path / "missing"])


@pytest.mark.parametrize(
    ("names", "host", "fits"),
    [
        ("gw", "gw", True),
        ("gw,other", "other", True),
        ("GW", "gw", True),
        ("gw", "gw2", False),
        ("*.lan", "gw.lan", True),
        ("192.168.?.*", "192.168.4.127", True),
        ("*,!gw", "gw", False),
        ("*,!gw", "gx", True),
        ("[gw]:2222", "[gw]:2222", True),
        ("[gw]:2222", "gw", False),
        ("[g]w", "gw", False),
        (HASHED, "gw", True),
        (HASHED, "gx", False),
        ("|1|not|hashed", "gw", False),
    ],
)
def test_names_fit_as_openssh_has_them(tmp_path: Path, names: str, host: str, fits: bool) -> None:
    assert (KEY in known(tmp_path, f"{names} {LINE}\n").keys_of(host)) is fits


@pytest.mark.parametrize(
    "line",
    ["", "# note", "gw", "gw ssh-ed25519 AAAA", "gw ssh-ed25519 !!", "Gr\xfc\xdfe", f"@cert-authority * {LINE}", "@x"],
)
def test_lines_that_do_not_count_keep_the_others_from_nothing(tmp_path: Path, line: str) -> None:
    hosts = known(tmp_path, f"{line}\ngw {LINE}\n{line}\n")
    assert hosts.keys_of("gw") == [KEY]
    assert hosts.keys_of("other") == []


def test_revoked_key_is_refused_though_it_is_known(tmp_path: Path) -> None:
    hosts = known(tmp_path, f"gw {LINE}\n@revoked * {LINE}\n")
    with pytest.raises(HostKeyRejected, match="was revoked"):
        check_host_key(KEY, "gw", hosts, ask=Nobody(), strict="accept-new")


def test_second_key_of_a_kind_counts(tmp_path: Path) -> None:
    other = f"{OTHER.get_name()} {OTHER.get_base64()}"
    check_host_key(KEY, "gw", known(tmp_path, f"gw {other}\ngw {LINE}\n"), ask=Nobody())


def test_changed_key_is_refused_even_where_new_ones_are_accepted(tmp_path: Path) -> None:
    with pytest.raises(HostKeyRejected, match="has changed"):
        check_host_key(
            OTHER,
            "gw",
            known(tmp_path, f"gw {LINE}\n"),
            ask=Nobody(),
            strict="accept-new",
            remember_in=tmp_path / "new",
        )
    assert not (tmp_path / "new").exists()


def test_strict_checking_set_to_no_takes_unknown_keys_and_no_changed_one(tmp_path: Path) -> None:
    check_host_key(KEY, "gw", known(tmp_path, ""), ask=Nobody(), strict="no")
    with pytest.raises(HostKeyRejected) as rejected:
        check_host_key(OTHER, "gw", known(tmp_path, f"gw {LINE}\n"), ask=Nobody(), strict="no")
    assert "`StrictHostKeyChecking no` does not count" in str(rejected.value.hint)


def test_strict_checking_set_to_yes_refuses_unknown_keys_and_asks_nobody(tmp_path: Path) -> None:
    class Trusting(Nobody):
        def trust_host_key(self, host: str, kind: str, fingerprint: str) -> bool:
            raise AssertionError("asked")

    with pytest.raises(HostKeyRejected, match="StrictHostKeyChecking yes"):
        check_host_key(KEY, "gw", known(tmp_path, ""), ask=Trusting(), strict="yes")


def test_new_key_is_hashed_on_demand_as_openssh_finds_it(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    name = "[gw.lan]:2222"
    check_host_key(KEY, name, KnownHosts([]), ask=Nobody(), strict="accept-new", remember_in=file, hash_names=True)
    assert "gw.lan" not in file.read_text()  # base64 has no dot
    assert KnownHosts([file]).keys_of(name) == [KEY]
    subprocess.run(["ssh-keygen", "-F", name, "-f", file], check=True, capture_output=True)


def test_new_key_is_appended_and_found_again(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "known_hosts"
    check_host_key(KEY, "[gw]:2222", KnownHosts([file]), ask=Nobody(), strict="accept-new", remember_in=file)
    assert KnownHosts([file]).keys_of("[gw]:2222") == [KEY]
    assert file.stat().st_mode & 0o777 == 0o600


def test_file_that_changes_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"gw1 {LINE}\n")
    assert KnownHosts([file]).keys_of("gw1") == [KEY]
    with file.open("a") as stream:
        stream.write(f"@revoked GW1,other {LINE}\n|1|x|y ssh-ed25519 AAAA\n")
    known = KnownHosts([file])
    assert known.is_revoked("gw1", KEY)
    assert not known.is_revoked("gw2", KEY)


def test_order_of_the_lines_is_that_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    lines = [f"{names} {key.get_name()} {key.get_base64()}" for names, key in (("gw*", OTHER), ("gw1", KEY))]
    file.write_text("\n".join(lines))
    assert KnownHosts([file]).keys_of("gw1") == [OTHER, KEY]
    file.write_text("\n".join(reversed(lines)) + "\n")
    assert KnownHosts([file]).keys_of("gw1") == [KEY, OTHER]
