"""The factory file has another name than the bundle.

Why: The vendor's guide asks for `data/NAME.json.factory`, named like the bundle. The SDK's `ModelInitiator` looks for
the file under the name that index.py gives it, and raises an error if the file is missing, even if there is a
`data/NAME.factory.json`. A file with the name of another model of the bundle is correct, and a bundle that makes no
`ModelInitiator`, and no `Model` of the SDK, needs no such file.

Evidence: The vendor's guide: the file's name must be the name in bundle.json. Seen with SDK 1.1.2 on Python 2.7.18:
`ModelInitiator` ends the start with `RuntimeError: No *.json.factory file`, however alike the other file's name is.

Fix (safe): renames the file, if there is only one and no code uses its name.

Bad:

    data/example.json.factory is missing

    data/example.factory.json
        {"key": "value"}

    index.py
        import os

        from sanji.core import Route, Sanji
        from sanji.model_initiator import ModelInitiator


        class Example(Sanji):
            def init(self, *args, **kwargs):
                self.model = ModelInitiator("example", os.path.dirname(os.path.abspath(__file__)))

            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data=self.model.db)

Good:

    data/example.json.factory is missing

    data/other.json.factory
        {"key": "value"}

    index.py
        import os

        from sanji.core import Route, Sanji
        from sanji.model_initiator import ModelInitiator


        class Example(Sanji):
            def init(self, *args, **kwargs):
                self.model = ModelInitiator("other", os.path.dirname(os.path.abspath(__file__)))

            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data=self.model.db)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bundlekit.bundle.files import Kind
from bundlekit.bundle.manifest import NAME
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.package_contents import FACTORY, MISSPELT_FACTORY, misnamed_factories
from bundlekit.lint.finding import Correction, Rename, Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import printable, quoted

_PLAIN = re.compile(r"[A-Za-z0-9_. -]+")
_LONGEST = 200  # characters; a longer name is BK103


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    others = misnamed_factories(inspection)
    if others:
        wanted = f"expected data/{printable(inspection.name or '')[:100]}{FACTORY}"
        message = f"the factory file is not called {quoted(inspection.name)} as the bundle is, {wanted}"
        if others[0].endswith(MISSPELT_FACTORY):
            message = f"the name of the factory file {printable(others[0])[:200]} is misspelt, {wanted}"
        diagnostic = in_manifest(inspection, "/name", message, f"rename {printable(others[0])[:200]}")
        rename = _rename(inspection, others)
        title = f"Rename {printable(others[0])[:100]}"
        yield replace(diagnostic, correction=Correction(title, rename=rename) if rename is not None else None)


def _rename(inspection: Inspection, others: tuple[str, ...]) -> Rename | None:
    """What to rename: the one file that it can be, if it is a file, and nothing in the bundle goes by its name."""
    entry = inspection.bundle.files.entries.get(others[0])
    is_misspelt = others[0].endswith(MISSPELT_FACTORY)
    name = others[0].removeprefix("data/").removesuffix(MISSPELT_FACTORY if is_misspelt else FACTORY)
    are_plain = _PLAIN.fullmatch(name) is not None and NAME.fullmatch(inspection.name or "") is not None
    if len(others) > 1 or not are_plain or len(inspection.name or "") > _LONGEST or inspection.source.module is None:
        return None
    if entry is None or entry.kind is not Kind.FILE:
        return None
    if None in inspection.model_names:
        return None
    mention = f"{name}.factory" if is_misspelt else f"{name}.json"
    if any(mention in module.text.content for module in inspection.modules):
        return None
    return Rename(others[0], f"data/{inspection.name}{FACTORY}")


RULE = Rule(code="BK212", name="misnamed-factory", severity=Severity.ERROR, page=__doc__, check=check)
