"""What is done to people and rights is written down, and what is written stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from tests.web.test_sign_in import sign_in
from tests.world import PASSWORD, World
from webapp.access import attempts, audit, departments, members, roles, sessions, tokens
from webapp.access.tables import audit as table
from webapp.access.tables import member
from webapp.cli import run
from webapp.definitions import versions
from webapp.errors import Denied


def lines(world: World, **which: Any) -> list[audit.Entry]:
    with world.database.read() as unit:
        return audit.listed(unit, world.actor("admin"), limit=1000, **which)


def test_every_change_to_people_and_rights_leaves_a_line(world: World) -> None:
    before = lines(world)[0].id
    admin, ann = world.actor("admin"), world.people["ann"]
    with world.database.write() as unit:
        unit.origin = "192.0.2.7"
        new = members.add(unit, admin, "eve@firm.example", "夏一")
        roles.grant(unit, admin, new, "crm.rep", versions.current(unit))
        roles.grant(unit, admin, new, "crm.rep", versions.current(unit))  # he has it: nothing happens
        members.rename(unit, admin, new, "夏二")
        members.place(unit, admin, new, world.departments["East"], (world.departments["West"],))
        members.set_password(unit, admin, new, "a hash")
        number, _ = tokens.create(unit, admin, new, "phone", scope="read")
        tokens.revoke(unit, admin, number)
        tokens.revoke(unit, admin, number)
        sessions.end_all(unit, admin, ann)
        roles.revoke(unit, admin, new, "crm.rep")
        roles.revoke(unit, admin, new, "crm.rep")
        members.disable(unit, admin, new)
        members.enable(unit, admin, new)
        north = departments.add(unit, admin, "North")
        departments.rename(unit, admin, north, "Far North")
        departments.move(unit, admin, north, world.departments["Sales"])
        departments.set_head(unit, admin, north, ann)
        departments.remove(unit, admin, north)
    found = [line for line in reversed(lines(world)) if line.id > before]
    assert [line.action for line in found] == [
        "member_added", "role_granted", "member_renamed", "member_placed", "password_set", "token_created",
        "token_revoked", "sessions_ended", "role_revoked", "member_disabled", "member_enabled", "department_added",
        "department_renamed", "department_moved", "department_head_set", "department_removed",
    ]  # fmt: skip
    assert {line.actor for line in found} == {world.people["admin"]}
    assert {line.origin for line in found} == {"192.0.2.7"}
    assert (found[1].member, found[1].member_name, found[1].detail) == (new, "夏二", {"role": "crm.rep"})
    assert "a hash" not in json.dumps([line.detail for line in found])


def test_what_falls_back_leaves_no_line(world: World) -> None:
    before = len(lines(world))
    with pytest.raises(RuntimeError), world.database.write() as unit:
        members.add(unit, world.actor("admin"), "eve@firm.example", "Eve")
        raise RuntimeError
    assert len(lines(world)) == before


def test_a_lock_out_is_written_down_with_the_address_and_without_what_was_typed(world: World) -> None:
    client = world.app.test_client()
    for _ in range(attempts.FREE_FOR_ACCOUNT):
        sign_in(client, email="ann@firm.example", password="wrong one")
    (line,) = lines(world, action="locked_out")
    assert (line.member, line.actor, line.origin) == (world.people["ann"], None, "127.0.0.1")
    for _ in range(attempts.FREE_FOR_ACCOUNT):
        sign_in(client, email="my secret phrase", password="wrong one")
    newest = lines(world, action="locked_out")[0]
    assert newest.member is None
    assert "my secret" not in json.dumps(newest.detail)
    assert sign_in(client, email="bob@firm.example", password=PASSWORD).status_code == 303


@pytest.mark.parametrize("statement", [table.update().values(action="nothing"), table.delete()])
def test_a_line_cannot_be_changed_or_removed(world: World, statement: Any) -> None:
    kept = lines(world)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), world.database.write() as unit:
        unit.execute(statement)
    assert lines(world) == kept


def test_keepers_and_auditors_read_it_and_nobody_else(world: World) -> None:
    with world.database.read() as unit:
        assert audit.listed(unit, world.actor("aud"))
        for name in ("ann", "hal"):
            with pytest.raises(Denied):
                audit.listed(unit, world.actor(name))


def test_the_command_lists_it_as_table_and_as_data(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = world.database.settings
    monkeypatch.setenv("MORTISE_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("MORTISE_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("MORTISE_SECRET_KEY", settings.secret_key)
    monkeypatch.setenv("MORTISE_LOCALE", "zh")
    assert run(["token", "create", "--user", "ann@firm.example", "--name", "phone"]) == 0
    capsys.readouterr()
    assert run(["audit", "list", "--as", "aud@firm.example", "--limit", "1"]) == 0
    assert "创建令牌" in capsys.readouterr().out
    assert run(["audit", "list", "--json", "--member", "ann@firm.example"]) == 0
    newest = json.loads(capsys.readouterr().out)[0]
    assert (newest["action"], newest["origin"], newest["detail"]["name"]) == ("token_created", "shell", "phone")
    assert run(["audit", "list", "--as", "ann@firm.example"]) == 1
    assert "审计员" in capsys.readouterr().err


def test_names_of_members_sort_by_their_sound(world: World) -> None:
    with world.database.write() as unit:
        for n, name in enumerate(("张三", "单于飞", "李四", "单雄信")):
            members.add(unit, world.actor("admin"), f"m{n}@firm.example", name)
        keys = dict(unit.execute(sa.select(member.c.name, member.c.sort_key)).all())
    assert keys["单雄信"].startswith("shan")
    assert sorted(("张三", "单雄信", "李四"), key=keys.__getitem__) == ["李四", "单雄信", "张三"]
