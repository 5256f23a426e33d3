"""An emulated gateway as those see it who log in to a real one: OpenSSH, scp and bundlekit itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from tests.emulator.machine.running import Gateway
from tests.workstation import SAMPLE

_PATIENCE = 20.0  # seconds; what is waited for takes under one


def wait(what: str, holds: Callable[[], bool]) -> None:
    """Ask whether something holds until it does. Each time takes a log-in, so that is not done at once again."""
    deadline = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"{what} does not come true"
        time.sleep(0.5)


def get(gateway: Gateway, resource: str) -> tuple[int, object]:
    request = urllib.request.Request(f"{gateway.url}/api/v1{resource}", headers={"mx-api-token": gateway.token})
    context = ssl.create_default_context(cafile=gateway.state / "certificate.pem")
    try:
        with urllib.request.urlopen(request, context=context) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, None


def is_up(gateway: Gateway) -> bool:
    """Whether the one bundle there runs and has registered; before that a request would wait for its ttl."""
    done = gateway.on_it("status", "--format", "json")
    return done.returncode == 0 and '"registered": true' in done.stdout


# What is typed over SSH: the command, its standard input, what it prints, and its exit status.
SESSIONS = [
    ("id -un; id -u", "", "moxa\n1000\n", 0),
    ("pwd; echo $HOME $USER $SHELL", "", "/home/moxa\n/home/moxa moxa /bin/bash\n", 0),
    ("exit 7", "", "", 7),
    ("hostname", "", "Moxa\n", 0),
    ("cat", "a\nb\n", "a\nb\n", 0),
    ("echo said; echo complained >&2", "", "said\n", 0),
    ("cat /etc/mx-api-token", "", "", 1),
    ("ls /root", "", "", 2),
    ("touch /etc/x", "", "", 1),
    ("touch /opt/x", "", "", 1),
    ("touch /tmp/x ~/x && echo yes", "", "yes\n", 0),
    ("su -c id", "", "", 1),
    ("sudo -n id", "", "", 1),
    ("sudo -S -p '' id -un", "moxa\n", "root\n", 0),
    ("sudo -S -p '' sh -c 'exit 5'", "moxa\n", "", 5),
    ("sudo -S -p '' cat", "moxa\nthe rest\n", "the rest\n", 0),
    ("sudo -S -p '' true && sudo -n id -un", "moxa\n", "root\n", 0),
    ("sudo -S -p '' true; sudo -k; sudo -n id -un", "moxa\n", "", 1),
    ("sudo -S -p '' -u moxa id -un", "moxa\n", "moxa\n", 0),
    ("sudo -S -p '' sh -c 'echo $SUDO_USER $SUDO_UID $HOME $PWD'", "moxa\n", "moxa 1000 /root /home/moxa\n", 0),
    ("sudo -S -p '' no-such-program", "moxa\n", "", 1),
    ("sudo -S -p '' ls -ld /root/.bashrc", "wrong\nmoxa\n", None, 0),
    ("sudo -S -p '' id", "wrong\n", "", 1),
    ("sudo -S -p '' su -c 'id -un'", "moxa\n", "root\n", 0),
    ("sudo -S -p '' stat -c %a /etc/mx-api-token", "moxa\n", "600\n", 0),
    ("sudo -S -p '' poweroff", "moxa\n", "", 1),
    ("python -c 'import sanji; print(sanji.__name__)'", "", "sanji\n", 0),
    ("head -c 3000000 /dev/zero | wc -c", "", "3000000\n", 0),
]


@pytest.mark.parametrize(("command", "given", "out", "code"), SESSIONS)
def test_session_is_as_on_a_gateway(gateway: Gateway, command: str, given: str, out: str | None, code: int) -> None:
    done = gateway.ssh(command, given=given)
    assert done.returncode == code, done.stderr
    assert out is None or done.stdout == out


SUDO_WORDS = [
    ("sudo -n id", "", "sudo: a password is required\n"),
    ("sudo id", "", "a terminal is required to read the password"),
    ("sudo -S -p '' id", "wrong\n", "Sorry, try again.\nsudo: no password was provided\nsudo: 1 incorrect password"),
    ("sudo -S -p '' id", "a\nb\nc\n", "sudo: 3 incorrect password attempts\n"),
    ("sudo -S id", "moxa\n", "[sudo] password for moxa: "),
    ("sudo -S -p 'say it: ' id", "moxa\n", "say it: "),
]


@pytest.mark.parametrize(("command", "given", "words"), SUDO_WORDS)
def test_sudo_says_what_sudo_says(gateway: Gateway, command: str, given: str, words: str) -> None:
    assert words in gateway.ssh(command, given=given).stderr


def test_output_and_complaints_of_any_size_arrive_whole(gateway: Gateway) -> None:
    done = gateway.ssh("head -c 2000000 /dev/zero | tr '\\0' x; head -c 1000000 /dev/zero | tr '\\0' y >&2")
    assert (len(done.stdout), len(done.stderr)) == (2_000_000, 1_000_000)


@pytest.mark.parametrize("protocol", ["-O", "-s"])
def test_scp_carries_files_both_ways(gateway: Gateway, protocol: str, tmp_path: Path) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    there.mkdir()
    (there / "large").write_bytes(os.urandom(3_000_000))
    (there / "a name with blanks").write_text("x")
    assert gateway.scp(protocol, "-r", str(there), f"moxa@127.0.0.1:copy{protocol}").returncode == 0
    assert gateway.scp(protocol, "-r", f"moxa@127.0.0.1:copy{protocol}", str(back)).returncode == 0
    assert {file.name: file.read_bytes() for file in back.iterdir()} == {
        file.name: file.read_bytes() for file in there.iterdir()
    }


@pytest.mark.parametrize("protocol", ["-O", "-s"])
def test_scp_cannot_write_where_moxa_cannot(gateway: Gateway, protocol: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert gateway.scp(protocol, str(tmp_path / "file"), "moxa@127.0.0.1:/opt/file").returncode != 0


_ASK_FOR_THE_BOXS_OWN = """#!/bin/bash
exec ssh "${@:1:$#-1}" "box-${!#}"
"""


def test_scp_and_sftp_work_where_the_host_has_none_of_its_own(gateway: Gateway, tmp_path: Path) -> None:
    there, ask = tmp_path / "there", tmp_path / "ask"
    (there / "below").mkdir(parents=True)
    (there / "below" / "large").write_bytes(os.urandom(3_000_000))
    (there / "a name with blanks").write_text("x")
    ask.write_text(_ASK_FOR_THE_BOXS_OWN)
    ask.chmod(0o755)
    remote = "moxa@127.0.0.1:"
    assert gateway.scp("-O", "-S", str(ask), "-rp", str(there), f"{remote}own").returncode == 0
    assert gateway.scp("-O", "-S", str(ask), "-r", f"{remote}own", str(tmp_path / "scp")).returncode == 0
    lines = f"put -R {there} moved\nls -l moved\nget -R moved {tmp_path / 'sftp'}\nput {ask} /opt/ask\n"
    transfer = gateway.sftp("-s", "/usr/local/sbin/box-sftp-server", given=lines)
    assert 'dest open "/opt/ask"' in transfer.stderr
    for back in ("scp", "sftp"):
        for file in ("below/large", "a name with blanks"):
            assert (tmp_path / back / file).read_bytes() == (there / file).read_bytes()
    refused = gateway.scp("-O", "-S", str(ask), str(ask), f"{remote}/opt/ask")
    assert (refused.returncode, "/opt/ask" in refused.stderr) == (1, True)
    assert gateway.ssh("ls /opt/ask").returncode != 0


def test_password_lets_in_a_wrong_one_and_root_do_not(gateway: Gateway) -> None:
    def log_in(user: str, password: str) -> str:
        command = f"ssh -F none -p {gateway.port} -o UserKnownHostsFile={gateway.state}/known_hosts "
        command += f"-o PubkeyAuthentication=no -o NumberOfPasswordPrompts=1 {user}@127.0.0.1 id -un"
        child = pexpect.spawn(command, encoding="utf-8", timeout=20, env=gateway.environment)
        child.expect("password: ")
        child.sendline(password)
        said = str(child.read())
        child.close()
        return said

    assert "moxa\r\n" in log_in("moxa", "moxa")
    assert "Permission denied" in log_in("moxa", "wrong")
    assert "Permission denied" in log_in("root", "moxa")


def test_root_shell_on_a_terminal_is_usable(gateway: Gateway) -> None:
    options = " ".join(gateway._ssh_options("-p"))
    child = pexpect.spawn(f"ssh -t {options} moxa@127.0.0.1", encoding="utf-8", timeout=20, dimensions=(33, 99))
    child.expect(r"emulated gateway")
    child.expect(r"moxa@Moxa:~\$ ")
    child.sendline("sudo su")
    child.expect("password for moxa: ")
    child.sendline("wrong")
    child.expect("Sorry, try again")
    child.sendline("moxa")
    child.expect("root@Moxa:/home/moxa# ")
    child.sendline("sh -c 'stty size; exec sleep 100'")  # one job from begin to end, whenever the signal comes
    child.expect("33 99")
    child.sendintr()
    child.expect("root@Moxa:/home/moxa# ")
    child.setwinsize(44, 111)
    child.sendline("until stty size | grep -qx '44 111'; do sleep 0.1; done; echo it has gr''own; exit 4")
    child.expect("it has grown")
    child.expect(r"moxa@Moxa:~\$ ")
    child.sendline("echo it was $?; sudo id -un; exit 3")
    child.expect("it was 4")
    child.expect("root\r\n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 3


def test_only_the_gateway_itself_is_reached_through_it(gateway: Gateway) -> None:
    url = "https://127.0.0.1/api/v1/system/status"
    over_ssh = gateway.ssh(f"curl -sk -H 'mx-api-token: {gateway.token}' {url}?fields=hostname")
    assert json.loads(over_ssh.stdout) == {"hostname": "Moxa"}
    told = gateway.bundlekit(
        *("api", "GET", "/system/status?fields=hostname", f"moxa@127.0.0.1:{gateway.port}"),
        *("--password-stdin", "--accept-new-host-key"),
    )
    assert json.loads(told.stdout) == {"hostname": "Moxa"}, told.stderr
    elsewhere = gateway._run("ssh", *gateway._ssh_options("-p"), "-W", f"127.0.0.1:{gateway.port}", "moxa@127.0.0.1")
    assert "forwarding failed" in elsewhere.stderr


def test_deployed_bundle_answers_and_comes_back(own_gateway: Gateway) -> None:
    gateway = own_gateway
    done = gateway.on_it("deploy", "--bundle", str(SAMPLE))
    assert done.returncode == 0, done.stderr
    assert get(gateway, "/example") == (200, {"key": "value"})
    assert "Register successfully example" in gateway.on_it("logs").stdout
    assert gateway.on_it("deploy", "--bundle", str(SAMPLE)).stdout.startswith("unchanged: ")

    # Over the API, and by a command: what was deployed is there again.
    request = urllib.request.Request(f"{gateway.url}/api/v1/system/reboot", b"{}", {"mx-api-token": gateway.token})
    request.method = "PUT"
    context = ssl.create_default_context(cafile=gateway.state / "certificate.pem")
    gateway.root("touch /run/before")
    with urllib.request.urlopen(request, context=context) as answer:
        assert answer.status == 200
    wait("the reboot", lambda: gateway.root("[ -e /run/before ] || echo gone").stdout == "gone\n")
    wait("the bundle", lambda: is_up(gateway))
    assert get(gateway, "/example") == (200, {"key": "value"})

    gateway.root("touch /run/before; reboot")
    wait("the reboot", lambda: gateway.root("[ -e /run/before ] || echo gone").stdout == "gone\n")
    wait("the bundle", lambda: is_up(gateway))

    gateway.stop()
    gateway.start()
    wait("the bundle", lambda: is_up(gateway))
    assert get(gateway, "/example") == (200, {"key": "value"})
    assert gateway.on_it("remove", "--bundle", "example", "--yes").returncode == 0
    assert gateway.root("ls -A /etc/init.d /etc/rc2.d").stdout == "/etc/init.d:\n\n/etc/rc2.d:\n"


Shown = dict[str, list[tuple[str, list[str] | None]]]


def shown(gateway: Gateway, name: str, expected: list[tuple[str, list[str] | None]]) -> Shown:
    """The resources and methods of all components in the console, as soon as those of one are as expected."""
    request = urllib.request.Request(f"{gateway.url}/console/feed", headers={"mx-api-token": gateway.token})
    context = ssl.create_default_context(cafile=gateway.state / "certificate.pem")
    deadline, shown = time.monotonic() + _PATIENCE, Shown()
    with urllib.request.urlopen(request, context=context) as feed:
        while shown.get(name) != expected:  # it says something every five seconds
            assert time.monotonic() < deadline, shown
            for one in json.loads(feed.readline()).get("components", ()):
                shown[one["name"]] = [(each["declared"], each["methods"]) for each in one["resources"]]
    return shown


def test_console_knows_what_a_deployed_release_declares(own_gateway: Gateway) -> None:
    bundle = own_gateway.home / "example"
    shutil.copytree(SAMPLE, bundle)
    manifest, program = json.loads((bundle / "bundle.json").read_text()), (bundle / "index.py").read_text()
    for name, method in ((":id", "get"), (":room", "put")):
        resources = [*manifest["resources"], {"methods": [method], "resource": f"/rooms/{name}"}]
        (bundle / "bundle.json").write_text(json.dumps({**manifest, "resources": resources}))
        handler = f'@Route(methods="{method}", resource="/rooms/{name}")\n    def room(self, message, response):\n'
        handler += "        return response()\n\n    @Route("
        (bundle / "index.py").write_text(program.replace("@Route(", handler, 1))
        done = own_gateway.on_it("deploy", "--bundle", str(bundle))
        assert done.returncode == 0, done.stdout + done.stderr
        shown(own_gateway, "example", [("/example", ["GET", "PUT"]), (f"/rooms/{name}", [method.upper()])])


def bodies(gateway: Gateway, name: str, expected: dict[str, list[str]]) -> None:
    """Wait until the console has the schemas of bodies of a bundle: their fields, by method."""
    request = urllib.request.Request(f"{gateway.url}/console/feed", headers={"mx-api-token": gateway.token})
    context = ssl.create_default_context(cafile=gateway.state / "certificate.pem")
    deadline, shown = time.monotonic() + _PATIENCE, None
    with urllib.request.urlopen(request, context=context) as feed:
        while shown != expected:
            assert time.monotonic() < deadline, shown
            for one in json.loads(feed.readline()).get("components", ()):
                if one["name"] == name:
                    schemas = one["resources"][0].get("bodies", {})
                    shown = {method: [*schema["properties"]] for method, schema in schemas.items()}


def test_console_has_forms_for_a_deployed_release(own_gateway: Gateway) -> None:
    bundle = own_gateway.home / "example"
    shutil.copytree(SAMPLE, bundle)
    program = (
        (bundle / "index.py").read_text().replace("import os\n", "import os\n\nfrom voluptuous import Schema\n", 1)
    )
    for field in ("level", "limit"):  # of the release that runs
        route = f'@Route(methods="put", resource="/example", schema=Schema({{"{field}": int}}))'
        (bundle / "index.py").write_text(program.replace('@Route(methods="put", resource="/example")', route))
        done = own_gateway.on_it("deploy", "--bundle", str(bundle))
        assert done.returncode == 0, done.stdout + done.stderr
        bodies(own_gateway, "example", {"PUT": [field]})
    release = "/opt/bundlekit/bundles/example/current"
    # What is no plain file of the release is not read, wherever it leads.
    done = own_gateway.root(f"mv {release}/index.py /root/; ln -s /root/index.py {release}/index.py")
    assert done.returncode == 0, done.stderr
    assert own_gateway.on_it("restart", "--bundle", "example").returncode == 0
    bodies(own_gateway, "example", {})


# What root inside can put where bundle.json of a release is looked for, in the shell, as $f.
FORGED = {
    "other-name": """echo '{"name": "system-time", "resources": [{"resource": "/system/time", "methods": []}]}' >$f""",
    "pipe": "mkfifo $f",
    "link": "ln -s /etc/passwd $f",
    "folder": "mkdir $f",
    "endless": "ln -s /dev/zero $f",
    "deep": "head -c 60000 /dev/zero | tr '\\0' '[' >$f",
    "list": "echo '[]' >$f",
    "odd": """echo '{"name": "odd", "resources": [7, {"resource": 7}, {"resource": "/odd", "methods": 7}]}' >$f""",
    "right": """echo '{"name": "right", "resources": [{"resource": "/right", "methods": ["put"]}]}' >$f""",
}
REGISTER = """import json, os, sys, threading, paho.mqtt.client
client, connected = paho.mqtt.client.Client(), threading.Event()
client.on_connect = lambda *_: connected.set()
broker = "BROKER_PORT_1883_TCP_"
client.connect(os.environ[broker + "ADDR"], int(os.environ[broker + "PORT"]))
client.loop_start()
connected.wait()
data = {"description": "d", "role": "model", "ttl": 5, "tunnel": "x", "hook": []}
for name in sys.argv[1:]:
    data.update(name=name, resources=["/" + name])
    said = {"id": 7, "method": "post", "resource": "/controller/registration", "tunnel": "x", "data": data}
    client.publish("/controller", json.dumps(said), qos=1).wait_for_publish()
