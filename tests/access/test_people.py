from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from tests.world import PASSWORD, World
from webapp import clock
from webapp.access import actors, audit, departments, firm, guard, members, passwords, roles, sessions, tokens
from webapp.access.tables import token
from webapp.definitions import versions
from webapp.errors import Conflict, Denied, Invalid, NotFound, Unauthenticated

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)


def test_a_leavers_sessions_and_tokens_end_at_once(world: World):
    with world.database.write() as unit:
        ann = actors.of_member(unit, world.people["ann"])
        cookie = sessions.begin(unit, ann.member, device="phone", lasts=timedelta(days=1))
        _, secret = tokens.create(unit, ann, ann.member, "script")
        assert actors.of_session(unit, cookie) is not None
        assert actors.of_token(unit, secret).member == ann.member
        members.disable(unit, actors.of_member(unit, world.people["admin"]), ann.member)
    with world.database.read() as unit:
        assert actors.of_session(unit, cookie) is None
        with pytest.raises(Unauthenticated):
            actors.of_token(unit, secret)
    with world.database.write() as unit:
        members.enable(unit, actors.of_member(unit, world.people["admin"]), ann.member)
        assert actors.of_session(unit, cookie) is None, "coming back means signing in anew"
        with pytest.raises(Unauthenticated):
            actors.of_token(unit, secret)
        assert actors.of_member(unit, ann.member).roles == {"crm.rep"}


def test_what_a_leaver_heads_goes_to_his_heir_or_to_the_head_above(world: World):
    east, sales_ = world.departments["East"], world.departments["Sales"]

    def head(of: int) -> int | None:
        with world.database.read() as unit:
            return departments.get(unit, of).head

    def leave(who: str, **more: int) -> None:
        with world.database.write() as unit:
            members.disable(unit, world.actor("admin"), world.people[who], **more)

    with world.database.write() as unit:
        departments.set_head(unit, world.actor("admin"), sales_, world.people["bob"])
    for wrong in (world.people["hal"], world.people["zed"], 999):
        with pytest.raises(Invalid):
            leave("hal", heir=wrong)
    assert head(east) == world.people["hal"]
    leave("hal")
    assert head(east) == world.people["bob"], "who heads the department above"
    leave("bob", heir=world.people["ann"])
    assert (head(east), head(sales_)) == (world.people["ann"], world.people["ann"])
    leave("ann")
    assert (head(east), head(sales_)) == (None, None)
    with world.database.read() as unit:
        told = [one.action for one in audit.listed(unit, world.actor("admin"))]
    assert told[:3] == ["department_head_set", "department_head_set", "member_disabled"]


def test_tokens_expire_are_revoked_and_are_kept_unreadable(world: World):
    with clock.stopped(NOON), world.database.write() as unit:
        ann = actors.of_member(unit, world.people["ann"])
        id_, secret = tokens.create(unit, ann, ann.member, "a", expires_at=NOON + timedelta(days=1))
        other, second = tokens.create(unit, ann, ann.member, "b")
        assert secret.startswith("mt_") and secret != second
        assert secret not in str(unit.execute(token.select()).all())
        assert [t.name for t in tokens.listed(unit, ann, ann.member)] == ["b", "a"]
        tokens.revoke(unit, ann, other)
    with clock.stopped(NOON + timedelta(hours=23)), world.database.read() as unit:
        assert actors.of_token(unit, secret).token == id_
        for bad in (second, secret + "x", "mt_", ""):
            with pytest.raises(Unauthenticated):
                actors.of_token(unit, bad)
    with clock.stopped(NOON + timedelta(hours=25)), world.database.read() as unit, pytest.raises(Unauthenticated):
        actors.of_token(unit, secret)


def test_a_token_cannot_make_itself_a_successor(world: World):
    with world.database.write() as unit:
        ann = actors.of_member(unit, world.people["ann"])
        id_, secret = tokens.create(unit, ann, ann.member, "a")
        by_token = actors.of_token(unit, secret)
        with pytest.raises(Denied):
            tokens.create(unit, by_token, ann.member, "b")
        with pytest.raises(Denied):
            tokens.revoke(unit, by_token, id_)
        with pytest.raises(Denied):
            members.set_password(unit, by_token, ann.member, "hash")


