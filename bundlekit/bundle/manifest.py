"""The manifest: bundle.json."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Any

from bundlekit.bundle.bundle import LARGEST_MANIFEST, MAIN, MANIFEST, Bundle
from bundlekit.bundle.document import Document, read_document
from bundlekit.bundle.patterns import without_prefix
from bundlekit.bundle.reading import ReadErrorKind
from bundlekit.errors import Refused, Unreadable
from bundlekit.quoting import quoted

ManifestDocument = Document
"""bundle.json as it was read, with places."""

LONGEST = 100
"""Characters that a name and a version may each have: together they are part of a file's name, which has 255."""

NAME = re.compile(rf"[A-Za-z-]{{1,{LONGEST}}}")
"""What the name of a bundle fully matches; by the vendor's guide, `[A-Za-z-]+`."""

VERSION = re.compile(rf"[0-9A-Za-z][0-9A-Za-z.+_~-]{{0,{LONGEST - 1}}}")
"""What a version fully matches, so that it can be part of a file's name."""

METHODS = ("get", "put", "post", "delete")
"""The methods that a resource can have, as bundle.json spells them."""

DEFAULT_TTL = 60
"""Seconds that a request may take where bundle.json does not say."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What a bundle answers for, or listens to.

    Attributes:
        path: such as `/thermostat` or `/thermostat/:id`.
        methods: in the order of bundle.json; empty where it lists none.
        role: `model` or `view`.
    """

    path: str
    methods: tuple[str, ...]
    role: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What bundle.json says that packing and deploying need.

    Attributes:
        ttl: seconds in which the bundle promises to answer.
        main: the path of the file that its code is in.
    """

    name: str
    version: str
    description: str
    ttl: float
    resources: tuple[Resource, ...]
    main: str = MAIN

    @property
    def answered(self) -> tuple[str, ...]:
        """The resources that it answers, as the gateway knows them: those that it only listens to are left out."""
        return tuple(without_prefix(resource.path) for resource in self.resources if resource.role == "model")


def read_manifest(bundle: Bundle) -> ManifestDocument:
    """Read bundle.json with the places of its values. Nothing is raised; see its `read_errors`."""
    return read_document(bundle, MANIFEST, LARGEST_MANIFEST)


def main_of(bundle: Bundle, manifest: Any) -> str:
    """The path of the file that a bundle's code is in: the one that its main names, if that is there, or index.py.

    Args:
        bundle: the bundle.
        manifest: the value of its bundle.json, whatever that is.
    """
    main = manifest.get("main") if isinstance(manifest, dict) else None
    if not isinstance(main, str) or not main.endswith(".py"):
        return MAIN
    path = posixpath.normpath(main)
    try:
        return path if path in bundle.files.entries else MAIN
    except Unreadable:
        return MAIN


def manifest_of(bundle: Bundle) -> Manifest:
    """What a bundle's manifest says.

    A name and a version that come back are safe to be made a part of a path; a name may still begin with a
    hyphen.

    Raises:
        Unreadable: there is no bundle.json, or it cannot be read.
        Refused: it does not say what a bundle needs: `bundlekit validate` tells more.
    """
    document = read_manifest(bundle)
    for read_error in document.read_errors:
        if read_error.kind in (ReadErrorKind.MISSING, ReadErrorKind.NOT_READABLE):
            raise Unreadable(f"{bundle.label} is not a bundle: {read_error.message}")
    if not document.parsed:
        raise _refused(bundle, document.read_errors[-1].message)
    return _manifest(bundle, document.value)


def resource_of(item: Any, bundle_role: Any) -> Resource | None:
    """What one entry of `resources` says; None where it has no proper form. Methods without a proper form are left
    out.

    Args:
        item: the entry.
        bundle_role: the role of the bundle, which is that of the resource too unless it has its own.
    """
    if not isinstance(item, dict) or not isinstance(item.get("resource"), str):
        return None
    methods = item.get("methods", [])
    if isinstance(methods, str):
        methods = [methods]
    strings = (method for method in methods if isinstance(method, str)) if isinstance(methods, list) else ()
    role = "view" if item.get("role", bundle_role) == "view" else "model"
    return Resource(path=item["resource"], methods=tuple(dict.fromkeys(strings)), role=role)


def _manifest(bundle: Bundle, value: Any) -> Manifest:
    if not isinstance(value, dict):
        raise _refused(bundle, f"{MANIFEST} holds {quoted(value)}, expected an object")
    name, version = value.get("name"), value.get("version")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise _refused(bundle, f"its name is {quoted(name)}, expected letters and hyphens, {LONGEST} at most")
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        raise _refused(bundle, f"its version is {quoted(version)}, expected a version such as 1.0.0")
    ttl = value.get("ttl", DEFAULT_TTL)
    if isinstance(ttl, bool) or not isinstance(ttl, int | float) or not ttl > 0:
        raise _refused(bundle, f"its ttl is {quoted(ttl)}, expected a positive number of seconds")
    description = value.get("description")
    items = value.get("resources")
    resources = [resource_of(item, value.get("role")) for item in items] if isinstance(items, list) else []
    return Manifest(
        name=name,
        version=version,
        description=description if isinstance(description, str) else "",
        ttl=ttl,
        resources=tuple(resource for resource in resources if resource is not None),
        main=main_of(bundle, value),
    )


def _refused(bundle: Bundle, why: str) -> Refused:
    return Refused(
        f"{bundle.shown(MANIFEST)}: {why}", hint="bundlekit validate shows everything that is wrong with a bundle"
    )
