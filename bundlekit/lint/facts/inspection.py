"""What rules look at: the files of one bundle, each read once and only when a rule asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bundlekit.bundle.bundle import LARGEST_FACTORY, Bundle
from bundlekit.bundle.document import Document, read_document
from bundlekit.bundle.gateway_resources import API
from bundlekit.bundle.manifest import Resource, main_of, read_manifest, resource_of
from bundlekit.bundle.reading import ReadError
from bundlekit.bundle.text import Text
from bundlekit.errors import Unreadable
from bundlekit.lint.facts.models import model_names
from bundlekit.lint.facts.structure import SchemaError, schema_errors
from bundlekit.source.entry_point import Starting, starting_of
from bundlekit.source.functions import Function
from bundlekit.source.modules import Module, Parse, found_once, imported_modules, package_of, parse_module
from bundlekit.source.python2.incompatibility import Incompatibility
from bundlekit.source.python2.judge import refused
from bundlekit.source.reach import Calls, Reached
from bundlekit.source.request_functions import answering
from bundlekit.source.routes import Source, read_source

if TYPE_CHECKING:
    from bundlekit.source.contracts import Contracts

MOST_REFUSED = 20
"""Places that Python 2.7 refuses, beyond which the rest of a file, and a package as a whole, are told at once."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource of the manifest, and its JSON pointer."""

    pointer: str
    resource: Resource


class Inspection:
    """One look at one bundle."""

    def __init__(self, bundle: Bundle, api: str = API, parse: Parse = parse_module) -> None:
        """Look at nothing yet.

        Args:
            bundle: the bundle.
            api: the version of the gateway's API, a key of `GATEWAY_RESOURCES`.
            parse: makes a module of what was read.
        """
        self.bundle = bundle
        self.api = api
        self._parse = parse

    @cached_property
    def manifest(self) -> Document:
        """bundle.json."""
        return read_manifest(self.bundle)

    @cached_property
    def schema_errors(self) -> tuple[SchemaError, ...]:
        """Where the manifest violates the schema; nothing while it is not JSON."""
        return schema_errors(self.manifest.value) if self.manifest.parsed else ()

    @cached_property
    def name(self) -> str | None:
        """The bundle's name, if bundle.json has one that can be a part of a path."""
        value = self.manifest.value
        name = value.get("name") if isinstance(value, dict) else None
        return name if isinstance(name, str) and name and not set(name) & set("/\\\0") else None

    @cached_property
    def declared(self) -> tuple[Declared, ...]:
        """The declared resources that have a proper form."""
        value = self.manifest.value
        items = value.get("resources") if isinstance(value, dict) else None
        if not isinstance(items, list):
            return ()
        resources = [resource_of(item, value.get("role")) for item in items]
        return tuple(
            Declared(f"/resources/{index}", resource)
            for index, resource in enumerate(resources)
            if resource is not None
        )

    @cached_property
    def hooks(self) -> tuple[str, ...]:
        """The names in hook: bundles of which this one gets the requests that they have answered."""
        value = self.manifest.value
        names = value.get("hook") if isinstance(value, dict) else None
        return tuple(one for one in names if isinstance(one, str) and one) if isinstance(names, list) else ()

    @cached_property
    def factory(self) -> Document | None:
        """The factory file under the bundle's name; None while the bundle has no name."""
        if self.name is None:
            return None
        return read_document(self.bundle, f"data/{self.name}.json.factory", LARGEST_FACTORY)

    @cached_property
    def source(self) -> Source:
        """index.py, or the file that main names."""
        return read_source(self.bundle, main_of(self.bundle, self.manifest.value), self._parse)

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """The file of `source` and the modules beside it that it imports; nothing while it cannot be read."""
        main = self.source.module
        return imported_modules(self.bundle, main, self._parse) if main is not None else ()

    @cached_property
    def answering(self) -> list[tuple[Function, str]]:
        """The handlers in index.py that take requests, with the name of what each calls to answer."""
        return answering(self.source.module, self.source.routes) if self.source.module is not None else []

    @cached_property
    def calls(self) -> Calls:
        """Which functions of the bundle its calls run."""
        return Calls(self.bundle.files, self.modules)

    @cached_property
    def contracts(self) -> Contracts:
        """What the code says of requests and answers. Most bundles have no schema, and do not pay for its import."""
        from bundlekit.source.contracts import Contracts

        return Contracts(self.bundle, self.source, self.modules)

    @cached_property
    def reached(self) -> tuple[Reached, ...]:
        """What runs while a request waits: the handlers in index.py, and what they call in any module."""
        main = self.modules[0] if self.modules else None
        return self.calls.reached(main, self.source.routes) if main is not None else ()

    @cached_property
    def refused(self) -> dict[str, list[Incompatibility]]:
        """What Python 2.7 refuses of each module, by its path."""
        return {module.path: _refused(module) for module in self.modules}

    @cached_property
    def python_3_packages(self) -> dict[str, tuple[Module, ...]]:
        """The packages in the bundle of which Python 2.7 refuses so much that they are for Python 3; their modules."""
        packages: dict[str, list[Module]] = {}
        for module in self.modules:
            package = package_of(self.bundle.files, module.path)
            if package:
                packages.setdefault(package, []).append(module)
        return {
            package: tuple(modules)
            for package, modules in packages.items()
            if sum(len(self.refused[module.path]) for module in modules) > MOST_REFUSED
        }

    @cached_property
    def modules_for_python_2(self) -> tuple[Module, ...]:
        """The modules but for those in packages for Python 3, of which more would be told than anybody reads."""
        others = {module.path for modules in self.python_3_packages.values() for module in modules}
        return tuple(module for module in self.modules if module.path not in others)

    @cached_property
    def model_names(self) -> set[str | None]:
        """The names of the models that the modules make; see `bundlekit.lint.facts.models.model_names`."""
        return model_names(self.modules)

    @cached_property
    def starting(self) -> Starting | None:
        """What starts in index.py; None while it cannot be read, or is no Python."""
        module = self.source.module
        return starting_of(module) if module is not None and module.python.error is None else None

    @property
    def read_errors(self) -> Iterator[tuple[str, ReadError]]:
        """What was found on reading the files, with the path of each."""
        for document in self.documents:
            for read_error in document.read_errors:
                yield document.path, read_error
        if self.source.read_error is not None:
            yield self.source.path, self.source.read_error

    @property
    def documents(self) -> tuple[Document, ...]:
        """The JSON files."""
        return (self.manifest,) if self.factory is None else (self.manifest, self.factory)

    def has(self, path: str) -> bool:
        """Whether the bundle has something there."""
        return any(path == found for found in self.paths)

    def paths_in(self, folder: str) -> tuple[str, ...]:
        """What lies right in a folder of the bundle, in order."""
        return tuple(path for path in self.paths if path.rpartition("/")[0] == folder)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """All that the bundle has; nothing where its folder cannot be listed."""
        try:
            return tuple(self.bundle.files.entries)
        except Unreadable:
            return ()

    def text(self, path: str) -> Text | None:
        """The text of a file that was read, if it was."""
        if path == self.source.path:
            return self.source.text
        if path.endswith(".py"):
            return next((module.text for module in self.modules if module.path == path), None)
        return next((document.text for document in self.documents if document.path == path), None)


@found_once
def _refused(module: Module) -> list[Incompatibility]:
    return refused(module.python, module.text.utf8)
