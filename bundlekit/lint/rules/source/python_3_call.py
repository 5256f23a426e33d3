"""index.py, or a module beside it that it imports, calls something with arguments that Python 2.7 refuses.

Why: A gateway runs bundles under Python 2.7, whose library has the functions and not all of their parameters; the call
raises a TypeError when the program comes to it. Nothing is reported if a module redefines the name, checks the version,
or continues when the call fails.

Evidence: each call was tried under Python 2.7.18; `super()`, `subprocess.call(c, timeout=5)`, `Thread(daemon=True)`,
`os.makedirs(p, exist_ok=True)`, `open(p, encoding="utf-8")`, `max(a, default=0)` and `str(b, "utf-8")` are TypeErrors.

Fix (safe): gives `super()` its class and its object, in a method of a class at the top.

Bad:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            def get_profile(self, role="model"):
                return dict(super().get_profile(role), firmware="2.6")

            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

Good:

    index.py
        from sanji.core import Route, Sanji


        class Example(Sanji):
            def get_profile(self, role="model"):
                return dict(super(Example, self).get_profile(role), firmware="2.6")

            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bundlekit.lint.code_edits import cut
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Correction, Severity
from bundlekit.lint.rule import Diagnostic, Rule, safe_fix
from bundlekit.source.functions import arguments, dotted_name, full_name, imported_names
from bundlekit.source.modules import Module
from bundlekit.source.python_3_names import bound_names, is_guarded
from bundlekit.source.syntax import span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class _Refused:
    """What Python 2.7 refuses of a call: parameters by name, and more arguments than `places`; and what to do."""

    names: frozenset[str]
    hint: str
    places: int = 99


@dataclass(frozen=True, slots=True)
class _Found:
    """What to say of a call, and the name that it depends on; empty if it depends on none."""

    name: str
    node: Node
    message: str
    hint: str


_PROCESS = _Refused(
    frozenset({"capture_output", "encoding", "errors", "input", "start_new_session", "text", "timeout"}),
    'there is no time-out either, but the command can be ["timeout", "5", ...]',
)
_NO_TEXT = "pass stdin=subprocess.PIPE and the like, and take communicate(), which gives and takes str"
_THREAD = _Refused(frozenset({"daemon"}), "write thread.daemon = True before its start()")
_TEXT = _Refused(frozenset({"encoding", "errors"}), 'write value.decode("utf-8")', places=1)
_DEFAULT = _Refused(frozenset({"default"}), "ask first whether there is anything")
_CALLS = {
    "subprocess.Popen": _PROCESS,
    "subprocess.call": _PROCESS,
    "subprocess.check_call": _PROCESS,
    "subprocess.check_output": _PROCESS,
    "threading.Thread": _THREAD,
    "threading.Timer": _THREAD,
    "os.makedirs": _Refused(frozenset({"exist_ok"}), "ask os.path.isdir first"),
    "open": _Refused(frozenset({"closefd", "encoding", "errors", "newline", "opener"}), "take io.open, which has it"),
    "max": _DEFAULT,
    "min": _DEFAULT,
    "str": _TEXT,
    "bytes": _TEXT,
}
_OF_OBJECTS = {"communicate": _Refused(frozenset({"timeout"}), "stop it by threading.Timer(5, process.kill)")}
_MOST = 200  # reports; a file for Python 3 has one cause
_NAMES = frozenset(name.rpartition(".")[2] for name in _CALLS) | frozenset(_OF_OBJECTS) | {"super"}


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    for module in inspection.modules_for_python_2:
        imported = imported_names(module.python)
        aliases = {alias for alias, whole in imported.items() if whole in _CALLS}
        calls = (call.node for call in module.python.calls if call.name in _NAMES or call.name in aliases)
        found = [one for one in (_refused(imported, call) for call in calls) if one is not None][:_MOST]
        bound = bound_names(module, {one.name for one in found})
        for one in found:
            if one.name not in bound and not is_guarded(one.node):
                correction = _super(module, one.node) if one.name == "super" else None
                place = span_of(module.text, one.node)
                yield Diagnostic(module.path, place, one.message, one.hint, correction=correction)


def _super(module: Module, call: Node) -> Correction | None:
    """The arguments of `super()`, in a method of a class at the top that has a base."""
    around = call.parent
    while around is not None and around.type not in ("function_definition", "lambda", "class_definition"):
        around = around.parent
    parameters = around.child_by_field_name("parameters") if around is not None else None
    given, first = call.child_by_field_name("arguments"), (parameters.named_children[:1] if parameters else [])
    body = around.parent if around is not None else None
    if body is not None and body.type == "decorated_definition":
        if any("staticmethod" in text_of(one) for one in body.named_children if one.type == "decorator"):
            return None
        body = body.parent
    owner = body.parent if body is not None else None
    if given is None or not first or first[0].type != "identifier" or owner is None or owner.type != "class_definition":
        return None
    top = owner.parent
    if top is not None and top.type == "decorated_definition":
        top = top.parent
    bases = owner.child_by_field_name("superclasses")
    has_base = bases is not None and any(one.type != "comment" for one in bases.named_children)
    if top is None or top.type != "module" or not has_base:
        return None
    name = text_of(owner.child_by_field_name("name"))
    edit = cut(module, given.start_byte, given.end_byte, f"({name}, {text_of(first[0])})")
    return safe_fix(f"Write super({name[:60]}, {text_of(first[0])[:60]})", [edit])


def _refused(imported: dict[str, str], call: Node) -> _Found | None:
    """What Python 2.7 refuses of a call, if it is one of those that are known and is not what a `*` import brought."""
    written = dotted_name(call.child_by_field_name("function"))
    name = full_name(imported, written)
    places, names, is_open = arguments(call)
    if "." not in name and "*" in imported:
        return None
    head, last = written.partition(".")[0], written.rpartition(".")[2]
    if name == "super":
        message = "super() takes a class and an object under Python 2.7"
        return None if places or names or is_open else _Found(name, call, message, "write super(ClassName, self)")
    refused = _CALLS.get(name)
    if refused is None:
        refused = _OF_OBJECTS.get(last) if written != last else None
        head, name = "", last
    if refused is None:
        return None
    extra = next((one for one in names if one in refused.names), "")
    if extra:
        hint = _NO_TEXT if refused is _PROCESS and extra != "timeout" else refused.hint
        return _Found(head, names[extra].parent or call, f"Python 2.7 refuses {name}() with {extra}", hint)
    if len(places) > refused.places and not is_open:
        return _Found(head, call, f"Python 2.7 refuses {name}() with {len(places)} arguments", refused.hint)
    return None


RULE = Rule(code="BK323", name="python-3-call", severity=Severity.ERROR, page=__doc__, check=check)
