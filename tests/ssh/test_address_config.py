"""The ssh configuration: what OpenSSH itself makes of it, and that we agree where there is none."""

from __future__ import annotations

import getpass
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bundlekit.errors import Unreadable
from bundlekit.ssh.address import Address, address_from, look_up
from bundlekit.ssh.ssh_config import Options, by_openssh, by_reading
from bundlekit.ssh.target import parse_target

ME = getpass.getuser()

# Lines of ~/.ssh/config (other files follow `== NAME`), a target, and what it comes to; {home} is the home folder.
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("", "gw", {"host": "gw", "port": 22, "user": ME, "key_name": "gw", "identities": (), "strict": "ask"}),
    ("", "moxa@gw:2222", {"user": "moxa", "port": 2222, "key_name": "[gw]:2222"}),
    ("Host gw\n User ada\nHost g*\n User eve\n Port 7", "gw", {"user": "ada", "port": 7}),
    ("Host * !gw\n User ada", "gw", {"user": ME}),
    ("Host * !gw\n User ada", "other", {"user": "ada"}),
    ("Host g? h?\n User ada", "hw", {"user": "ada"}),
    ("Host gw # mine\n User ada", "gw", {"user": "ada"}),
    ('Host "gw"\n User=ada\n Port = 7', "gw", {"user": "ada", "port": 7}),
    ("host GW\n user ada", "GW", {"user": "ada"}),
    ("Host GW\n User ada", "gw", {"user": ME}),
    ("Host gw\n User ada", "GW", {"user": ME, "host": "gw", "key_name": "gw"}),
    ("Match host gW\n User ada", "Gw", {"user": "ada"}),
    ("Match originalhost gW\n User ada", "Gw", {"user": "ada"}),
    ("Match user ADA\n Port 7", "ada@gw", {"port": 22}),
    ("HostName ReAl\nMatch host real\n User ada", "gw", {"user": "ada", "host": "real"}),
    ("HostKeyAlias AbC", "gw", {"key_name": "abc"}),
    ("Match canonical\n Port 7", "gw", {"port": 22}),
    ("Match canonical\n Port 7\nMatch final", "gw", {"port": 7}),
    ("Match canonical final\n Port 7", "gw", {"port": 7}),
    ('Match !host gw exec "kill $PPID" user ada\n Port 7', "gw", {"port": 22}),
    ("HostName real\nHost real\n Port 7", "gw", {"port": 22}),
    ("HostName real\nHost real\n Port 7\nMatch final", "gw", {"port": 7}),
    ("Match originalhost real\n Port 7\nMatch !final\n HostName real", "gw", {"port": 22, "host": "real"}),
    ("Match final\n HostName real", "gw", {"host": "gw"}),
    ("ProxyJump none\nProxyCommand nc %h %p", "gw", {"proxy": "nc gw 22"}),
    ("ProxyCommand none\nProxyJump j", "gw", {"proxy": None}),
    ("UserKnownHostsFile {home}/%h-%r", "ada@gw", {"remember_in": Path("{home}/gw-ada")}),
    ("User ada", "gw", {"user": "ada"}),
    ("Host gw\n HostName %h.example.org", "gw", {"host": "gw.example.org", "key_name": "gw.example.org"}),
    ("Match host gw\n User ada", "gw", {"user": "ada"}),
    ("Match host a,g*\n User ada", "gw", {"user": "ada"}),
    ("Match !host gw\n User ada", "gw", {"user": ME}),
    ("Host gw\n HostName real\nMatch host real\n User ada", "gw", {"user": "ada"}),
    ("Host gw\n HostName real\nMatch originalhost gw\n User ada", "gw", {"user": "ada"}),
    ("Match user moxa\n Port 7", "moxa@gw", {"port": 7}),
    ("Match user moxa\n Port 7", "eve@gw", {"port": 22}),
    ("Host gw\n User moxa\nMatch user moxa\n Port 7", "gw", {"port": 7}),
    (f"Match localuser {ME} host gw\n Port 7", "gw", {"port": 7}),
    ("Match localuser nobody-at-all\n Port 7", "gw", {"port": 22}),
    ('Match exec "true"\n Port 7', "gw", {"port": 7}),
    ('Match exec "false"\n Port 7', "gw", {"port": 22}),
    ('Match exec "test %h = gw"\n Port 7', "gw", {"port": 7}),
    ("Match all\n Port 7", "gw", {"port": 7}),
    ("Match final\n Port 7", "gw", {"port": 7}),
    ("Match final all\n Port 7", "gw", {"port": 7}),
    ("Host gw\n IdentityFile /k1\nHost *\n IdentityFile /k2", "gw", {"identities": ("/k1", "/k2")}),
    (
        "Host gw\n User ada\n HostName real\n IdentityFile ~/k_%h_%r_%u",
        "gw",
        {"identities": ("{home}/k_real_ada_" + ME,)},
    ),
    ("IdentityFile %d/key", "gw", {"identities": ("{home}/key",)}),
    ("IdentitiesOnly yes", "gw", {"identities_only": True}),
    ("PubkeyAuthentication no", "gw", {"keys_count": False}),
    ("CertificateFile ~/c-%r-cert.pub", "ada@gw", {"certificates": ("{home}/c-ada-cert.pub",)}),
    ("IdentityAgent none", "gw", {"agent": None}),
    ("IdentityAgent /run/agent", "gw", {"agent": "/run/agent"}),
    ("IdentityAgent $OTHER_AGENT", "gw", {"agent": "/other"}),
    ("", "gw", {"agent": "/usual"}),
    ("ProxyJump a,me@b:2", "gw", {"proxy": "ssh -F {home}/.ssh/config -J a -W '[gw]:22' ssh://me@b:2"}),
    ("ProxyJump none", "gw", {"proxy": None}),
    ("Host gw\n User ada\n ProxyCommand nc -x %r %h %p", "gw:7", {"proxy": "nc -x ada gw 7"}),
    ("ProxyCommand none\nHost *\n ProxyCommand nc %h", "gw", {"proxy": None}),
    (
        "UserKnownHostsFile /a /b\nGlobalKnownHostsFile /c",
        "gw",
        {"known_hosts": (Path("/a"), Path("/b"), Path("/c")), "remember_in": Path("/a")},
    ),
    ("UserKnownHostsFile /dev/null", "gw", {"remember_in": None}),
    ("HostKeyAlias box7\nPort 2222", "gw", {"key_name": "box7"}),
    ("StrictHostKeyChecking yes", "gw", {"strict": "yes"}),
    ("StrictHostKeyChecking accept-new", "gw", {"strict": "accept-new"}),
    ("StrictHostKeyChecking no", "gw", {"strict": "no"}),
    ("StrictHostKeyChecking off", "gw", {"strict": "no"}),
    ("HashKnownHosts yes", "gw", {"hash_names": True}),
    ("HashKnownHosts no", "gw", {"hash_names": False}),
    ("ConnectTimeout 7", "gw", {"timeout": 7.0}),
    ("ConnectTimeout 1m30s", "gw", {"timeout": 90.0}),
    ("ConnectTimeout 3w", "gw", {"timeout": 86_400.0}),
    ("ConnectTimeout none", "gw", {"timeout": None}),
    ("BatchMode yes", "gw", {"batch": True}),
    ("BatchMode no", "gw", {"batch": False}),
    ("AddressFamily inet6", "gw", {"family": "inet6"}),
    ("AddressFamily any", "gw", {"family": "any"}),
    ("BindAddress 127.0.0.2", "gw", {"bind": "127.0.0.2"}),
    ("NumberOfPasswordPrompts 1", "gw", {"passwords": 1}),
    ("PasswordAuthentication no", "gw", {"passwords": 3}),
    ("PasswordAuthentication no\nKbdInteractiveAuthentication no", "gw", {"passwords": 0}),
    ("PreferredAuthentications publickey", "gw", {"passwords": 0, "keys_count": True}),
    ("PreferredAuthentications keyboard-interactive,password", "gw", {"passwords": 3, "keys_count": False}),
    ("PreferredAuthentications password\nPasswordAuthentication no", "gw", {"passwords": 0}),
    ("Include {home}/more\n== more\nUser ada", "gw", {"user": "ada"}),
    ("Include {home}/m*.conf\n== m1.conf\nUser ada\n== m2.conf\nUser eve\nPort 7", "gw", {"user": "ada", "port": 7}),
    ("Include {home}/a\n== a\nInclude {home}/b\n== b\nUser ada", "gw", {"user": "ada"}),
    ("Include {home}/none\nUser ada", "gw", {"user": "ada"}),
    ("Host gw\n Include {home}/a\n== a\nUser ada", "gw", {"user": "ada"}),
    ("Host other\n Include {home}/a\n== a\nUser ada", "gw", {"user": ME}),
    ("Host other\n Include {home}/a\n== a\nHost *\nUser ada", "gw", {"user": ME}),
    ("Host gw\n Include {home}/a\n Port 7\n== a\nHost other\nUser ada", "gw", {"user": ME, "port": 7}),
    ("Host other\n Include {home}/a\n Port 7\n== a\nHost gw\nUser ada", "gw", {"user": ME, "port": 22}),
    ('Include "{home}/with space"\n== with space\nUser ada', "gw", {"user": "ada"}),
]


