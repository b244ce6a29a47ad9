"""What roles may, pressed on a page; drafts and versions of apps."""

from __future__ import annotations

import io
import re

from tests.pages.conftest import words
from tests.settings.conftest import Office
from tests.settings.shared import one_for_all  # noqa: F401
from webapp.definitions import versions

ROLES = "/settings/roles?role=crm.rep&form=deal"


def press(office: Office, field: str, level: str, who: str = "admin", **more: str):
    values = {"form": "deal", "field": field, "level": level, **more}
    return office.send("/settings/roles/crm.rep/field", values, who, page=ROLES, target="roles")


def publish(office: Office, who: str = "admin", **more: str):
    return office.send("/settings/apps/crm/draft/publish", {"next": ROLES, **more}, who, page=ROLES)


def fields_of(office: Office, role: str = "rep") -> dict[str, str]:
    with office.world.database.read() as unit:
        return dict(versions.current(unit).apps["crm"].roles[role].forms["crm.deal"].fields)


def test_a_press_changes_a_draft_that_says_what_it_would_do_and_nothing_else(office: Office) -> None:
    office.fresh()
    deal = office.deal("Pumps", amount="86000")
    assert words(office.get(f"/crm/deal/{deal}").text).count("86,000")
    page = press(office, "amount", "hidden")
    assert "角色“销售”，商机：“金额”由默认改为不可见。" in words(page.text)
    assert "86,000" in words(office.get(f"/crm/deal/{deal}").text), "a draft changes nothing"
    assert "尚未发布" not in office.get(ROLES, "bob").text
    assert publish(office).status_code == 303
    assert fields_of(office)["amount"] == "hidden"
    assert "86,000" not in words(office.get(f"/crm/deal/{deal}").text)
    said = {"app": "crm", "version": office.version(), "changes": 1, "left_out": None}
    assert office.audited("app_published")[0] == said
    assert "尚未发布" not in office.get(ROLES, "admin").text
    assert press(office, "amount", "write").status_code == 200
    assert "amount" not in fields_of(office) or publish(office).status_code == 303
    assert "amount" not in fields_of(office), "what is usual is not written down"


def test_rows_are_given_by_a_scope_or_a_condition_and_a_bad_one_is_refused_with_its_reason(office: Office) -> None:
    office.fresh()

    def ask(**values: str):
        base = {"form": "deal", "action": "see"}
        return office.send("/settings/roles/crm.rep/scope", base | values, page=ROLES, target="roles")

    assert "团队" in words(ask(scope="team").text)
    good = ask(scope="condition", condition="amount < 50000")
    assert good.status_code == 200 and 'value="amount &lt; 50000"' in good.text
    bad = ask(scope="condition", condition="amont < 5")
    assert bad.status_code == 422 and "amont" in bad.headers["HX-Trigger"], "and the page stays as it is"
    assert ask(scope="condition", condition=" ").status_code == 422
    assert publish(office).status_code == 303
    small, large = office.deal("Small", "bob", amount="10"), office.deal("Large", "bob", amount="90000")
    assert office.get(f"/crm/deal/{small}").status_code == 200
    assert office.get(f"/crm/deal/{large}").status_code == 404


def test_a_role_is_made_like_another_renamed_and_removed(office: Office) -> None:
    office.fresh()
    made = office.send("/settings/roles/crm/new", {"label": "Junior", "copy": "rep"}, page=ROLES)
    assert made.status_code == 303 and made.headers["Location"].endswith("role=crm.junior")
    office.send("/settings/roles/crm.junior/label", {"label_zh": "见习", "label_en": "Junior"}, page=ROLES)
    publish(office)
    with office.world.database.read() as unit:
        junior = versions.current(unit).apps["crm"].roles["junior"]
    assert junior.label == {"zh": "见习", "en": "Junior"} and junior.forms["crm.deal"].may["see"] == "own"
    office.send("/settings/roles/crm.junior/remove", {}, page=ROLES)
    assert "见习" in words(office.get("/settings/apps/crm/draft", "admin").text)
    publish(office)
    with office.world.database.read() as unit:
        assert "junior" not in versions.current(unit).apps["crm"].roles


