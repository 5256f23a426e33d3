"""No secret of a bundle is said again by what is said about the bundle."""

from __future__ import annotations

import json

import pytest

from bundlekit.bundle.text import Text
from bundlekit.lint import Finding, Other, Severity, check
from bundlekit.lint.finding import Correction, Edit
from bundlekit.lint.formats import FORMATS, About, Checked, report
from bundlekit.lint.redaction import Secrets
from tests.lint.bundles import MANIFEST, bundle

TOKEN = "w7Kd2sPq9ZpX4vNr6TtB"
PASSWORD = "Horse-Battery9Staple"
GITHUB = "ghp_Zw7Kd2sPq9ZpX4vNr6TtBb2Xc4Vf6Gh8Jq1a"
KEY_LINES = ("MIIEpAIBAAKCAQEAx9Qq7uPzW3kfAb", "Zm9vYmFyYmF6cXV4Zm9vYmFy", "QUJDREVGRw==")
KEY = "\n".join(("-----BEGIN RSA PRIVATE KEY-----", *KEY_LINES, "-----END RSA PRIVATE KEY-----"))
HEAD = "from sanji.core import Route, Sanji\n"
CLASS = """class Example(Sanji):
    @Route(methods=["get", "put"], resource="/example")
    def value(self, message, response):
        return response(code=200)
"""

# files of a bundle, the secret, and the rules that have to find something on its line
CASES = {
    "token in index.py": ({"index.py": f'{HEAD}H = {{"mx-api-token": "{TOKEN}"}}\n{CLASS}'}, [TOKEN], {"BK214"}),
    "f-string on the line": ({"index.py": f'{HEAD}X = f"a"; password = "{PASSWORD}"\n{CLASS}'}, [PASSWORD], {"BK308"}),
    "in a module": (
        {"index.py": f"{HEAD}import other\n{CLASS}", "other.py": f'password = "{PASSWORD}"; x = f"a"\n'},
        [PASSWORD],
        {"BK308", "BK214"},
    ),
    "key of several lines": (
        {"index.py": f'{HEAD}{CLASS}KEY = f"""{KEY}"""\nX = ("{KEY_LINES[1]}", f"")\n'},
        [*KEY_LINES],
        {"BK308"},
    ),
    "quoted and cut off": (
        {"bundle.json": json.dumps({**MANIFEST, "repository": f"https://example.com/{'x' * 20}/{GITHUB}"})},
        [GITHUB],
        {"BK128"},
    ),
    "all in one line": (
        {"bundle.json": json.dumps({**MANIFEST, "ttl": "60", "password": PASSWORD})},
        [PASSWORD],
        {"BK102", "BK214"},
    ),
    "in the factory file": (
        {"data/example.json.factory": json.dumps({"key": KEY})[:-1] + ', "key": NaN}'},
        [*KEY_LINES],
        {"BK214"},
    ),
}


def said(name: str, findings: list[Finding]) -> str:
    made = report(name, About())
    return made.begin() + made.bundle(Checked("box", findings)) + made.end([])


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(("files", "secrets", "rules"), CASES.values(), ids=CASES)
def test_no_format_says_a_secret_or_a_part_of_it(
    name: str, files: dict[str, str], secrets: list[str], rules: set[str]
) -> None:
    findings = list(check(bundle(files)))
    assert rules <= {one.code for one in findings}
    text = said(name, findings)
    for secret in secrets:
        assert secret[:8] not in text
        assert secret[-6:] not in text


def test_line_around_a_secret_is_shown_and_its_mark_stays_right() -> None:
    files = {"index.py": f'{HEAD}password = "{PASSWORD}"; x = f"a"\n{CLASS}'}
    text = said("text", [one for one in check(bundle(files)) if one.code == "BK308"])
    line, mark = text.splitlines()[1:3]
    assert line == f'     2 | password = "{"*" * len(PASSWORD)}"; x = f"a"'
    assert mark.index("^") == line.index('f"')


@pytest.mark.parametrize("name", ["json", "sarif"])
def test_fix_that_would_write_a_secret_again_is_not_said(name: str) -> None:
    def fixed(text: str) -> str:
        edit = Edit(1, 1, 1, 1, text)
        correction = Correction("Write it", (edit,))
        return said(
            name, [Finding("BK102", "x-y", Severity.INFO, "f", 1, 1, 1, 1, None, "m", "", None, "", correction)]
        )

    assert "harmless" in fixed('"harmless"')
    assert PASSWORD not in fixed(f'"password": "{PASSWORD}"')


def test_other_place_says_no_secret() -> None:
    twice = json.dumps(MANIFEST)[:-1] + f', "resources": [{{"methods": "get", "resource": "/{GITHUB}"}}]}}'
    findings = check(bundle({"bundle.json": twice}))
    assert any(isinstance(one.other, Other) for one in findings)
    assert not any(GITHUB[:8] in str(one) for one in findings)


def test_what_is_no_secret_stays() -> None:
    secrets = Secrets(Text('password = "example-password-1"\nname = "w7Kd2sPq9ZpX4vNr6TtB"\n'))
    assert secrets.redact("w7Kd2sPq9ZpX4vNr6TtB example-password-1") == "w7Kd2sPq9ZpX4vNr6TtB example-password-1"
    assert Secrets(Text(f'password = "{PASSWORD}"')).redact("Horse-B Horse") == "Horse-B Horse"


def test_many_secrets_and_long_lines_are_gone_through_once() -> None:
    text = "\n".join(f'password = "Horse-Battery{number}Staple"' for number in range(5000))
    secrets = Secrets(Text(text + "\n" + KEY * 10))
    assert secrets.redact("Horse-Battery7Staple " * 20_000) == (("*" * 20) + " ") * 20_000
