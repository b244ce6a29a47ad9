"""The starter app with ann as a rep on her phone, and what she does there."""

from __future__ import annotations

from typing import Any

from tests.world import World
from webapp.access import members
from webapp.engines.forms import records


class Reps:
    """The starter app with ann as a rep on her phone."""

    def __init__(self, world: World, url: str) -> None:
        self.world, self.url = world, url

    def sign_in(self, page: Any, language: str = "zh", who: str = "ann") -> Any:
        with self.world.database.write() as unit:
            members.prefer(unit, self.world.actor("admin"), self.world.people[who], locale=language)
        cookie = self.world.client(who).get_cookie("mortise")
        assert cookie is not None
        page.context.add_cookies([{"name": "mortise", "value": cookie.value, "url": self.url}])
        return page

    def leads(self) -> list[tuple[str, int]]:
        """Name and owner of the leads there are."""
        table = self.world.form("crm.lead").table
        with self.world.database.read() as unit:
            return [tuple(r) for r in unit.execute(table.select().with_only_columns(table.c.name, table.c.owner))]

    def make(self, form: str, who: str = "ann", **values: Any) -> int:
        with self.world.database.write() as unit:
            return records.create(unit, self.world.actor(who), self.world.form(f"crm.{form}"), values).id

    def lead(self, name: str = "吕嘉禾", **values: Any) -> int:
        return self.make("lead", name=name, **{"mobile": "13800134210", "source": "phone", **values})


def mend(page: Any) -> None:
    """A known company, a number that lacks two digits."""
    page.fill("#f-name", "吕嘉禾")
    page.fill("#f-mobile", "138 0013 42")
    page.fill("#f-company", "长岭豆制品")
    page.wait_for_selector("[data-known] .m-match")
    page.locator("[data-picks] label").nth(3).click()
    page.locator(".m-save button[type=submit]").click()
    page.wait_for_selector("#f-mobile-error p")
    page.fill("#f-company", "长岭豆")
    page.wait_for_selector("[data-known] .m-match")
    page.faults.clear()


#: Entries as the device keeps them: one in each state.
KEEP = """(member) => new Promise((done) => {
  const asked = indexedDB.open("mortise", 1);
  asked.onupgradeneeded = () => ["entries client", "forms key", "kept key"].forEach((one) => {
    const [name, keyPath] = one.split(" ");
    asked.result.createObjectStore(name, { keyPath });
  });
  asked.onsuccess = () => {
    const work = asked.result.transaction(["entries", "kept"], "readwrite");
    const entry = { member, label: "线索", address: "/crm/lead/new", fields: [], said: ["13800134210", "长岭豆制品", "展会"], at: Date.UTC(2026, 10, 25, 6, 30) };
    const entries = work.objectStore("entries");
    entries.put({ ...entry, client: "a", title: "何诗雨", state: "sent", url: "/crm/lead/1" });
    entries.put({ ...entry, client: "b", title: "江予白", state: "waiting" });
    entries.put({ ...entry, client: "c", title: "沈一鸣", state: "refused", problems: [{ path: "mobile", message: "手机：号码少 2 位。" }] });
    work.objectStore("kept").put({ key: "who", member, locale: document.documentElement.lang.slice(0, 2) });
    work.oncomplete = () => { asked.result.close(); done(); };
  };
})"""


def keep(page: Any, member: int) -> None:
    page.route("**/offline/pass", lambda route: route.fulfill(json={"member": "0", "csrf": ""}))  # nothing is sent
    page.evaluate(KEEP, str(member))
    page.reload()
    page.wait_for_selector("[data-waiting-list] li")
    page.faults.clear()


def away(page: Any, member: int) -> None:
    keep(page, member)
    page.context.set_offline(True)
    page.wait_for_selector("[data-when=away]:not([hidden])")
    page.faults.clear()
