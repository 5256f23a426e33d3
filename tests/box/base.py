"""The base of all boxes: a Debian 11 with what a gateway has, built once and kept in the user's cache."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bundlekit.shipped import sdk
from tests.box.host import as_root, check_tools

USER = "moxa"
PASSWORD = "moxa"
_SUITE = "bullseye"
_PACKAGES = "busybox-static,dbus,mosquitto,openssh-server,openssl,procps,python2.7,sudo,systemd,systemd-sysv"
_SETTLE = Path(__file__).with_name("settle.sh")


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


# As it is when the tests begin: some of them have a cache of their own for what is found in bundles.
_CACHES = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def cache_folder() -> Path:
    return _CACHES / "bundlekit"


def base() -> Base:
    """The base, built now if this recipe's is not in the cache yet (a minute).

    Raises:
        Unavailable: it cannot be built here.
    """
    check_tools()
    files = (_SETTLE, sdk() / "requirements.txt")
    recipe = repr((_SUITE, _PACKAGES, USER, PASSWORD)).encode() + b"".join(file.read_bytes() for file in files)
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
        # Half of a processor's time that debootstrap takes. No flush: what a power cut leaves is not used.
        options = ["--variant=minbase", "--dpkgopt=force-unsafe-io", f"--include={_PACKAGES}"]
        as_root(["mmdebstrap", "--quiet", "--mode=root", *options, _SUITE, made.root])
        _install_sdk(made.root)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", USER, "-f", made.client_key], check=True)
        key = made.client_key.with_suffix(".pub").read_text().strip()
        as_root(["chroot", made.root, "/bin/sh", "-c", _SETTLE.read_text(), "settle", USER, PASSWORD, key])
        made.folder.rename(finished.folder)
    except BaseException:
        as_root(["rm", "-rf", "--one-file-system", "--", made.folder], check=False)
        raise


def _install_sdk(root: Path) -> None:
    """Put in what a bundle gets that is run on this machine."""
    packages = [path for path in sdk().iterdir() if path.suffix == ".py" or path.joinpath("__init__.py").exists()]
    as_root(["cp", "-r", "--no-preserve=mode,ownership", *packages, root / "usr/lib/python2.7/dist-packages"])
