from __future__ import annotations


def test_x(world):
    assert world.form("crm.deal").table.name == "crm__deal"
    from webapp.access import policy

    with world.database.read() as unit:
        for who in ("admin", "ann", "hal", "aud"):
            a = world.actor(who)
            print(who, a)
            f = world.form("crm.deal")
            for act in policy.ACTIONS:
                print(act, policy.rows(unit, a, f, act, f.table), [m.text("zh") for m in policy.why(unit, a, f, act)])
            print(policy.fields(unit, a, f))
    assert 0
