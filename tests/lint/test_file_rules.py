"""What is told of the files around bundle.json and index.py, and what is not."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bundlekit.bundle.bundle import Bundle
from bundlekit.bundle.files import Kind
from bundlekit.bundle.version_control import is_tracked
from bundlekit.lint import check
from tests.lint.bundles import bundle, codes, found, keeper

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAx9Qq7uPzW3kf\n"
TOKEN = "k3Jd8sLq0ZpW5vNm7RtY"
SETTINGS = {"data/example.json": "{}", "data/example.json.backup": "{}"}


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with a sound bundle in `box`, which has been run there."""
    made = bundle(SETTINGS)
    for path in made.files.entries:
        place = tmp_path / "box" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(made.files.read(path))
    git(tmp_path, "init", "-q")
    return tmp_path


def told(folder: Path) -> list[tuple[str, str]]:
    return [(one.rule, one.file) for one in check(Bundle.in_folder(folder))]


def test_settings_in_an_archive_are_told() -> None:
    packed = replace(bundle(SETTINGS), in_archive=True)
    assert [(one.rule, one.file) for one in found(packed)] == [
        ("runtime-settings", "box:data/example.json"),
        ("runtime-settings", "box:data/example.json.backup"),
    ]


def test_settings_beside_a_bundle_are_no_fault() -> None:
    assert codes(bundle(SETTINGS)) == []


def test_other_json_files_in_an_archive_are_no_settings() -> None:
    assert codes(replace(bundle({"data/table.json": "{}", "example.json": "{}"}), in_archive=True)) == []


def test_settings_that_git_keeps_are_told(repository: Path) -> None:
    git(repository, "add", "-f", ".")
    box = repository / "box"
    assert told(box) == [
        ("runtime-settings", str(box / "data/example.json")),
        ("runtime-settings", str(box / "data/example.json.backup")),
    ]


