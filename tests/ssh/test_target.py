from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundlekit.errors import BadUsage
from bundlekit.ssh.target import Target, parse_target

GOOD = [
    ("gateway", Target("gateway")),
    ("moxa@192.168.4.127", Target("192.168.4.127", "moxa")),
    ("moxa@gw.example:2222", Target("gw.example", "moxa", 2222)),
    ("[::1]", Target("::1")),
    ("moxa@[fe80::1%eth0]:22", Target("fe80::1%eth0", "moxa", 22)),
    ("fe80::1", Target("fe80::1")),
    ("a@b@host", Target("host", "a@b")),
]
BAD = [
    "", "@host", "moxa@", "-oProxyCommand=reboot", "moxa@-host", "host:0", "host:65536", "host:x", "host:٣", "[::1",
    "[host]:22", "[::1]x", "a:b:x", "ho st", "host\n", "$(reboot)", "moxa;id@host", "host:22:22",
]  # fmt: skip


@pytest.mark.parametrize(("text", "target"), GOOD)
def test_target_is_read_as_ssh_users_write_it(text: str, target: Target) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_target_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadUsage) as caught:
        parse_target(text)
    assert "moxa@192.168.4.127" in str(caught.value.hint)


@pytest.mark.parametrize("text", [text for text, _ in GOOD if text != "fe80::1"])
def test_target_prints_as_it_was_written(text: str) -> None:
    assert parse_target(str(parse_target(text))) == parse_target(text)


@given(st.text(max_size=30))
def test_any_text_is_a_target_or_bad_usage(text: str) -> None:
    try:
        target = parse_target(text)
    except BadUsage:
        return
    assert not target.host.startswith("-")
    assert target.host.isprintable()
