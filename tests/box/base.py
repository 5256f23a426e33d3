"""The base of all boxes: a Debian 11 with what a gateway has, built once and kept in the user's cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.box.host import Unavailable, as_root, check_tools

USER = "moxa"
PASSWORD = "moxa"
_SUITE = "bullseye"
_PACKAGES = "busybox-static,dbus,mosquitto,openssh-server,procps,python2.7,sudo,systemd,systemd-sysv"
_SETTLE = Path(__file__).with_name("settle.sh")
# The SDK and what it pins, and what of each sdist is the package itself.
_SDISTS = {
    "paho-mqtt==1.5.0": "src/paho",
    "sanji==1.1.2": "sanji",
    "simplejson==3.17.0": "simplejson",
    "six==1.13.0": "six.py",
    "voluptuous==0.11.5": "voluptuous",
}


@dataclass(frozen=True)
class Base:
    """A finished base; nothing in it is written to any more."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def client_key(self) -> Path:
        """The private SSH key that lets its owner in as `USER`."""
        return self.folder / "client_key"

    @property
    def host_keys(self) -> list[str]:
        """The public SSH host keys, as they stand in a known_hosts file behind the address."""
        return [path.read_text().strip() for path in sorted((self.root / "etc/ssh").glob("ssh_host_*.pub"))]


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bundlekit"


def base() -> Base:
    """The base, built now if this recipe's is not in the cache yet (a minute).

    Raises:
        Unavailable: it cannot be built here.
    """
    check_tools()
    recipe = repr((_SUITE, _PACKAGES, _SDISTS, USER, PASSWORD)).encode() + _SETTLE.read_bytes()
    finished = Base(cache_folder() / f"base-{hashlib.sha256(recipe).hexdigest()[:16]}")
    if not finished.folder.exists():
        with _one_builder(finished.folder.with_suffix(".lock")):
            if not finished.folder.exists():
                _build(finished)
    return finished


@contextmanager
def _one_builder(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _build(finished: Base) -> None:
    print("building the base of the test gateway, once: about a minute", file=sys.stderr)  # noqa: T201
    made = Base(finished.folder.with_suffix(".part"))
    as_root(["rm", "-rf", "--one-file-system", "--", made.folder])
    made.folder.mkdir()
    try:
        as_root(["unshare", "--mount", "debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _SUITE, made.root])
        _install_sdk(made.root)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", USER, "-f", made.client_key], check=True)
        key = made.client_key.with_suffix(".pub").read_text().strip()
        as_root(["chroot", made.root, "/bin/sh", "-c", _SETTLE.read_text(), "settle", USER, PASSWORD, key])
        made.folder.rename(finished.folder)
    except BaseException:
        as_root(["rm", "-rf", "--one-file-system", "--", made.folder], check=False)
        raise


def _install_sdk(root: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        python = scratch / "venv/bin/python"
        _run([sys.executable, "-m", "venv", scratch / "venv"])
        # pip runs an sdist's setup.py to learn its name; these are too old for a current setuptools.
        _run([python, "-m", "pip", "-q", "install", "setuptools<69", "wheel"])
        download = [
            "-m",
            "pip",
            "-q",
            "download",
            "--no-deps",
            "--no-binary",
            ":all:",
            "--no-build-isolation",
        ]
        _run([python, *download, "--dest", scratch / "sdists", *_SDISTS])
        for requirement, package in _SDISTS.items():
            project, _, version = requirement.partition("==")
            shutil.unpack_archive(scratch / "sdists" / f"{project}-{version}.tar.gz", scratch)
            source = scratch / f"{project}-{version}" / package
            as_root(["cp", "-r", "--no-preserve=mode,ownership", source, root / "usr/lib/python2.7/dist-packages"])


def _run(command: list[str | os.PathLike[str]]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(os.fspath(word) for word in command)} failed\n{done.stdout}{done.stderr}")
