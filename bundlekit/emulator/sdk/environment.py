"""What a bundle's process needs in its environment: where the broker is, and where the SDK."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from bundlekit.emulator.address import SocketAddress
from bundlekit.errors import CouldNotRun
from bundlekit.shipped import sdk

_BRIDGE = Path(__file__).with_name("bridge")


def environment(
    broker: SocketAddress, given: Mapping[str, str] = os.environ, *, source: Path | None = None
) -> dict[str, str]:
    """The variables to set for a bundle, whatever Python it runs under, 2.7 or 3.

    The SDK is brought along, and what a Python 3 lacks for it is bridged as it is imported. An SDK that is installed
    for that Python goes before; packages on a PYTHONPATH of the user's do too.

    Args:
        broker: where bundles connect to.
        given: the variables that the user has set.
        source: the folder that the bundle is a copy of, to be named in its tracebacks.

    Raises:
        CouldNotRun: this is a checkout that was never installed, which has no SDK.
    """
    import platformdirs

    if not sdk().exists():
        raise CouldNotRun("the SDK of bundles is not there", hint="`pip install -e .` in the checkout fetches it")
    path = [str(_BRIDGE), *filter(None, given.get("PYTHONPATH", "").split(os.pathsep)), str(sdk())]
    return {
        "BROKER_PORT_1883_TCP_ADDR": broker.host,
        "BROKER_PORT_1883_TCP_PORT": str(broker.port),
        "BUNDLEKIT_SDK": str(sdk()),
        **({"BUNDLEKIT_SOURCE": str(source)} if source else {}),
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "BUNDLEKIT_BYTECODE": str(platformdirs.user_cache_path("bundlekit", appauthor=False) / "bytecode"),
    }
