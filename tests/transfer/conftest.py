"""The sales app and its data for imports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import missing
from tests.conftest import DATA
from tests.world import World, world  # noqa: F401 (a fixture)
from webapp.access.actor import Actor
from webapp.definitions.model import Form
from webapp.engines.forms import aggregate
from webapp.engines.forms.transfer import importing, maps
from webapp.engines.forms.transfer.orders import Order, Outcome

SALES = DATA / "crm_sales"
GOOD = {"columns": {"sales_agent": "agent"}, "values": {"product": {"GTXPro": "GTX Pro"}}}


@dataclass
class Firm:
    """The world with the sales app. `bring` imports a file as `who` and answers the outcome."""

    world: World
    folder: Path

    @property
    def database(self):
        return self.world.database

    def actor(self, who: str = "admin") -> Actor:
        return self.world.actor(who)

    def form(self, name: str) -> Form:
        return self.world.form(name)

    def bring(self, form: str, path: Path, said: Any = None, *, who: str = "admin", **more: Any) -> Outcome:
        rehearsal = more.pop("is_rehearsal", False)
        order = Order(form, path, path.name, maps.of(said or {}), rehearsal)
        return importing.run(self.database, self.actor(who), order, self.folder, **more)

    def bring_sales(self, said: Any = None) -> Outcome:
        """All four files; the outcome of the pipeline."""
        for form, name in (("account", "accounts"), ("product", "products"), ("agent", "sales_teams")):
            assert self.bring(f"sales.{form}", SALES / f"{name}.csv").state.rejected == 0
        return self.bring("sales.deal", SALES / "sales_pipeline.csv", GOOD if said is None else said)

    def sums(self, form: str, group: list[str], measures: list[str], where: str | None = None) -> dict[Any, list[Any]]:
        """Group value → measures (the only list, of measures, where there is no group)."""
        with self.database.read() as unit:
            wanted = {"group": group, "measures": measures, "where": [where] if where else []}
            rows = aggregate.aggregate(unit, self.actor(), self.form(form), **wanted)
        return {(row.group[0] if group else None): row.measures for row in rows}

    def count(self, form: str, where: str | None = None) -> int:
        return self.sums(form, [], ["count()"], where)[None][0]


@pytest.fixture
def firm(world, tmp_path) -> Firm:  # noqa: F811
    world.apply((Path(__file__).parent / "crm_sales.yaml").read_text())
    folder = tmp_path / "import"
    folder.mkdir()
    return Firm(world, folder)


@pytest.fixture(scope="session")
def expected() -> dict[str, Any]:
    """The totals of the sales data, as its maker counted them."""
    if not SALES.exists():
        missing.report("the development data", "set MORTISE_TEST_DATA")
    return json.loads((SALES / "expected.json").read_text())["totals"]