def test_of_two_builders_the_later_carries_his_changes_over(office: Office) -> None:
    office.fresh()
    office.world.grant("bob", "builder:crm")
    press(office, "amount", "hidden", "bob")
    press(office, "stage", "read")
    assert publish(office).status_code == 303
    late = publish(office, "bob")
    assert late.status_code == 409 and "Admin" in late.text, "who came first is said"
    page = office.get(ROLES, "bob")
    assert "合并到新版本" in page.text
    assert office.send("/settings/apps/crm/draft/rebase", {"next": ROLES}, "bob", page=ROLES).status_code == 303
    assert publish(office, "bob").status_code == 303
    assert {key: fields_of(office)[key] for key in ("amount", "stage")} == {"amount": "hidden", "stage": "read"}


def test_who_does_not_build_sees_rights_and_cannot_change_them(office: Office) -> None:
    office.fresh()
    office.hire("Pia", "people")
    page = office.get(ROLES, "pia")
    assert page.status_code == 200 and "可改" in page.text and "/field" not in page.text
    assert press(office, "amount", "hidden", "pia").status_code == 403
    assert office.get("/settings/apps", "pia").status_code == 403
    office.world.apply("mortise: 1\napp: other\nforms: {thing: {title: name, fields: {name: {kind: text}}}}")
    office.world.grant("hal", "builder:other")
    assert office.get("/settings/apps/crm", "hal").status_code == 404, "an app of others does not exist here"
    assert press(office, "amount", "hidden", "hal").status_code == 403


def test_a_document_goes_out_and_comes_in_with_all_its_faults_named(office: Office) -> None:
    office.fresh()
    text = office.get("/settings/apps/crm/document", "admin").text
    assert text.startswith("mortise: 1")
    broken = text.replace("kind: money", "kind: mony", 1).replace("to: account", "to: acount", 1)

    def upload(document: str):
        values = {"file": (io.BytesIO(document.encode()), "crm.yaml")}
        return office.send("/settings/apps/upload", values, page="/settings/apps")

    refused = upload(broken)
    assert refused.status_code == 422
    assert "money" in refused.text and "account" in refused.text, "every fault with the nearest good name"
    assert office.send("/settings/apps/upload", {"text": "\x00{"}, page="/settings/apps").status_code == 400
    assert upload(text.replace("zh: 金额", "zh: 合同金额")).status_code == 303
    draft = words(office.get("/settings/apps/crm/draft", "admin").text)
    assert "合同金额" in draft and "发布" in draft
    assert publish(office, note="words of the sales people").status_code == 303
    page = words(office.get("/settings/apps/crm", "admin").text)
    assert "words of the sales people" in page and "合同金额" in page
    before = office.get(f"/settings/apps/crm/document?version={office.version() - 1}", "admin").text
    assert "zh: 金额" in before


def test_an_earlier_version_comes_back_with_its_plan_first_and_consent_where_it_is_needed(office: Office) -> None:
    office.fresh()
    version = office.version()
    assert office.send("/settings/apps/crm/rollback", {"version": "1"}, page="/settings/apps/crm").status_code == 303
    page = office.get("/settings/apps/crm/draft", "admin").text
    assert "需要确认" in page or "accept_loss" not in page
    if "accept_loss" in page:
        assert publish(office).status_code == 409
    assert publish(office, accept_loss="true").status_code == 303
    with office.world.database.read() as unit:
        found = versions.history(unit, "crm")
    assert (found[0].version, found[0].note) == (version + 1, "rollback 1")
    assert office.send("/settings/apps/crm/rollback", {"version": "9999"}, page="/settings/apps").status_code == 404


def test_an_app_from_the_catalog_is_looked_at_started_and_upgraded(office: Office) -> None:
    office.fresh()
    office.send("/settings/apps/crm/upgrade", {}, page="/settings/apps")
    assert office.get("/settings/apps/crm/draft", "admin").status_code == 404, "this one does not come from the catalog"
    dropped = office.send("/settings/apps/crm/rollback", {"version": "1"}, page="/settings/apps")
    assert dropped.status_code == 303
    assert office.send("/settings/apps/crm/draft/drop", {}, page="/settings/apps").status_code == 303
    assert office.get("/settings/apps/crm/draft", "admin").status_code == 404
    assert re.search(rf"版本 {office.version()}", words(office.get("/settings/apps", "admin").text))
