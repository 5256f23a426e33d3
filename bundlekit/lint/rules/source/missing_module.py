"""An imported module is neither in the bundle, nor in Python 2.7, nor in the gateway's SDK.

Why: The import fails, and with it the start of the bundle. A gateway has Python 2.7 with its library, the SDK, and what
that requires: paho, simplejson, six and voluptuous; bundlekit does not know what else is installed there. Many modules
of Python 3 have other names in Python 2.7, or do not exist. A folder is a package for Python 2.7 only if it contains an
`__init__.py`. An import in a `try` with an `except`, or under an `if`, is not checked.

Evidence: Seen with Python 2.7.18: the start ends with "ImportError: No module named configparser". The modules that it
brings were listed from the one of Debian; SDK 1.1.2 pins simplejson, paho-mqtt, six and voluptuous.

Bad:

    index.py
        import configparser

        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})

Good:

    index.py
        try:
            import configparser
        except ImportError:
            import ConfigParser as configparser

        from sanji.core import Route, Sanji


        class Example(Sanji):
            @Route(methods=["get", "put"], resource="/example")
            def value(self, message, response):
                return response(code=200, data={})
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable
from bundlekit.source.imports import MissingImport, missing_imports
from bundlekit.source.modules import Beside
from bundlekit.source.syntax import span_of

_BEFORE = {
    "_thread": "thread",
    "builtins": "__builtin__",
    "configparser": "ConfigParser",
    "copyreg": "copy_reg",
    "html.entities": "htmlentitydefs",
    "html.parser": "HTMLParser",
    "http.client": "httplib",
    "http.cookiejar": "cookielib",
    "http.cookies": "Cookie",
    "http.server": "BaseHTTPServer",
    "queue": "Queue",
    "reprlib": "repr",
    "socketserver": "SocketServer",
    "tkinter": "Tkinter",
    "urllib.error": "urllib2",
    "urllib.parse": "urlparse",
    "urllib.request": "urllib2",
    "urllib.robotparser": "robotparser",
    "winreg": "_winreg",
    "xmlrpc.client": "xmlrpclib",
    "xmlrpc.server": "SimpleXMLRPCServer",
}


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    seen: set[tuple[str, str, int]] = set()  # a statement can import several names of a module
    for one in missing_imports(inspection.bundle, inspection.modules_for_python_2):
        place = (one.name, one.module.path, one.node.start_byte)
        if not one.required and place not in seen:
            seen.add(place)
            name = printable(one.name)[:60]
            message = f'"{name}" is a module of neither Python 2.7 nor the SDK, and is not in the bundle'
            yield Diagnostic(one.module.path, span_of(one.module.text, one.node), message, _hint(one))


def _hint(one: MissingImport) -> str:
    head = printable(one.name.partition(".")[0])[:60]
    if one.why is Beside.NO_INIT:
        return f"put an __init__.py into the folder {head}, which makes it a package"
    if one.name in _BEFORE:
        return f"Python 2.7 calls it {_BEFORE[one.name]}"
    return f"put it into requirements.txt and run bundlekit vendor, or ignore this where the gateway has {head}"


RULE = Rule(code="BK310", name="missing-module", severity=Severity.WARNING, page=__doc__, check=check)
