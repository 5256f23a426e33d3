"""Every bundle that the tests of the rules look at, by name: the cases of all of them, so that each rule meets each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from bundlekit.bundle.bundle import Bundle
from bundlekit.lint.facts.inspection import Inspection
from bundlekit.lint.page import page_of
from bundlekit.lint.rule import Rule
from tests.lint import (
    good_bundles,
    more_cases,
    planted,
    test_field_bundles,
    test_file_rules,
    test_findings,
    test_fixing,
    test_fixing_fields,
    test_manifest_rules,
    test_method_rules,
    test_python_3_rules,
    test_running_rules,
    test_source_rules,
    test_start_rules,
    test_suppression,
    test_undefined_names,
)
from tests.lint.bundles import bundle
from tests.lint.examples import bundle_of

_LAST_LINE = "return response()"


@cache
def inspections() -> dict[str, Inspection]:
    """A look at each of the bundles, which is shared: what was read of a file once is not read again."""
    return {
        name: Inspection(one)
        for name, one in (
            *_manifests(),
            *_files(),
            *_sources(),
            *_runs(),
            *_methods(),
            *_field(),
            *_more(),
            *_planted(),
        )
    }


@cache
def examples(rule: Rule) -> dict[str, Inspection]:
    """A look at each example of a rule's page; those of others change too often to tell of them here."""
    page = page_of(rule)
    return {"bad example": Inspection(bundle_of(page.bad)), "good example": Inspection(bundle_of(page.good))}


def _manifests() -> Iterator[tuple[str, Bundle]]:
    for name, (fields, _) in test_findings.FIELDS.items():
        yield f"fields: {name}", bundle(**fields)
    for name, (fields, *_) in test_manifest_rules.TOLD.items():
        yield f"manifest: {name}", test_manifest_rules.changed(fields)
    for name, fields in test_manifest_rules.CLEAN.items():
        yield f"clean manifest: {name}", test_manifest_rules.changed(fields)
    for name, (text, _) in test_fixing.CASES.items():
        yield f"to mend: {name}", bundle({"bundle.json": test_fixing.manifest(text)})
    for name, (_, text, _) in test_fixing_fields.CASES.items():
        yield f"fields: {name}", bundle({"bundle.json": text})


def _files() -> Iterator[tuple[str, Bundle]]:
    for name, (files, _) in test_findings.FILES.items():
        yield f"files: {name}", bundle(files)
    for name, (content, _) in test_file_rules.SECRETS.items():
        yield f"secret: {name}", bundle({"more/notes.txt": f"first\n{content}"})
    for number, content in enumerate(test_file_rules.NO_SECRETS):
        yield f"no secret: {number}", bundle({"notes.txt": content})
    for name, (files, _) in test_file_rules.CONTENTS.items():
        yield f"contents: {name}", bundle(files)
    for is_archive in (False, True):
        yield f"settings, archive {is_archive}", replace(bundle(test_file_rules.SETTINGS), in_archive=is_archive)


def _sources() -> Iterator[tuple[str, Bundle]]:
    handler, sound = test_source_rules.handler, test_source_rules.SOUND
    for name, (declared, source, _) in test_findings.ROUTES.items():
        yield f"routes: {name}", bundle({"index.py": source}, resources=declared)
    for name, (begin, files, _) in test_source_rules.MODULES.items():
        yield f"modules: {name}", bundle({"index.py": begin + sound, **files})
    for name, (begin, files, _) in test_source_rules.IMPORTS.items():
        yield f"imports: {name}", bundle({"index.py": f"{begin}\n{sound}", **files})
    for parameters in test_source_rules.SIGNATURES:
        source = handler("return answer(response)", parameters)
        yield f"signature: ({parameters})", bundle({"index.py": source})
    for body in (*test_source_rules.ANSWERED, *test_source_rules.UNANSWERED):
        yield f"answer: {body!r}", bundle({"index.py": handler(body)})
    for name, (body, after, before, _) in test_source_rules.WAITS.items():
        source = handler(f"{body}\n{_LAST_LINE}", after=after, before=f"{before}\n")
        yield f"waits: {name}", bundle({"index.py": source})
    for name, (call, _) in test_source_rules.MODELS.items():
        after = f"def init(self, **kwargs):\n    self.model = {call}"
        source = handler(_LAST_LINE, before=test_source_rules.MODEL, after=after)
        yield f"model: {name}", bundle({"index.py": source, "data/second.json.factory": "{}"})
    for body in test_source_rules.CHANGES:
        yield f"settings: {body!r}", bundle({"index.py": handler(f"{body}\n{_LAST_LINE}")})


