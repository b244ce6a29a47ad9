"""A firm with many deals, made through the door's own bulk verb."""

from __future__ import annotations

import random
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from webapp import migrating
from webapp.access import tables as people
from webapp.access.actor import KEEPER, Actor
from webapp.db import Database
from webapp.definitions import storage, versions
from webapp.engines.forms import bulk

DOCUMENT = Path(__file__).with_name("app.yaml")
KEEPER_ID, REP_ID, CROWD = 1, 2, 40
REPS_OWN = 30
_CHUNK = 2000
_TOWNS = (
    "上海", "北京", "杭州", "苏州", "深圳", "广州", "成都", "武汉", "西安", "南京", "宁波", "青岛", "厦门", "长沙",
    "合肥", "佛山",
)  # fmt: skip
_KINDS = (
    "科技", "食品", "装备", "包装", "制药", "电子", "机械", "化工", "印刷", "纺织", "物流", "医疗", "能源", "建材",
)  # fmt: skip
_SYLLABLES = (
    "云", "禾", "松", "海", "石", "白", "麦", "星", "木", "拾", "鹿", "北", "澄", "金", "瑞", "恒", "盛", "达", "华",
    "通", "嘉", "信", "远", "博", "宏",
)  # fmt: skip
_GOODS = (
    "灌装线", "贴标机", "码垛机器人", "装盒线", "热收缩机", "分拣包装", "旋盖机", "检测仪", "输送带", "成型机",
)  # fmt: skip
_STAGES = ("contact", "need", "quote", "talk", "won", "lost")


def deal(dice: random.Random, i: int, companies: int) -> dict[str, Any]:
    """The values of the `i`th deal."""
    name = f"{dice.choice(_TOWNS)}{dice.choice(_SYLLABLES)}{dice.choice(_SYLLABLES)}{dice.choice(_KINDS)}"
    return {
        "name": f"{name} {dice.choice(_GOODS)} {i}",
        "company": dice.randint(1, companies),
        "amount": Decimal(dice.randint(100_00, 9_000_000_00)).scaleb(-2),
        "stage": dice.choice(_STAGES),
        "close_date": date(2026, 1, 1) + timedelta(days=dice.randint(0, 700)),
        "contacted": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=dice.randint(0, 460_000)),
        "source": dice.choice(("web", "fair", "referral", "phone")),
        "quantity": dice.randint(1, 500),
        "discount": Decimal(dice.randint(0, 3000)).scaleb(-2),
        "weight": Decimal(dice.randint(1, 9_999_999)).scaleb(-3),
        "rating": dice.randint(1, 5),
        "is_key": dice.random() < 0.1,
        "phone": f"+861{dice.randint(30, 99)}{dice.randint(0, 99_999_999):08d}",
        "email": f"contact{i}@example.com",
        "note": f"上门谈 {dice.choice(_GOODS)} 的交期与付款方式",
    }


def people_rows() -> list[dict[str, Any]]:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    names = {KEEPER_ID: "Keeper", REP_ID: "何诗雨"}
    return [
        {"id": i, "email": f"m{i}@example.com", "name": names.get(i, f"成员 {i}"), "created_at": now, "department": 1}
        for i in range(1, CROWD + 1)
    ]


def keeper() -> Actor:
    return Actor(member=KEEPER_ID, name="Keeper", roles=frozenset({KEEPER}), department=1)


def fill(database: Database, rows: int, companies: int = 2000) -> float:
    """Make the firm with `rows` deals; the rep owns REPS_OWN of them. Returns seconds."""
    migrating.migrate(database, say=lambda *_: None)
    started = time.perf_counter()
    with database.write() as unit:
        unit.execute(people.department.insert(), [{"id": 1, "name": "Sales"}])
        unit.execute(people.member.insert(), people_rows())
        holders = [{"member": KEEPER_ID, "role": KEEPER}] + [
            {"member": i, "role": "bench.rep"} for i in range(2, CROWD + 1)
        ]
        unit.execute(people.role_holder.insert(), holders)
    versions.apply(database, keeper(), DOCUMENT.read_text("utf-8"))
    dice = random.Random(7)
    _many(database, "bench.company", ({"name": f"公司 {i}"} for i in range(companies)), companies)
    own = set(dice.sample(range(rows), min(REPS_OWN, rows)))
    made = (
        {**deal(dice, i, companies), "owner": REP_ID if i in own else dice.randint(REP_ID + 1, CROWD)}
        for i in range(rows)
    )
    _many(database, "bench.deal", made, rows)
    storage.get().finish(database)
    with database.engine.connect() as connection:
        connection.execute(sa.text("ANALYZE"))
        connection.commit()
    return time.perf_counter() - started


def _many(database: Database, form_name: str, made: Any, rows: int) -> None:
    for start in range(0, rows, _CHUNK):
        chunk = [next(made) for _ in range(min(_CHUNK, rows - start))]
        with database.write() as unit:
            form = versions.current(unit).form(form_name)
            refused = [r for r in bulk.create_many(unit, keeper(), form, chunk, via="system") if r.outcome != "created"]
            if refused:
                raise RuntimeError(f"refused: {refused[0]}")
