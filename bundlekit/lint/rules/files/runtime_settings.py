"""Settings of one machine are packed with the bundle.

Why: The SDK keeps what users set in `data/NAME.json` and a copy of it in `data/NAME.json.backup`. In an archive, or
under version control, they replace what a user has set on another gateway, and may contain passwords. The settings of a
new bundle are in `data/NAME.json.factory`.

Evidence: Seen with SDK 1.1.2 on Python 2.7.18: if `data/NAME.json` exists at the first start, the bundle uses these
settings and never reads the factory file. Whether a file is under version control is read from git's index.

Bad:

    data/example.json is in the archive
        {"key": "mine"}

Good:

    data/example.json.factory
        {"key": "value"}
"""

from __future__ import annotations

from collections.abc import Iterator

from bundlekit.bundle.text import BEGINNING
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.facts.package_contents import package_contents
from bundlekit.lint.finding import Severity
from bundlekit.lint.rule import Diagnostic, Rule
from bundlekit.quoting import printable


def check(inspection: Inspection) -> Iterator[Diagnostic]:
    bundle, contents = inspection.bundle, package_contents(inspection)
    in_data = [entry.path for entry in contents.entries if entry.path.startswith("data/")]
    if all(path.endswith(".factory") for path in in_data):
        return
    from bundlekit.pack.contents import is_settings

    for path in in_data:
        if not is_settings(path, bundle):
            continue
        if bundle.in_archive:
            message = "settings made on one machine are in the archive, expected none"
            yield Diagnostic(path, BEGINNING, message, "bundlekit pack leaves them out")
        elif contents.folder is not None and contents.folder.is_tracked(path):
            message = "settings made on one machine are under version control, expected none"
            hint = f"git rm --cached {printable(path)[:200]}, and write data/*.json into .gitignore"
            yield Diagnostic(path, BEGINNING, message, hint)


RULE = Rule(code="BK213", name="runtime-settings", severity=Severity.WARNING, page=__doc__, check=check)
