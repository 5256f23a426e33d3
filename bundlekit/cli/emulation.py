"""What keeps an emulated gateway from running, in the user's words."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bundlekit.errors import CouldNotRun
from bundlekit.shipped import install_command


@contextmanager
def emulation(moves: Mapping[str, str]) -> Iterator[None]:
    """Around the import and the run of an emulated gateway.

    Args:
        moves: the option that moves each port, by what listens there.

    Raises:
        CouldNotRun: a library is not installed, a port is taken, or a file cannot be written.
    """
    try:
        from bundlekit.emulator.lifecycle import CannotListen

        try:
            yield
        except CannotListen as error:
            option = moves.get(error.what, "--port")
            hint = f"{option} sets another port; {option} 0 takes any free port"
            if isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRNOTAVAIL:
                hint = "--listen takes an address of this machine"
            raise CouldNotRun(str(error), hint=hint) from error
        except PermissionError as error:
            raise CouldNotRun(f"cannot write {error.filename}: {error.strerror}") from error
    except ModuleNotFoundError as error:
        raise CouldNotRun(
            f"the emulated gateway needs {error.name}, which is not installed",
            hint=f"run `{install_command('emulator')}`",
        ) from error
