"""Ways to bring a bundle to a gateway besides bundlekit: each a command that ends when the bundle is seen alive."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

OTHERS = Path(sys.executable).parents[1] / "others" / "bin"
"""Where pyinfra and Ansible are: they want an older paramiko than bundlekit has, so they have a place of their own."""

UNPACK = "rm -rf bench && mkdir bench && tar xzf bench.tar.gz -C bench"
START = "setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >bench.pid"
ALIVE = "kill -0 $(cat bench.pid)"
END = "kill $(cat bench.pid) 2>/dev/null; rm -rf bench bench.*"
"""All in the home of the user; the last one is not measured."""

PARAMIKO = """
import sys
import paramiko, scp
host, user, key, known, archive, *commands = sys.argv[1:]
with paramiko.SSHClient() as client:
    client.load_host_keys(known)
    client.connect(host, username=user, key_filename=key, allow_agent=False, look_for_keys=False)
    with scp.SCPClient(client.get_transport()) as copy:
        copy.put(archive, "bench.tar.gz")
    for command in commands:
        _, out, _ = client.exec_command(command)
        if out.channel.recv_exit_status():
            sys.exit(command)
"""

PYINFRA = """
from pyinfra.operations import files, server
files.put(src={archive!r}, dest="bench.tar.gz")
server.shell(commands=[{unpack!r}])
server.shell(commands=[{start!r}])
server.shell(commands=[{alive!r}])
"""

PYINFRA_INVENTORY = """
gateways = [({host!r}, dict(ssh_user={user!r}, ssh_key={key!r}, ssh_known_hosts_file={known!r}))]
"""


@dataclass(frozen=True)
class Gateway:
    """How to log in: at an address, by a key, with the host key in a file, and all of it in a file for ssh."""

    host: str
    user: str
    key: Path
    known_hosts: Path
    ssh_config: Path


@dataclass(frozen=True)
class Way:
    """A name for people, and what makes the shell command that does it, from a gateway, the archive and a folder."""

    name: str
    command: Callable[[Gateway, Path, Path], str]


def _scp_and_ssh(gateway: Gateway, archive: Path, _: Path) -> str:
    steps = f"{UNPACK} && {{ {START}; }} && {ALIVE}"
    return (
        f"scp -qF {gateway.ssh_config} {archive} {gateway.host}:bench.tar.gz && "
        f"ssh -F {gateway.ssh_config} {gateway.host} '{steps}'"
    )


def _tar_by_ssh(gateway: Gateway, archive: Path, _: Path) -> str:
    steps = f"rm -rf bench && mkdir bench && tar xzf - -C bench && {{ {START}; }} && {ALIVE}"
    return f"ssh -F {gateway.ssh_config} {gateway.host} '{steps}' <{archive}"


def _paramiko(gateway: Gateway, archive: Path, folder: Path) -> str:
    script = folder / "by_paramiko.py"
    script.write_text(PARAMIKO)
    login = f"{gateway.host} {gateway.user} {gateway.key} {gateway.known_hosts}"
    return f"{sys.executable} {script} {login} {archive} '{UNPACK}' '{START}' '{ALIVE}'"


def _pyinfra(gateway: Gateway, archive: Path, folder: Path) -> str:
    inventory, deploy = folder / "inventory.py", folder / "by_pyinfra.py"
    inventory.write_text(
        PYINFRA_INVENTORY.format(
            host=gateway.host, user=gateway.user, key=str(gateway.key), known=str(gateway.known_hosts)
        )
    )
    deploy.write_text(PYINFRA.format(archive=str(archive), unpack=UNPACK, start=START, alive=ALIVE))
    return f"{OTHERS}/pyinfra --yes {inventory} {deploy}"


def _ansible(gateway: Gateway, archive: Path, folder: Path) -> str:
    control = folder / f"control-{len(list(folder.iterdir()))}"  # no connection of the run before is used again
    tasks = [
        {"copy": {"src": str(archive), "dest": "bench.tar.gz"}},
        {"shell": UNPACK},
        {"shell": START},
        {"shell": ALIVE},
    ]
    play = folder / "by_ansible.json"
    play.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    settings = {
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(control),
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python2.7",
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "LC_ALL": "C.UTF-8",
    }
    words = " ".join(f"{name}={value}" for name, value in settings.items())
    arguments = f"-i {gateway.host}, --ssh-common-args='-F {gateway.ssh_config}' {play}"
    return f"env {words} {OTHERS}/ansible-playbook {arguments}"


WAYS = (
    Way("scp, then ssh", _scp_and_ssh),
    Way("one ssh with tar", _tar_by_ssh),
    Way("paramiko, scp, three commands", _paramiko),
    Way("pyinfra", _pyinfra),
    Way("Ansible with pipelining", _ansible),
)


def end_connections(gateway: Gateway, folder: Path) -> list[list[str]]:
    """The commands that end what Ansible leaves open for its next run."""
    sockets = [socket for place in folder.glob("control-*") for socket in place.iterdir()]
    return [
        ["ssh", "-F", os.fspath(gateway.ssh_config), "-O", "exit", "-o", f"ControlPath={socket}", gateway.host]
        for socket in sockets
    ]
