"""What a deploy tells programs and CI systems."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from bundlekit.cli.deploy_report import DeployReport, markdown
from bundlekit.cli.terminal import TerminalListener
from bundlekit.errors import RolledBack
from tests.workstation import Workstation


def lines(text: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.splitlines()]
    for event in found:
        assert event.pop("time").endswith("Z")
    return found


def test_each_event_is_a_line_and_the_last_one_tells_how_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    report = DeployReport("gateway", form="json")
    report.begin("thermostat", "0.2.0")
    report.phase("upload", "300 bytes")
    for size in range(0, 301, 3):
        report.sent(size, 300)
    report.answer("GET /thermostat", 0, 12)
    report.note("two\nlines")
    report.fail(RolledBack("it \x1b[31mdied", kept="the one before", details=("last", "words")))
    printed = capsys.readouterr()
    assert printed.err == ""
    begin, phase, *sent, answer, note, end = lines(printed.out)
    assert begin == {"event": "begin", "target": "gateway", "bundle": "thermostat", "version": "0.2.0"}
    assert phase == {"event": "phase", "phase": "upload", "text": "300 bytes"}
    assert len(sent) == 11
    assert sent[-1] == {"event": "sent", "bytes": 300, "total": 300}
    assert answer == {"event": "answer", "request": "GET /thermostat", "status": None, "milliseconds": 12}
    assert note == {"event": "note", "text": "two\nlines"}
    assert "\x1b" not in printed.out
    assert (end["event"], end["outcome"], end["code"], end["bundle"]) == ("end", "failed", 1, "thermostat")
    assert end["error"] == {
        "kind": "RolledBack",
        "what": "it \x1b[31mdied",
        "kept": "the one before",
        "hint": None,
        "details": ["last", "words"],
    }


HOSTILE = "<script>x</script> [a](http://b) ![c](d) @everyone `e` *f* | g\n# h \x1b[31m \u202e"


def test_summary_shows_what_a_gateway_says_and_does_nothing_of_it(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    report = DeployReport("gateway", form="json", summary=summary)
    report.begin("thermostat", "0.2.0")
    report.note(HOSTILE)
    report.answer(f"GET /{HOSTILE}", 500, 1)
    report.fail(RolledBack(HOSTILE, kept=HOSTILE, hint=HOSTILE, details=("```", "</pre>", HOSTILE)))
    before, title, *rest = summary.read_text().splitlines()
    assert before == "before"
    assert title == "### ❌ Deploy thermostat 0\\.2\\.0 to gateway"
    shown = MarkdownIt().render(summary.read_text())
    assert not {"<script", "<a ", "<img", "<em", "<h1"} & set(re.findall(r"<\w+ ?", shown))
    assert re.findall("(?s)<pre><code>(.*?)</code>", shown)[0].splitlines()[:2] == ["```", "&lt;/pre&gt;"]
    listed = [line for line in rest if line.startswith("- ")]
    assert len(listed) == 5
    assert all("\\<script\\>x" in line and "\\[a\\]\\(http\\:\\/\\/b\\)" in line for line in listed)
    assert not {"\x1b", "\u202e"} & set(summary.read_text())


def test_summary_of_a_dry_run_says_that_it_is_a_plan(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    DeployReport("gateway", form="json", summary=summary).end("planned", "upload 3 bytes")
    assert summary.read_text() == "### ✅ Plan to deploy to gateway\n- upload 3 bytes\n\n"


def test_an_upload_that_is_cut_off_leaves_a_line_of_its_own_and_the_cursor(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    for end in (
        DeployReport.close,
        lambda report: report.note("again"),
        lambda report: report.phase("upload", "the rest"),
    ):
        report = DeployReport("gateway", form="text")
        report.sent(1_000_000, 2_000_000)
        shown = capsys.readouterr().err
        end(report)
        assert (shown + capsys.readouterr().err).partition("50%")[2].lstrip().startswith("\x1b[?25h\n")
        report.close()
        assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("phase", "shown"), [("take-back", "! take it back: nothing was there before\n"), ("stop", "- stop\n")]
)
def test_phase_of_nothing_says_so_only_on_the_way_back(
    phase: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    TerminalListener().phase(phase, "")
    assert capsys.readouterr().err == shown


def test_markdown_leaves_words_alone() -> None:
    assert markdown("release 3 of\tthermostat") == "release 3 of thermostat"
    assert markdown("a_b") == "a\\_b"


def test_summary_that_cannot_be_written_is_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = DeployReport("gateway", form="text", summary=tmp_path)
    report.end("up", "it runs")
    printed = capsys.readouterr()
    assert printed.out == "it runs\n"
    assert "note: no summary: cannot write" in printed.err


@pytest.mark.gateway
def test_programs_read_a_deploy_line_by_line(shared_workstation: Workstation) -> None:
    workstation = shared_workstation
    bundle = workstation.sample(name="for-programs")
    planned = workstation.deploy(bundle, "--format", "json", "--dry-run")
    assert lines(planned.out)[-1]["outcome"] == "planned"
    done = workstation.deploy(bundle, "--format", "json")
    assert (done.code, done.err) == (0, "")
    events = lines(done.out)
    assert [event["phase"] for event in events if event["event"] == "phase"][-1] == "confirm"
    answer = next(event for event in events if event["event"] == "answer")
    assert (answer["request"], answer["status"]) == ("GET /for-programs", 200)
    end = events[-1]
    assert (end["event"], end["outcome"], end["code"], end["replaced"]) == ("end", "up", 0, None)
    assert end["release"].startswith("0.0.1-")
    assert lines(workstation.deploy(bundle, "--format", "json").out)[-1]["outcome"] == "unchanged"
    (bundle / "helper.py").write_text("None = 1\n")  # which Python 2.7 alone finds
    (bundle / "index.py").write_text(
        (bundle / "index.py").read_text().replace("import os\n", "import os\nimport helper\n")
    )
    archive = workstation.home / "broken.tar.gz"
    subprocess.run(["tar", "-czf", archive, "-C", bundle, "."], check=True)
    failed = workstation.deploy(archive, "--format", "json")
    end = lines(failed.out)[-1]
    assert (failed.code, end["code"], end["outcome"], end["error"]["kind"]) == (1, 1, "failed", "Refused")
    assert "helper.py:1" in end["error"]["what"]
    assert workstation.on_gateway("remove", "--bundle", "for-programs", "--yes", "--purge").code == 0
