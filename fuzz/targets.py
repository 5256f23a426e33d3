"""What is fuzzed: each target takes bytes, and raises where bundlekit would fail on them.

An error of `bundlekit.errors` is an answer; any other exception is a fault, and so is a finding that no terminal or
program could take.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from bundlekit.bundle.bundle import Bundle
from bundlekit.errors import BundlekitError
from bundlekit.lint import Finding, baseline, check
from bundlekit.lint.baseline import Baseline
from bundlekit.lint.fixing import fix
from bundlekit.lint.selection import selection
from bundlekit.lint.settings import OWN_FILE, PYPROJECT, read_settings
from bundlekit.pack.archive import pack
from bundlekit.pack.contents import select
from bundlekit.pack.ignore import IGNORE_FILE
from bundlekit.pack.reading import open_archive
from tests.lint.bundles import MANIFEST, bundle, source

FACTORY = "data/example.json.factory"

_COMMENTED = (
    "from sanji.core import Route, Sanji\n\n\nclass Example(Sanji):\n    @Route('/no') {}\n    def f(self): pass\n"
)


def manifest(data: bytes) -> None:
    """bundle.json: checked, mended, and packed where it is fit for that."""
    made = bundle({"bundle.json": data})
    assert_sound(made)
    fixed = fix(made, selection())
    assert_sound(fixed.bundle)
    with contextlib.suppress(BundlekitError):
        pack(made)


def factory(data: bytes) -> None:
    """The factory file."""
    assert_sound(bundle({FACTORY: data}))


def python(data: bytes) -> None:
    """index.py, and the same bytes as a module that it may import."""
    assert_sound(bundle({"index.py": data, "other.py": data}))


def suppressions(data: bytes) -> None:
    """Comments that hide findings, behind code and alone."""
    for line in (b"# bundlekit: ignore[", b"# bundlekit:", b""):
        assert_sound(bundle({"index.py": _COMMENTED.encode().replace(b"{}", line + data)}))


def archive(data: bytes) -> None:
    """An archive; where the bytes are no gzip, the tar in one."""
    packed = data if data.startswith(b"\x1f\x8b") else gzip.compress(data, 1)
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(BundlekitError):
        place = Path(folder, "fuzzed.tar.gz")
        place.write_bytes(packed)
        opened = open_archive(place)
        assert_sound(opened)
        pack(opened)


def settings(data: bytes) -> None:
    """bundlekit.toml, and the same in a pyproject.toml."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in ((OWN_FILE, data), (PYPROJECT, b"[tool.bundlekit]\n" + data)):
            place = Path(folder, name)
            place.write_bytes(content)
            with contextlib.suppress(BundlekitError):
                said = read_settings(place)
                chosen = selection(said.choice)
                chosen.tells("BK304", "index.py")
                for one in said.path_ignores(Path(folder, "example"), Path(folder)):
                    one.covers("BK304", "index.py")


def known(data: bytes) -> None:
    """A baseline."""
    made = bundle({"index.py": ""})
    with contextlib.suppress(BundlekitError):
        read = baseline.read(data.decode("utf-8", "replace"))
        compared = Baseline(read)
        compared.new("here", made, check(made), selection())
        assert baseline.read(baseline.written(compared.renewed)) == compared.renewed
        list(baseline.called(compared.gone))
        f"{compared.met} {compared.gone.total()}"


def ignored(data: bytes) -> None:
    """.bundleignore."""
    made = bundle({IGNORE_FILE: data, "notes/a.txt": "", "notes/b/c.py": ""})
    assert_sound(made)
    with contextlib.suppress(BundlekitError):
        select(made)


def requirements(data: bytes) -> None:
    """requirements.txt."""
    assert_sound(bundle({"requirements.txt": data, "index.py": "import requests\n" + source(MANIFEST)}))


def assert_sound(checked: Bundle) -> None:
    """Check a bundle, and hold what is told of it against what any reader of it may rely on."""
    findings = check(checked)
    for finding in findings:
        assert_tellable(finding)