@pytest.mark.parametrize(
    ("name", "more"),
    [("", {}), ("x" * 101, {}), ("x", {"scope": "all"}), ("x", {"expires_at": NOON - timedelta(days=1)})],
)
def test_a_token_that_makes_no_sense_is_refused(world: World, name: str, more: dict):
    with clock.stopped(NOON), world.database.write() as unit, pytest.raises(Invalid):
        tokens.create(unit, actors.of_member(unit, world.people["ann"]), world.people["ann"], name, **more)


@pytest.fixture
def people_admin(world: World):
    """Bob keeps the people, and is no keeper of the system."""
    world.grant("bob", "people")
    return world.actor("bob")


def test_a_people_administrator_keeps_people_and_cannot_raise_himself(world: World, people_admin):
    with world.database.write() as unit:
        definitions = versions.current(unit)
        new = members.add(unit, people_admin, "new@firm.example", "New", department_id=world.departments["West"])
        roles.grant(unit, people_admin, new, "crm.rep", definitions)
        assert roles.held(unit, new) == {"crm.rep"}
        members.set_password(unit, people_admin, new, "hash")
        members.disable(unit, people_admin, new)
        for role in ("keeper", "auditor", "people", "builder", "builder:crm"):
            with pytest.raises(Denied):
                roles.grant(unit, people_admin, new, role, definitions)
        with pytest.raises(Denied):
            roles.grant(unit, people_admin, people_admin.member, "crm.head", definitions)
        for touch in (
            lambda: members.set_password(unit, people_admin, world.people["admin"], "hash"),
            lambda: members.disable(unit, people_admin, world.people["admin"]),
            lambda: roles.revoke(unit, people_admin, world.people["admin"], "keeper"),
            lambda: tokens.create(unit, people_admin, world.people["admin"], "x"),
            lambda: sessions.end_all(unit, people_admin, world.people["aud"]),
            lambda: firm.change(unit, people_admin, {"name": "Mine"}),
        ):
            with pytest.raises(Denied):
                touch()


def test_others_change_nobody_but_themselves(world: World):
    with world.database.write() as unit:
        ann = actors.of_member(unit, world.people["ann"])
        members.prefer(unit, ann, ann.member, locale="en", theme="dark")
        assert actors.of_member(unit, ann.member).locale == "en"
        for touch in (
            lambda: members.add(unit, ann, "x@firm.example", "X"),
            lambda: members.prefer(unit, ann, world.people["bob"], theme="dark"),
            lambda: members.set_password(unit, ann, world.people["bob"], "hash"),
            lambda: members.place(unit, ann, ann.member, world.departments["West"]),
            lambda: departments.add(unit, ann, "Mine"),
            lambda: departments.set_head(unit, ann, world.departments["East"], ann.member),
            lambda: roles.grant(unit, ann, ann.member, "crm.head", versions.current(unit)),
            lambda: tokens.create(unit, ann, world.people["bob"], "x"),
            lambda: sessions.listed(unit, ann, world.people["bob"]),
        ):
            with pytest.raises(Denied):
                touch()