def write(home: Path, text: str) -> None:
    folder = home / ".ssh"
    folder.mkdir()
    config, *others = text.replace("{home}", str(home)).split("== ")
    (folder / "config").write_text(config)
    for other in others:
        name, _, lines = other.partition("\n")
        (home / name).write_text(lines)


def asked_of_openssh(target: str) -> Options:
    program = shutil.which("ssh")
    assert program
    return by_openssh(program, parse_target(target))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSH_AUTH_SOCK", "/usual")
    monkeypatch.setenv("OTHER_AGENT", "/other")
    return tmp_path


@pytest.mark.parametrize("case", CASES, ids=[f"{number}-{case[0][:40]!r}" for number, case in enumerate(CASES)])
def test_openssh_and_we_make_the_same_of_a_configuration(home: Path, case: tuple[str, str, dict[str, Any]]) -> None:
    text, target, expected = case
    write(home, text)
    for options in (asked_of_openssh(target), by_reading(parse_target(target))):
        address = address_from(parse_target(target), options)
        for name, value in expected.items():
            assert getattr(address, name) == filled(value, home), name


IGNORED = """
Ciphers aes256-ctr
MACs hmac-sha2-256
KexAlgorithms curve25519-sha256
HostKeyAlgorithms ssh-ed25519
PubkeyAcceptedAlgorithms ssh-ed25519
CASignatureAlgorithms ssh-ed25519
ServerAliveInterval 7
ServerAliveCountMax 7
TCPKeepAlive no
Compression yes
RekeyLimit 1M
CheckHostIP yes
UpdateHostKeys yes
VerifyHostKeyDNS yes
KnownHostsCommand /bin/true
RevokedHostKeys /none/such
AddKeysToAgent yes
ForwardAgent yes
HostbasedAuthentication yes
GSSAPIAuthentication yes
ControlMaster yes
ControlPath /none/such
ControlPersist yes
LocalForward 8080 localhost:80
RemoteForward 8080 localhost:80
DynamicForward 1080
LocalCommand true
RemoteCommand true
RequestTTY force
SendEnv LANG
SetEnv A=B
BindInterface lo
LogLevel DEBUG3
""".strip().splitlines()


