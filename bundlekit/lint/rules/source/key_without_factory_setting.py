"""A handler reads a key of the settings that the factory file does not have.

Why: The settings begin as a copy of the factory file. A key that is neither in it nor set by the bundle is missing
until a client sends it, and `self.model.db["x"]` fails with KeyError. The SDK then answers 500. Nothing is reported if
the key is mentioned anywhere else in the code, if it is read in an `if` or a `try`, or if the handler changes the
settings.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: the GET came back with 500.

Bad:

    index.py
        import os

        from sanji.core import Route, Sanji
        from sanji.model_initiator import ModelInitiator


        class Example(Sanji):
            def init(self, *args, **kwargs):
                self.model = ModelInitiator("example", os.path.abspath(os.path.dirname(__file__)))

            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={"mode": self.model.db["mode"]})

            @Route(methods="put", resource="/example")
            def put(self, message, response):
                self.model.db = message.data
                self.model.save_db()
                return response(code=200, data=self.model.db)
    data/example.json.factory
        {"level": 1}

Good:

    index.py
        import os

        from sanji.core import Route, Sanji
        from sanji.model_initiator import ModelInitiator


        class Example(Sanji):
            def init(self, *args, **kwargs):
                self.model = ModelInitiator("example", os.path.abspath(os.path.dirname(__file__)))

            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={"mode": self.model.db["mode"]})

            @Route(methods="put", resource="/example")
            def put(self, message, response):
                self.model.db = message.data
                self.model.save_db()
                return response(code=200, data=self.model.db)
    data/example.json.factory
        {"level": 1, "mode": "auto"}
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.bundle.bundle import LARGEST_FACTORY
from bundlekit.bundle.document import read_document
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.keys import keys_read
from bundlekit.lint.facts.models import models
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable
from bundlekit.source.functions import dotted_name
from bundlekit.source.modules import Module
from bundlekit.source.request_functions import handler_of
from bundlekit.source.syntax import span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_READS = 50  # of settings in a handler; for each, all modules are looked through
_CONDITIONS = frozenset(
    {
        *("if_statement", "try_statement", "conditional_expression", "boolean_operator", "for_statement"),
        *("while_statement", "lambda", "list_comprehension", "generator_expression", "dictionary_comprehension"),
    }
)


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    module = inspection.source.module
    if module is None or b"ModelInitiator" not in module.content or len(inspection.model_names) != 1:
        return
    made = [one for one in models(module) if isinstance(one.name, str) and not one.is_elsewhere]
    attribute = _attribute(made[0].given) if len(made) == 1 else ""
    if not attribute:
        return
    path = f"data/{made[0].name}.json.factory"
    factory = read_document(inspection.bundle, path, LARGEST_FACTORY)
    if not factory.parsed or not isinstance(factory.value, dict) or not factory.value:
        return
    settings = f"{attribute}.db"
    for route in {one.handler_at: one for one in inspection.source.routes}.values():
        function = handler_of(route, module.functions)
        if function is None or _changes(text_of(function.node), settings):
            continue
        reads = [one for one in keys_read(function, settings) if one[1].type == "subscript"]
        for key, node in reads[:_MOST_READS]:
            if key not in factory.value and _is_sure(node) and _mentions(inspection.modules, key, settings) == 1:
                message = f'{path} has no "{printable(key)[:60]}", so this fails until a client has set it'
                hint = "add it to the factory file, or read it with .get() and a default"
                yield Diagnostic(module.path, span_of(module.text, node), message, hint)


def _attribute(given: Node | None) -> str:
    """The attribute that a model is kept in: `self.model = ModelInitiator(...)`."""
    node = given
    while node is not None and node.type not in ("assignment", "function_definition"):
        node = node.parent
    name = dotted_name(node.child_by_field_name("left")) if node is not None and node.type == "assignment" else ""
    return name if name.startswith("self.") else ""


def _changes(text: str, settings: str) -> bool:
    """Whether a function changes the settings, or gives them to something else."""
    name = re.escape(settings)
    ways = (r"\s*=(?!=)", r"\s*\[[^\]\n]*\]\s*=(?!=)", r"\s*\.\s*(?:update|setdefault|pop)\b")
    return re.search("|".join(name + way for way in ways) + rf"|[(,]\s*{name}\s*[,)]", text) is not None


def _is_sure(node: Node) -> bool:
    """Whether a part of a function is run in each call."""
    around = node.parent
    while around is not None and around.type != "function_definition":
        if around.type in _CONDITIONS:
            return False
        around = around.parent
    return True


def _mentions(modules: tuple[Module, ...], key: str, settings: str) -> int:
    """How often a key stands in the code, but for `{"x": self.model.db["x"]}`, which gives it on under its name."""
    quoted = rf"[\"']{re.escape(key)}[\"']"
    given = re.compile(rf"{quoted}(?=\s*:\s*{re.escape(settings)}\s*\[\s*{quoted})".encode())
    word = re.compile(rf"(?<![\w-]){re.escape(key)}(?![\w-])".encode())
    return sum(len(word.findall(module.content)) - len(given.findall(module.content)) for module in modules)


RULE = Rule(code="BK341", name="key-without-factory-setting", severity=Severity.WARNING, page=__doc__, check=check)
