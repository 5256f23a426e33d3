"""What rules look at: the files of one bundle, each read once and only when a rule asks."""

from __future__ import annotations

from functools import cached_property

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.document import Document, read_document
from bundlekit.bundle.manifest import Resource, read_manifest, resources_in
from bundlekit.bundle.routes import Source, read_source
from bundlekit.bundle.text import Text
from bundlekit.lint.structure import Violation, violations

_LARGEST_FACTORY = 16 * 1024 * 1024


class Inspection:
    """One look at one bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    @cached_property
    def manifest(self) -> Document:
        """bundle.json."""
        return read_manifest(self.bundle)

    @cached_property
    def violations(self) -> tuple[Violation, ...]:
        """Where the manifest violates the schema; nothing while it is not JSON."""
        return violations(self.manifest.value) if self.manifest.parsed else ()

    @cached_property
    def name(self) -> str | None:
        """The bundle's name, if bundle.json has one that can be a part of a path."""
        value = self.manifest.value
        name = value.get("name") if isinstance(value, dict) else None
        return name if isinstance(name, str) and name and not set(name) & set("/\\\0") else None

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """The declared resources that have a proper form."""
        return resources_in(self.manifest.value)

    @cached_property
    def factory(self) -> Document | None:
        """The factory file under the bundle's name; None while the bundle has no name."""
        if self.name is None:
            return None
        return read_document(self.bundle, f"data/{self.name}.json.factory", _LARGEST_FACTORY)

    @cached_property
    def source(self) -> Source:
        """index.py."""
        return read_source(self.bundle)

    @property
    def documents(self) -> tuple[Document, ...]:
        """The JSON files."""
        return (self.manifest,) if self.factory is None else (self.manifest, self.factory)

    def text(self, path: str) -> Text | None:
        """The text of a file that was read, if it was."""
        if path == self.source.path:
            return self.source.text
        return next((document.text for document in self.documents if document.path == path), None)
