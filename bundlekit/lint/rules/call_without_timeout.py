"""A handler asks another machine or service without a time-out.

Why: A gateway is often behind a cellular link, and without a time-out a handler waits for an answer for ever, and takes
one of the three threads that the SDK has for requests along. The client got a 408 by then. The methods that a handler
calls are looked into too; what a thread of its own does is not. `socket.setdefaulttimeout` counts for all but requests.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: three requests to a handler that asked a server which never answers came
back with 408 when the ttl was over, and from then on so did every request to any handler of the bundle.

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

from collections.abc import Iterator

from bundlekit.bundle.functions import arguments, full_name, imported_names, run_for_requests
from bundlekit.bundle.python_source import span_of
from bundlekit.lint.finding import Severity
from bundlekit.lint.inspection import Inspection
from bundlekit.lint.rule import Fault, Rule

_NEVER = 99  # no place among the arguments

# by the function's name, the place of the time-out among its arguments
_CALLS = {
    **{
        f"requests.{method}": _NEVER
        for method in ("get", "post", "put", "delete", "patch", "head", "options", "request")
    },
    "urllib2.urlopen": 2,
    "socket.create_connection": 1,
    "httplib.HTTPConnection": 3,
    "httplib.HTTPSConnection": 5,
    "ftplib.FTP": 4,
    "smtplib.SMTP": 3,
    "telnetlib.Telnet": 2,
}


def check(inspection: Inspection) -> Iterator[Fault]:
    module = inspection.source.module
    if module is None:
        return
    has_default = any("setdefaulttimeout" in one.text.content for one in inspection.modules)
    imported = imported_names(module)
    for function, _ in run_for_requests(module, inspection.source.routes):
        for name, call in function.calls():
            whole = full_name(imported, name)
            place = _CALLS.get(whole)
            if place is None or (has_default and not whole.startswith("requests.")):
                continue
            places, names, is_open = arguments(call)
            if "timeout" not in names and not is_open and 0 <= len(places) <= place:
                message = f"{whole} waits for an answer for ever, expected a time-out"
                yield Fault(module.path, span_of(module.text, call), message, "pass timeout=5, in seconds")


RULE = Rule(code="BK315", name="call-without-timeout", severity=Severity.WARNING, page=__doc__, check=check)