def _runs() -> Iterator[tuple[str, Bundle]]:
    handler, sound = test_source_rules.handler, test_source_rules.SOUND
    for name, (begin, _) in test_python_3_rules.UNKNOWN.items():
        yield f"python 3: {name}", bundle({"index.py": f"{begin}\n{sound}"})
    for name, (begin, files, _) in test_python_3_rules.BESIDE.items():
        yield f"python 3 beside: {name}", bundle({"index.py": begin + sound, **files})
    for name, (begin, _) in test_undefined_names.UNDEFINED.items():
        yield f"undefined: {name}", bundle({"index.py": f"{begin}\n{sound}"})
    for name, begin in test_undefined_names.CLEAN.items():
        yield f"defined: {name}", bundle({"index.py": f"{begin}\n{sound}"})
    for name, (index, files, _) in test_start_rules.STARTS.items():
        yield f"start: {name}", bundle({"index.py": index, **files})
    for name, (lines, _) in test_suppression.CASES.items():
        yield f"comment: {name}", bundle({"index.py": test_suppression.with_handlers(lines)})
    for body in test_running_rules.COMMANDS:
        source = handler(f"{body}\n{_LAST_LINE}", before=test_running_rules.SUBPROCESS)
        yield f"command: {body}", bundle({"index.py": source})
    for methods in test_running_rules.INITS:
        yield f"init: {methods!r}", bundle({"index.py": handler(_LAST_LINE, after=methods)})
    for body in test_running_rules.ROUNDS:
        run = "def run(self):\n    " + body.replace("\n", "\n    ")
        run += f"\ndef ask(self):\n    urllib2.urlopen({test_running_rules.ADDRESS}, timeout=3)"
        before = f"import time, urllib2\nfrom time import sleep\nSTATUS = {test_running_rules.ADDRESS}\n"
        yield f"round: {body!r}", bundle({"index.py": handler(_LAST_LINE, after=run, before=before)})
    for name, (begin, files, _) in (*test_running_rules.UNPACKED.items(), *test_running_rules.UNUSED.items()):
        yield f"beside: {name}", bundle({"index.py": begin + sound, **files})
    for path in test_running_rules.SEGMENTS:
        yield f"segments: {path}", bundle(resources=[{"methods": ["get"], "resource": path}])
    for name, (fields, files) in good_bundles.GOOD_BUNDLES.items():
        yield f"good: {name}", bundle(files, **fields)


def _field() -> Iterator[tuple[str, Bundle]]:
    for name, (files, fields, _) in test_field_bundles.BUNDLES.items():
        yield f"field: {name}", bundle(files, **fields)


def _methods() -> Iterator[tuple[str, Bundle]]:
    methods = test_method_rules.methods
    for name, (text, _) in test_method_rules.OVERWRITTEN.items():
        yield f"overwritten: {name}", bundle({"index.py": methods(text)})
    for parameters in test_method_rules.INITS:
        yield f"init takes: {parameters}", bundle({"index.py": methods(f"def init{parameters}:\n    pass\n")})
    for name, (text, base, before) in test_method_rules.OTHER_INITS.items():
        yield f"other init: {name}", bundle({"index.py": methods(text, base=base, before=before)})


def _more() -> Iterator[tuple[str, Bundle]]:
    for name, fields in more_cases.FIELDS.items():
        yield f"more fields: {name}", bundle(**fields)
    for name, files in more_cases.FILES.items():
        yield f"more files: {name}", bundle(files)
    for name, files in more_cases.ARCHIVED.items():
        yield f"archive: {name}", replace(bundle(files), in_archive=True)


def _planted() -> Iterator[tuple[str, Bundle]]:
    for name, one in planted.BUNDLES.items():
        yield f"field: {name}", bundle(one.files, **one.fields)
        for number, plant in enumerate(one.plants):
            files = {path: text.replace(plant.right, plant.wrong) for path, text in one.files.items()}
            yield f"field: {name}, {plant.code} {number}", bundle(files, **one.fields)
