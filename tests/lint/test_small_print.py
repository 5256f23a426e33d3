"""What is said and counted at the edges of baselines, choices, comments and fixes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path, PurePosixPath

import pytest
from pathspec import GitIgnoreSpec

from bundlekit.bundle.bundle import Bundle
from bundlekit.errors import BadUsage
from bundlekit.lint import check
from bundlekit.lint.baseline import Baseline, BaselineEntry, called, read, written
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.fixing import fix
from bundlekit.lint.rules import rules
from bundlekit.lint.selection import Choice, PathIgnore, Selector, selection, selector, severity_named
from bundlekit.lint.suppression import suppressions
from tests.lint.bundles import MANIFEST, bundle, source
from tests.lint.test_file_rules import git, repository
from tests.lint.test_fixing import manifest

__all__ = ["repository"]  # a fixture

TTL = BaselineEntry("box/bundle.json", "BK102", "pointer", "/ttl")
IMPORT = BaselineEntry("box/index.py", "BK310", "line", sha256(b"import requests").hexdigest()[:16])
IN_INDEX = bundle({"index.py": "import   requests\n" + source(MANIFEST)})


def taken_over(known: Counter[BaselineEntry], checked: Bundle, *ignored: PathIgnore) -> Baseline:
    baseline = Baseline(known)
    baseline.new("box", checked, check(checked), replace(selection(), path_ignores=ignored))
    return baseline


def test_each_of_several_is_counted() -> None:
    baseline = taken_over(Counter({TTL: 4}), bundle(ttl="60"))
    assert (baseline.met, baseline.gone) == (1, Counter({TTL: 3}))
    assert list(called(baseline.gone)) == ["box/bundle.json BK102 /ttl (3 times)"]
    assert list(called(Counter({TTL: 2, IMPORT: 1}))) == [
        "box/bundle.json BK102 /ttl (2 times)",
        "box/index.py BK310",
    ]


def test_line_is_known_by_its_words() -> None:
    assert taken_over(Counter(), IN_INDEX).renewed == Counter({IMPORT: 1})
    assert taken_over(Counter({IMPORT: 1}), IN_INDEX).met == 1


def test_line_that_is_no_unicode_is_known_too() -> None:
    (finding,) = check(IN_INDEX)
    baseline = Baseline(Counter())
    baseline.new("box", IN_INDEX, [replace(finding, excerpt="\ud800")], selection())
    assert [one.place for one in baseline.renewed] == [sha256(b"\xed\xa0\x80").hexdigest()[:16]]


def test_what_is_ignored_at_a_path_is_not_gone() -> None:
    known = Counter({TTL: 1, IMPORT: 1})
    in_index = PathIgnore(PurePosixPath("x"), GitIgnoreSpec.from_lines(["/x/index.py"]), frozenset({"BK310"}))
    assert taken_over(known, bundle(), in_index).gone == Counter({TTL: 1})
    other_rule = replace(in_index, codes=frozenset({"BK102"}))
    assert taken_over(known, bundle(), other_rule).gone == known
    elsewhere = replace(in_index, under=PurePosixPath("y"))
    assert taken_over(known, bundle(), elsewhere).gone == known


def test_baseline_is_written_for_people() -> None:
    assert written(Counter()) == '{\n  "version": 1,\n  "findings": []\n}\n'
    assert written(Counter({TTL: 1, IMPORT: 2})) == (
        '{\n  "version": 1,\n  "findings": [\n'
        '    {"file": "box/bundle.json", "code": "BK102", "pointer": "/ttl"},\n'
        f'    {{"file": "box/index.py", "code": "BK310", "line": "{IMPORT.place}", "times": 2}}\n'
        "  ]\n}\n"
    )


def test_finding_that_a_baseline_has_twice_counts_twice() -> None:
    item = '{"file": "box/bundle.json", "code": "BK102", "pointer": "/ttl", "times": 2}'
    assert read(f'{{"version": 1, "findings": [{item}, {item}]}}') == Counter({TTL: 4})


ANEW = "write it again with --write-baseline"
FIRST = "write a code (BK101), a prefix (BK1) or a name (missing-field)"

# what is asked, then what is said, and the hint
REFUSED: dict[str, tuple[Callable[[], object], str, str | None]] = {
    "no list": (lambda: read("{}"), 'it has no list "findings"', None),
    "no JSON": (lambda: read("x"), "it is not JSON: Expecting value: line 1 column 1 (char 0)", None),
    "another version": (lambda: read('{"findings": []}'), "its version is not 1", ANEW),
    "no form": (
        lambda: read('{"version": 1, "findings": [{}]}'),
        "its finding 1 does not have the form of a finding",
        ANEW,
    ),
    "no rule": (lambda: selector("BK7"), 'there is no rule "BK7"', FIRST),
    "no prefix": (lambda: selector("XBK1"), 'there is no rule "XBK1"', FIRST),
    "no name": (
        lambda: selector(" Missing-Fields"),
        'there is no rule " Missing-Fields"',
        "did you mean missing-field?",
    ),
    "no severity": (
        lambda: severity_named("ERROR"),
        'there is no severity "ERROR"',
        "one of error, warning, info, off",
    ),
}


@pytest.mark.parametrize(("asked", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_refusal_says_what_to_do(asked: Callable[[], object], message: str, hint: str | None) -> None:
    with pytest.raises(BadUsage) as told:
        asked()
    assert (told.value.message, told.value.hint) == (message, hint)


def test_words_mean_rules_the_closer_the_fewer() -> None:
    codes = frozenset(rule.code for rule in rules())
    assert selector(" all ") == Selector(codes, 0)
    assert selector("bk3") == Selector(frozenset(code for code in codes if code[:3] == "BK3"), 3)
    assert selector("BK302") == selector("undeclared-resource") == Selector(frozenset({"BK302"}), 100)
    assert [severity_named(word) for word in ("off", "info")] == [None, "info"]


def test_later_place_that_says_nothing_changes_nothing() -> None:
    only = Choice(select=(selector("BK302"),), fail_on=severity_named("info"))
    assert selection(only, Choice()) == selection(only)
    assert selection(only, Choice(fail_on=severity_named("warning"))).fail_on == "warning"


def test_comments_are_told_with_their_place_rules_and_reason() -> None:
    comments = ["# bundlekit: ignore[BK302 , BK303] -- X: so it is -", "x = 1  # a # bundlekit: ignore BK302", "y = 1"]
    looked = Inspection(bundle({"index.py": "\n".join(comments) + "\n" + source(MANIFEST)}))
    told = [(one.path, one.span.line, one.line, one.words, one.reason) for one in suppressions(looked)]
    assert told == [("index.py", 1, 2, ("BK302", "BK303"), "X: so it is"), ("index.py", 2, 2, (), "")]
    assert [(one.span.column, one.span.end_column) for one in suppressions(looked)] == [(1, 52), (12, 37)]


def test_each_mended_fault_is_counted() -> None:
    text = manifest(
        '[{"methods": ["GET", "Put", "put"], "resource": "/api/v1/x/"}, {"methods": "GET", "resource": "/y/"}]'
    )
    mended = manifest('[{"methods": ["get", "put"], "resource": "/x"}, {"methods": "get", "resource": "/y"}]')
    fixed = fix(bundle({"bundle.json": text}), selection(), unsafe=True)
    assert (fixed.count, fixed.contents) == (6, {"bundle.json": (text.encode(), mended.encode())})
    assert fixed.bundle.files.read("bundle.json") == mended.encode()


def test_settings_that_git_keeps_are_told_with_the_way_out(repository: Path) -> None:
    git(repository, "add", "-f", "box/data/example.json")
    (told,) = check(Bundle.in_folder(repository / "box"))
    assert (told.file, told.line, told.pointer) == (str(repository / "box/data/example.json"), 1, None)
    assert told.message == "settings made on one machine are under version control, expected none"
    assert told.hint == "git rm --cached data/example.json, and write data/*.json into .gitignore"


def test_more_routes_than_are_compared_are_told_at_the_first_one() -> None:
    many = bundle(resources=[{"methods": "get", "resource": f"/{number}"} for number in range(501)])
    (told,) = check(many, selection(Choice(select=(selector("unresolved-route"),))))
    assert (told.file, told.line, told.message) == (
        "box/index.py",
        7,
        "too many routes to compare with the 501 resources of bundle.json",
    )
