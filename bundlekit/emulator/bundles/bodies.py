"""What the bodies of requests to a bundle may be, for the forms of the console."""

from __future__ import annotations

from typing import Any

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.manifest import manifest_of
from bundlekit.errors import BundlekitError
from bundlekit.source.contracts import Contracts
from bundlekit.source.routes import read_source


def bodies_of(bundle: Bundle) -> dict[str, dict[str, Any]]:
    """The JSON Schemas of what the code of a bundle lets through, by resource and method, in upper case.

    Nothing is raised: a bundle that cannot be read has none.
    """
    try:
        manifest = manifest_of(bundle)
        contracts = Contracts(bundle, read_source(bundle, manifest.main))
    except BundlekitError:
        return {}
    found: dict[str, dict[str, Any]] = {}
    for resource in manifest.resources:
        for method in {one.lower() for one in resource.methods} & {"put", "post"}:
            body = contracts.of(method, resource.path).body
            if not body.says_nothing:
                found.setdefault(resource.path, {})[method.upper()] = body.schema()
    return found
