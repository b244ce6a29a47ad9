"""Moments are shown and typed in the zone of whoever looks; business dates are the firm's, whoever looks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.pages.conftest import Sales, words
from webapp import clock
from webapp.access import members
from webapp.errors import Invalid

VISITS = """
mortise: 1
app: field
label: {en: Field work, zh: 外勤}
forms:
  visit:
    label: {en: Visit, zh: 拜访}
    title: name
    fields:
      name: {kind: text, label: {en: Name, zh: 名称}}
      meets: {kind: datetime, label: {en: Meets, zh: 开始}}
      on: {kind: date, label: {en: Day, zh: 日期}}
    views:
      all: {kind: grid, label: {en: All, zh: 全部}, columns: [name, meets, on]}
roles:
  rep:
    label: {en: Rep, zh: 销售}
    forms: {visit: {may: {see: true, create: true, edit: true, delete: true}}}
"""
FIELDS = "name,meets,on"
#: The firm is in Shanghai, ann in Berlin, bob where the firm is.
NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)


@pytest.fixture
def field_(sales_: Sales) -> Sales:
    from webapp.access import roles
    from webapp.definitions import versions

    world = sales_.world
    world.apply(VISITS)
    with world.database.write() as unit:
        admin = world.actor("admin")
        for who in ("ann", "bob"):
            roles.grant(unit, admin, world.people[who], "field.rep", versions.current(unit))
        members.prefer(unit, admin, world.people["ann"], zone="Europe/Berlin")
    return sales_


def enter(field_: Sales, meets: str, who: str = "ann") -> str:
    body = {"m__fields": FIELDS, "name": "巡检", "meets": meets, "on": "2026-11-24"}
    answer = field_.post("/field/visit/new", body, who)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def stored(field_: Sales, address: str) -> datetime:
    from webapp.engines.forms import records

    world = field_.world
    with world.database.read() as unit:
        id_ = int(address.rsplit("/", 1)[1])
        found: datetime = records.get(unit, world.actor("admin"), world.form("field.visit"), id_).values["meets"]
    return found


def test_a_moment_is_read_in_the_zone_of_who_types_and_shown_in_that_of_who_looks(field_: Sales) -> None:
    with clock.stopped(NOW):
        address = enter(field_, "2026-12-01T14:30")
        assert stored(field_, address) == datetime(2026, 12, 1, 13, 30, tzinfo=UTC)
        for who, shown in (("ann", "2026年12月1日 14:30"), ("bob", "2026年12月1日 21:30")):
            page = words(field_.get(address, who).text)
            assert shown in page, who
        assert 'value="2026-12-01T14:30"' in field_.get(f"{address}/edit", "ann").text
        assert 'value="2026-12-01T21:30"' in field_.get(f"{address}/edit", "bob").text
        assert "12月1日 14:30" in words(field_.get("/field/visit", "ann").text)
        assert "12月1日 21:30" in words(field_.get("/field/visit", "bob").text)


def test_history_says_when_in_the_readers_zone(field_: Sales) -> None:
    with clock.stopped(NOW):
        address = enter(field_, "2026-12-01T14:30")
        assert "今天 18:00" in words(field_.get(f"{address}/history", "ann").text)
        assert "今天 01:00" in words(field_.get(f"{address}/history", "bob").text)


def test_summer_time_counts(field_: Sales) -> None:
    summer, winter = enter(field_, "2026-10-24T09:00"), enter(field_, "2026-10-26T09:00")
    assert stored(field_, summer) == datetime(2026, 10, 24, 7, 0, tzinfo=UTC)
    assert stored(field_, winter) == datetime(2026, 10, 26, 8, 0, tzinfo=UTC)


def test_the_hour_that_comes_twice_stays_the_one_it_was_while_nobody_changes_it(field_: Sales) -> None:
    """02:30 on 25 October 2026 comes twice in Berlin; bob in Shanghai has entered the second."""
    address = enter(field_, "2026-10-25T09:30", "bob")
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert stored(field_, address) == second
    assert 'value="2026-10-25T02:30"' in field_.get(f"{address}/edit", "ann").text
    body = {"m__fields": FIELDS, "name": "改名", "meets": "2026-10-25T02:30", "on": "2026-11-24"}
    assert field_.post(f"{address}/edit", body, "ann").status_code == 303
    assert stored(field_, address) == second
    assert field_.post(f"{address}/edit", {**body, "meets": "2026-10-25T02:31"}, "ann").status_code == 303
    assert stored(field_, address) == datetime(2026, 10, 25, 0, 31, tzinfo=UTC)


def test_business_dates_are_the_firms_whoever_looks(field_: Sales) -> None:
    """At 17:00 in London it is already tomorrow in Shanghai: the 24th, for ann in Berlin too."""
    with clock.stopped(NOW):
        enter(field_, "2026-12-01T14:30")
        for who in ("ann", "bob"):
            assert "11月24日" in words(field_.get("/", who).text)
            today = words(field_.get("/field/visit?view=all&w=on:today:", who).text)
            past = words(field_.get("/field/visit?view=all&w=on:past:", who).text)
            assert "巡检" in today and "巡检" not in past, who


def test_a_conditions_moment_is_that_of_who_wrote_it(field_: Sales) -> None:
    enter(field_, "2026-12-01T14:30")
    after = "/field/visit?view=all&w=meets:after:2026-12-01T14:29"
    assert "巡检" in words(field_.get(after, "ann").text)
    late = "/field/visit?view=all&w=meets:after:2026-12-01T14:31"
    assert "巡检" not in words(field_.get(late, "ann").text) and "巡检" in words(field_.get(late, "bob").text)


def test_a_program_speaks_utc_and_the_firms_time(field_: Sales) -> None:
    from webapp.access import tokens

    world = field_.world
    with world.database.write() as unit:
        _, secret = tokens.create(unit, world.actor("admin"), world.people["ann"], "t", scope="write")
    client = world.app.test_client()
    made = client.post(
        "/api/v1/data/field/visit",
        json={"values": {"name": "api", "meets": "2026-12-01T14:30:00Z"}},
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert made.status_code == 201, made.text
    assert made.json["values"]["meets"] == "2026-12-01T14:30:00Z"


def test_a_member_chooses_his_zone_on_his_own_page(field_: Sales) -> None:
    page = field_.get("/me", "bob").text
    assert "我的设置" in page and 'value="Europe/Berlin"' in page and "中国（上海）时间" in page
    body = {"locale": "en", "theme": "dark", "zone": "America/New_York", "next": "/me?saved=1"}
    assert field_.post("/me/preferences", body, "bob").location == "/me?saved=1"
    page = field_.get("/me?saved=1", "bob").text
    assert "My settings" in page and 'value="America/New_York" selected' in page and "Saved" in page
    assert field_.post("/me/preferences", {"zone": ""}, "bob").status_code == 303
    assert "selected" not in field_.get("/me", "bob").text.split('id="zone"')[1]
    with field_.world.database.read() as unit:
        assert members.get(unit, field_.world.people["bob"]).zone is None


def test_a_zone_that_is_none_is_refused(field_: Sales) -> None:
    assert field_.post("/me/preferences", {"zone": "Mars/Olympus"}, "bob").status_code == 422
    assert field_.post("/me/preferences", {"zone": "../../etc/passwd"}, "bob").status_code == 422
    with field_.world.database.write() as unit, pytest.raises(Invalid):
        members.prefer(unit, field_.world.actor("admin"), field_.world.people["bob"], zone="\0")


def test_one_request_leaves_no_zone_for_the_next(field_: Sales) -> None:
    field_.get("/", "ann")
    assert clock.zone() == "Asia/Shanghai"
