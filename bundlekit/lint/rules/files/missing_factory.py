"""There is no factory file for the settings that the bundle keeps.

Why: The vendor's guide asks for `data/NAME.json.factory`, named like the bundle. At the first start the SDK's
`ModelInitiator` makes the settings from it, and raises an error if it is missing. A bundle that makes no
`ModelInitiator`, and no `Model` of the SDK, needs no such file.

Evidence: The vendor's guide: the file's name must be the name in bundle.json. Seen with SDK 1.1.2 on Python 2.7.18:
`ModelInitiator` ends the start with `RuntimeError: No *.json.factory file`. A bundle that makes no `ModelInitiator`
started without the file.

Bad:

    data/example.json.factory is missing

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

    data/example.json.factory
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
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.package_contents import lacks_factory, misnamed_factories
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, in_manifest
from bundlekit.quoting import printable, quoted


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    factory = inspection.factory
    if factory is not None and lacks_factory(inspection) and not misnamed_factories(inspection):
        message = f"there is no factory file under the name {quoted(inspection.name)}, expected it in data/"
        hint = f"make {printable(factory.path)[:200]} with the settings to begin with, at the least {{}}"
        yield in_manifest(inspection, "/name", message, hint)


RULE = Rule(code="BK203", name="missing-factory", severity=Severity.ERROR, page=__doc__, check=check)
