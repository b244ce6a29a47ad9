from __future__ import annotations

import dataclasses

import pytest
import sqlalchemy as sa

from tests.world import World
from webapp import clock
from webapp.access import actors, departments, members, policy, tokens
from webapp.definitions import versions
from webapp.errors import Denied, NotFound

THING = "probe.thing"


def stamps() -> dict:
    now = clock.now()
    return {"version": 1, "created_at": now, "updated_at": now, "last_activity_at": now}


def fill(world: World, **more) -> dict[str, int]:
    """One thing for each person, written past the door: rights are what is tested here."""
    table = world.form(THING).table
    ids = {}
    with world.database.write() as unit:
        place = {m.id: m.department for m in members.listed(unit, with_leavers=True)}
        for name, owner in world.people.items():
            values = {
                "m__client": name,
                **stamps(),
                "name": name,
                "owner": owner,
                "owner_department": place[owner],
                **more.get(name, {}),
            }
            ids[name] = unit.execute(table.insert().values(**values)).inserted_primary_key[0]
    return ids


def reach(world: World, who, action: str = "see") -> set[str]:
    """Names of the things with which somebody may do `action`."""
    form = world.form(THING)
    with world.database.read() as unit:
        actor = actors.of_member(unit, world.people[who]) if isinstance(who, str) else who
        condition = policy.rows(unit, actor, form, action, form.table)
        statement = sa.select(form.table.c.name)
        return set(unit.execute(statement if condition is None else statement.where(condition)).scalars())


EVERYBODY = {"admin", "ann", "bob", "hal", "aud", "zed"}
FORMS = [
    ("all", "ann", EVERYBODY),
    ("none", "ann", set()),
    ("own", "ann", {"ann"}),
    ("team", "ann", {"ann"}),
    ("team", "hal", {"hal", "ann", "zed"}),
    ("dept", "ann", {"ann", "hal", "zed"}),
    ("dept", "aud", set()),
    ("below", "bob", {"bob"}),
    ("mine", "ann", {"ann", "bob"}),
    ("cheap", "ann", {"ann", "zed"}),
    ("asking", "ann", {"ann", "bob"}),
]


@pytest.mark.parametrize(("role", "who", "expected"), FORMS)
def test_each_form_of_a_right_reaches_its_rows(probe: World, role: str, who: str, expected: set[str]):
    if who == "aud":
        with probe.database.write() as unit:
            unit.execute(sa.text("DELETE FROM m__role_holder WHERE role = 'auditor'"))
    fill(
        probe,
        bob={"partner": probe.people["ann"], "amount": 500, "stage": "open"},
        ann={"amount": 50, "stage": "open"},
        zed={"amount": 99},
        hal={"amount": 10, "stage": "won"},
    )
    probe.grant(who, f"probe.{role}")
    for action in policy.ACTIONS:
        assert reach(probe, who, action) == expected, action


def test_the_head_of_the_upper_department_reaches_all_below(probe: World):
    fill(probe)
    with probe.database.write() as unit:
        admin = actors.of_member(unit, probe.people["admin"])
        departments.set_head(unit, admin, probe.departments["Sales"], probe.people["bob"])
    probe.grant("bob", "probe.team")
    assert reach(probe, "bob") == {"ann", "bob", "hal", "zed"}


def test_somebody_who_joins_a_team_is_seen_by_its_head_even_by_kept_conditions(probe: World):
    fill(probe)
    probe.grant("hal", "probe.team")
    form = probe.form(THING)
    with probe.database.write() as unit:
        kept = policy.rows(unit, actors.of_member(unit, probe.people["hal"]), form, "see", form.table)
        members.place(
            unit, actors.of_member(unit, probe.people["admin"]), probe.people["bob"], probe.departments["East"]
        )
    with probe.database.read() as unit:
        assert "bob" in set(unit.execute(sa.select(form.table.c.name).where(kept)).scalars())


def test_a_further_department_counts_like_the_main_one(probe: World):
    fill(probe)
    with probe.database.write() as unit:
        admin = actors.of_member(unit, probe.people["admin"])
        members.place(unit, admin, probe.people["ann"], probe.departments["West"], (probe.departments["East"],))
    probe.grant("ann", "probe.dept")
    assert reach(probe, "ann") == {"ann", "hal", "zed", "bob"}
    probe.grant("hal", "probe.team")
    assert "ann" in reach(probe, "hal")


def test_roles_combine_rows_by_or(probe: World):
    fill(probe, bob={"partner": probe.people["ann"]}, zed={"amount": 5})
    for role in ("own", "mine", "cheap"):
        probe.grant("ann", f"probe.{role}")
    assert reach(probe, "ann") == {"ann", "bob", "zed"}


