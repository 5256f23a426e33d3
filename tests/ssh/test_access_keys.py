"""Keys, passphrases, agents and certificates, against a real SSH server on the loopback."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import paramiko
import pytest

from bundlekit.errors import GatewayUnreachable, HostKeyRejected, LoginRefused
from bundlekit.ssh.address import Address
from bundlekit.ssh.authentication import Login
from bundlekit.ssh.banner import Server, is_too_old_for_rsa
from bundlekit.ssh.connection import Connection, start
from bundlekit.ssh.head_start import HeadStart
from bundlekit.ssh.known_hosts import KnownHosts, check_host_key
from tests.ssh.old_sshd import old_server
from tests.ssh.sshd import Sshd, certify, make_key


class Knower:
    """Knows passphrases, one after the other, and has no password."""

    given = None

    def __init__(self, *passphrases: str) -> None:
        self._passphrases = list(passphrases)
        self.asked: list[str] = []

    def password(self, account: str, *, again: bool = False, for_sudo: bool = False) -> str:
        raise LoginRefused("nobody knows a password")

    def passphrase(self, file: str, *, again: bool = False) -> str | None:
        self.asked.append(file)
        return self._passphrases.pop(0) if self._passphrases else None

    def trust_host_key(self, host: str, kind: str, fingerprint: str) -> bool:
        return False


@pytest.fixture
def sshd(tmp_path: Path) -> Sshd:
    return Sshd(tmp_path / "sshd")


@pytest.fixture
def address(tmp_path: Path, sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> Address:
    monkeypatch.setenv("HOME", str(tmp_path))
    known = tmp_path / "known"
    known.write_text(sshd.known_as())
    return Address("127.0.0.1", sshd.port, sshd.user, sshd.name, known_hosts=(known,))


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    socket = str(tmp_path / "agent")
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    while not Path(socket).exists():
        assert process.poll() is None
    yield socket
    process.terminate()
    process.wait()


def add(agent: str, *arguments: str | Path) -> None:
    subprocess.run(
        ["ssh-add", "-q", *arguments], env={**os.environ, "SSH_AUTH_SOCK": agent}, check=True, capture_output=True
    )


def way_in(address: Address, ask: Knower | None = None) -> str:
    with Connection(address, ask=ask or Knower(), timeout=5) as connection:
        return connection.login.way


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
@pytest.mark.parametrize("passphrase", ["", "open sesame"])
def test_key_of_each_kind(tmp_path: Path, sshd: Sshd, address: Address, kind: str, passphrase: str) -> None:
    key = make_key(tmp_path / "key", kind=kind, passphrase=passphrase)
    sshd.accept(key)
    with sshd:
        assert way_in(replace(address, identities=(str(key),)), Knower("wrong", "open sesame")) == f"the key {key}"


def test_head_start_logs_nobody_in_and_its_host_key_is_judged(tmp_path: Path, sshd: Sshd, address: Address) -> None:
    key = make_key(tmp_path / "key")
    sshd.accept(key)
    unknown = replace(address, identities=(str(key),), known_hosts=(tmp_path / "none",), remember_in=tmp_path / "none")
    with sshd:
        for to in (replace(unknown, known_hosts=address.known_hosts), unknown):
            with HeadStart(lambda to=to: to, lambda to: start(to, 5)) as head_start:  # type: ignore[misc]
                started = head_start.take()
            assert started is not None
            assert not started.is_authenticated()
            if to is unknown:
                with pytest.raises(HostKeyRejected):
                    Connection(to, ask=Knower(), timeout=5, started=started)
                assert not started.is_active()
            else:
                with Connection(to, ask=Knower(), timeout=5, started=started) as connection:
                    assert connection.login.way == f"the key {key}"
    assert not (tmp_path / "none").exists()


def test_key_in_pem_with_a_passphrase(tmp_path: Path, sshd: Sshd, address: Address) -> None:
    key = make_key(tmp_path / "key", kind="rsa")
    sshd.accept(key)
    subprocess.run(["ssh-keygen", "-q", "-p", "-m", "PEM", "-N", "open sesame", "-f", key], check=True)
    with sshd:
        assert way_in(replace(address, identities=(str(key),)), Knower("open sesame")) == f"the key {key}"


def test_usual_keys_are_tried_unasked(tmp_path: Path, sshd: Sshd, address: Address) -> None:
    (tmp_path / ".ssh").mkdir()
    key = make_key(tmp_path / ".ssh" / "id_ed25519", passphrase="open sesame")
    (tmp_path / ".ssh" / "id_ed25519.pub").rename(tmp_path / "elsewhere.pub")
    sshd.accept(tmp_path / "elsewhere")
    with sshd:
        assert way_in(address, Knower("open sesame")) == f"the key {key}"


def test_passphrase_is_asked_for_three_times_and_only_where_the_key_would_do(
    tmp_path: Path, sshd: Sshd, address: Address
) -> None:
    other = make_key(tmp_path / "other", passphrase="open sesame")
    key = make_key(tmp_path / "key", passphrase="open sesame")
    sshd.accept(key)
    ask = Knower("a", "b", "c", "d")
    with sshd, pytest.raises(LoginRefused) as refused:
        way_in(replace(address, identities=(str(other), str(key))), ask)
    assert ask.asked == [str(key)] * 3
    assert f"{other}: refused" in refused.value.details
    assert f"{key}: its passphrase is not known" in refused.value.details
    assert f"ssh-add {key}" in str(refused.value.hint)


def test_agent_spares_the_passphrase(tmp_path: Path, sshd: Sshd, address: Address, agent: str) -> None:
    key = make_key(tmp_path / "key")
    sshd.accept(key)
    add(agent, key)
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "open sesame", "-f", key], check=True)
    with sshd:
        named = replace(address, identities=(str(key),), agent=agent)
        assert way_in(named) == f"the key {key} (in the agent)"
        key.unlink()
        assert way_in(named) == f"the key {key} (in the agent)"
        assert way_in(replace(address, agent=agent)) == "the key key (in the agent)"
        with pytest.raises(LoginRefused):
            way_in(replace(address, agent=None))


def test_identities_only_leaves_the_agents_other_keys_alone(
    tmp_path: Path, sshd: Sshd, address: Address, agent: str
) -> None:
    key, other = make_key(tmp_path / "key"), make_key(tmp_path / "other")
    sshd.accept(key)
    add(agent, key)
    named = replace(address, identities=(str(other),), agent=agent)
    with sshd:
        assert way_in(named) == "the key key (in the agent)"
        with pytest.raises(LoginRefused) as refused:
            way_in(replace(named, identities_only=True))
    assert refused.value.details == (f"{other}: refused",)


def test_more_keys_than_the_gateway_allows_are_told_as_such(
    tmp_path: Path, sshd: Sshd, address: Address, agent: str
) -> None:
    key = make_key(tmp_path / "key")
    sshd.accept(key)
    for number in range(4):
        add(agent, make_key(tmp_path / f"other-{number}"))
    sshd.config.append("MaxAuthTries 3")
    with sshd:
        with pytest.raises(LoginRefused, match="hung up after 3 keys") as refused:
            way_in(replace(address, agent=agent))
        assert "IdentitiesOnly" in str(refused.value.hint)
        assert way_in(replace(address, agent=agent, identities=(str(key),))) == f"the key {key}"


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_certificate_beside_the_key(tmp_path: Path, sshd: Sshd, address: Address, kind: str) -> None:
    authority, key = make_key(tmp_path / "authority"), make_key(tmp_path / "key", kind=kind)
    certify(authority, key, sshd.user)
    sshd.config.append(f"TrustedUserCAKeys {authority}.pub")
    with sshd:
        assert way_in(replace(address, identities=(str(key),))) == f"the key {key} with its certificate"


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_certificate_that_is_configured_for_a_key_with_a_passphrase(
    tmp_path: Path, sshd: Sshd, address: Address, kind: str
) -> None:
    authority, key = make_key(tmp_path / "authority"), make_key(tmp_path / "key", kind=kind, passphrase="open sesame")
    certificate = certify(authority, key, sshd.user).rename(tmp_path / "certificate.pub")
    sshd.config.append(f"TrustedUserCAKeys {authority}.pub")
    with sshd:
        certified = replace(address, identities=(str(key),), certificates=(str(certificate),))
        assert way_in(certified, Knower("open sesame")) == f"the key {key} with its certificate"


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_certificate_in_the_agent(tmp_path: Path, sshd: Sshd, address: Address, agent: str, kind: str) -> None:
    authority, key = make_key(tmp_path / "authority"), make_key(tmp_path / "key", kind=kind)
    certify(authority, key, sshd.user)
    add(agent, key)
    sshd.config.append(f"TrustedUserCAKeys {authority}.pub")
    with sshd:
        assert way_in(replace(address, agent=agent)) == "the key key (in the agent) with its certificate"


def test_certificate_that_has_expired_is_told_and_the_key_counts_still(
    tmp_path: Path, sshd: Sshd, address: Address
) -> None:
    authority, key = make_key(tmp_path / "authority"), make_key(tmp_path / "key")
    certify(authority, key, sshd.user, "-V", "20200101:20200102")
    sshd.config.append(f"TrustedUserCAKeys {authority}.pub")
    named = replace(address, identities=(str(key),))
    with sshd:
        with pytest.raises(LoginRefused) as refused:
            way_in(named)
        assert f"{key} with its certificate, which has expired: refused" in refused.value.details
        sshd.accept(key)
        assert way_in(named) == f"the key {key}"


def test_server_too_old_for_a_key_of_rsa_is_told_from_a_wrong_key(tmp_path: Path, sshd: Sshd, address: Address) -> None:
    rsa, ed25519 = make_key(tmp_path / "rsa", kind="rsa"), make_key(tmp_path / "ed25519")
    with old_server(sshd.host_key, rsa) as port:
        named = replace(address, port=port, key_name=sshd.name, identities=(str(rsa),))
        if not is_too_old_for_rsa(Server("OpenSSH_6.7p1", (6, 7))):  # by paramiko 4
            assert way_in(named) == f"the key {rsa}"
        else:
            with pytest.raises(LoginRefused) as refused:
                way_in(named)
            hint = str(refused.value.hint)
            assert "OpenSSH_6.7p1 takes keys of RSA in an old way only: ed25519 and ECDSA keys" in hint
            assert "bundlekit[old-gateways]" in hint
    with old_server(sshd.host_key, ed25519) as port:
        assert way_in(replace(named, port=port, identities=(str(ed25519),))) == f"the key {ed25519}"
        with pytest.raises(LoginRefused) as wrong:
            way_in(replace(named, port=port, identities=(str(make_key(tmp_path / "other")),)))
        assert "old way" not in str(wrong.value.hint)


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    return make_key(tmp_path / "authority")


def trusting(address: Address, line: str) -> Address:
    """An address about whose host known_hosts has one line."""
    address.known_hosts[0].write_text(line)
    return address


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
@pytest.mark.parametrize("names", ["[127.0.0.1]:{port}", "127.0.0.1", "*"])
def test_host_certificate_is_as_good_as_a_known_key(
    tmp_path: Path, sshd: Sshd, address: Address, *, authority: Path, kind: str, names: str
) -> None:
    key = make_key(tmp_path / "key")
    sshd.accept(key)
    host_key = make_key(tmp_path / "host", kind=kind)
    sshd.config += [f"HostKey {host_key}", f"HostCertificate {certify(authority, host_key, '127.0.0.1', '-h')}"]
    line = f"@cert-authority {names.format(port=sshd.port)} {authority.with_suffix('.pub').read_text()}"
    with sshd:
        assert way_in(trusting(replace(address, identities=(str(key),)), line)) == f"the key {key}"


FAULTS = [
    ("elsewhere", ["-h"], "is for elsewhere"),
    ("127.0.0.1", [], "is not a host certificate"),
    ("127.0.0.1", ["-h", "-V", "20200101:20200102"], "has expired"),
    ("127.0.0.1", ["-h", "-V", "+52w:+53w"], "is not valid yet"),
]


@pytest.mark.parametrize(("name", "options", "fault"), FAULTS)
def test_host_certificate_that_proves_nothing_is_told(
    sshd: Sshd, address: Address, *, authority: Path, name: str, options: list[str], fault: str
) -> None:
    certificate = certify(authority, sshd.host_key, name, *options)
    line = f"@cert-authority * {authority.with_suffix('.pub').read_text()}"
    hosts = KnownHosts(trusting(address, line).known_hosts)
    key = paramiko.PKey.from_path(sshd.host_key)
    key.load_certificate(str(certificate))
    with pytest.raises(HostKeyRejected, match=f"and its certificate {fault}"):
        check_host_key(key, sshd.name, hosts, ask=Knower(), strict="yes")
    check_host_key(key, sshd.name, KnownHosts([*address.known_hosts]), ask=Knower(), strict="accept-new")


def test_host_certificate_of_another_authority_proves_nothing(
    tmp_path: Path, sshd: Sshd, address: Address, authority: Path
) -> None:
    certificate = certify(make_key(tmp_path / "other"), sshd.host_key, "127.0.0.1", "-h")
    key = paramiko.PKey.from_path(sshd.host_key)
    key.load_certificate(str(certificate))
    public = authority.with_suffix(".pub").read_text()
    theirs = (tmp_path / "other.pub").read_text()
    for line in (f"@cert-authority * {public}", f"@cert-authority * {theirs}\n@revoked * {theirs}"):
        hosts = KnownHosts(trusting(address, line).known_hosts)
        with pytest.raises(HostKeyRejected, match="signed by an authority that known_hosts does not trust"):
            check_host_key(key, sshd.name, hosts, ask=Knower(), strict="yes")
    hosts = KnownHosts(trusting(address, f"{line}\n{sshd.known_as()}").known_hosts)
    check_host_key(key, sshd.name, hosts, ask=Knower(), strict="yes")


def test_host_that_shows_another_certificate_than_the_trusted_one_is_not_asked_about(
    tmp_path: Path, sshd: Sshd, address: Address, authority: Path
) -> None:
    sshd.config.append(f"HostCertificate {certify(authority, sshd.host_key, 'elsewhere', '-h')}")
    line = f"@cert-authority * {authority.with_suffix('.pub').read_text()}"
    with sshd, pytest.raises(HostKeyRejected):
        way_in(trusting(address, line))


def test_proxy_command_is_run_by_a_shell(tmp_path: Path, sshd: Sshd, address: Address) -> None:
    key = make_key(tmp_path / "key")
    sshd.accept(key)
    through = f"ssh -F none -o UserKnownHostsFile={address.known_hosts[0]} -i {key} -p {sshd.port} " + (
        f"-W 127.0.0.1:{sshd.port} {sshd.user}@127.0.0.1 2>{tmp_path / 'said'}"
    )
    with sshd:
        assert way_in(replace(address, proxy=through, identities=(str(key),))) == f"the key {key}"
    assert (tmp_path / "said").exists()


def test_hang_up_on_a_key_that_was_taken_before_is_a_broken_link(tmp_path: Path, sshd: Sshd, address: Address) -> None:
    key = make_key(tmp_path / "key")
    sshd.accept(key)
    login = Login(replace(address, identities=(str(key),)), Knower())
    with sshd, login_on(login):
        pass
    gone = Mock(paramiko.Transport, remote_version="SSH-2.0-OpenSSH_8.4p1")
    gone.auth_publickey.side_effect = paramiko.AuthenticationException("transport shut down or saw EOF")
    gone.is_active.return_value = False
    with pytest.raises(GatewayUnreachable, match="hung up during the log-in"):
        login.log_in(gone)


@contextmanager
def login_on(login: Login) -> Iterator[None]:
    """Logged in by it."""
    with (
        socket.create_connection((login.address.host, login.address.port)) as channel,
        paramiko.Transport(channel) as there,
    ):
        there.start_client(timeout=30)
        login.log_in(there)
        yield
