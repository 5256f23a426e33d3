"""Text from a request becomes part of a command line that a shell runs.

Why: Bundles run as root, and so does the shell. A client with a token for the API can run `; reboot`, or anything else
that root can do. A list of words in place of a line, without shell=True, reaches the program as it is; `pipes.quote`
makes one word of a text. Nothing is reported for text that the handler or the schema of the Route checks, for text that
was converted to a number, and for parameters of the path, in which the SDK allows only letters, digits, `_` and `-`.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: a PUT of `{"host": "x; id -u"}` to the bad example below ran `id -u`,
and the answer contained its output.

Bad:

    index.py
        import subprocess

        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={})

            @Route(methods="put", resource="/example")
            def put(self, message, response):
                command = "timeout 5 echo %s" % message.data["host"]
                return response(code=200, data={"output": subprocess.check_output(command, shell=True)})

Good:

    index.py
        import subprocess

        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods="get", resource="/example")
            def get(self, message, response):
                return response(code=200, data={})

            @Route(methods="put", resource="/example")
            def put(self, message, response):
                command = ["timeout", "5", "echo", message.data["host"]]
                return response(code=200, data={"output": subprocess.check_output(command)})
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable
from bundlekit.source.functions import Function, arguments, dotted_name, full_name, imported_names
from bundlekit.source.modules import Module
from bundlekit.source.request_data import WHOLE, RequestData
from bundlekit.source.request_functions import handler_of
from bundlekit.source.syntax import span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_LINES = frozenset(
    {
        *("commands.getoutput", "commands.getstatusoutput", "os.popen", "os.popen2", "os.popen3", "os.popen4"),
        *("os.system", "popen2.popen2", "popen2.popen3", "popen2.popen4"),
    }
)
_PROCESSES = frozenset({"subprocess.Popen", "subprocess.call", "subprocess.check_call", "subprocess.check_output"})
_SHELLS = frozenset({"ash", "bash", "dash", "sh"})
_LISTED = re.compile(r"[\"'](?:/(?:usr/)?bin/)?(?:ba|da|a)?sh[\"']")
_WORDS = re.compile(rb"\b(?:system|popen\d?|getoutput|getstatusoutput)\b|\bshell\s*=|[\"']-\w*c[\"']")
"""Without one of these in a source no shell is run."""
_IN_WORDS = (b"system", b"popen", b"output", b"shell", b'"-', b"'-")
"""One of them is in whatever that matches, and nothing is looked for as fast."""
_FREE = frozenset(
    {
        *(
            "All",
            "Length",
            "Lower",
            "Optional",
            "Required",
            "Strip",
            "basestring",
            "default",
            "max",
            "min",
            "msg",
            "object",
        ),
        *("six", "str", "string_types", "text_type", "unicode"),
    }
)
_DEEPEST = 3  # functions between the handler and the command; beyond them nobody follows the report
_MOST = 300  # functions of a bundle that are followed
_HINT = 'run ["program", "argument", ...] without a shell, or put pipes.quote(...) around the text'


@dataclass(frozen=True, slots=True)
class _Run:
    """A function that is run with data of a request."""

    module: Module
    function: Function
    message: str
    given: frozenset[str]
    free: frozenset[str] | None  # the keys that a schema lets through as any text; None where there is no schema


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    main = inspection.source.module
    sources = [one.content for one in inspection.modules if any(word in one.content for word in _IN_WORDS)]
    if main is None or not any(map(_WORDS.search, sources)):
        return
    layer = []
    for route in {one.handler_at: one for one in inspection.source.routes}.values():
        function = handler_of(route, main.functions)
        if function is not None and len(function.parameters) >= 2:
            message = text_of(function.parameters[1])
            layer.append(_Run(main, function, message, frozenset(), _free_keys(main, function)))
    imported: dict[str, dict[str, str]] = {}
    seen: set[tuple[str, int, str, frozenset[str]]] = set()
    told: set[tuple[str, int]] = set()
    for _ in range(_DEEPEST + 1):
        layer, runs = [], layer
        for run in runs:
            key = (run.module.path, run.function.node.start_byte, run.message, run.given)
            if key in seen or len(seen) > _MOST:
                continue
            seen.add(key)
            module = run.module
            if module.path not in imported:
                imported[module.path] = imported_names(module.python)
            data = RequestData(run.function, run.message, run.given)
            for name, call in data.calls():
                if (module.path, call.start_byte) not in told and _is_harmful(
                    run, data, call, imported[module.path], name
                ):
                    told.add((module.path, call.start_byte))
                    message = (
                        f"text of a request gets into the command line of {printable(name)[:60]}, run by root's shell"
                    )
                    yield Diagnostic(module.path, span_of(module.text, call), message, _HINT)
                layer += _called(inspection, run, data, name, call)


def _is_harmful(run: _Run, data: RequestData, call: Node, imported: dict[str, str], name: str) -> bool:
    keys = frozenset[str]().union(*(data.keys(one) for one in _lines(full_name(imported, name), call)))
    return bool(keys if run.free is None else keys & run.free)


def _lines(name: str, call: Node) -> list[Node]:
    """What a call gives to a shell as its command line."""
    places, names, _ = arguments(call)
    first = places[0] if places else names.get("args") or names.get("cmd") or names.get("command")
    if first is None:
        return []
    if name in _LINES:
        return [first]
    if name in _PROCESSES:
        if "shell" in names and text_of(names["shell"]) in ("True", "1"):
            return first.named_children[:1] if first.type in ("list", "tuple") else [first]
        return _behind_shell(first.named_children) if first.type in ("list", "tuple") else []
    if name in {f"sh.{shell}" for shell in _SHELLS}:
        return places[1:] if text_of(first).strip("\"'") == "-c" else []
    return []


def _behind_shell(words: list[Node]) -> list[Node]:
    """The command line in `["sh", "-c", line]`."""
    for index, word in enumerate(words[:-2]):
        if _LISTED.fullmatch(text_of(word)) and re.fullmatch(r"[\"']-\w*c[\"']", text_of(words[index + 1])):
            return [words[index + 2]]
    return []


def _called(inspection: Inspection, run: _Run, data: RequestData, name: str, call: Node) -> Iterator[_Run]:
    """The function of the bundle that a call runs, with what it is given of the request."""
    places, names, is_open = arguments(call)
    given = [*places, *names.values()]
    has_message = bool(run.message) and any(text_of(one) == run.message for one in given)
    if is_open or not (has_message or any(data.keys(one) for one in given)):
        return
    found = inspection.calls.called(run.module, run.function, name)
    if found is None:
        return
    module, function = found
    parameters = [_name(one) for one in function.parameters if one.type in ("identifier", "default_parameter")]
    if function.owner != -1 and parameters[:1] in (["self"], ["cls"]):
        parameters = parameters[1:]
    values = dict(zip(parameters, places, strict=False)) | names
    message = next((one for one, value in values.items() if has_message and text_of(value) == run.message), "")
    tainted = {one: keys for one, value in values.items() if (keys := data.keys(value))}
    if run.free is not None:
        tainted = {one: keys for one, keys in tainted.items() if keys & run.free or WHOLE in keys}
    free = run.free if message or any(WHOLE in keys for keys in tainted.values()) else None
    if message or tainted:
        yield _Run(module, function, message, frozenset(tainted), free)


def _name(parameter: Node) -> str:
    return text_of(parameter.child_by_field_name("name") or parameter)


def _free_keys(module: Module, function: Function) -> frozenset[str] | None:
    """The keys that the schema of a handler's Route lets through as any text; None where there is no schema."""
    around = function.node.parent
    decorators = around.named_children if around is not None and around.type == "decorated_definition" else []
    for decorator in decorators:
        call = decorator.named_children[0] if decorator.type == "decorator" and decorator.named_children else None
        if call is not None and call.type == "call":
            places, names, is_open = arguments(call)
            schema = names.get("schema") or (places[2] if len(places) > 2 else None)
            if is_open:
                return frozenset()
            if schema is not None:
                return _free_of(module, schema)
    return frozenset() if function.decorators > 1 else None


