"""The SBOM of a bundle: CycloneDX 1.6 as JSON, the same bytes for the same bundle.

It has no time in it, and its serial number is made from the content of the bundle. What the gateway has is listed
without versions: they are those of the gateway, which nobody has asked.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from bundlekit.bundle.bundle import REQUIREMENTS, Bundle
from bundlekit.bundle.files import Entry, Kind
from bundlekit.bundle.manifest import Manifest, manifest_of, read_manifest
from bundlekit.bundle.overlay import Overlaid
from bundlekit.bundle.vendor_lock import LockedPackage, read_lock
from bundlekit.errors import CouldNotRun, Taken
from bundlekit.io import replacing
from bundlekit.pack.archive import Archive
from bundlekit.pack.contents import SUMS, Contents
from bundlekit.pack.reading import open_stream
from bundlekit.shipped import install_command

if TYPE_CHECKING:
    from cyclonedx.model.component import Component
    from cyclonedx.model.license import License

SBOM_SUFFIX = ".cdx.json"

_DISTRIBUTIONS = {"paho": "paho-mqtt"}
_PYTHON = "python"
_SDK = "sanji"


def sbom_name(manifest: Manifest) -> str:
    """The name of the file, in the archive and beside it: `<name>-<version>.cdx.json`."""
    return f"{manifest.name}-{manifest.version}{SBOM_SUFFIX}"


def with_sbom(bundle: Bundle, contents: Contents, provided: Mapping[str, str]) -> tuple[Bundle, Contents]:
    """A bundle with its SBOM in it, and what goes into its archive then.

    Args:
        bundle: in its folder.
        contents: what goes into its archive without an SBOM.
        provided: the modules that it imports and does not bring, and what each is expected from.

    Raises:
        CouldNotRun: the library for it is not installed.
        Refused, Unreadable: as `sbom_of`.
    """
    name, content = sbom_name(manifest_of(bundle)), sbom_of(bundle, contents.entries, provided)
    entries = sorted((*contents.entries, Entry(name, Kind.FILE, len(content))), key=lambda one: one.path)
    return replace(bundle, files=Overlaid(bundle.files, name, content)), replace(contents, entries=tuple(entries))


def write_sbom(archive: Archive, folder: Path) -> Path:
    """Write the SBOM in an archive beside it, into a folder that is there.

    Returns:
        The path of the file.

    Raises:
        Unreadable: the archive has none.
        Taken: something that is no file has its name.
        CouldNotRun: it cannot be written.
    """
    name = f"{archive.name}-{archive.version}{SBOM_SUFFIX}"
    with tempfile.TemporaryFile() as packed:
        packed.write(archive.data)
        packed.seek(0)
        content = open_stream(packed, archive.file_name).files.read(name)
    place = folder / name
    if place.is_symlink() or (place.exists() and not place.is_file()):
        raise Taken(f"{place} exists and is not a file", kept=f"{place} was left as it is")
    try:
        with replacing(place) as stream:
            stream.write(content)
    except OSError as error:
        raise CouldNotRun(f"cannot write {place}: {error.strerror}") from error
    return place


def sbom_of(bundle: Bundle, entries: Iterable[Entry], provided: Mapping[str, str]) -> bytes:
    """The SBOM of a bundle.

    Args:
        bundle: the bundle.
        entries: what goes into its archive; an SBOM and a checksum list among them do not count.
        provided: the modules that it imports and does not bring, each with what has it on a gateway: `python` itself,
            the `sdk`, or the `gateway` in some other way.

    Raises:
        CouldNotRun: the library for it is not installed.
        Refused: bundle.json or vendor.lock is not what it should be.
        Unreadable: a file cannot be read.
    """
    try:
        from cyclonedx.model.bom import Bom
        from cyclonedx.output.json import JsonV1Dot6
    except ImportError as error:
        raise CouldNotRun(
            "cyclonedx-python-lib is not installed, which writes SBOMs", hint=install_command("sbom")
        ) from error
    lock = read_lock(bundle.files)
    packages = lock.packages if lock is not None else ()
    root, vendored = _bundle(bundle), {one.name: _package(one) for one in packages}
    there = _provided(provided)
    bom = Bom(components=[*vendored.values(), *there], serial_number=uuid5(NAMESPACE_URL, _digest(bundle, entries)))
    bom.metadata.component = root
    bom.metadata.timestamp = None  # type: ignore[assignment] # it would be that of this moment
    needed: dict[str, list[Component]] = {}
    for package in packages:
        for by in package.required_by:
            needed.setdefault(by, []).append(vendored[package.name])
    bom.register_dependency(root, [*needed.get(REQUIREMENTS, ()), *there])
    for name, component in vendored.items():
        bom.register_dependency(component, needed.get(name, ()))
    return (JsonV1Dot6(bom).output_as_string(indent=2) + "\n").encode()


def _bundle(bundle: Bundle) -> Component:
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.contact import OrganizationalContact

    manifest, said = manifest_of(bundle), read_manifest(bundle).value
    author, email = (said.get(key) if isinstance(said.get(key), str) else None for key in ("author", "email"))
    return Component(
        type=ComponentType.APPLICATION,
        bom_ref="bundle",
        name=manifest.name,
        version=manifest.version,
        description=manifest.description or None,
        authors=[OrganizationalContact(name=author, email=email)] if author or email else (),
        licenses=_licences(said.get("license")),
    )


def _package(package: LockedPackage) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType, Property
    from cyclonedx.model.component import Component
    from packageurl import PackageURL

    return Component(
        bom_ref=f"vendor/{package.name}",
        name=package.name,
        version=package.version,
        purl=PackageURL("pypi", name=package.name, version=package.version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=package.sha256)],
        licenses=_licences(package.licence),
        properties=[Property(name="bundlekit:file", value=package.file)],
    )


def _provided(provided: Mapping[str, str]) -> list[Component]:
    """What is expected on the gateway: Python and the SDK in any case, and the modules that are imported."""
    from cyclonedx.model import Property
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    by_component: dict[str, list[str]] = {_PYTHON: [], _SDK: []}
    for module, provider in provided.items():
        name = _PYTHON if provider == "python" else _DISTRIBUTIONS.get(module, module)
        by_component.setdefault(name, []).append(module)
    return [
        Component(
            type=ComponentType.PLATFORM if name == _PYTHON else ComponentType.LIBRARY,
            bom_ref=f"gateway/{name}",
            name=name,
            version="2.7" if name == _PYTHON else None,
            purl=PackageURL("pypi", name=name) if _is_of_the_sdk(name, modules, provided) else None,
            properties=[
                Property(name="bundlekit:provided-by", value="gateway"),
                *(Property(name="bundlekit:imported-module", value=module) for module in modules),
            ],
        )
        for name, modules in sorted(by_component.items())
    ]


def _is_of_the_sdk(name: str, modules: Iterable[str], provided: Mapping[str, str]) -> bool:
    return name == _SDK or any(provided[module] == "sdk" for module in modules)


def _licences(said: object) -> list[License]:
    from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
    from cyclonedx.spdx import is_supported_id
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    if not isinstance(said, str) or not said:
        return []
    try:
        known = str(canonicalize_license_expression(said))
    except InvalidLicenseExpression:
        return [DisjunctiveLicense(name=said)]
    return [DisjunctiveLicense(id=known) if is_supported_id(known) else LicenseExpression(known)]


def _digest(bundle: Bundle, entries: Iterable[Entry]) -> str:
    """The SHA-256 of the paths and the content of the files that go in, in hex."""
    lines = sorted(
        f"{sha256(bundle.files.read(one.path)).hexdigest()}  {one.path}\n"
        for one in entries
        if one.kind is Kind.FILE and one.path != SUMS and not one.path.endswith(SBOM_SUFFIX)
    )
    return sha256("".join(lines).encode()).hexdigest()