client.disconnect()
client.loop_stop()
"""


def test_forged_bundle_json_neither_stops_nor_misleads_the_console(own_gateway: Gateway) -> None:
    (own_gateway.state / "root/home/moxa/register.py").write_text(REGISTER)
    script = "".join(
        f"d=/opt/bundlekit/bundles/{name}/current; mkdir -p $d; f=$d/bundle.json; {forge}\n"
        for name, forge in FORGED.items()
    )
    done = own_gateway.root(f"{script}python /home/moxa/register.py {' '.join(FORGED)}")
    assert done.returncode == 0, done.stderr
    all_shown = shown(own_gateway, "right", [("/right", ["PUT"])])
    for name in FORGED.keys() - {"right"}:
        assert all_shown[name] == [(f"/{name}", None)]
    assert all_shown["system-time"] == [("/system/time", ["GET", "PUT"])]


def test_hostname_over_the_api_is_that_of_the_machine(own_gateway: Gateway) -> None:
    gateway = own_gateway
    context = ssl.create_default_context(cafile=gateway.state / "certificate.pem")
    request = urllib.request.Request(
        f"{gateway.url}/api/v1/system/status",
        b'{"hostname": "Attic"}',
        {"mx-api-token": gateway.token, "Content-Type": "application/json"},
        method="PUT",
    )
    with urllib.request.urlopen(request, context=context) as answer:
        assert json.load(answer)["hostname"] == "Attic"
    wait("the name", lambda: gateway.ssh("hostname").stdout == "Attic\n")
    gateway.stop()
    gateway.start()
    assert gateway.ssh("hostname").stdout == "Attic\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_running(own_gateway: Gateway, number: signal.Signals) -> None:
    mark = f"600.{os.getpid()}{number.value}"
    own_gateway.ssh(f"setsid sleep {mark} >/dev/null 2>&1 </dev/null &")
    own_gateway.root(f"setsid sleep {mark} >/dev/null 2>&1 </dev/null &")

    def left() -> list[str]:
        lines = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()
        return [line for line in lines if line == f"sleep {mark}"]

    wait("two programs", lambda: len(left()) == 2)
    assert own_gateway.stop(number) == (0 if number != signal.SIGKILL else -9)
    wait("their end", lambda: not left())


def test_logs_that_are_followed_tell_when_the_gateway_goes_down(own_gateway: Gateway) -> None:
    assert own_gateway.on_it("deploy", "--bundle", str(SAMPLE)).returncode == 0
    target = f"moxa@127.0.0.1:{own_gateway.port}"
    following = subprocess.Popen(
        [sys.executable, "-m", "bundlekit", "logs", target, "-f", "--password-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=own_gateway.environment,
    )
    assert following.stdin
    assert following.stdout
    following.stdin.write("moxa\n")
    following.stdin.close()
    assert following.stdout.readline()
    own_gateway.stop()
    assert following.wait(60) == 3
    assert following.stderr
    assert "error: the " in following.stderr.read()


def test_password_lets_in_after_a_key_that_the_box_does_not_know(gateway: Gateway) -> None:
    """paramiko asks for the service anew before each try."""
    key = gateway.home / "unknown"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    done = gateway.on_it("status", "--identity", str(key))
    assert done.returncode == 0, done.stderr


def test_other_password_may_be_given_on_standard_input(tmp_path: Path) -> None:
    with Gateway(tmp_path, "--password-stdin") as gateway:
        assert "password as given" in gateway.said
        assert gateway.ssh("sudo -S -p '' id -un", given="moxa\n").returncode == 1
        assert gateway.ssh("sudo -S -p '' id -un", given="secret\n").stdout == "root\n"


def test_ordinary_user_has_it_all(tmp_path: Path) -> None:
    """Where the tests run as root: by a user who is not, who sees this Python though it may be root's."""
    prefix: tuple[str, ...] = ()
    if os.geteuid() == 0:
        tmp_path.chmod(0o777)
        for folder in tmp_path.parents:
            if folder.stat().st_mode & 0o005 != 0o005:
                folder.chmod(folder.stat().st_mode | 0o055)
        roots = {os.path.realpath(path) for path in (sys.base_prefix, sys.prefix, Path(__file__).parents[3])}
        hidden = sorted(path for path in roots if path.startswith("/root/"))
        show = 'folder=$1; shift; for path in $HIDDEN; do mkdir -p "$folder/shown$path"; '
        show += 'mount --rbind "$path" "$folder/shown$path"; done; '
        show += 'if [ "$HIDDEN" ]; then mount -t tmpfs -o mode=755 tmpfs /root; fi; for path in $HIDDEN; do '
        show += 'mkdir -p "$path"; mount --rbind "$folder/shown$path" "$path"; done; cd "$folder"; exec "$@"'
        user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        prefix = ("unshare", "-m", "sh", "-euc", f"HIDDEN='{' '.join(hidden)}'; {show}", "show")
        prefix = (*prefix, str(tmp_path), *user)
    with Gateway(tmp_path, prefix=prefix) as gateway:
        assert gateway.ssh("id -un").stdout == "moxa\n"
        assert gateway.root("id -un; touch /usr/x").stdout == "root\n"
        done = gateway.on_it("deploy", "--bundle", str(SAMPLE))
        assert done.returncode == 0, done.stderr + gateway.log
        assert get(gateway, "/example") == (200, {"key": "value"})
        assert re.search("bundle: example has registered", gateway.said) is None  # it is told, not before the log-in


