"""Generated bundles under this Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bundlekit.scaffold.template import render_bundle
from tests.scaffold.conversations import CONVERSATIONS, Conversation, is_as_promised
from tests.scaffold.stand_in import started

ROUTERS_OWN = {403, 404}
"""Codes that others than the bundle answer with, where the bundle has no handler."""


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda conversation: conversation.name)
def test_generated_handlers_answer_as_promised(conversation: Conversation, tmp_path: Path) -> None:
    folder = render_bundle(conversation.answers, tmp_path)
    bundle = started(folder)
    for exchange in conversation.exchanges:
        answers = bundle.ask(exchange.method, exchange.path, exchange.body)
        if not answers:
            assert exchange.code in ROUTERS_OWN, exchange
            continue
        ((code, answer),) = answers
        assert code == exchange.code, exchange
        assert is_as_promised(answer, exchange.answer), (exchange, answer)
    settings = folder / "data" / f"{conversation.name}.json"
    assert not settings.exists() or json.loads(settings.read_text("utf-8")) == conversation.kept
    assert started(folder).model.db == conversation.kept  # type: ignore[attr-defined]
