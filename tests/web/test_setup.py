"""The first set-up: four steps behind a link that works once."""

from __future__ import annotations

import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.web.conftest import csrf_of
from webapp import clock, create_app
from webapp.access import actors, firm, members, setup
from webapp.access.tables import setting
from webapp.definitions import versions
from webapp.errors import Conflict

FIRM = {"firm": "岚川装备", "locale": "zh", "currency": "EUR"}
START = {"name": "方予安", "email": "fang@lanchuan.example", "password": "seven grey geese", "start": "blank"}
NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)


@pytest.fixture
def link(database) -> str:
    return issue(database)


@pytest.fixture
def client(database):
    return create_app(database.settings, database).test_client()


def issue(database) -> str:
    with database.write() as unit:
        secret = setup.issue(unit)
    assert secret is not None
    return setup.path(secret)


def send(client, address: str, **values: str):
    """Fill the step at `address` and press its button."""
    page = client.get(address)
    if page.status_code != 200:
        return page
    return client.post(address, data={"csrf_token": csrf_of(page.text), **values})


def walk(client, link: str, **changes: str):
    """All steps to the end; the last answer."""
    assert client.get(link).status_code == 200
    answer = send(client, f"{link}/firm", **{**FIRM, **{k: v for k, v in changes.items() if k in FIRM}})
    assert answer.location == f"{link}/start", answer.text
    return send(client, answer.location, **{**START, **{k: v for k, v in changes.items() if k in START}})


def test_whoever_has_the_link_becomes_the_first_administrator_and_is_signed_in(database, client, link):
    answer = walk(client, link)
    assert (answer.status_code, answer.location) == (303, "/setup/done"), answer.text
    with database.read() as unit:
        found = members.by_email(unit, START["email"])
        assert found is not None and actors.of_member(unit, found.id).is_keeper
        assert actors.of_session(unit, client.get_cookie("mortise").value).member == found.id
        ours = firm.get(unit)
        assert (ours.name, ours.locale, ours.currency) == ("岚川装备", "zh", "EUR")
    done = client.get("/setup/done").text
    assert "方予安" in done and 'href="/"' in done and 'href="/me"' in done
    assert client.get_cookie("mortise-setup", path="/setup") is None


def test_the_last_page_is_for_those_who_are_signed_in(client, link):
    assert client.get("/setup/done").location.startswith("/login")


def test_the_link_works_once_and_nothing_of_it_is_kept_readable(database, client, link):
    with database.read() as unit:
        assert all(link.rsplit("/", 1)[1] not in row.value for row in unit.execute(setting.select()))
    assert walk(client, link).status_code == 303
    for address in (link, f"{link}/firm", f"{link}/start"):
        assert client.get(address).status_code == 410
        assert client.post(address).status_code in (403, 405, 410)
    with database.write() as unit:
        assert setup.issue(unit) is None
        with pytest.raises(Conflict):
            members.add(unit, None, "second@lanchuan.example", "Second")


def test_a_new_start_replaces_the_link_and_a_day_ends_it(database, client):
    with clock.stopped(NOW):
        first, second = issue(database), issue(database)
        assert client.get(first).status_code == 410
        assert client.get(setup.path("guess")).status_code == 410
        assert client.get(f"{setup.path('guess')}/start").status_code == 410
        assert client.get(second).status_code == 200
    with clock.stopped(NOW + timedelta(hours=25)):
        assert client.get(f"{second}/firm").status_code == 410


def test_nothing_typed_is_lost_on_the_way_back_and_forth(client, link):
    """But for the password, which nothing keeps."""
    assert send(client, f"{link}/firm", firm="岚", currency="", go="back").location == link
    assert 'value="岚"' in client.get(f"{link}/firm").text, "what does not fit yet is kept too"
    send(client, f"{link}/firm", **FIRM)
    back = send(client, f"{link}/start", **{**START, "email": "fang@", "go": "back"})
    assert back.location == f"{link}/firm"
    page = client.get(f"{link}/firm").text
    assert 'value="岚川装备"' in page and 'value="EUR" selected' in page
    for _ in range(2):  # and a reload changes nothing
        page = client.get(f"{link}/start").text
        assert 'value="方予安"' in page and 'value="fang@"' in page
        assert re.search(r'value="blank" checked', page) and START["password"] not in page
    assert START["password"] not in str(client.get_cookie("mortise-setup", path="/setup"))


def test_what_the_browser_kept_is_of_one_link_and_signed(database, client, link):
    send(client, f"{link}/firm", **FIRM)
    other = issue(database)
    assert "岚川装备" not in client.get(f"{other}/firm").text
    client.set_cookie("mortise-setup", "forged.value", path="/setup")
    assert client.get(f"{other}/firm").status_code == 200


def test_the_last_step_without_the_one_before_leads_there_and_writes_nothing(database, client, link):
    answer = send(client, f"{link}/start", **START)
    assert answer.location == f"{link}/firm?mend=1"
    page = client.get(answer.location).text
    assert 'id="firm-error" class="m-problem" aria-live="polite"><p' in page
    with database.read() as unit:
        assert members.is_empty(unit)
    assert 'value="方予安"' in client.get(f"{link}/start").text
    assert walk(client, link).status_code == 303


