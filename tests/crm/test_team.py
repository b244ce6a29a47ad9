"""The bars of a team: who brought how much this month, for whoever leads somebody and within what he sees."""

from __future__ import annotations

from tests.crm.conftest import Crm
from tests.pages.conftest import words
from webapp import clock
from webapp.definitions import source, versions


def test_a_head_sees_what_each_of_his_people_has_won_and_a_rep_sees_none_of_it(crm: Crm) -> None:
    today = str(clock.today("Asia/Shanghai"))
    account = crm.make("account", "admin", name="禾穗食品")
    for who, amount in (("ann", "128600"), ("ann", "10000"), ("bob", "990000")):
        deal = {"account": account, "amount": amount, "expected_close": today, "actual_close": today, "stage": "won"}
        crm.make("deal", "admin", name=f"{who} {amount}", owner=crm.world.people[who], **deal)
    crm.make(
        "deal", "ann", name="在谈", account=crm.make("account", "ann", name="云杉"), amount="5", expected_close=today
    )
    assert "part=team" in crm.get("/", "hal").text and "part=team" not in crm.get("/").text
    with crm.statements() as seen:
        page = crm.get("/?part=team", "hal", part=True).text
    assert len([s for s in seen if "crm__deal" in s]) == 1, "one statement over the deals"
    said = words(page)
    assert "团队本月" in said and "Ann 13.9 万" in said and "Hal 0" in said
    assert "Bob" not in said and "Zed" not in said, "another department, and one who has left"
    assert 'value="100"' in page and f"w=owner:any:{crm.world.people['ann']}" in page
    assert crm.get("/?part=team", part=True).text.strip() == ""
    rows = words(crm.get(f"/crm/deal?view=won_month&w=owner:any:{crm.world.people['ann']}", "hal").text)
    assert "ann 128600" in rows and "在谈" not in rows, "the bar leads to the records behind it"

    with crm.world.database.read() as unit:
        document = dict(source.read(versions.dump(versions.document(unit, "crm"))))
    document["roles"]["director"]["forms"]["deal"]["fields"] = {"amount": "hidden"}
    crm.world.apply(document, accept_loss=True)
    assert crm.get("/?part=team", "hal", part=True).text.strip() == "", "nothing sums what its reader may not see"
