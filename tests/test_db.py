import sqlalchemy as sa


def test_a_unit_commits(database):
    from webapp.definitions.tables import epoch

    with database.write() as u:
        u.execute(epoch.insert().values(id=1, epoch=1))
    with database.read() as u:
        assert u.execute(sa.select(epoch.c.epoch)).scalar_one() == 1