def test_what_the_docs_say_does_not_count_does_not_count(home: Path) -> None:
    docs = (Path(__file__).parents[2] / "docs" / "ssh.md").read_text()
    told = docs.partition("Other keywords do not count.")[2].partition("## Keys")[0]
    assert {line.split()[0] for line in IGNORED} == {
        word for row in re.findall(r"^\| (`.*?) \|", told, re.MULTILINE) for word in re.findall("`(.+?)`", row)
    }
    for text in ("", "\n".join(IGNORED)):
        shutil.rmtree(home / ".ssh", ignore_errors=True)
        write(home, text)
        for options in (asked_of_openssh("moxa@gw"), by_reading(parse_target("moxa@gw"))):
            address = address_from(parse_target("moxa@gw"), options)
            assert replace(address, known_hosts=(), remember_in=None, hash_names=False) == USUAL


# Debian's ssh_config hashes names.
USUAL = Address("gw", 22, "moxa", "gw", agent="/usual", typed="moxa@gw")


@pytest.mark.parametrize(
    "line", ["AddressFamily inet5", "ConnectTimeout soon", "Port 99999", "NumberOfPasswordPrompts x"]
)
def test_nonsense_is_told_with_and_without_openssh(home: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    write(home, line)
    for path in (os.environ["PATH"], "/none"):
        monkeypatch.setenv("PATH", path)
        with pytest.raises(Unreadable):
            look_up(parse_target("gw"))


def filled(value: Any, home: Path) -> Any:
    if isinstance(value, tuple) and all(isinstance(one, str) for one in value):
        return tuple(one.replace("{home}", str(home)) for one in value)
    if isinstance(value, Path):
        return Path(str(value).replace("{home}", str(home)))
    return value.replace("{home}", str(home)) if isinstance(value, str) else value


def test_file_in_place_of_the_usual_one_counts_alone(home: Path, tmp_path: Path) -> None:
    write(home, "User eve")
    other = tmp_path / "other"
    other.write_text("Port 7\n")
    for look in (look_up, lambda target, file: address_from(target, by_reading(target, file), file)):
        address: Address = look(parse_target("gw"), other)
        assert (address.user, address.port) == (ME, 7)


def test_usual_home_needs_no_help(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(Path(f"~{ME}").expanduser()))
    other = tmp_path / "config"
    other.write_text("Host gw\n User ada\n UserKnownHostsFile ~/mine\n")
    address = look_up(parse_target("gw"), other)
    assert (address.user, address.remember_in) == ("ada", Path("~/mine").expanduser())
    assert address_from(parse_target("gw"), by_reading(parse_target("gw"), other)).user == "ada"


def test_known_hosts_file_with_a_space_in_its_name(home: Path) -> None:
    (home / "known hosts").touch()
    write(home, 'UserKnownHostsFile "{home}/known hosts" /b')
    address = look_up(parse_target("gw"))
    assert address.known_hosts[:2] == (home / "known hosts", Path("/b"))


def test_command_of_a_match_can_say_no_more_than_yes_or_no(home: Path) -> None:
    write(home, 'Match exec "cat; echo User eve; echo port 9"\n Port 7')
    address = look_up(parse_target("gw"))
    assert (address.user, address.port) == (ME, 7)


def test_configuration_that_openssh_refuses_is_told_in_its_words(home: Path) -> None:
    write(home, "Host gw\n Bogus yes")
    with pytest.raises(Unreadable, match="line 2: Bad configuration option: bogus"):
        look_up(parse_target("gw"))


def test_without_openssh_the_configuration_counts_still(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, "Host gw\n User ada")
    monkeypatch.setenv("PATH", str(home))
    assert look_up(parse_target("gw")).user == "ada"


@pytest.mark.parametrize("path", ["with", "without"])
def test_options_of_an_inventory_win_over_the_files(home: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    write(home, "Host gw\n User ada\n Port 7\n ConnectTimeout 9")
    (home / "other").write_text("Port 8\nUser eve\n")
    if path == "without":
        monkeypatch.setenv("PATH", str(home))
    extra = ("-o", "User=bob", "-o", "ProxyCommand=nc -X 5 %h %p", "-o", "ConnectTimeout 3")
    address = look_up(parse_target("gw"), None, extra)
    assert (address.user, address.port, address.timeout, address.proxy) == ("bob", 7, 3, "nc -X 5 gw 7")
    assert look_up(parse_target("me@gw"), None, extra).user == "me"
    address = look_up(parse_target("gw"), None, ("-F", str(home / "other"), *extra))
    assert (address.user, address.port) == ("bob", 8)
    with pytest.raises(Unreadable):
        look_up(parse_target("gw"), None, ("-o", "Port=x"))