def _free_of(module: Module, schema: Node) -> frozenset[str]:
    if schema.type == "identifier":
        bound = module.python.module.bindings.get(text_of(schema), [])
        found = bound[0] if len(bound) == 1 else None
        if found is None:
            return frozenset()
        schema = found
    if schema.type != "call" or not dotted_name(schema.child_by_field_name("function")).endswith("Schema"):
        return frozenset()
    places, _, _ = arguments(schema)
    pairs = [one for one in places[0].named_children if one.type == "pair"] if places else []
    return frozenset(
        key
        for pair in pairs
        if (key := _key(pair.child_by_field_name("key"))) and _is_any_text(text_of(pair.child_by_field_name("value")))
    )


def _is_any_text(validator: str) -> bool:
    """Whether a part of a schema lets any text through; `Any` with texts of its own does not."""
    words = set(re.findall(r"[A-Za-z_]\w*", re.sub(r"\"[^\"\n]*\"|'[^'\n]*'", "", validator)))
    return bool(words) and words <= _FREE | (set() if re.search("[\"']", validator) else {"Any"})


def _key(node: Node | None) -> str:
    """The key of `"name"`, and of `Required("name")`."""
    if node is not None and node.type == "call":
        places, _, _ = arguments(node)
        node = places[0] if places else None
    return text_of(node).lstrip("uUbBrR").strip("\"'") if node is not None and node.type == "string" else ""


RULE = Rule(code="BK334", name="request-in-shell-command", severity=Severity.WARNING, page=__doc__, check=check)
