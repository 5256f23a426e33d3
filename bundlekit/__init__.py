"""bundlekit: make, check, pack and deploy bundles for Moxa ThingsPro gateways.

The names of `__all__` are for programs; docs/python-api.md describes them. Each is loaded when it is used, so that
`import bundlekit` takes no time.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bundlekit.deploy.outcome import Outcome as Outcome
    from bundlekit.deploy.verbs import Deployed as Deployed
    from bundlekit.errors import BundlekitError as BundlekitError
    from bundlekit.errors import CouldNotRun as CouldNotRun
    from bundlekit.errors import NeedsHuman as NeedsHuman
    from bundlekit.errors import Refused as Refused
    from bundlekit.errors import RolledBack as RolledBack
    from bundlekit.library.checking import Validation as Validation
    from bundlekit.library.checking import validate as validate
    from bundlekit.library.gateway import Gateway as Gateway
    from bundlekit.library.packing import pack as pack
    from bundlekit.library.packing import read_archive as read_archive
    from bundlekit.library.verifying import Verification as Verification
    from bundlekit.lint.finding import Finding as Finding
    from bundlekit.pack.archive import Archive as Archive
    from bundlekit.remote.events import GatewayState as GatewayState

__version__ = "0.1.0"

_PLACES = {
    "validate": "library.checking",
    "pack": "pack",
    "read_archive": "library.packing",
    "Gateway": "library.gateway",
    "Validation": "library.checking",
    "Finding": "lint.finding",
    "Archive": "pack.archive",
    "GatewayState": "remote.events",
    "Deployed": "deploy.verbs",
    "Outcome": "deploy.outcome",
    "Verification": "library.verifying",
    "BundlekitError": "errors",
    "Refused": "errors",
    "RolledBack": "errors",
    "NeedsHuman": "errors",
    "CouldNotRun": "errors",
}

__all__ = [
    "Archive",
    "BundlekitError",
    "CouldNotRun",
    "Deployed",
    "Finding",
    "Gateway",
    "GatewayState",
    "NeedsHuman",
    "Outcome",
    "Refused",
    "RolledBack",
    "Validation",
    "Verification",
    "__version__",
    "pack",
    "read_archive",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = importlib.import_module(f"{__name__}.{_PLACES[name]}")
    if name != "pack":  # which is the name of a room, too: that module can be called
        found = globals()[name] = getattr(found, name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
