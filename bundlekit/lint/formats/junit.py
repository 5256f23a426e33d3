"""JUnit XML, which CI servers read: a suite a bundle, a case a finding.

A case fails whose finding fails the check; the others pass and say in their output what was found. A bundle without a
finding is one case that passes, and what could not be checked a case with an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from bundlekit.errors import BundlekitError
from bundlekit.lint.finding import Finding
from bundlekit.lint.formats.report import About, Checked, Report
from bundlekit.lint.formats.text import lines
from bundlekit.quoting import printable


class Junit(Report):
    is_document = True

    def begin(self) -> str:
        return '<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="bundlekit validate">\n'

    def bundle(self, checked: Checked) -> str:
        fails = [finding.severity.is_at_least(checked.fail_on) for finding in checked.findings]
        suite = _suite(checked.label, max(1, len(fails)), failures=sum(fails))
        suite.extend(_case(finding, is_failure) for finding, is_failure in zip(checked.findings, fails, strict=True))
        if not checked.findings:
            Xml.SubElement(suite, "testcase", {"classname": printable(checked.label), "name": "clean", "time": "0"})
        return _written(suite)

    def end(self, failures: Sequence[BundlekitError]) -> str:
        text = ""
        if failures:
            suite = _suite("bundlekit validate", len(failures), errors=len(failures))
            for number, failure in enumerate(failures, 1):
                name = {"classname": "bundlekit", "name": f"could not check {number}", "time": "0"}
                case = Xml.SubElement(suite, "testcase", name)
                told = {"message": printable(failure.message), "type": type(failure).__name__}
                Xml.SubElement(case, "error", told).text = printable(failure.hint or "")
            text = _written(suite)
        return text + "</testsuites>\n"


def _case(finding: Finding, is_failure: bool) -> Xml.Element:
    name = f"{finding.code} {finding.rule} at {finding.line}:{finding.column}"
    case = Xml.Element("testcase", {"classname": printable(finding.file), "name": name, "time": "0"})
    told = "\n".join(lines(finding, About()))
    if is_failure:
        attributes = {"message": printable(finding.message), "type": finding.severity.value}
        Xml.SubElement(case, "failure", attributes).text = told
    else:
        Xml.SubElement(case, "system-out").text = told
    return case


def _suite(name: str, tests: int, *, failures: int = 0, errors: int = 0) -> Xml.Element:
    numbers = {"tests": tests, "failures": failures, "errors": errors, "skipped": 0, "time": 0}
    return Xml.Element("testsuite", {"name": printable(name), **{key: str(number) for key, number in numbers.items()}})


def _written(suite: Xml.Element) -> str:
    Xml.indent(suite)
    written: bytes = Xml.tostring(suite, encoding="us-ascii", xml_declaration=False)
    return written.decode("ascii") + "\n"
