"""Columns are proposed for the right fields, and what has no field is not guessed to another."""

from __future__ import annotations

import json

import pytest

from tests import missing
from tests.conftest import DATA
from tests.transfer.conftest import firm  # noqa: F401
from tests.world import World, make
from webapp import catalog
from webapp.access import policy
from webapp.definitions import versions
from webapp.engines.forms.transfer import mapping, proposing

#: Forms as a firm would have them, called in its own words, and which of their fields a meaning of the data is.
FORMS = """
mortise: 1
app: lists
label: {en: Lists, zh: 名单}
forms:
  account:
    label: {en: Account, zh: 客户}
    title: name
    fields:
      name: {kind: text, label: {en: Name, zh: 名称}, required: true}
      code: {kind: text, label: {en: No., zh: 编号}, unique: true}
      industry: {kind: text, label: {en: Industry, zh: 所属行业}}
      source: {kind: text, label: {en: Source, zh: 来源}}
      person: {kind: person_name, label: {en: Contact, zh: 联系人}}
      phone: {kind: phone, label: {en: Phone, zh: 电话}}
      mobile: {kind: phone, label: {en: Mobile, zh: 手机}}
      email: {kind: email, label: {en: Email, zh: 电子邮箱}}
      fax: {kind: text, label: {en: Fax, zh: 传真}}
      country: {kind: text, label: {en: Country, zh: 国家}}
      province: {kind: text, label: {en: Province, zh: 省份}}
      city: {kind: text, label: {en: City, zh: 城市}}
      district: {kind: text, label: {en: District, zh: 区县}}
      address: {kind: text, label: {en: Address, zh: 详细地址}}
      status: {kind: text, label: {en: Status, zh: 状态}}
      note: {kind: long_text, label: {en: Note, zh: 备注}}
      paid_on: {kind: date, label: {en: Last payment, zh: 回款日期}}
  contract:
    label: {en: Contract, zh: 合同}
    title: name
    fields:
      number: {kind: text, label: {en: Number, zh: 编号}, unique: true}
      name: {kind: text, label: {en: Name, zh: 名称}, required: true}
      account: {kind: link, to: account, reverse: contracts, label: {en: Account, zh: 客户}}
      amount: {kind: money, currency: CNY, label: {en: Amount, zh: 总金额}}
      invoiced: {kind: money, currency: CNY, label: {en: Invoiced, zh: 已开票}}
      paid: {kind: money, currency: CNY, label: {en: Paid, zh: 已回款}}
      due: {kind: date, label: {en: Due, zh: 到期日}}
      receivable: {kind: money, currency: CNY, label: {en: Receivable, zh: 应收款}}
      status: {kind: text, label: {en: Status, zh: 状态}}
"""
OF_ACCOUNTS = {
    "account.name": "name", "account.code": "code", "account.industry": "industry", "lead.source": "source",
    "contact.name": "person", "contact.phone": "phone", "contact.mobile": "mobile", "contact.email": "email",
    "account.fax": "fax", "account.country": "country", "account.province": "province", "account.city": "city",
    "account.district": "district", "account.address": "address", "account.status": "status", "owner": "owner",
    "description": "note", "payment.date": "paid_on", "created_at": "the system",
}  # fmt: skip
OF_CONTRACTS = {
    "contract.number": "number", "contract.name": "name", "account.name": "account", "contract.amount": "amount",
    "contract.invoiced_amount": "invoiced", "contract.paid_amount": "paid", "contract.status": "status",
    "payment.due_date": "due", "payment.amount": "receivable",
}  # fmt: skip


@pytest.fixture
def lists(sqlite_database) -> World:
    world = make(sqlite_database)
    world.apply(FORMS)
    return world


def proposed(world, form, headings, rows=(), who="admin"):
    """Heading → key, "the system", or None; and why."""
    columns = [[row[i] for row in rows] for i in range(len(headings))]
    with world.database.read() as unit:
        actor, found = world.actor(who), world.form(form)
        fields = mapping.targets(found, policy.fields(unit, actor, found))
        told = proposing.propose(unit, actor, found, fields, headings, columns)
    return {headings[p.index]: ("the system" if p.why == "system" else p.key, p.why) for p in told}


def test_at_least_nine_in_ten_of_real_headings_find_their_field_and_no_other_column_is_guessed(lists):
    path = DATA / "messy" / "header_rows.json"
    if not path.exists():
        missing.report("the development data", "set MORTISE_TEST_DATA")
    right, wrong, labelled, guessed = 0, [], 0, []
    for row in json.loads(path.read_text("utf-8"))["rows"]:
        is_contract = any(m.startswith("contract.") for m in row["meaning"].values())
        meant = OF_CONTRACTS if is_contract else OF_ACCOUNTS
        found = proposed(lists, "lists.contract" if is_contract else "lists.account", row["headers"])
        for heading, (key, _) in found.items():
            meaning = row["meaning"].get(heading)
            if meaning is None:
                guessed += [(heading, key)] if key else []
                continue
            labelled += 1
            right += key == meant[meaning]
            wrong += [(heading, meaning, key)] if key != meant[meaning] else []
    assert guessed == []
    assert right >= 0.9 * labelled, wrong
    print(f"{right} of {labelled}", wrong)


def test_the_forms_of_the_catalog_take_real_lists_as_they_are_meant(sqlite_database):
    world = make(sqlite_database)
    versions.start(
        world.database, world.actor("admin"), {**versions.load(catalog.document("crm")).source, "app": "own"}
    )
    headings = ["客户名称", "联系人", "座机电话", "手机", "行业划分", "客户来源", "业务负责人", "创建时间", "合同状态"]
    lead = {h: key for h, (key, _) in proposed(world, "own.lead", headings).items()}
    assert lead == {
        "客户名称": "company", "联系人": "name", "座机电话": "phone", "手机": "mobile", "行业划分": "industry",
        "客户来源": "source", "业务负责人": "owner", "创建时间": "the system", "合同状态": None,
    }  # fmt: skip
    contact = proposed(world, "own.contact", ["公司名称", "姓名", "电话"])
    assert [key for key, _ in contact.values()] == ["account", "name", "phone"]


def test_values_speak_where_headings_do_not_and_ask_to_be_looked_at(lists):
    rows = [[f"a{n}@firm.cn", "Ann", "x"] for n in range(5)]
    found = proposed(lists, "lists.account", ["渠道一", "", "渠道三"], rows)
    assert found["渠道一"] == ("email", "values") and found["渠道三"] == (None, "")