def test_full_disk_is_told_and_leaves_the_bundle_running(tmp_path: Path) -> None:
    with Gateway(tmp_path, "--faults", "disk-full=3MB") as gateway:
        full = gateway.root("head -c 5000000 /dev/zero >/opt/large")
        assert "No space left on device" in full.stderr
        gateway.root("rm /opt/large; head -c 2500000 /dev/zero >/opt/large")
        done = gateway.on_it("deploy", "--bundle", str(SAMPLE))
        assert done.returncode == 3
        assert "the disk of the gateway is full" in done.stderr


def test_link_that_is_cut_leaves_a_clear_error(tmp_path: Path) -> None:
    with Gateway(tmp_path, "--faults", "ssh-cut=8kB") as gateway:
        done = gateway.ssh("cat >/dev/null", given="x" * 100_000)
        assert done.returncode == 255
        done = gateway.on_it("deploy", "--bundle", str(SAMPLE))
        assert (done.returncode, done.stderr.count("Traceback")) == (3, 0)


def test_slow_and_lost_answers_are_those_of_bundles(tmp_path: Path) -> None:
    with Gateway(tmp_path, "--faults", "slow=1s") as gateway:
        assert gateway.on_it("deploy", "--bundle", str(SAMPLE)).returncode == 0
        began = time.monotonic()
        assert get(gateway, "/example")[0] == 200
        assert time.monotonic() - began >= 1
        assert get(gateway, "/system/status")[0] == 200


def test_old_server_speaks_no_rsa_with_sha2(tmp_path: Path) -> None:
    with Gateway(tmp_path, "--faults", "old-ssh") as gateway:
        modern = gateway.ssh("id -un")
        assert modern.returncode == 255
        old = gateway.ssh("id -un", "-o", "HostKeyAlgorithms=ssh-rsa")
        assert old.stdout == "moxa\n", old.stderr


def test_network_of_the_host_is_warned_of(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bundlekit", "gateway", "--help"]
    told = " ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    assert "abstract sockets" in told
    with Gateway(tmp_path, "--network", "host") as gateway:
        pass
    assert "abstract sockets" in gateway.said
