"""A small firm with deals in every column, in a real application, for pages in the browser."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.pages.conftest import Sales
from webapp import clock
from webapp.access import members

_ACCOUNTS = ("禾穗食品", "云杉包装", "松果乳业", "海棠日化", "白鹭制药", "北屿水产")
_THINGS = ("二期装盒线改造", "码垛机器人 4 台", "无菌灌装整线", "贴标机更新 12 台", "泡罩装盒联线", "水产分拣包装")
_STAGES = ("contact", "quote", "contact", "quote", "won")


class Firm:
    """`Sales` and its records; `sign_in` gives a page somebody's session."""

    def __init__(self, sales: Sales, url: str) -> None:
        self.sales = sales
        self.url = url
        today = clock.now().date()
        accounts = [sales.account(name, industry="food") for name in _ACCOUNTS]
        self.deals = [
            sales.deal(
                f"{_THINGS[n % 6]}",
                stage=_STAGES[n % 5],
                account=accounts[n % 6],
                amount=str(86_000 + n * 137_500),
                close_date=str(today + dt.timedelta(days=n * 3 - 6)),
                tags=["key"] if n % 3 == 0 else [],
                urgent=n % 4 == 0,
            )
            for n in range(24)
        ]

    def sign_in(self, page: Any, language: str = "zh", who: str = "ann") -> Any:
        with self.sales.world.database.write() as unit:
            members.prefer(unit, self.sales.world.actor("admin"), self.sales.world.people[who], locale=language)
        cookie = self.sales.client(who).get_cookie("mortise")
        assert cookie is not None
        page.context.add_cookies([{"name": "mortise", "value": cookie.value, "url": self.url}])
        return page