def test_of_two_at_once_the_first_to_finish_is_the_administrator(database, link):
    app = create_app(database.settings, database)
    first, second = app.test_client(), app.test_client()
    for one, name in ((first, "A"), (second, "B")):
        send(one, f"{link}/firm", **{**FIRM, "firm": name})
    assert 'value="A"' in first.get(f"{link}/firm").text, "each browser keeps its own"
    tokens = [csrf_of(one.get(f"{link}/start").text) for one in (first, second)]
    answers = [
        one.post(f"{link}/start", data={**START, "csrf_token": token})
        for one, token in zip((second, first), reversed(tokens), strict=True)
    ]
    assert [answer.status_code for answer in answers] == [303, 410]
    with database.read() as unit:
        assert firm.get(unit).name == "B"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "not an address"}, "email"),
        ({"name": " "}, "name"),
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "aaaaaaaaaaaa"}, "password"),
        ({"password": "fang@lanchuan.example"}, "password"),
        ({"password": "岚川装备岚川装备岚川装备"}, "password"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_does_not_fit_is_said_beside_its_field_and_the_rest_stays(client, link, changes, field):
    answer = walk(client, link, **changes)
    assert answer.status_code == 422
    assert f'id="{field}-error" class="m-problem" aria-live="polite"><p' in answer.text
    given = {**START, **changes}
    assert f'value="{given["name"].strip()}"' in answer.text and f'value="{given["email"]}"' in answer.text
    assert f'type="password" value="{given["password"]}"' not in answer.text
    assert walk(client, link).status_code == 303, "the link is still good"


@pytest.mark.parametrize(
    ("changes", "field"), [({"firm": " "}, "firm"), ({"locale": "xx"}, "locale"), ({"currency": "XXY"}, "currency")]
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_firm_that_does_not_fit_is_not_gone_on_with(client, link, changes, field):
    answer = send(client, f"{link}/firm", **{**FIRM, **changes})
    assert answer.status_code == 422
    assert f'id="{field}-error" class="m-problem" aria-live="polite"><p' in answer.text


@pytest.mark.parametrize("currency", ["CNY", "EUR", "JPY"])
def test_the_starter_app_counts_in_the_firms_currency(database, client, link, currency):
    import webapp.engines.forms  # noqa: F401  (registers the kinds)

    assert walk(client, link, start="crm", currency=currency).location == "/setup/done"
    with database.read() as unit:
        app = versions.current(unit).apps["crm"]
        fields = [f for form in app.forms.values() for f in form.fields.values()]
        money = [f for f in fields if f.kind_key == "money" or f.settings.get("show") == "money"]
        used = {f.settings.get("currency") for f in money}
    assert used == {currency}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_app_that_the_start_put_in_place_takes_the_firms_currency_too(database, client, link):
    import webapp.engines.forms  # noqa: F401
    from webapp import catalog
    from webapp.access.actor import KEEPER, Actor

    system = Actor(0, "Mortise", kind="system", roles=frozenset({KEEPER}))
    versions.apply(database, system, catalog.text("crm"))
    page = client.get(f"{link}/start").text
    assert 'name="start" value="crm"' in page and 'value="blank"' not in page
    walk(client, link, start="crm", currency="USD")
    with database.read() as unit:
        assert versions.current(unit).apps["crm"].forms["deal"].fields["amount"].settings["currency"] == "USD"


def states(client, link: str) -> dict[str, str]:
    page = client.get(link).text
    return dict(re.findall(r'data-check="(\w+)" data-state="(\w+)"', page))


def test_the_check_says_what_is_there_and_what_is_not(client, link):
    found = states(client, link)
    assert list(found) == ["database", "queue", "folder", "clock", "address", "mail"]
    assert (found["database"], found["queue"], found["folder"], found["clock"]) == ("ok", "ok", "ok", "ok")
    assert (found["address"], found["mail"]) == ("warn", "warn"), "http, and no mail"
    page = client.get(link).text
    assert "Asia/Shanghai" in page and "MORTISE_TIMEZONE" in page and "MORTISE_MAIL_URL" in page


def test_the_check_sees_trouble(database, client, link, monkeypatch):
    import dataclasses

    from webapp.journal import due

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"smtp://127.0.0.1:{closed.getsockname()[1]}?from=a@b.c"
        database.settings = dataclasses.replace(
            database.settings,
            mail_url=url,
            data_dir=Path("/proc/nowhere"),
            queue_url="redis://127.0.0.1:1/0",
            base_url="https://crm.example.com",
        )
        with database.write() as unit:
            due.add(unit, "test.old", "x", {}, at=clock.now() - timedelta(minutes=10))
        found = states(client, link)
    assert found == {
        "database": "ok",
        "queue": "bad",  # nobody works
        "folder": "bad",
        "clock": "ok",
        "address": "ok",
        "mail": "bad",
    }
    with database.write() as unit:
        due.cancel(unit, due.listed(unit, kind="test.old")[0].id)
    assert states(client, link)["queue"] == "warn", "work is found without the queue, later"
    with clock.stopped(datetime(2001, 1, 1, tzinfo=UTC)):
        link = issue(database)
        assert states(client, link)["clock"] == "bad"
