"""From the variables of a host to a session on a gateway."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.loader import become_loader
from ansible.utils.display import Display

# Workers are forks of the process that imports this: what is imported and made here, no worker has to make anew.
try:
    from bundlekit.errors import GatewayUnreachable, HostKeyRejected, LoginRefused
    from bundlekit.fleet.ssh_arguments import ArgumentsUnfit, parse_arguments
    from bundlekit.library.own_gateway import expect_its_key, password_of
    from bundlekit.remote import script
    from bundlekit.remote.session import Session
    from bundlekit.ssh.address import look_up
    from bundlekit.ssh.connection import Connection
    from bundlekit.ssh.target import Target, parse_target
except ImportError:  # which the action reports
    pass
else:
    importlib.import_module("bundlekit.ssh.transport")  # with paramiko
    script.compressed()
    script.digest()
    script.programs()

if TYPE_CHECKING:
    from bundlekit.fleet.ssh_arguments import SshArguments
    from bundlekit.ssh.address import Address

display = Display()

_LONGEST_PAUSE = 30  # seconds between two tries, as Ansible's own connection has it
_SUDO = ("sudo", "ansible.builtin.sudo")
_SUDO_FLAGS = "-H -S -n"  # Ansible's default, which says nothing
_VARIABLES = {  # options that would need another SSH client
    "private_key": "ansible_private_key",
    "pkcs11_provider": "ansible_ssh_pkcs11_provider",
}


class VariablesPrompter:
    """Answers from Ansible's variables; nobody is asked anything."""

    def __init__(self, password: str | None, passphrase: str | None = None) -> None:
        self._password = password
        self._passphrase = passphrase

    @property
    def given(self) -> str | None:
        return self._password

    def password(self, account: str, *, again: bool = False, for_sudo: bool = False) -> str:
        if self._password is None:
            name = "ansible_become_password" if for_sudo else "ansible_password"
            raise LoginRefused(
                f"{'sudo on the gateway' if for_sudo else account} asks for a password, and {name} is not set",
                hint=f"set {name}, from a vault, or let a key be enough",
            )
        return self._password

    def passphrase(self, file: str, *, again: bool = False) -> str | None:
        return None if again else self._passphrase

    def trust_host_key(self, host: str, kind: str, fingerprint: str) -> bool:
        raise HostKeyRejected(
            f"the host key of {host} is not known: {kind} {fingerprint}",
            kept="no password and no file was sent",
            hint="compare it with what the gateway's own console shows, and add it to known_hosts; "
            "`-o StrictHostKeyChecking=accept-new` in ansible_ssh_common_args trusts each gateway at first sight",
        )


class Access:
    """How to get into a gateway, by the options of Ansible's connection `ssh` and of its `become`.

    Attributes:
        name: of the host in the inventory.
        target: as bundlekit's command line would have it.
    """

    def __init__(self, name: str, connection: Any, play_context: Any, variables: dict[str, Any], templar: Any) -> None:
        """Read them.

        Args:
            name: of the host in the inventory.
            connection: of the task.
            play_context: of the task.
            variables: of the host that the task is about.
            templar: for them.

        Raises:
            AnsibleActionFail: one of them asks for something that bundlekit cannot do.
        """
        self.name = name
        if connection.transport != "ssh":
            raise AnsibleActionFail(
                f"ansible_connection is {connection.transport}, and gateways are reached by ssh alone"
            )

        def option(name: str) -> Any:
            try:
                return connection.get_option(name)
            except KeyError:  # of a later Ansible
                return None

        for unfit, variable in _VARIABLES.items():
            if option(unfit):
                raise AnsibleActionFail(f"{variable} is set, and bundlekit cannot do that")
        if (executable := option("ssh_executable")) not in (None, "ssh"):
            raise AnsibleActionFail(
                f"ansible_ssh_executable is {executable}, and bundlekit has an SSH client of its own"
            )
        first = _arguments(option("ssh_args"), "ansible_ssh_args")
        others = [_arguments(option(f"ssh_{kind}_args"), f"ansible_ssh_{kind}_args") for kind in ("common", "extra")]
        options = [*first.options]
        if not option("host_key_checking"):
            options.append("StrictHostKeyChecking=no")
        if key := option("private_key_file"):
            options.append(f"IdentityFile={key}")
        options += [one for each in others for one in each.options]
        self.options = tuple(word for option in options for word in ("-o", option))
        self.config_file = next((each.config_file for each in (first, *others) if each.config_file), None)
        self.target = str(Target(str(option("host")), option("remote_user") or None, _number(option("port"))))
        self.timeout = float(option("timeout") or 10)
        self.tries = 1 + int(option("reconnection_retries") or 0)
        self.passphrase = option("private_key_passphrase") or None
        self.password = _text(option("password"))
        self.sudo_password = _text(_sudo_password(connection.become, play_context, variables, templar))

    def address(self) -> Address:
        """Where that leads to, once the ssh configuration had its say. An emulated gateway is known by its key."""
        found = expect_its_key(look_up(parse_target(self.target), self.config_file, self.options))
        return replace(found, called=self.name)

    @contextmanager
    def session(self, label: str) -> Iterator[Session]:
        """Log in; at the end log out.

        Args:
            label: of its processes on the gateway.

        Raises:
            BundlekitError: nobody gets in.
        """
        address = self.address()
        password = self.password or password_of(address)
        ask = VariablesPrompter(password, self.passphrase)
        with self._connected(address, ask) as connection:
            yield Session(connection, VariablesPrompter(self.sudo_password or password), label=label)

    def _connected(self, address: Address, ask: VariablesPrompter) -> Connection:
        for number in range(1, self.tries + 1):
            try:
                return Connection(address, ask=ask, timeout=self.timeout)
            except GatewayUnreachable as error:
                if number == self.tries:
                    raise
                pause = min(2**number - 1, _LONGEST_PAUSE)
                display.v(f"{error.message}; another try in {pause} s", host=self.name)
                time.sleep(pause)
        raise AssertionError("there is one try at least")


def _sudo_password(become: Any, play_context: Any, variables: dict[str, Any], templar: Any) -> Any:
    """What `become` says for sudo, also where the task does not say `become: true`: bundlekit needs root by itself."""
    if become is None:
        become = become_loader.get("ansible.builtin.sudo")
        names = constants.config.get_plugin_vars("become", become._load_name)
        known = {name: templar.template(variables[name]) for name in names if name in variables}
        become.set_options(var_options=known)
    elif become.name not in _SUDO:
        raise AnsibleActionFail(f"ansible_become_method is {become.name}, and bundlekit becomes root by sudo alone")
    for option, usual in (("become_user", "root"), ("become_exe", "sudo"), ("become_flags", _SUDO_FLAGS)):
        if (value := become.get_option(option)) not in (None, "", usual):
            raise AnsibleActionFail(f"ansible_{option} is {value}, and bundlekit needs `{usual}` there")
    return become.get_option("become_pass") or play_context.become_pass


def _arguments(text: str | None, variable: str) -> SshArguments:
    try:
        return parse_arguments(text)
    except ArgumentsUnfit as error:
        raise AnsibleActionFail(f"{variable} {error}") from None


def _number(port: Any) -> int | None:
    return int(port) if port else None


def _text(secret: Any) -> str | None:
    """A secret as plain text; one from a vault is decrypted here."""
    return str(secret) if secret else None
