"""Loads paramiko, which takes long, while something else is waited for."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from types import ModuleType
from typing import cast

_UNUSED = "invoke"


def load_in_background() -> None:
    """Have a thread load what a connection needs, unless that is loaded, or on its way, already."""
    if "paramiko" not in sys.modules:
        # No daemon: one that Python ends within a library of Rust or C++ aborts the process, and its exit code is lost.
        threading.Thread(target=_load).start()


def _load() -> None:
    # A third of the time is for invoke, which runs commands of an ssh configuration. paramiko never reads one here, and
    # does without.
    hides = _UNUSED not in sys.modules
    if hides:
        sys.modules[_UNUSED] = cast("ModuleType", None)
    try:
        with suppress(ImportError):  # then it is loaded as a whole, or the error is raised again, where it is used
            import bundlekit.ssh.transport  # noqa: F401
    finally:
        if hides:
            sys.modules.pop(_UNUSED, None)