def assert_tellable(finding: Finding) -> None:
    """A message on one line that steers no terminal, at a place that makes sense."""
    assert finding.message.isprintable(), finding.message
    assert finding.hint.isprintable(), finding.hint
    assert (1, 1) <= (finding.line, finding.column) <= (finding.end_line, finding.end_column), finding
    assert len(finding.message) + len(finding.hint) < 1000, finding
    assert "\n" not in finding.excerpt, finding


TARGETS: dict[str, Callable[[bytes], None]] = {
    "manifest": manifest,
    "factory": factory,
    "source": python,
    "suppressions": suppressions,
    "archive": archive,
    "settings": settings,
    "baseline": known,
    "bundleignore": ignored,
    "requirements": requirements,
}

SEEDS: dict[str, list[bytes]] = {
    "manifest": [
        json.dumps(MANIFEST, indent=1).encode(),
        json.dumps(
            {**MANIFEST, "resources": [{"methods": ["GET", "get"], "resource": "/api/v1/x/:id/"}, {"resource": "x#"}]}
        ).encode(),
    ],
    "factory": [b'{"a": [1, 2.5e3, null, "x\\u00e9"], "a": {}}', b"\xef\xbb\xbf[]"],
    "source": [
        source(MANIFEST).encode(),
        b"# coding: latin-1\nprint >>f, x\nexec 'a' in {}\ndef f((a, b), *, c: int = 1) -> None: nonlocal d\n",
        b"import requests, other\nR = '/' + 'x'\n@Route('/%s/{}'.format(R) % R, methods=['get'])\n"
        b"def get(self, message, response):\n    if x:\n        return response(code=200)\n    time.sleep(1)\n",
    ],
    "suppressions": [b"BK302, no-methods] reason", b"BK301]", b" ignore [x], # bundlekit: ignore[BK303]\n# y"],
    "settings": [
        b'select = ["ALL", "BK3"]\nignore = ["no-methods"]\nfail-on = "warning"\n[severity]\nBK302 = "off"\n'
        b'[per-path-ignores]\n"**/index.py" = ["BK304"]\n"!a[b-c]*\\\\" = []\n'
    ],
    "baseline": [b'{"version": 1, "findings": [{"file": "here/index.py", "code": "BK301", "line": "0", "times": 2}]}'],
    "bundleignore": [b"*.txt\n!notes/a.txt\n/notes/**/c.*\n[a-z]?\\ \n#x\n", b"index.py\n"],
    "requirements": [b"requests==2.0 ; python_version<'3'\n-r other.txt\ngit+https://x/y#egg=z\n"],
}


def archive_seed() -> bytes:
    """The tar of a sound bundle, small: a fuzzer changes headers, not the deflated stream that hides them."""
    return gzip.decompress(pack(bundle()).data)


WORDS: tuple[str, ...] = (
    *MANIFEST,
    *(
        "resource",
        "methods",
        "get",
        "GET",
        "patch",
        "/api/v1",
        ":id",
        "/#",
        "+",
        "NaN",
        "-Infinity",
        "1e999",
        "\\ud800",
    ),
    *("@Route(", "Sanji", "response(", "def ", "class ", "lambda ", "print ", "exec ", "import ", "from ", "async "),
    *(
        "nonlocal ",
        "yield ",
        "await ",
        "f'{",
        "'''",
        '"""',
        "\\\n",
        "\n    ",
        "# bundlekit: ignore[",
        "# coding: ",
        ":=",
    ),
    *(
        "self.model.db",
        "time.sleep(",
        "subprocess.call(",
        "requests.get(",
        "while True:",
        "except:",
        "finally:",
        "with ",
    ),
    *(
        "BK302",
        "per-path-ignores",
        "severity",
        "select",
        "**/",
        "\x00",
        "\x1b[31m",
        "\u2028",
        "\ufeff",
        "\r\n",
        "{0:{}}",
    ),
    *("SHA256SUMS", "./", "../", "ustar", "path=", "idna", "utf-7", "rot13", "unicode_escape"),
)
