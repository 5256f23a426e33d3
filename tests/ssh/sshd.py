"""A real SSH server on the loopback, run as whoever runs the tests; no gateway is booted for it."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self


def make_key(file: Path, *, kind: str = "ed25519", passphrase: str = "", comment: str = "key") -> Path:
    """Make a key pair."""
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", comment, "-f", file], check=True)
    return file


def certify(authority: Path, key: Path, name: str, *options: str) -> Path:
    """Sign a public key by a certificate authority; `-h` in the options makes it one of a host."""
    public = key.with_name(f"{key.name}.pub")
    subprocess.run(["ssh-keygen", "-q", "-s", authority, "-I", "test", "-n", name, *options, public], check=True)
    return key.with_name(f"{key.name}-cert.pub")


class Sshd:
    """A server in a folder. A context manager.

    Attributes:
        port: on 127.0.0.1.
        user: that may log in.
        host_key: private; its public half lies beside it.
        config: lines of its configuration, which may be changed before it is started.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.user = getpass.getuser()
        self.host_key = make_key(folder / "host_key")
        self._authorized = folder / "authorized_keys"
        self._authorized.touch()
        self._file = folder / "sshd_config"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.config = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.host_key}",
            f"AuthorizedKeysFile {self._authorized}",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "StrictModes no",
            "UsePAM no",
            "PidFile none",
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """Of the server in known_hosts."""
        return f"[127.0.0.1]:{self.port}"

    def known_as(self, names: str | None = None) -> str:
        """A line of known_hosts."""
        return f"{names or self.name} {self.host_key.with_name('host_key.pub').read_text()}"

    def accept(self, key: Path) -> None:
        """Let whoever has a key log in."""
        with self._authorized.open("a") as stream:
            stream.write(key.with_name(f"{key.name}.pub").read_text())

    def __enter__(self) -> Self:
        self._file.write_text("\n".join(self.config) + "\n")
        program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
        assert program, "there is no sshd"
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        self._process = subprocess.Popen([program, "-D", "-e", "-f", self._file], stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except ConnectionRefusedError:
                assert self._process.poll() is None, "sshd does not take its configuration"
                time.sleep(0.02)
            else:
                return self
        raise AssertionError("sshd does not listen")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