def test_the_last_keeper_stays_even_when_two_leave_at_once(world: World):
    with world.database.write() as unit:
        admin = actors.of_member(unit, world.people["admin"])
        with pytest.raises(Conflict):
            members.disable(unit, admin, admin.member)
        with pytest.raises(Conflict):
            roles.revoke(unit, admin, admin.member, "keeper")
        roles.grant(unit, admin, world.people["bob"], "keeper", versions.current(unit))
    gate, refused = threading.Barrier(2), []

    def leave(name: str) -> None:
        gate.wait()
        try:
            with world.database.write() as unit:
                members.disable(unit, actors.of_member(unit, world.people[name]), world.people[name])
        except Conflict as error:
            refused.append(error)

    threads = [threading.Thread(target=leave, args=(name,)) for name in ("admin", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    with world.database.read() as unit:
        assert sum(members.get(unit, world.people[name]).is_active for name in ("admin", "bob")) == 1


def test_an_unknown_role_is_refused_with_the_nearest_name(world: World):
    with world.database.write() as unit, pytest.raises(NotFound) as found:
        roles.grant(
            unit, actors.of_member(unit, world.people["admin"]), world.people["ann"], "crm.hed", versions.current(unit)
        )
    assert found.value.detail["near"] == "crm.head"


def test_a_role_that_is_gone_from_its_app_grants_nothing(world: World):
    from webapp.access import policy
    from webapp.access.tables import role_holder

    with world.database.write() as unit:
        unit.execute(role_holder.insert().values(member=world.people["aud"], role="crm.gone"))
        unit.execute(role_holder.insert().values(member=world.people["aud"], role="gone.role"))
        unit.execute(role_holder.delete().where(role_holder.c.role == "auditor"))
    form = world.form("crm.deal")
    with world.database.read() as unit:
        assert not policy.knows(unit, actors.of_member(unit, world.people["aud"]), form)


def test_departments_form_a_tree_without_circles(world: World):
    with world.database.write() as unit:
        admin = actors.of_member(unit, world.people["admin"])
        sales, east, west = (world.departments[name] for name in ("Sales", "East", "West"))
        north = departments.add(unit, admin, "North", parent=east)
        assert [(d.name, d.depth) for d in departments.tree(unit)] == [
            ("Sales", 0), ("East", 1), ("North", 2), ("West", 1)
        ]  # fmt: skip
        assert departments.below(unit, sales) == sorted([sales, east, west, north])
        for target in (sales, east, north):
            with pytest.raises(Conflict):
                departments.move(unit, admin, sales, target)
        departments.move(unit, admin, north, west)
        assert departments.below(unit, west) == sorted([west, north])
        with pytest.raises(Conflict):
            departments.remove(unit, admin, west)
        departments.remove(unit, admin, north)
        with pytest.raises(NotFound):
            departments.get(unit, north)
        with pytest.raises(NotFound):
            departments.add(unit, admin, "X", parent=999)
        with pytest.raises(Invalid):
            departments.add(unit, admin, "  ")
        with pytest.raises(NotFound):
            departments.set_head(unit, admin, east, 999)


@pytest.mark.parametrize("email", ["", "x", "a@", "@b", "a b@c", "a@b@c", "<a@b>", "a" * 251 + "@b.c"])
def test_what_is_no_address_is_refused(world: World, email: str):
    with world.database.write() as unit, pytest.raises(Invalid) as refused:
        members.add(unit, actors.of_member(unit, world.people["admin"]), email, "X")
    assert refused.value.problems[0].path == "email"


def test_one_address_is_one_member_whatever_its_case_and_width(world: World):
    with world.database.write() as unit:
        admin = actors.of_member(unit, world.people["admin"])
        for email in ("ANN@firm.example", " ann@firm.example", "ａｎｎ@firm.example"):
            with pytest.raises(Conflict):
                members.add(unit, admin, email, "Again")


def test_the_firms_settings_are_checked_and_read_back(world: World):
    with world.database.write() as unit:
        admin = actors.of_member(unit, world.people["admin"])
        changed = firm.change(unit, admin, {"name": " 岚川 ", "accent": "#123abc", "locale": "en"})
        assert (changed.name, changed.accent, changed.locale) == ("岚川", "#123abc", "en")
        assert changed.zone == "Asia/Shanghai"
        assert actors.of_member(unit, world.people["ann"]).locale == "en", "the firm's, where one has none of his own"
        for bad in ({"accent": "red"}, {"accent": "#FFF"}, {"name": ""}, {"locale": "fr"}, {"other": 1}):
            with pytest.raises(Invalid):
                firm.change(unit, admin, bad)


def test_passwords_are_hashed_with_argon2_and_never_compared_in_the_clear(world: World):
    settings = world.database.settings
    kept = passwords.hashed(settings, PASSWORD)
    assert kept.startswith("$argon2id$") and kept != passwords.hashed(settings, PASSWORD)
    assert passwords.is_right(settings, kept, PASSWORD)
    assert not passwords.is_right(settings, kept, PASSWORD + " ")
    assert not passwords.is_right(settings, None, PASSWORD)
    assert not passwords.is_right(settings, "not a hash", PASSWORD)
    assert not passwords.is_right(settings, kept, "x" * 100_000)


def test_guards_name_system_roles(world: World):
    assert guard.is_system_role("keeper") and guard.is_system_role("builder:crm")
    assert not guard.is_system_role("crm.rep")
