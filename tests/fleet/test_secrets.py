"""What is asked of the user for many gateways: once, whichever thread needs it first."""

from __future__ import annotations

import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bundlekit.cli import fleet_secrets
from bundlekit.cli.fleet_secrets import FleetPrompter, SharedSecrets, shared_by
from bundlekit.cli.threads import in_threads
from bundlekit.errors import HostKeyRejected, LoginRefused
from bundlekit.fleet.inventory import Gateway

THREADS = 20
KEPT = "north of /srv/gateways.ini"
Typist = Callable[..., list[str]]


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Typist:
    """Have somebody at a terminal type words, one after the other; gives the list of the questions."""

    def begin(*words: str) -> list[str]:
        asked: list[str] = []
        left: Iterator[str] = iter(words)

        def type_secret(what: str) -> str:
            asked.append(what)
            time.sleep(0.05)  # the other threads come meanwhile
            return next(left)

        monkeypatch.setattr(fleet_secrets, "can_ask", lambda: True)
        monkeypatch.setattr(fleet_secrets, "type_secret", type_secret)
        monkeypatch.setattr(fleet_secrets, "kept_secret", lambda name: "kept" if name in ("moxa@kept", KEPT) else None)
        monkeypatch.setattr(termios, "tcgetattr", lambda _: [])
        return asked

    return begin


def prompter(
    secrets: SharedSecrets, *, user: str = "moxa", kept_as: str = "", known: str | None = None
) -> FleetPrompter:
    return of_gateway(secrets, Gateway("gw", "gw"), user=user, kept_as=kept_as, known=known)


def of_gateway(
    secrets: SharedSecrets, gateway: Gateway, *, user: str = "moxa", kept_as: str = "", known: str | None = None
) -> FleetPrompter:
    shared = shared_by(gateway, user, Path("gateways.ini"))
    return FleetPrompter(secrets, shared=shared, kept_as=kept_as, known=known, agreed_key="SHA256:x", batch=False)


def log_in(secrets: SharedSecrets, right: str) -> str:
    """As a log-in does it: with a password, and again with others as long as the gateway refuses them."""
    one = prompter(secrets)
    for number in range(3):
        password = one.password("moxa@gw", again=number > 0)
        if password == right:
            one.accept(password)
            return password
    raise LoginRefused("moxa@gw does not accept the password")


def test_password_is_asked_once_for_all_threads(types: Typist) -> None:
    asked, secrets = types("right"), SharedSecrets(from_stdin=False)
    found = dict(in_threads(THREADS, range(THREADS), lambda _: log_in(secrets, "right")))
    assert (set(found.values()), len(asked)) == ({"right"}, 1)


def test_wrong_password_is_asked_again_once_for_all_threads(types: Typist) -> None:
    asked, secrets = types("wrong", "right"), SharedSecrets(from_stdin=False)
    found = dict(in_threads(THREADS, range(THREADS), lambda _: log_in(secrets, "right")))
    assert (set(found.values()), len(asked)) == ({"right"}, 2)


def test_wrong_passwords_end_after_three_questions(types: Typist) -> None:
    asked, secrets = types("a", "b", "c", "d"), SharedSecrets(from_stdin=False)

    def refused(_: int) -> bool:
        with pytest.raises(LoginRefused, match="does not accept the password"):
            log_in(secrets, "right")
        return True

    assert all(dict(in_threads(THREADS, range(THREADS), refused)).values())
    assert len(asked) == 3


def test_gateway_that_refuses_what_another_has_accepted_fails_alone(types: Typist) -> None:
    asked, secrets = types("right"), SharedSecrets(from_stdin=False)
    assert log_in(secrets, "right") == "right"
    with pytest.raises(LoginRefused, match="does not accept the password"):
        log_in(secrets, "its own")
    assert asked == ["password of moxa, for all gateways that ask for it"]


def test_each_user_has_a_password_of_its_own(types: Typist) -> None:
    asked, secrets = types("one", "two"), SharedSecrets(from_stdin=False)
    assert [prompter(secrets, user=user).password(user) for user in ("moxa", "root", "moxa")] == ["one", "two", "one"]
    assert len(asked) == 2


def test_password_of_one_gateway_comes_before_that_of_all(types: Typist) -> None:
    asked, secrets = types("common"), SharedSecrets(from_stdin=False)
    assert prompter(secrets, known="of the inventory").password("moxa@gw") == "of the inventory"
    kept = prompter(secrets, kept_as="moxa@kept")
    assert (kept.password("moxa@kept"), asked) == ("kept", [])
    assert "bundlekit login TARGET" in str(kept.remedy("moxa@kept does not accept the password"))
    assert kept.password("moxa@kept", again=True) == "common"


def test_group_has_a_password_of_its_own(types: Typist) -> None:
    asked, secrets = types("of south", "of gw9", "common"), SharedSecrets(from_stdin=False)
    north = Gateway("gw1", "gw1", password_of="north", password_kept_as=KEPT)
    south = [Gateway(name, name, password_of="south", password_kept_as="south of x") for name in ("gw2", "gw3")]
    gateways = [north, *south, Gateway("gw9", "gw9", password_of="gw9"), Gateway("gw4", "gw4")]
    found = [of_gateway(secrets, gateway).password("moxa@gw") for gateway in gateways]
    assert found == ["kept", "of south", "of south", "of gw9", "common"]
    assert asked == [
        "password of the group south, for its gateways that ask for it",
        "password of moxa on gw9",
        "password of moxa, for all gateways that ask for it",
    ]
    refused = of_gateway(secrets, north)
    refused.password("moxa@gw")
    assert "`bundlekit login -i gateways.ini north` stores another" in str(
        refused.remedy("moxa@gw does not accept the password")
    )
    secrets.from_stdin = "for all"
    assert {of_gateway(secrets, gateway).password("moxa@gw") for gateway in gateways} == {"for all"}


def test_passphrase_is_asked_once_for_all_threads(types: Typist) -> None:
    asked, secrets = types("wrong", "right"), SharedSecrets(from_stdin=False)

    def unlock(_: int) -> str | None:
        one = prompter(secrets)
        first = one.passphrase("key")
        return first if first == "right" else one.passphrase("key", again=True)

    assert set(dict(in_threads(THREADS, range(THREADS), unlock)).values()) == {"right"}
    assert asked == ["passphrase of key"] * 2


def test_host_key_counts_only_if_it_is_the_one_that_was_agreed_to(types: Typist) -> None:
    types()
    one = prompter(SharedSecrets(from_stdin=False))
    assert one.trust_host_key("gw", "ssh-ed25519", "SHA256:x")
    with pytest.raises(HostKeyRejected):
        one.trust_host_key("gw", "ssh-ed25519", "SHA256:y")
