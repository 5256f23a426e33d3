from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bundlekit.quoting import for_terminal
from bundlekit.remote.events import Event, Lock, Mended, Running, parse_event, parse_probe

PROBE = """\
gateway\tMoxa
boot\tsystemd
python\t/usr/bin/python2.7
sdk\tyes
free\t2048
bundle\texample
current\t0.0.2-bb
running\t17\t0.0.2-bb\t1479000000\t1\tyes
at-boot\tyes
settings\tyes
mended\t1479000100\t1479000000\texample.json other.json
locked\tdeploy of 3\teve@workstation\t12
release\t0.0.2-bb\t0.0.2\tbb11\t1479000000\tgood\teve@workstation\t
release\t0.0.1-aa\t0.0.1\taa11\t1478000000\tfailed\tadam@workstation\tdied 1
bundle\tother
upload\t/opt/bundlekit/uploads/x
something\tnew
end"""


def test_probe_is_read_into_one_value() -> None:
    gateway = parse_probe(parse_event(line) for line in PROBE.splitlines())
    example, other = gateway.bundles
    assert (gateway.hostname, gateway.boot, gateway.python, gateway.sdk) == (
        "Moxa",
        "systemd",
        "/usr/bin/python2.7",
        True,
    )
    assert gateway.free == 2048 * 1024
    assert gateway.upload == "/opt/bundlekit/uploads/x"
    assert example.running == Running(17, "0.0.2-bb", 1479000000, 1, registered=True)
    assert example.mended == Mended(1479000100, 1479000000, "example.json other.json")
    assert example.lock == Lock("deploy of 3", "eve@workstation", 12, alive=True)
    assert [(release.id, release.state, release.reason) for release in example.releases] == [
        ("0.0.2-bb", "good", ""),
        ("0.0.1-aa", "failed", "died 1"),
    ]
    assert (other.name, other.current, other.releases) == ("other", "", ())


def test_terminal_is_not_commanded_by_what_a_gateway_prints() -> None:
    assert for_terminal("\x1b]0;owned\x07\x1b[2J\x1b[31mred\x1b[0m\x9b2J\x00\rline\x7f") == "red2Jline"
    assert parse_event("log\ta\x1b[1mb") == Event("log", ("ab",))


@given(st.lists(st.text(), max_size=20))
def test_any_lines_are_read_without_an_exception(lines: list[str]) -> None:
    gateway = parse_probe(parse_event(line) for line in lines)
    assert gateway.free >= 0


@given(st.sampled_from(PROBE.splitlines()), st.integers(0, 6))
def test_lines_with_missing_fields_are_read_without_an_exception(line: str, fields: int) -> None:
    short = "\t".join(line.split("\t")[:fields])
    parse_probe([Event("bundle", ("x",)), parse_event(short)])
