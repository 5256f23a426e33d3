"""What bundles of one run have against each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.cli import main
from bundlekit.lint import catalogue
from bundlekit.lint.finding import Finding
from bundlekit.lint.page import Example, page_of
from bundlekit.lint.parallel import Together
from bundlekit.lint.rule import Rule
from bundlekit.lint.rules import rules
from bundlekit.lint.selection import selection
from tests.lint.bundles import bundle

AMONG = [rule for rule in rules() if rule.among is not None]


def named(label: str, **fields: Any) -> Bundle:
    made = bundle(**{"name": label, **fields})
    return Bundle(label, made.files)


def against(*bundles: Bundle) -> list[Finding]:
    together = Together(lambda: bundles)
    return [finding for one in bundles for finding in together.check(one, selection())]


def with_resource(label: str, resource: str, methods: Any = "get", **fields: Any) -> Bundle:
    return named(label, resources=[{"methods": methods, "resource": resource, **fields}])


def of_examples(examples: tuple[Example, ...]) -> list[Bundle]:
    return [
        Bundle(example.path.partition("/")[0], bundle(**json.loads("{" + example.content + "}")).files)
        for example in examples
    ]


@pytest.mark.parametrize("rule", AMONG, ids=lambda rule: rule.name)
def test_examples_of_rules_about_several_bundles(rule: Rule) -> None:
    assert [one.rule for one in against(*of_examples(page_of(rule).bad))] == [rule.name]
    assert against(*of_examples(page_of(rule).good)) == []


def test_codes_of_rules_about_several_bundles_are_known_without_the_rules() -> None:
    assert {rule.code for rule in AMONG} == catalogue.AMONG


# resources and methods of two bundles, and the requests that both answer
PAIRS = [
    (("/rooms/1", "get"), ("/rooms/:id", ["get", "put"]), 'get of "/rooms/1"'),
    (("/:kind/1", "get"), ("/rooms/:id", "get"), 'get of "/rooms/1"'),
    (("/rooms", ["put", "get"]), ("/rooms/", ["get", "put", "post"]), 'get and put of "/rooms"'),
    (("/rooms", "get"), ("/rooms", "put"), None),
    (("/rooms", "get"), ("/rooms/:id", "get"), None),
    (("/rooms", "get"), ("/doors", "get"), None),
    (("/rooms", "GET"), ("/rooms", "GET"), None),
]


@pytest.mark.parametrize(("first", "second", "both"), PAIRS)
def test_requests_that_two_bundles_answer(first: Any, second: Any, both: str | None) -> None:
    for one, other in ((first, second), (second, first)):
        findings = against(with_resource("a", *one), with_resource("b", *other))
        assert len(findings) == (both is not None)
        if both:
            finding = findings[0]
            assert "both answer" in finding.message
            assert finding.file == "b/bundle.json"
            assert finding.pointer == "/resources/0/resource"
            assert finding.other is not None
            assert (finding.other.file, finding.other.line) == (
                "a/bundle.json",
                19 + (len(one[1]) + 1) * isinstance(one[1], list),
            )
    if both:
        assert both in against(with_resource("a", *first), with_resource("b", *second))[0].message


def test_events_of_the_same_resource_are_no_requests() -> None:
    view = with_resource("b", "/rooms", role="view")
    assert against(with_resource("a", "/rooms"), view) == against(view, with_resource("a", "/rooms")) == []


def test_each_resource_is_compared_with_all_bundles_before() -> None:
    bundles = [with_resource(chr(ord("a") + number), f"/{number % 3}") for number in range(7)]
    assert [(one.file, one.other and one.other.file) for one in against(*bundles)] == [
        ("d/bundle.json", "a/bundle.json"),
        ("e/bundle.json", "b/bundle.json"),
        ("f/bundle.json", "c/bundle.json"),
        ("g/bundle.json", "a/bundle.json"),
    ]


def test_bundles_of_one_name_do_not_run_side_by_side() -> None:
    assert [one.rule for one in against(named("a", name="x"), named("b", name="x"), named("c", name="x"))] == [
        "shared-name",
        "shared-name",
    ]


def test_archives_may_be_versions_of_one_bundle() -> None:
    archive = Bundle("x-2.tar.gz", named("x").files, in_archive=True)
    assert against(named("x"), archive) == against(archive, named("x")) == []


@pytest.mark.parametrize(
    "manifest", [None, "", "[]", '{"name": [], "resources": {}}', '{"resources": [1, null]}', "[" * 9999]
)
def test_what_is_no_manifest_has_nothing_against_others(manifest: str | None) -> None:
    broken = Bundle("broken", bundle({"bundle.json": manifest}).files)
    assert against(named("a"), broken, broken, with_resource("b", "/b")) == []


# hooks of a bundle "b" beside "a" and a bundle of 40 characters, the findings, and what one of them may mean
HOOKS = [
    (["a"], 0, ""),
    (["a" * 31], 0, ""),
    (["heatin"], 1, 'did you mean "heating"?'),
    (["x", "a", 1, None, "", "y"], 2, ""),
    ("heatin", 0, ""),
    (None, 0, ""),
]


@pytest.mark.parametrize(("hooks", "count", "hint"), HOOKS)
def test_hook_on_a_name_that_no_bundle_has(hooks: Any, count: int, hint: str) -> None:
    others = [with_resource(name, f"/{name}") for name in ("a", "heating", "a" * 40)]
    hooked = Bundle("b", bundle(name="b", hook=hooks, resources=[{"methods": "get", "resource": "/b"}]).files)
    for bundles in ([hooked, *others], [*others, hooked]):
        findings = against(*bundles)
        assert [(one.rule, one.file, one.severity) for one in findings] == [
            ("unknown-hook", "b/bundle.json", "info")
        ] * count
        assert all(one.hint == hint for one in findings)
    assert against(hooked) == []


def make(folder: Path, **fields: Any) -> None:
    made = bundle(**fields)
    for path in made.files.entries:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(made.files.read(path))


def test_validate_finds_it_from_the_cache_in_the_baseline_and_by_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("lights", "heating", "doors"):
        make(
            tmp_path / name,
            name=name,
            resources=[{"methods": "get", "resource": "/doors" if name == "doors" else "/x"}],
        )
    monkeypatch.chdir(tmp_path)

    def found(*arguments: str, code: int = 0) -> list[tuple[str, str]]:
        assert main(["validate", "--format", "json", *arguments]) == code
        bundles = json.loads(capsys.readouterr().out)["bundles"]
        return [(one["file"], one["rule"]) for each in bundles for one in each["findings"]]

    expected = [("lights/bundle.json", "shared-resource")]
    assert found() == found() == found("--no-cache") == expected
    assert found("--fail-on", "warning", code=1) == found("--severity", "BK402=error", code=1) == expected
    assert found("lights") == found("lights", "doors") == found("--ignore", "BK402") == []
    (tmp_path / "bundlekit.toml").write_text('[per-path-ignores]\n"lights/**" = ["shared-resource"]\n')
    assert found() == []
    (tmp_path / "bundlekit.toml").unlink()
    found("--baseline", "known.json", "--write-baseline")
    assert found("--baseline", "known.json") == []
    assert main(["validate", "--baseline", "known.json", "lights"]) == 0
    assert "gone" not in capsys.readouterr().err  # the other bundle was not looked at
    (tmp_path / "heating" / "bundle.json").unlink()
    assert main(["validate", "--baseline", "known.json"]) == 0
    assert "1 finding gone" in capsys.readouterr().err


def test_validate_compares_hooks_with_the_names_of_all_bundles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, hook in (("doors", ["lights", "light"]), ("lights", ["doors", "gone"])):
        make(tmp_path / name, name=name, hook=hook, resources=[{"methods": "get", "resource": f"/{name}"}])
    monkeypatch.chdir(tmp_path)

    def found(*arguments: str) -> list[tuple[str, str]]:
        assert main(["validate", "--format", "json", "--select", "BK404", *arguments]) == 0
        bundles = json.loads(capsys.readouterr().out)["bundles"]
        return [(one["file"], one["pointer"]) for each in bundles for one in each["findings"]]

    expected = [("doors/bundle.json", "/hook/1"), ("lights/bundle.json", "/hook/1")]
    assert found() == found("doors", "lights") == found("doors/index.py", "lights", "--skip-foreign") == expected
    assert found("doors") == found("lights") == []
