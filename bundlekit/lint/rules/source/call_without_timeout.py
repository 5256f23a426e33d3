"""A handler sends a request to another machine or service without a time-out.

Why: A gateway is often behind a cellular link, and without a time-out a handler waits for an answer for ever, and
blocks one of the three threads that the SDK has for requests. By then, the client has got a 408. The methods that a
handler calls are checked too, and so are functions and methods in other modules of the bundle; code in a thread of its
own is not. `socket.setdefaulttimeout` counts for all but requests.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: three requests to a handler that asked a server which never answers
came back with 408 when the ttl was over, and from then on so did every request to any handler of the bundle.
`urllib.urlopen` and `xmlrpclib.ServerProxy` of Python 2.7.18 have no parameter for a time-out;
`socket.setdefaulttimeout` counts for both.

Fix (unsafe): passes `timeout=5`, if the function takes a time-out. A slower answer is an error then.

Bad:

    index.py
        import urllib2

        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data=urllib2.urlopen("http://example.com").read())

Good:

    index.py
        import urllib2

        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data=urllib2.urlopen("http://example.com", timeout=5).read())
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bundlekit.lint.code_edits import with_argument
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule, unsafe_fix
from bundlekit.quoting import printable
from bundlekit.source.functions import Function, arguments, dotted_name, full_name, imported_names
from bundlekit.source.modules import Module
from bundlekit.source.syntax import span_of, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_NEVER = 99  # no place among the arguments
_METHODS = frozenset({"delete", "get", "head", "options", "patch", "post", "put", "request"})

# by the function's name, the place of the time-out among its arguments
_CALLS = {
    **{f"requests.{method}": _NEVER for method in _METHODS},
    "urllib2.urlopen": 2,
    "socket.create_connection": 1,
    "httplib.HTTPConnection": 3,
    "httplib.HTTPSConnection": 5,
    "ftplib.FTP": 4,
    "smtplib.SMTP": 3,
    "telnetlib.Telnet": 2,
}

# those of Python 2.7 that take no time-out, and what to do
_WITHOUT = {
    "urllib.urlopen": "take urllib2.urlopen(url, timeout=5)",
    "urllib.urlretrieve": "take urllib2.urlopen(url, timeout=5)",
    "xmlrpclib.ServerProxy": "call socket.setdefaulttimeout(5) at the start, or pass a transport that has one",
}
_WORDS = sorted({name.partition(".")[0].encode() for name in (*_CALLS, *_WITHOUT)})
"""Without one of these modules in a source nothing is told."""
_SESSIONS = frozenset({"requests.Session", "requests.session"})
_OWN_SESSION = re.compile(r"(self\.\w+)\s*=\s*(?:requests\s*\.\s*)?[Ss]ession\(")
_ADAPTED = re.compile(r"\.mount\(|\.(?:request|send)\s*=")  # a session of which each request may get a time-out
_LOCAL = re.compile(r"AF_UNIX|SOCK_DGRAM")
_SETS = frozenset({"settimeout", "setblocking"})


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    modules = [one for one in inspection.modules if any(word in one.text.utf8 for word in _WORDS)]
    if not modules:
        return
    has_default = any("setdefaulttimeout" in one.text.content for one in inspection.modules)
    by_module: dict[str, list[Function]] = {}
    for one in inspection.reached:
        by_module.setdefault(one.module.path, []).append(one.function)
    for module in modules:
        if module.path in by_module:
            yield from _in_module(module, by_module[module.path], has_default)


def _in_module(module: Module, functions: list[Function], has_default: bool) -> Iterator[Diagnostic]:
    imported = imported_names(module.python)
    content = module.text.content
    has_sessions = "requests" in content and not _ADAPTED.search(content)
    sessions = set(_OWN_SESSION.findall(content)) if has_sessions else set()
    for function in functions:
        made = _made(function, imported)
        for name, call in function.calls():
            whole = full_name(imported, name)
            owner, _, method = name.rpartition(".")
            is_session = owner in sessions or (has_sessions and made.get(owner, ("", call))[0] in _SESSIONS)
            if method in _METHODS and is_session:
                whole = f"requests.{method}"
            elif method == "connect" and made.get(owner, ("", call))[0] == "socket.socket":
                is_quick = has_default or _LOCAL.search(text_of(made[owner][1])) or _is_set(function, owner)
                if not is_quick:
                    message = f"{printable(name)[:60]} waits for an answer for ever, expected a time-out"
                    hint = f"call {printable(owner)[:60]}.settimeout(5) before"
                    yield Diagnostic(module.path, span_of(module.text, call), message, hint)
                continue
            diagnostic = _diagnostic(module, whole, call, has_default)
            if diagnostic is not None:
                yield diagnostic


def _diagnostic(module: Module, whole: str, call: Node, has_default: bool) -> Diagnostic | None:
    places, names, is_open = arguments(call)
    if is_open or (has_default and not whole.startswith("requests.")):
        return None
    message = f"{whole} waits for an answer for ever, expected a time-out"
    if whole in _WITHOUT:
        if "transport" in names or (whole == "xmlrpclib.ServerProxy" and len(places) > 1):
            return None
        return Diagnostic(module.path, span_of(module.text, call), message, _WITHOUT[whole])
    if whole not in _CALLS or "timeout" in names or len(places) > _CALLS[whole]:
        return None
    correction = unsafe_fix("Pass timeout=5", with_argument(module, call, "timeout=5"))
    place = span_of(module.text, call)
    return Diagnostic(module.path, place, message, "pass timeout=5, in seconds", correction=correction)


def _made(function: Function, imported: dict[str, str]) -> dict[str, tuple[str, Node]]:
    """What a function makes by a call and keeps under a name: the dotted name that is called, and the call."""
    found: dict[str, tuple[str, Node]] = {}
    for node in function.of_kinds("assignment"):
        target, value = node.child_by_field_name("left"), node.child_by_field_name("right")
        if target is not None and value is not None and value.type == "call":
            made = dotted_name(value.child_by_field_name("function"))
            found[dotted_name(target)] = (full_name(imported, made), value)
    return {name: one for name, one in found.items() if name}


def _is_set(function: Function, owner: str) -> bool:
    return any(name.startswith(f"{owner}.") and name.rpartition(".")[2] in _SETS for name, _ in function.calls())


RULE = Rule(code="BK315", name="call-without-timeout", severity=Severity.WARNING, page=__doc__, check=check)
