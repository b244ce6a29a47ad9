"""Only a trusted proxy may say for whom it asks; what anybody else says about it is dropped."""

from __future__ import annotations

import dataclasses
import ipaddress
from typing import Any

import pytest

from tests.web.conftest import Firm, csrf_of
from webapp import create_app
from webapp.access import audit
from webapp.config import Settings
from webapp.db import Database
from webapp.errors import Invalid
from webapp.web.proxies import Proxies

NETWORKS = tuple(ipaddress.ip_network(text) for text in ("127.0.0.0/8", "::1", "10.1.0.0/16"))


def seen(remote: str, **headers: str) -> tuple[str, str, str]:
    """(address, scheme, host) that the application sees."""
    said: dict[str, Any] = {}
    app = Proxies(lambda environ, _start: said.update(environ), NETWORKS)
    environ = {f"HTTP_{name.upper()}": text for name, text in headers.items()}
    app({"REMOTE_ADDR": remote, "wsgi.url_scheme": "http", "HTTP_HOST": "inside", **environ}, None)
    assert not any(name.startswith("HTTP_X_FORWARDED") for name in said)
    return said["REMOTE_ADDR"], said["wsgi.url_scheme"], said["HTTP_HOST"]


def test_a_trusted_proxy_is_believed() -> None:
    given = {"x_forwarded_for": "203.0.113.9", "x_forwarded_proto": "https", "x_forwarded_host": "crm.example.com"}
    for proxy in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3", ""):
        assert seen(proxy, **given) == ("203.0.113.9", "https", "crm.example.com"), proxy


def test_a_stranger_is_not() -> None:
    given = {"x_forwarded_for": "127.0.0.1", "x_forwarded_proto": "https", "x_forwarded_host": "evil.example"}
    for stranger in ("203.0.113.9", "10.2.0.1", "2001:db8::1", "nonsense"):
        assert seen(stranger, **given) == (stranger, "http", "inside"), stranger


@pytest.mark.parametrize(
    ("chain", "asks"),
    [
        ("1.1.1.1, 203.0.113.9", "203.0.113.9"),  # the first was sent by whoever asks
        ("127.0.0.1, 203.0.113.9, 10.1.0.7", "203.0.113.9"),  # two proxies of ours
        ("10.1.0.7", "10.1.0.7"),
        ("evil, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, evil", "127.0.0.1"),
        ("", "127.0.0.1"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_the_nearest_address_that_is_no_proxy_of_ours_asks(chain: str, asks: str) -> None:
    assert seen("127.0.0.1", x_forwarded_for=chain)[0] == asks


@pytest.mark.parametrize("host", ["a b", "a/b", "evil.example\r\nX: y", "user@evil", "", "a:b"])
def test_a_host_that_is_none_is_left_out(host: str) -> None:
    assert seen("127.0.0.1", x_forwarded_host=host)[2] == "inside"


def test_a_scheme_that_is_none_is_left_out() -> None:
    assert seen("127.0.0.1", x_forwarded_proto="javascript")[1] == "http"
    assert seen("127.0.0.1", x_forwarded_proto="http, https")[1] == "https", "the nearest proxy's word"


def sign_in(firm: Firm, remote: str, password: str = "wrong", **headers: str):
    client = firm.client()
    at = {"environ_overrides": {"REMOTE_ADDR": remote}, "headers": headers}
    page = client.get("/login", **at)
    body = {"email": "ann@firm.example", "password": password, "csrf_token": csrf_of(page.text)}
    return client.post("/login", data=body, **at)


def test_cookies_are_secure_where_a_trusted_proxy_speaks_https(firm: Firm) -> None:
    good = sign_in(firm, "127.0.0.1", "correct horse battery", **{"X-Forwarded-Proto": "https"})
    assert good.status_code == 303
    cookie = next(c for c in good.headers.getlist("Set-Cookie") if c.startswith("__Host-mortise="))
    assert "; Secure" in cookie
    forged = sign_in(firm, "203.0.113.9", "correct horse battery", **{"X-Forwarded-Proto": "https"})
    assert any(c.startswith("mortise=") for c in forged.headers.getlist("Set-Cookie"))


def test_our_pages_are_ours_under_the_address_of_the_proxy(firm: Firm) -> None:
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "crm.example.com", "Origin": "https://crm.example.com"}
    assert sign_in(firm, "127.0.0.1", "correct horse battery", **said).status_code == 303
    assert sign_in(firm, "203.0.113.9", "correct horse battery", **said).status_code == 403


def test_tries_and_the_journal_go_by_the_address_behind_the_proxy(firm: Firm) -> None:
    for _ in range(5):
        sign_in(firm, "127.0.0.1", **{"X-Forwarded-For": "198.51.100.4"})
    from webapp.access import actors

    with firm.database.read() as unit:
        (line,) = audit.listed(unit, actors.of_member(unit, firm.keeper), action="locked_out")
    assert line.origin == "198.51.100.4"


def test_a_stranger_cannot_have_others_locked_out(firm: Firm) -> None:
    for n in range(30):
        body = {"X-Forwarded-For": f"198.51.100.{n}"}
        answer = sign_in(firm, "203.0.113.9", **body)
        if answer.status_code == 429:
            break
    assert answer.status_code == 429, "thirty invented addresses are one"


def test_trusted_proxies_are_a_setting(database: Database) -> None:
    settings = dataclasses.replace(database.settings, trusted_proxies=(ipaddress.ip_network("10.1.0.0/16"),))
    app = create_app(settings, database)
    said: list[str] = []
    app.add_url_rule("/asks", "asks", _public(lambda: said.append(_address()) or "ok"))
    for remote in ("127.0.0.1", "10.1.9.9"):
        overrides = {"REMOTE_ADDR": remote}
        app.test_client().get("/asks", headers={"X-Forwarded-For": "203.0.113.9"}, environ_overrides=overrides)
    assert said == ["127.0.0.1", "203.0.113.9"]


def _public(view: Any) -> Any:
    from webapp.web import signing

    return signing.public(view)


def _address() -> str:
    from webapp.web import signing

    return signing.address()


def test_the_setting_is_read_from_the_environment(tmp_path) -> None:
    env = {"MORTISE_DATA_DIR": str(tmp_path), "MORTISE_SECRET_KEY": "x"}
    assert Settings.from_env(env).trusted_proxies == NETWORKS[:2]
    given = Settings.from_env({**env, "MORTISE_TRUSTED_PROXIES": "10.1.0.0/16, 192.0.2.1"}).trusted_proxies
    assert [str(n) for n in given] == ["10.1.0.0/16", "192.0.2.1/32"]
    with pytest.raises(Invalid) as refused:
        Settings.from_env({**env, "MORTISE_TRUSTED_PROXIES": "10.1.0.5/16"})
    assert [p.path for p in refused.value.problems] == ["MORTISE_TRUSTED_PROXIES"]
