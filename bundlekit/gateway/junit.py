"""Results as JUnit XML, which CI servers read."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from bundlekit.gateway.contract import ContractResult, Promise, Verdict, count
from bundlekit.quoting import printable

_NAMES = {
    Promise.ANSWERS: "answers within its ttl",
    Promise.REFUSES: "is refused, as it is not declared",
    Promise.KEEPS: "of what GET gave keeps it",
}


def junit(bundle: str, gateway: str, results: Sequence[ContractResult]) -> bytes:
    """A document of one suite, the bundle's, with a case a check."""
    counts = count(results)
    totals = {
        "tests": str(len(results)),
        "failures": str(counts[Verdict.BROKEN]),
        "errors": "0",
        "skipped": str(counts[Verdict.UNCHECKED]),
        "time": f"{sum(result.seconds for result in results):.3f}",
    }
    root = Xml.Element("testsuites", totals)
    suite = Xml.SubElement(root, "testsuite", {"name": bundle, "hostname": printable(gateway), **totals})
    for result in results:
        check = result.check
        name = printable(f"{check.method} {check.declared} {_NAMES[check.promise]}")
        case = Xml.SubElement(
            suite, "testcase", {"classname": f"{bundle}.contract", "name": name, "time": f"{result.seconds:.3f}"}
        )
        if result.verdict is Verdict.BROKEN:
            Xml.SubElement(case, "failure", {"message": printable(result.words), "type": check.promise.value})
        elif result.verdict is Verdict.UNCHECKED:
            Xml.SubElement(case, "skipped", {"message": printable(result.words)})
    Xml.indent(root)
    document: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"