def test_settings_that_git_does_not_keep_are_no_fault(repository: Path) -> None:
    (repository / "example.json").write_text("{}")
    (repository / "box/more/data").mkdir(parents=True)
    (repository / "box/more/data/example.json").write_text("{}")
    (repository / ".gitignore").write_text("/box/data/*.json\n/box/data/*.backup\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "all")
    assert told(repository / "box") == []


@pytest.mark.parametrize("version", [2, 3])
def test_what_git_keeps_is_known(repository: Path, version: int) -> None:
    git(repository, "add", "-f", "box/data/example.json", "box/index.py")
    if version == 3:  # the flag that makes git write the longer form
        git(repository, "update-index", "--skip-worktree", "box/data/example.json")
    assert (repository / ".git/index").read_bytes()[4:8] == bytes([0, 0, 0, version])
    assert is_tracked(repository / "box", "data/example.json")
    assert is_tracked(repository / "box", "index.py")
    assert is_tracked(repository, "box/index.py")
    assert not is_tracked(repository / "box", "ndex.py")
    assert not is_tracked(repository / "box", "bundle.json")
    assert not is_tracked(repository, "index.py")


def test_what_git_keeps_in_a_worktree_is_known(repository: Path) -> None:
    git(repository, "add", "-f", ".")
    git(repository, "commit", "-qm", "all")
    git(repository, "worktree", "add", "-q", "other")
    assert is_tracked(repository / "other/box", "data/example.json")


@pytest.mark.parametrize(
    "index", [b"", b"DIRC", b"DIRC\0\0\0\x04box/index.py\0", b"\0" * 100, b"DIRC\0\0\0\2\0\1box/index.py\0"]
)
def test_index_that_says_nothing_certain_is_passed_over(repository: Path, index: bytes) -> None:
    (repository / ".git/index").write_bytes(index)
    assert not is_tracked(repository / "box", "index.py")


def test_repository_that_is_none_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: nowhere")
    assert not is_tracked(tmp_path, "index.py")


def test_several_factory_files_under_other_names_are_one_finding() -> None:
    files = {"data/example.json.factory": None, "data/a.json.factory": "{}", "data/b.json.factory": "{}"}
    (finding,) = found(bundle({**files, "index.py": keeper()}))
    assert (finding.rule, finding.hint) == ("misnamed-factory", "rename data/a.json.factory")


def test_more_factory_files_than_one_are_no_fault() -> None:
    assert codes(bundle({"data/other.json.factory": "{}"})) == []


# what stands in a file, and what that is
SECRETS = {
    "a key": (KEY, "a private key"),
    "a key with another line end": (KEY.replace("\n", "\r\n"), "a private key"),
    "a key of OpenSSH": ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n", "a private key"),
    "an encrypted key": ("-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", "a private key"),
    "a key in a string": (repr(KEY), "a private key"),
    "a key in JSON": (json.dumps({"key": KEY}), "a private key"),
    "a key of PuTTY": ("PuTTY-User-Key-File-3: ssh-ed25519\n", "a private key"),
    "a key of AWS": ("id = AKIA" + "Q3EGPIUZ5NHJ2W7K", "an access key of AWS"),
    "a token of GitHub": ("ghp_" + "a1B2c3D4e5" * 3 + "F6g7H8", "a token of GitHub"),
    "a token of GitLab": ("glpat-" + "a1B2c3D4e5" * 2, "a token of GitLab"),
    "a token of a gateway": (json.dumps({"mx-api-token": TOKEN}), "an API token of a gateway"),
    "a token in a command": (f"curl -H 'mx-api-token:{TOKEN}Ab12'", "an API token of a gateway"),
    "a token in a variable": (f"MX_API_TOKEN = '{TOKEN}'", "an API token of a gateway"),
    "a token as a parameter": (f"request.add_header('mx-api-token', '{TOKEN}')", "an API token of a gateway"),
    "a password": ('password = "gT7#kLq29!"', "a password"),
    "a password in JSON": ('{"db_password": "gT7-kLq29-xW"}', "a password"),
    "passwords of hosts": ("machine box login moxa password moxa\n", "a password"),
}


@pytest.mark.parametrize(("content", "what"), SECRETS.values(), ids=SECRETS)
def test_secret_is_told_and_not_shown(content: str, what: str) -> None:
    (finding,) = found(bundle({"more/notes.txt": "first\n" + content}))
    assert (finding.rule, finding.file, finding.line) == ("packed-secret", "box/more/notes.txt", 2)
    assert finding.message == f"{what} goes into the archive, expected none"
    assert finding.excerpt == ""


NO_SECRETS = [
    'if text.startswith("-----BEGIN RSA PRIVATE KEY-----"):',
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOC\n",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n",
    "AKIAIOSFODNN7EXAMPLE",
    "xAKIAQ3EGPIUZ5NHJ2W7K",
    "ghp_" + "x" * 36,
    '{"mx-api-token": token}',
    '{"mx-api-token": os.environ["MX_API_TOKEN"]}',
    '{"mx-api-token": "YOUR-API-TOKEN-HERE-01"}',
    "mx-api-token: <the token of the gateway>",
    "MX_API_TOKEN = read_token_from_a_file(1)",
    "MX_API_TOKEN = readTokenOfThisGateway2(path)",
    'password = ""',
    'password = "moxa"',
    'password = get_password("aB3#5678901")',
    'password = "%(password)s-1A"',
    'password = "{{ Password_1 }}"',
    'password: "Change-me-1"',
    'PASSWORD_FILE = "/etc/bundle/Secret-1"',
    'secret = "/etc/bundle/aB3-567890"',
    'label = "password: at least 10 characters"',
    "the machine has a login and a password",
]


@pytest.mark.parametrize("content", NO_SECRETS)
def test_what_only_looks_like_a_secret_is_none(content: str) -> None:
    assert codes(bundle({"notes.txt": content})) == []


def test_secret_that_stays_out_of_the_archive_is_none() -> None:
    left_out = {".netrc": KEY, ".ssh/id_rsa": KEY, "venv/key.pem": KEY, "keys/a.pem": KEY, "more/b.pem": KEY}
    ignored = {".bundleignore": "keys/\n*.pem\n", "data/example.json": f'{{"mx-api-token": "{TOKEN}"}}'}
    assert codes(bundle({**left_out, **ignored})) == []


def test_secret_that_is_taken_back_in_is_told() -> None:
    (finding,) = found(bundle({".bundleignore": "!.netrc\n", ".netrc": "machine a login b password c\n"}))
    assert finding.rule == "packed-secret"


def test_secret_in_an_archive_is_told() -> None:
    (finding,) = found(replace(bundle({".netrc": KEY}), in_archive=True))
    assert finding.file == "box:.netrc"


def test_ignore_file_that_is_none_hides_no_secret(repository: Path) -> None:
    (repository / "box/.bundleignore").write_text("[z-a]\n")
    (repository / "box/key.pem").write_text(KEY)
    assert ("packed-secret", str(repository / "box/key.pem")) in told(repository / "box")


def test_many_secrets_of_one_file_are_cut_off() -> None:
    assert codes(bundle({"keys.pem": KEY * 1000})) == ["packed-secret"] * 10


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["-----BEGIN ", "-----BEGIN RSA PRIVATE KEY-----\n", "password = '", "mx-api-token: ", "machine a login "]
)
def test_file_that_is_full_of_beginnings_is_looked_through(piece: str) -> None:
    assert codes(bundle({"notes.txt": piece * (1_000_000 // len(piece))})) == []


MEBIBYTE = 1024 * 1024

# files, then rule, file, and a part of the message of each finding
CONTENTS: dict[str, tuple[dict[str, bytes | str | Kind | None], list[tuple[str, str, str]]]] = {
    "a link": ({"more/a": Kind.LINK}, [("unpackable-file", "more/a", "more/a is a link to")]),
    "a pipe": ({"a": Kind.OTHER}, [("unpackable-file", "a", "a is neither a file nor a folder")]),
    "two names that are one elsewhere": (
        {"a.txt": "", "A.txt": ""},
        [("unpackable-file", "a.txt", "a.txt and A.txt differ in case or accents only")],
    ),
    "a control character": ({"a\x1bb": ""}, [("unpackable-file", "a\x1bb", "a\\x1bb has a control character")]),
    "a backslash": ({"a\\b": ""}, [("unpackable-file", "a\\b", "has a backslash")]),
    "a link that stays out": ({".a": Kind.LINK, "b.pyc": Kind.LINK}, []),
    "a link in a folder that stays out": ({"docs": Kind.FOLDER, "docs/a": Kind.LINK, ".bundleignore": "docs/\n"}, []),
    "a clash that stays out": ({"a.txt": "", "A.txt": "", ".bundleignore": "A.txt\n"}, []),
    "main that is a link": ({"index.py": Kind.LINK}, [("unreadable-file", "index.py", "index.py is a link")]),
    "a large file": (
        {"a.bin": bytes(8 * MEBIBYTE + 1)},
        [("oversized-file", "a.bin", "the file has 9 MiB, expected no more than 8 MiB")],
    ),
    "a file as large as it may be": ({"a.bin": bytes(8 * MEBIBYTE)}, []),
    "a large file that stays out": ({"a.bin": bytes(9 * MEBIBYTE), ".bundleignore": "*.bin\n"}, []),
    "many files": (
        {f"{number}.bin": bytes(8 * MEBIBYTE) for number in range(5)},
        [("oversized-file", "bundle.json", "the files of the bundle have 40 MiB, expected no more than 32 MiB")],
    ),
    "many files that stay out": (
        {f"{number}.bin": bytes(8 * MEBIBYTE) for number in range(5)} | {".bundleignore": "[1-4].bin\n"},
        [],
    ),
}


@pytest.mark.parametrize(("files", "expected"), CONTENTS.values(), ids=CONTENTS)
def test_cargo(files: dict[str, bytes | str | Kind | None], expected: list[tuple[str, str, str]]) -> None:
    findings = found(bundle(files))
    assert [(one.rule, one.file) for one in findings] == [(rule, f"box/{path}") for rule, path, _ in expected]
    for finding, (_, _, words) in zip(findings, expected, strict=True):
        assert words in finding.message


def test_link_in_a_folder_is_told_and_not_followed(repository: Path) -> None:
    (repository / "box/all").symlink_to("/")
    assert told(repository / "box") == [("unpackable-file", str(repository / "box/all"))]
