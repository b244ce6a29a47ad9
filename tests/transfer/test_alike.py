"""An import leaves the same behind as somebody who types the same values in: one door, whatever the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.transfer.files import write_csv, write_xlsx
from webapp.engines.forms import records
from webapp.engines.forms.finding import search
from webapp.engines.forms.transfer import importing
from webapp.journal.tables import event

_FIELDS = """
      name: {kind: text, required: true}
      person: {kind: person_name}
      number: {kind: serial, pattern: "NR-{####}"}
      stage:
        kind: stage
        default: open
        options: [{value: open, label: {en: Open, zh: 进行中}}, {value: won, label: {en: Won, zh: 赢单}, type: won}]
      tags:
        kind: multi_select
        options: [{value: vip, label: {en: Important, zh: 重要}}, {value: old, label: {en: Friend, zh: 老客户}}]
      town: {kind: text, default: 杭州}
      phone: {kind: phone}
      mail: {kind: email}
      day: {kind: date}
      seen: {kind: datetime}
      spent: {kind: money, currency: CNY}
      share: {kind: percent}
      count: {kind: integer}
      stars: {kind: rating}
      is_key: {kind: switch}
      partner: {kind: member}
      note: {kind: long_text}
      words: {kind: tags}
      place: {kind: region}
      code: {kind: id_code}
      wechat: {kind: im}
      effort: {kind: duration}
      title: {kind: formula, formula: "name & ' ' & town"}
"""
DOCUMENT = "mortise: 1\napp: twin\nforms:\n" + "".join(
    f"  {form}:\n    title: name\n    fields:{_FIELDS}" for form in ("typed", "brought")
)
HEAD = "name person stage tags town phone mail day seen spent share count stars is_key partner note words place code wechat effort".split()
TYPED = """
杭州联友装盒线 ACME 5号|单雄信|赢单|重要、老客户|重庆|13812345678|A@Example.com|2026-09-01|2026-09-01 08:30:00|1234.50|12.5|7|4|是|Ann|上门谈 灌装线|老客户，KA|浙江省杭州市西湖区|91350100M000100Y43|微信：lian_you88|1h30
Ｗｉｄｅ Straße|Zhang Wei|||||||||||||||||||
杭州联友装盒线 ACME 5号||open|vip|长安|+8613812345678||2026-09-01|2026-09-01 08:30:00|1234.50||7|4|no||上门谈 灌装线|KA|杭州||13812344210|90 分
ﬁne ⅷ 𠮷野家 ꙮ|曾国藩|won||𠮷|010-12345678||2025-12-31|2026-01-01 00:00:00|0.01|100|0|1|是|Ann|two / lines|#KA、新|330106||lian_you88|2:00:05
"""
ROWS = [line.replace(" / ", "\n").split("|") for line in TYPED.strip().splitlines()]


@pytest.fixture
def twin(firm):
    firm.world.apply(DOCUMENT)
    return firm


def left_by(firm, key: str) -> list[dict[str, Any]]:
    """Of each record in its order: columns, values in tables of their own, tokens of the index, events."""
    form = firm.form(f"twin.{key}")
    index = search.index_name(form.table.name)
    with firm.database.read() as unit:
        rows = [dict(row._mapping) for row in unit.execute(sa.select(form.table).order_by(form.table.c.id))]
        several = {k: unit.execute(sa.select(form.fields[k].values_table)).all() for k in ("tags", "words")}
        of_form = sa.select(event).where(event.c.form == key, event.c.app == "twin")
        events = [dict(row._mapping) for row in unit.execute(of_form.order_by(event.c.id))]
    own = ("id", "at", "tx", "form", "record", "via", "change_set")
    for row in rows:
        id_ = row.pop("id")
        assert len(row.pop("m__client")) == 36
        for key_, entries in several.items():
            row["m__search"] = row["m__search"].replace(search.mark(form.fields[key_]), key_)  # named by its own table
            row[key_] = sorted((r.position, r.value) for r in entries if r.record == id_)
        row["tokens"] = tokens_of(firm, index, id_)
        row["events"] = [{k: v for k, v in e.items() if k not in own} for e in events if e["record"] == id_]
        del row["created_at"], row["updated_at"], row["last_activity_at"]
    return rows


def tokens_of(firm, index: str, id_: int) -> list[str]:
    with firm.database.write() as unit:
        if unit.dialect != "sqlite":
            found = sa.text(f'SELECT unnest(tsvector_to_array(tokens)) FROM "{index}" WHERE id = :id')
        else:
            unit.execute(sa.text(f"CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, '{index}', 'instance')"))
            found = sa.text("SELECT DISTINCT term FROM temp.words WHERE doc = :id")
        words = sorted(unit.execute(found, {"id": id_}).scalars())
        if unit.dialect == "sqlite":
            unit.execute(sa.text("DROP TABLE temp.words"))
    return words


@pytest.mark.parametrize("few", [0, 2])
@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_an_import_writes_what_the_door_writes_for_one_record(twin, tmp_path, monkeypatch, few, suffix):
    monkeypatch.setattr(importing, "FEW", few)
    write = write_csv if suffix == "csv" else write_xlsx
    path: Path = write(tmp_path / f"a.{suffix}", [HEAD, *ROWS])
    outcome = twin.bring("twin.brought", path)
    assert (outcome.state.inserted, outcome.state.rejected) == (len(ROWS), 0), outcome.reasons
    form = twin.form("twin.typed")
    for row in ROWS:
        raw = {k: v for k, v in zip(HEAD, row, strict=True) if v}
        with twin.database.write() as unit:
            records.create(unit, twin.actor(), form, raw)
    brought, typed = left_by(twin, "brought"), left_by(twin, "typed")
    for one, other in zip(brought, typed, strict=True):
        assert one == other
    assert all(row["tokens"] and row["m__search"] and len(row["events"]) == 1 for row in brought)
