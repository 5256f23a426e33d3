"""Edits of bundle.json that rules offer: they leave every other byte as it is."""

from __future__ import annotations

import json

from bundlekit.bundle.document import Document
from bundlekit.bundle.text import Span
from bundlekit.lint.finding import Edit


def rewritten(document: Document, pointer: str, old: str, new: str) -> tuple[Edit, ...]:
    """An edit that puts one string in the place of another; none if that does not stand there."""
    span = document.position(pointer)
    return (_edit(span, json.dumps(new, ensure_ascii=False)),) if _stands(document, span, old) else ()


def removed(document: Document, pointer: str, old: str) -> tuple[Edit, ...]:
    """An edit that takes a string out of an array that has others; none if it does not stand there.

    The space around goes as if it had never been listed: what is before the first one and behind the last one stays.
    """
    span = document.position(pointer)
    array, _, index = pointer.rpartition("/")
    if not _stands(document, span, old):
        return ()
    if index == "0":
        behind = document.position(f"{array}/1")
        return (_edit(Span(span.line, span.column, behind.line, behind.column), ""),)
    before = document.position(f"{array}/{int(index) - 1}")
    return (_edit(Span(before.end_line, before.end_column, span.end_line, span.end_column), ""),)


def _stands(document: Document, span: Span, value: str) -> bool:
    if span.line != span.end_line or document.text is None:
        return False
    try:
        return bool(json.loads(document.text.line(span.line)[span.column - 1 : span.end_column - 1]) == value)
    except ValueError:
        return False


def _edit(span: Span, text: str) -> Edit:
    return Edit(span.line, span.column, span.end_line, span.end_column, text)
