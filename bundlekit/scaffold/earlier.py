"""The template that a bundle without a record was made by.

Earlier releases of bundlekit left no record in a bundle. `templates/earlier/` has their templates: the first as a
whole, each later one as the files that differ from the one before. None is added, as newer bundles have their record.

No file of them changes any more. Some equal files of today's template, which does change, so nothing is shared with it.
They are plain files and no archive: they are small, and a diff shows what is between two of them.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bundlekit import shipped
from bundlekit.bundle.bundle import Bundle
from bundlekit.scaffold.answers import Answers
from bundlekit.scaffold.folder import scratch
from bundlekit.scaffold.merge import LineEnds, file_at
from bundlekit.scaffold.template import rendered
from bundlekit.scaffold.template_record import TemplateFile, Tree


@contextmanager
def earlier_templates() -> Iterator[list[Path]]:
    """The templates of earlier releases, the oldest first, in folders that are gone afterwards."""
    with scratch() as hidden:
        found: list[Path] = []
        for differing in sorted(shipped.earlier_templates().glob("[0-9]*"), key=lambda path: int(path.name)):
            whole = hidden / differing.name
            for source in (*found[-1:], differing):
                shutil.copytree(source, whole, dirs_exist_ok=True)
            found.append(whole)
        yield found


def likely_base(bundle: Bundle, answers: Answers) -> Tree:
    """What a bundle was probably made from: what the template renders that has the fewest lines that differ.

    A bundle that has less than half of the lines of that was not made by a template. Then it is that of this release,
    so that nothing changes in the bundle now.

    A wrong choice costs no line of the user, see `bundlekit.scaffold.merge.changes`; it can cost a conflict, or leave
    out a change of the template.

    Args:
        bundle: without a record.
        answers: that the bundle was made from.
    """
    with earlier_templates() as templates:
        candidates: list[Tree] = [rendered(answers, template) for template in templates]
    candidates.append(rendered(answers))
    there = {path: _lines(file_at(bundle, path)) for path in {path for tree in candidates for path in tree}}

    def missing(tree: Tree) -> int:
        return sum((_lines(file) - there[path]).total() for path, file in tree.items())

    def unknown(tree: Tree) -> int:
        return sum((lines - _lines(tree.get(path))).total() for path, lines in there.items())

    best = min(reversed(candidates), key=lambda tree: missing(tree) + unknown(tree))
    is_made_from = 2 * missing(best) <= sum(_lines(file).total() for file in best.values())
    return best if is_made_from else candidates[-1]


def _lines(file: TemplateFile | None) -> Counter[bytes]:
    """How often a file has each line."""
    return Counter(LineEnds.of(file.content).plain(file.content).split(b"\n") if file else ())