def test_what_one_may_not_see_one_can_neither_change_nor_take_away(probe: World):
    document = """
mortise: 1
app: odd
label: Odd
uses: [probe]
forms:
  x: {label: X, title: name, fields: {name: {kind: text}}}
roles:
  blind: {label: blind, forms: {x: {may: {see: own, edit: true, delete: true, export: true, create: true}}}}
"""
    probe.apply(document)
    probe.grant("ann", "odd.blind")
    table = probe.form("odd.x").table
    with probe.database.write() as unit:
        for name in ("ann", "bob"):
            unit.execute(table.insert().values(m__client=name, name=name, owner=probe.people[name], **stamps()))
    with probe.database.read() as unit:
        ann, form = actors.of_member(unit, probe.people["ann"]), probe.form("odd.x")
        for action in ("edit", "delete", "export"):
            condition = policy.rows(unit, ann, form, action, form.table)
            assert unit.execute(sa.select(form.table.c.name).where(condition)).scalars().all() == ["ann"], action


def test_keepers_do_all_auditors_read_all_and_strangers_nothing(probe: World):
    fill(probe)
    form = probe.form(THING)
    assert {a: reach(probe, "admin", a) == EVERYBODY for a in policy.ACTIONS} == dict.fromkeys(policy.ACTIONS, True)
    assert {a: bool(reach(probe, "aud", a)) for a in policy.ACTIONS} == {
        "see": True, "export": True, "create": False, "edit": False, "delete": False
    }  # fmt: skip
    assert reach(probe, "ann") == set(), "a role of another app says nothing about this form"
    with probe.database.read() as unit:
        ann = actors.of_member(unit, probe.people["ann"])
        with pytest.raises(NotFound):
            policy.require(unit, ann, form, "see")
        stranger = dataclasses.replace(actors.of_member(unit, probe.people["admin"]), kind="ghost")
        assert not policy.may(unit, stranger, form, "see")
        assert set(policy.fields(unit, stranger, form).values()) == {"hidden"}
        assert not policy.eyes(unit, stranger).may_name(THING, "name")
        assert not policy.may(unit, actors.of_member(unit, probe.people["admin"]), form, "fly")
    assert reach(probe, stranger) == set()


def test_a_reading_token_writes_nothing_and_says_so(probe: World):
    fill(probe)
    with probe.database.write() as unit:
        admin = actors.of_member(unit, probe.people["admin"])
        _, text = tokens.create(unit, admin, admin.member, "books", scope="read")
    form = probe.form(THING)
    with probe.database.read() as unit:
        reader = actors.of_token(unit, text)
        assert [a for a in policy.ACTIONS if policy.may(unit, reader, form, a)] == ["see", "export"]
        assert "write" not in policy.fields(unit, reader, form).values()
        assert not policy.may_create(unit, reader, form, {"owner": reader.member})
        with pytest.raises(Denied, match="only read"):
            policy.require(unit, reader, form, "edit")
        assert "只能读取" in policy.why(unit, reader, form, "edit")[0].text("zh")
    assert reach(probe, reader) == EVERYBODY
    assert reach(probe, reader, "edit") == set()


NEW = [
    ("all", {"owner": "bob"}, True),
    ("none", {"owner": "ann"}, False),
    ("own", {"owner": "ann"}, True),
    ("own", {"owner": "bob"}, False),
    ("own", {"owner": None}, False),
    ("team", {"owner": "ann"}, True),
    ("team", {"owner": "bob"}, False),
    ("dept", {"owner": "bob", "owner_department": "East"}, True),
    ("dept", {"owner": "ann", "owner_department": "West"}, False),
    ("mine", {"owner": "bob", "partner": "ann"}, True),
    ("mine", {"owner": "bob", "partner": "hal"}, False),
    ("cheap", {"owner": "bob", "amount": 99, "stage": "open"}, True),
    ("cheap", {"owner": "ann", "amount": 100, "stage": "open"}, False),
    ("cheap", {"owner": "ann", "amount": None, "stage": None}, False),
    ("asking", {"owner": "bob", "partner": "ann"}, True),
    ("asking", {"owner": "bob", "partner": "bob"}, False),
]


@pytest.mark.parametrize(("role", "values", "may"), NEW)
def test_a_new_record_must_lie_inside_what_one_may_create(probe: World, role: str, values: dict, may: bool):
    probe.grant("ann", f"probe.{role}")
    form = probe.form(THING)
    from decimal import Decimal

    record = dict.fromkeys(form.fields)
    for key, value in values.items():
        known = probe.departments if key == "owner_department" else probe.people
        record[key] = known.get(value, value) if isinstance(value, str) else Decimal(value) if value else value
    record.setdefault("owner_department", None)
    with probe.database.read() as unit:
        ann = actors.of_member(unit, probe.people["ann"])
        assert policy.may_create(unit, ann, form, record) is may


def test_the_head_may_create_for_his_team_and_nobody_else(probe: World):
    probe.grant("hal", "probe.team")
    form = probe.form(THING)
    with probe.database.read() as unit:
        hal = actors.of_member(unit, probe.people["hal"])
        for owner, may in (("ann", True), ("hal", True), ("bob", False), ("admin", False)):
            assert policy.may_create(unit, hal, form, {"owner": probe.people[owner]}) is may, owner


