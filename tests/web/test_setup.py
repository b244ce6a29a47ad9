from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.web.conftest import csrf_of
from webapp import clock, create_app
from webapp.access import actors, firm, members, setup
from webapp.access.tables import setting
from webapp.errors import Conflict

GOOD = {
    "firm": "岚川装备",
    "name": "方予安",
    "email": "fang@lanchuan.example",
    "password": "a long enough one",
    "locale": "zh",
    "start": "blank",
}
NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)


def issue(database) -> str:
    with database.write() as unit:
        link = setup.issue(unit)
    assert link is not None
    return link


def post(client, link: str, **changes: str):
    page = client.get(setup.path(link))
    if page.status_code != 200:
        return page
    return client.post(setup.path(link), data={**GOOD, "csrf_token": csrf_of(page.text), **changes})


def test_whoever_has_the_link_becomes_the_first_administrator_and_is_signed_in(database):
    client = create_app(database.settings, database).test_client()
    link = issue(database)
    answer = post(client, link)
    assert answer.status_code == 303, answer.text
    with database.read() as unit:
        found = members.by_email(unit, GOOD["email"])
        assert found is not None and actors.of_member(unit, found.id).is_keeper
        assert actors.of_session(unit, client.get_cookie("mortise").value).member == found.id
        assert firm.get(unit).name == "岚川装备"


def test_the_link_works_once_and_nothing_of_it_is_kept_readable(database):
    client = create_app(database.settings, database).test_client()
    link = issue(database)
    with database.read() as unit:
        assert all(link not in row.value for row in unit.execute(setting.select()))
    assert post(client, link).status_code == 303
    assert client.get(setup.path(link)).status_code == 410
    with database.write() as unit:
        assert setup.issue(unit) is None
        with pytest.raises(Conflict):
            members.add(unit, None, "second@lanchuan.example", "Second")


def test_a_new_start_replaces_the_link_and_a_day_ends_it(database):
    client = create_app(database.settings, database).test_client()
    with clock.stopped(NOW):
        first, second = issue(database), issue(database)
        assert client.get(setup.path(first)).status_code == 410
        assert client.get(setup.path("guess")).status_code == 410
        assert client.get(setup.path(second)).status_code == 200
    with clock.stopped(NOW + timedelta(hours=25)):
        assert client.get(setup.path(second)).status_code == 410


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "not an address"}, "email"),
        ({"name": " "}, "name"),
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "aaaaaaaaaaaa"}, "password"),
        ({"password": "fang@lanchuan.example"}, "password"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_does_not_fit_is_said_beside_its_field_and_the_rest_stays(database, changes, field):
    client = create_app(database.settings, database).test_client()
    link = issue(database)
    answer = post(client, link, **changes)
    assert answer.status_code == 422
    assert f'id="{field}-error" class="m-problem" aria-live="polite"><p' in answer.text
    assert GOOD["firm"] in answer.text
    assert changes.get("password", "\0") not in answer.text.replace('value="fang@lanchuan.example"', "")
    assert post(client, link).status_code == 303, "the link is still good"
