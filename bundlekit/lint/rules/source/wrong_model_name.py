"""A `ModelInitiator` has a name for which the bundle has no factory file.

Why: `ModelInitiator(name, path)` reads `data/<name>.json`, which it makes from `data/<name>.json.factory` at the first
start, and raises a RuntimeError where that is missing, so that the bundle never comes up. The vendor's guide asks for
the name of the bundle.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: the start ends with `RuntimeError: No *.json.factory file`.

Fix (safe): writes the name of the bundle, if that is what the factory file is called and no other model has it.

Bad:

    index.py
        import os

        from sanji.core import Route, Sanji
        from sanji.model_initiator import ModelInitiator


        class Example(Sanji):
            def init(self, *args, **kwargs):
                self.model = ModelInitiator("exampel", os.path.dirname(os.path.abspath(__file__)))

            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data=self.model.db)

Good:

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

from bundlekit.bundle.manifest import NAME
from bundlekit.lint.code_edits import replaced
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.models import ModelCall, models
from bundlekit.lint.facts.package_contents import FACTORY
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, safe_fix
from bundlekit.quoting import quoted
from bundlekit.source.modules import Module
from bundlekit.source.syntax import span_of


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None or inspection.name is None:
        return
    path_is_folder = "__file__" in module.text.content  # else the path may be another folder's
    for model in models(module):
        given, name = model.given, model.name
        if given is None or not isinstance(name, str) or name == inspection.name or not path_is_folder:
            continue
        file = f"data/{name}.json"
        if "/" in name or inspection.has(file + ".factory") or inspection.has(file):
            continue
        message = f"{quoted(name)} is not the bundle's name, and there is no {file}.factory"[:300]
        correction = _correction(inspection, module, model)
        hint = f"write {quoted(inspection.name)}"
        yield Diagnostic(module.path, span_of(module.text, given), message, hint, correction=correction)


def _correction(inspection: Inspection, module: Module, model: ModelCall) -> Correction | None:
    """The bundle's name, if its factory file is meant: the model is in no other folder, and no other model has it."""
    name, given = inspection.name, model.given
    if given is None or given.type != "string" or name is None or not NAME.fullmatch(name):
        return None
    if model.is_elsewhere or any(path.endswith(f"/data/{model.name}{FACTORY}") for path in inspection.paths):
        return None
    if name in inspection.model_names or not inspection.has(f"data/{name}{FACTORY}"):
        return None
    return safe_fix(f'Write "{name}"', [replaced(module, given, f'"{name}"')])


RULE = Rule(code="BK316", name="wrong-model-name", severity=Severity.ERROR, page=__doc__, check=check)