FIELDS = """
mortise: 1
app: desk
label: Desk
forms:
  ticket:
    label: Ticket
    title: name
    fields:
      name: {kind: text}
      cost: {kind: money, currency: CNY}
      phone: {kind: phone}
      double: {kind: formula, formula: "cost * 2"}
  note:
    label: Note
    title: text
    fields:
      text: {kind: text}
      ticket: {kind: link, to: ticket, reverse: notes}
roles:
  worker:
    label: worker
    forms:
      ticket: {may: {see: true, edit: own, create: true}, fields: {cost: hidden, phone: masked, owner: read}}
      note: {may: {see: own}}
  reader:
    label: reader
    forms:
      ticket: {may: {see: true}, fields: {phone: hidden}}
  hander: {label: hander, forms: {ticket: {may: {create: true}}}}
  noter: {label: noter, forms: {ticket: {may: {see: true}}, note: {may: {see: true}, fields: {ticket: hidden}}}}
"""


def levels(world: World, *roles: str) -> dict[str, str]:
    with world.database.read() as unit:
        actor = dataclasses.replace(
            actors.of_member(unit, world.people["ann"]), roles=frozenset(f"desk.{role}" for role in roles)
        )
        return dict(policy.fields(unit, actor, versions.current(unit).form("desk.ticket")))


def test_field_rights_follow_may_and_what_the_role_says(world: World):
    world.apply(FIELDS, accept_loss=True)
    worker = levels(world, "worker")
    assert (worker["name"], worker["cost"], worker["phone"]) == ("write", "hidden", "masked")
    assert (worker["owner"], worker["created_at"], worker["double"]) == ("read", "read", "read")
    assert worker["notes"] == "read", "he may see notes and the link in them"
    reader = levels(world, "reader")
    assert (reader["name"], reader["cost"], reader["phone"], reader["owner"]) == ("read", "read", "hidden", "read")
    assert reader["notes"] == "hidden", "the form of the notes does not exist for him"
    assert levels(world, "noter")["notes"] == "hidden", "nor may he see which case a note is of"
    assert set(levels(world).values()) == {"hidden"}


def test_roles_combine_fields_by_the_most_permissive(world: World):
    world.apply(FIELDS, accept_loss=True)
    both = levels(world, "worker", "reader")
    assert (both["name"], both["cost"], both["phone"]) == ("write", "read", "masked")


def test_a_role_that_only_hands_in_opens_nothing_to_those_who_see(world: World):
    world.apply(FIELDS, accept_loss=True)
    assert levels(world, "worker", "hander")["cost"] == "hidden"
    assert levels(world, "hander")["cost"] == "write", "alone it fills the whole form"


def test_users_expressions_may_name_only_what_their_writer_reads(world: World):
    world.apply(FIELDS, accept_loss=True)
    with world.database.read() as unit:
        ann = actors.of_member(unit, world.people["ann"])
        worker = dataclasses.replace(ann, roles=frozenset({"desk.worker"}))
        eyes = policy.eyes(unit, worker)
        named = {
            key for key in ("name", "cost", "phone", "double", "owner", "none") if eyes.may_name("desk.ticket", key)
        }
        assert named == {"name", "double", "owner"}, "a masked value would be found out by comparing"
        assert not eyes.may_name("desk.none", "name")
        assert not eyes.may_name("crm.deal", "name")
        table = versions.current(unit).form("desk.note").table
        assert "owner" in str(eyes.rows("desk.note", table))
        assert eyes.rows("desk.ticket", versions.current(unit).form("desk.ticket").table) is None


def test_every_answer_has_a_reason_in_both_languages(probe: World):
    for role in ("own", "cheap", "none"):
        probe.grant("ann", f"probe.{role}")
    form = probe.form(THING)
    with probe.database.read() as unit:
        ann = actors.of_member(unit, probe.people["ann"])
        reasons = policy.why(unit, ann, form, "edit")
        assert len(reasons) == 3
        assert any("自己负责" in reason.text("zh") for reason in reasons)
        assert all("{" not in reason.text(language) for reason in reasons for language in ("zh", "en"))
        bob = policy.why(unit, actors.of_member(unit, probe.people["bob"]), form, "see")
        assert "Thing" in bob[0].text("en")


def test_an_actor_is_built_in_one_statement(world: World):
    seen: list[str] = []

    def listen(*args):
        seen.append(args[2])

    with world.database.read() as unit:
        sa.event.listen(unit.connection, "before_cursor_execute", listen)
        assert actors.of_member(unit, world.people["ann"]).roles == {"crm.rep"}
        assert len(seen) == 1
    hal = world.actor("hal")
    assert hal.headed == (world.departments["East"],)
    assert hal.departments_below == hal.departments == (world.departments["East"],)


def test_who_left_is_no_actor_and_neither_is_nobody(world: World):
    with world.database.read() as unit:
        for member in (world.people["zed"], 999_999):
            with pytest.raises(NotFound):
                actors.of_member(unit, member)
            with pytest.raises(NotFound):
                actors.on_behalf(unit, member)


def test_the_system_acts_with_the_rights_of_whom_it_acts_for(probe: World):
    fill(probe)
    probe.grant("ann", "probe.own")
    with probe.database.read() as unit:
        system = actors.on_behalf(unit, probe.people["ann"])
    assert system.kind == "system" and system.on_behalf_of == probe.people["ann"]
    assert reach(probe, system) == {"ann"}
