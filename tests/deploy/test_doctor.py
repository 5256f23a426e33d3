"""`bundlekit doctor` on gateways that are well, ill, and not to be reached."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bundlekit.deploy.doctor.checks import judge
from bundlekit.deploy.doctor.first_checks import judge_server
from bundlekit.deploy.doctor.signers import judge_signers
from bundlekit.remote.events import parse_event
from bundlekit.ssh.banner import Server, parse_banner
from tests.workstation import Printed, Workstation


def lines_of(printed: Printed) -> dict[str, str]:
    """The outcome of each check."""
    return {line[6:16].strip(): line[:4].strip() for line in printed.out.splitlines() if line[:1] != " "}


@pytest.mark.gateway
def test_gateway_that_is_well(shared_workstation: Workstation) -> None:
    printed = shared_workstation.on_gateway("doctor")
    assert printed.code == 0, printed.out
    assert set(lines_of(printed).values()) == {"ok"}
    names = (
        "name port server host-key log-in sudo token python sdk tools disk clock boot controller bundles signers rest"
    )
    assert list(lines_of(printed)) == names.split()
    assert "OpenSSH_8.4p1" in printed.out
    assert "2.7.18" in printed.out
    assert printed.err == "nothing stands in the way of a deploy\n"
    assert "\x1b" not in printed.out


@pytest.mark.gateway
def test_looking_changes_nothing(shared_workstation: Workstation) -> None:
    listing = "find /opt /etc /home /root /tmp /usr/local -printf '%p %s %T@ %C@ %m\\n' | sort"
    shared_workstation.known_hosts.unlink()
    before = shared_workstation.machine.run(listing).stdout
    printed = shared_workstation.on_gateway("doctor", "--accept-new-host-key", "--format", "json")
    assert printed.code == 0, printed.out
    assert not shared_workstation.known_hosts.exists()
    checks = {check["name"]: check for check in json.loads(printed.out)["checks"]}
    assert checks["host-key"]["outcome"] == "warn"
    assert "not known yet" in checks["host-key"]["found"]
    after = shared_workstation.machine.run(listing).stdout
    assert [line for line in after.splitlines() if line not in before] == [
        line for line in after.splitlines() if line.startswith("/tmp ")
    ]


# What is done to the gateway at once, what undoes it, and what is said of it.
FAULTS: list[tuple[str, str, list[str]]] = [
    (
        "mv /usr/lib/python2.7/dist-packages/sanji /usr/bin/sha256sum /etc/mx-api-token /root/"
        " && mount -t tmpfs -o ro tmpfs /opt && systemctl stop mosquitto"
        " && printf '#!/bin/sh\\necho 1000000000\\n' >/usr/local/bin/date && chmod 755 /usr/local/bin/date",
        "mv /root/sanji /usr/lib/python2.7/dist-packages/ && mv /root/sha256sum /usr/bin/"
        " && mv /root/mx-api-token /etc/ && umount /opt && systemctl start mosquitto && rm /usr/local/bin/date",
        [
            "fail  sdk         /usr/bin/python2.7 has no sanji SDK",
            "fail  tools       there is no sha256sum",
            "warn  token       /etc/mx-api-token is not there",
            "fail  disk        /opt is mounted read-only",
            "fail  controller  its broker does not answer",
            "days behind ours",
        ],
    ),
    (
        "mv /usr/bin/python2.7 /root/ && mount -t tmpfs -o size=1m tmpfs /opt"
        " && echo 'Defaults requiretty' >/etc/sudoers.d/tty",
        "mv /root/python2.7 /usr/bin/ && umount /opt && rm /etc/sudoers.d/tty",
        [
            "fail  python      there is no Python 2.7",
            "skip  sdk         not looked at",
            "fail  disk        only 1 MB free on the disk of /opt",
            "fail  sudo        sudo on the gateway requires a terminal",
            "skip  token       not looked at",
        ],
    ),
    (
        "mount -t tmpfs -o size=30m tmpfs /opt && mkdir -p /opt/bundlekit/bundles/example"
        " && printf 'what=deploy of 9\\nwho=eve@workstation\\n' >/opt/bundlekit/bundles/example/lock"
        " && cp -p /etc/mx-api-token /root/ && echo 1234 >/etc/mx-api-token",
        "umount /opt && mv /root/mx-api-token /etc/",
        [
            "warn  disk        only 31 MB free on the disk of /opt",
            "warn  bundles     example: deploy of 9 by eve@workstation was broken off",
            "warn  rest        it does not accept the API token",
        ],
    ),
    (
        "mount -t tmpfs -o nr_inodes=16 tmpfs /opt && gpasswd -d moxa sudo",
        "umount /opt && gpasswd -a moxa sudo",
        ["fail  disk        only 15 more files fit", "fail  sudo        moxa@"],
    ),
    (
        "mv /usr/bin/sudo /root/ && mount -t tmpfs -o ro tmpfs /opt",
        "mv /root/sudo /usr/bin/ && umount /opt",
        [
            "fail  sudo        there is no sudo on the gateway",
            "skip  token       not looked at: only root can read",
            "warn  disk        /opt is mounted read-only, as moxa@",
            "ok    python",
        ],
    ),
    (
        "echo 'AllowTcpForwarding no' >/etc/ssh/sshd_config.d/no.conf && systemctl restart ssh",
        "rm /etc/ssh/sshd_config.d/no.conf && systemctl restart ssh",
        ["warn  rest        the SSH server of moxa@", "ok    sudo"],
    ),
    (
        "echo 'moxa ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/moxa && mount -t tmpfs -o ro tmpfs /tmp"
        " && mount -t tmpfs -o ro tmpfs /home/moxa",
        "umount /tmp /home/moxa && rm /etc/sudoers.d/moxa",
        ["fail  disk        moxa@", "skip  python      not looked at: no command of ours runs there"],
    ),
]


@pytest.mark.gateway
def test_each_fault_is_told_apart_with_a_remedy_and_the_rest_is_looked_at(workstation: Workstation) -> None:
    for fault, undo, lines in FAULTS:
        workstation.machine.run(fault)
        printed = workstation.on_gateway("doctor")
        workstation.machine.run(undo)
        for line in lines:
            assert line in printed.out
        assert "remedy: " in printed.out
        assert printed.code == (1 if any(line.startswith("fail") for line in lines) else 0), printed.out
        assert lines_of(printed)["boot"] == ("skip" if "no command" in printed.out else "ok")
        assert "Traceback" not in printed.out + printed.err
    workstation.machine.run("echo 'moxa ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/moxa")
    free = workstation.run("doctor", "gateway", given="")
    assert free.code == 0, free.out
    assert "becomes root, and is asked for no password" in free.out


@pytest.mark.gateway
def test_password_that_sudo_does_not_take_is_told_from_one_that_is_missing(shared_workstation: Workstation) -> None:
    wrong = shared_workstation.on_gateway("doctor", given="wrong\n")
    assert (wrong.code, lines_of(wrong)["sudo"], lines_of(wrong)["boot"]) == (1, "fail", "ok")
    assert "does not accept the password" in wrong.out
    none = shared_workstation.run("doctor", "gateway", given="")
    assert (none.code, lines_of(none)["sudo"], lines_of(none)["boot"]) == (1, "fail", "ok")
    assert "it asks for the password of moxa@" in none.out
    assert "--password-stdin" in none.out


@pytest.mark.gateway
def test_log_in_that_is_refused_lists_what_was_tried_and_what_was_not_looked_at(
    shared_workstation: Workstation,
) -> None:
    shared_workstation.write_config("IdentityFile ~/none")
    printed = shared_workstation.on_gateway("doctor", given="wrong\n")
    assert printed.code == 1
    outcomes = lines_of(printed)
    assert (outcomes["host-key"], outcomes["log-in"], outcomes["sudo"], outcomes["rest"]) == (
        "ok",
        "fail",
        "skip",
        "skip",
    )
    assert "skip  sudo        not looked at: that needs the log-in" in printed.out


@pytest.mark.gateway
def test_host_key_that_is_unknown_or_changed(shared_workstation: Workstation) -> None:
    line = shared_workstation.known_hosts.read_text().splitlines()[0].split()
    shared_workstation.known_hosts.unlink()
    unknown = shared_workstation.on_gateway("doctor")
    assert (unknown.code, lines_of(unknown)["host-key"], lines_of(unknown)["log-in"]) == (1, "fail", "skip")
    assert "SHA256:" in unknown.out
    other = "AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43
    shared_workstation.known_hosts.write_text(f"{line[0]} ssh-ed25519 {other}\n")
    changed = shared_workstation.on_gateway("doctor")
    assert (changed.code, lines_of(changed)["host-key"], lines_of(changed)["log-in"]) == (1, "fail", "skip")
    assert "has changed" in changed.out
    assert "ssh-keygen -R" in changed.out


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on the loopback that is none of SSH."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                while True:
                    client, _ = listening.accept()
                    with client:
                        answer(client)
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def endless(client: socket.socket) -> None:
    while True:
        client.sendall(b"welcome \x1b[2J to\r\n" * 1000)


SERVERS: list[tuple[Callable[[socket.socket], None], str]] = [
    (lambda client: client.sendall(b"HTTP/1.1 400 Bad\r\n\r\n"), "it does not answer as an SSH server does: 'HTTP/1.1"),
    (lambda _: None, "it does not answer as an SSH server does, it says nothing"),
    (endless, "it does not answer as an SSH server does: 'welcome  to'"),
]


@pytest.mark.gateway
@pytest.mark.parametrize(("answer", "message"), SERVERS, ids=["http", "silent", "endless"])
def test_server_that_is_not_ssh(
    shared_workstation: Workstation, answer: Callable[[socket.socket], None], message: str
) -> None:
    with answering(answer) as port:
        printed = shared_workstation.run("doctor", f"moxa@127.0.0.1:{port}", "--timeout", "3")
    assert printed.code == 1
    assert message in printed.out
    assert "\x1b" not in printed.out
    assert lines_of(printed)["port"] == "ok"
    assert lines_of(printed)["log-in"] == "skip"


@pytest.mark.gateway
def test_name_and_port_that_lead_nowhere(shared_workstation: Workstation) -> None:
    nowhere = shared_workstation.run("doctor", "moxa@gateway.invalid")
    assert (nowhere.code, lines_of(nowhere)["name"], lines_of(nowhere)["port"]) == (1, "fail", "skip")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    refused = shared_workstation.run("doctor", f"moxa@127.0.0.1:{port}")
    assert (refused.code, lines_of(refused)["port"], lines_of(refused)["server"]) == (1, "fail", "skip")
    assert "refuses connections" in refused.out


@pytest.mark.gateway
def test_configuration_that_makes_no_sense_is_an_error_of_its_own(shared_workstation: Workstation) -> None:
    shared_workstation.write_config("Bogus yes")
    printed = shared_workstation.run("doctor", "gateway")
    assert (printed.code, printed.out) == (3, "")
    assert "Bad configuration option: bogus" in printed.err


BANNERS = [
    ("SSH-2.0-OpenSSH_6.7p1 Debian-5", Server("OpenSSH_6.7p1 Debian-5", (6, 7)), True),
    ("SSH-2.0-OpenSSH_7.1", Server("OpenSSH_7.1", (7, 1)), True),
    ("SSH-2.0-OpenSSH_7.2p2", Server("OpenSSH_7.2p2", (7, 2)), False),
    ("SSH-2.0-OpenSSH_10.0", Server("OpenSSH_10.0", (10, 0)), False),
    ("SSH-1.99-OpenSSH_5.1", Server("OpenSSH_5.1", (5, 1)), True),
    ("SSH-2.0-dropbear_2019.78", Server("dropbear_2019.78"), False),
    ("SSH-2.0-\x1b]0;x\x07OpenSSH_8.4", Server("OpenSSH_8.4", (8, 4)), False),
]


@pytest.mark.parametrize(("line", "server", "old"), BANNERS)
def test_server_is_read_from_its_banner(line: str, server: Server, old: bool) -> None:
    assert parse_banner(line) == server
    assert server.lacks_sha2 is old


@pytest.mark.parametrize("line", ["", "SSH-1.5-1.2.27", "HTTP/1.1 200 OK", "220 smtp"])
def test_other_lines_are_no_banner(line: str) -> None:
    assert parse_banner(line) is None


@pytest.mark.parametrize(
    ("version", "newer", "outcome", "words"),
    [
        ((6, 7), True, "warn", "ed25519 and ECDSA keys and passwords work"),
        ((6, 0), True, "warn", "ECDSA keys and passwords work"),
        ((6, 7), False, "ok", ""),
        ((8, 4), True, "ok", ""),
    ],
)
def test_server_too_old_for_paramiko_is_told(
    version: tuple[int, int], newer: bool, outcome: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paramiko.__version__", "5.1.0" if newer else "4.0.0")
    check = judge_server(Server("OpenSSH", version))
    assert check.outcome == outcome
    assert words in check.remedy


JUDGED = [
    ([], 0.0, "fail python", "skip sdk", "skip controller"),
    (["python\t/usr/bin/python\t2.7.9"], 0.0, "ok python", "fail sdk", "skip disk"),
    (["python\t/p\t2.7.9", "sdk\t/usr/lib\t1.1.2", "broker\trefused"], 0.0, "ok sdk", "fail controller", "ok tools"),
    (["time\t1"], 119.0, "ok clock"),
    (["time\t1"], 125.0, "warn clock"),
    (["time\t1"], -90000.0, "warn clock"),
    (["disk\t/opt\t4999\t100000"], 0.0, "fail disk"),
    (["disk\t/opt\t49999\t100000"], 0.0, "warn disk"),
    (["disk\t/opt\t999999\t100"], 0.0, "fail disk"),
    (["disk\t/opt\t999999\t0"], 0.0, "ok disk"),
    (["disk\t/opt\t999999\t-"], 0.0, "ok disk"),
    (["bundle\tx\t1-a\tyes\tfree\t\t"], 0.0, "ok bundles"),
    (["bundle\tx\t1-a\tyes\tlocked\tdeploy\tme"], 0.0, "warn bundles"),
    (["bundle"], 0.0, "ok bundles"),
    (["time", "disk", "system", "python", "sdk", "broker", "missing"], 0.0, "fail disk"),
]


@pytest.mark.parametrize("case", JUDGED)
def test_what_the_gateway_tells_is_judged(case: tuple[list[str], float, str]) -> None:
    lines, skew, *expected = case
    checks = [f"{check.outcome} {check.name}" for check in judge([parse_event(line) for line in lines], skew, 1.0)]
    assert set(expected) <= set(checks)


@pytest.mark.parametrize(
    ("fields", "found"),
    [("\t/usr/lib\t1.1.2", "sanji 1.1.2 in /usr/lib"), ("\t/usr/lib", "sanji in /usr/lib"), ("", "sanji is there")],
)
def test_sdk_is_told_with_what_is_known_of_it(fields: str, found: str) -> None:
    lines = ["python\t/usr/bin/python\t2.7.18", f"sdk{fields}"]
    (check,) = (one for one in judge(map(parse_event, lines), 0.0, 1.0) if one.name == "sdk")  # type: ignore[arg-type]
    assert (check.outcome, check.found) == ("ok", found)


BUNDLES = [
    ("yes\tfree\t\t\t\t1", "ok", "x 1-a runs"),
    ("crashes\tfree\t\t\t3\t7", "warn", "x 1-a ends with status 3, again and again: started 7 times"),
    ("mute\tfree\t\t\t\t1", "warn", "x 1-a runs, and has not registered yet"),
    ("down\tfree", "warn", "x 1-a does not run, though it should"),
    ("no\tfree", "ok", "x 1-a is stopped"),
]


@pytest.mark.parametrize(("fields", "outcome", "found"), BUNDLES)
def test_bundle_is_told_by_how_it_is(fields: str, outcome: str, found: str) -> None:
    (check,) = (one for one in judge([parse_event(f"bundle\tx\t1-a\t{fields}")], 0.0, 1.0) if one.name == "bundles")
    assert (check.outcome, check.found) == (outcome, found)


def test_bundles_that_share_a_resource_are_told_and_so_is_what_is_not_deployed() -> None:
    lines = [
        "bundle\ta\t1-a\tyes\tfree",
        "deployed\ta\t1\t/rooms/:id",
        "deployed\tb\t2\t/rooms/all",
        "by-hand\t7\t/home/moxa/a\ta\t1\t/x",
        *(f"by-hand\t{pid}\t/srv/{pid}\tc\t3\t/y/{pid}" for pid in range(10, 15)),
    ]
    found = [(one.outcome, one.found) for one in judge(map(parse_event, lines), 0.0, 1.0) if one.name == "bundles"]  # type: ignore[arg-type]
    assert found == [
        ("ok", "a 1-a runs"),
        ("warn", "a: a copy of a runs there by hand: process 7 in /home/moxa/a, version 1"),
        ("warn", "b: a 1 is on the gateway and answers /rooms/all too; the answers would be merged"),
        (
            "ok",
            "not deployed by bundlekit: "
            + ", ".join(f"c (process {pid} in /srv/{pid}, version 3)" for pid in (10, 11, 12))
            + ", and 2 more",
        ),
    ]


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBqxE9zk3mZ1Yx0y5o2Dq3mJb2Q9vV5mQm0X9m3kq3aB"


@pytest.mark.parametrize(
    ("state", "text", "outcome", "found"),
    [
        ("", "", "ok", "bundles need no signature"),
        ("ok", f"alice {KEY}\n", "ok", "unsigned bundles are refused; alice may sign"),
        ("ok", f'alice valid-before="20200101" {KEY}\n', "fail", "counted before 20200101"),
        ("ok", f"# a comment\nalice {KEY}\n", "fail", "line 1 is not the checksum"),
        ("ok", "alice\n", "fail", "line 1: it is not"),
        ("ok", "", "fail", "no key in the list of signers counts"),
        ("writable", "", "fail", "others than root can write the list"),
        ("broken", "", "fail", "a link that leads nowhere"),
        ("unreadable", "", "skip", "only root can read"),
    ],
)
def test_list_of_signers_is_judged_as_the_gateway_does(state: str, text: str, outcome: str, found: str) -> None:
    events = [parse_event("time\t1790000000")]
    if state:
        part = base64.b64encode(text.encode()).decode()
        events += [parse_event(f"signers\t{state}\t/usr/bin/openssl"), parse_event(f"signers-part\t{part}")]
    check = judge_signers(events, None)
    assert (check.outcome, found in check.found) == (outcome, True), check.found
