"""JUnit XML, which CI servers read; every text in it is made printable, as XML can hold no control character.

Ours, for junitparser can only write all suites at once and passes control characters on; its import takes longer than
a whole check, and the calls to it would be as many lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from bundlekit.quoting import printable


@dataclass(frozen=True)
class Case:
    """A test case.

    Attributes:
        classname, name: for people; CI servers know the case by them from one run to the next.
        outcome: `failure`, `error` or `skipped`; `system-out` if it passed and has a text; empty if it passed.
        message, kind: of the outcome; neither belongs to a `system-out`.
        text: more of it, of printable lines.
        seconds: that it took.
    """

    classname: str
    name: str
    outcome: str = ""
    message: str = ""
    kind: str = ""
    text: str = ""
    seconds: float = 0.0


def suite(name: str, cases: Sequence[Case], *, host: str = "") -> Xml.Element:
    """A suite that counts its cases.

    Args:
        name: for people.
        cases: in the order of the report.
        host: where it ran, such as a gateway; empty for this machine.
    """
    counts = {word: sum(case.outcome == word for case in cases) for word in ("failure", "error", "skipped")}
    totals = {
        "tests": str(len(cases)),
        "failures": str(counts["failure"]),
        "errors": str(counts["error"]),
        "skipped": str(counts["skipped"]),
        "time": _written(sum(case.seconds for case in cases)),
    }
    made = Xml.Element(
        "testsuite", {"name": printable(name), **({"hostname": printable(host)} if host else {}), **totals}
    )
    for case in cases:
        names = {"classname": printable(case.classname), "name": printable(case.name), "time": _written(case.seconds)}
        element = Xml.SubElement(made, "testcase", names)
        if case.outcome:
            said = {"message": printable(case.message), "type": case.kind}
            outcome = Xml.SubElement(element, case.outcome, {key: value for key, value in said.items() if value})
            outcome.text = case.text or None
    return made


def document(suite: Xml.Element) -> str:
    """A whole document with one suite, to be written as UTF-8, without the last line's end."""
    root = Xml.Element("testsuites", {key: value for key, value in suite.items() if key not in ("name", "hostname")})
    root.append(suite)
    Xml.indent(root)
    written: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return written.decode()


def fragment(suite: Xml.Element) -> str:
    """A suite alone, in ASCII, for a document that is written while the work goes on."""
    Xml.indent(suite)
    written: bytes = Xml.tostring(suite, encoding="us-ascii", xml_declaration=False)
    return written.decode("ascii") + "\n"


def _written(seconds: float) -> str:
    return f"{seconds:.3f}"
