"""Ways out by files, for the leak fuzz: what an export holds, and what an import tells of records by their names."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.access.ways import Case, refused, way
from webapp.access import policy
from webapp.db import Unit
from webapp.engines.forms.transfer import exporting, mapping, matching, references
from webapp.engines.forms.transfer.exporting import Wanted


class _OneUnit:
    """The case's unit, for what opens its own."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit

    @contextmanager
    def read(self) -> Iterator[Unit]:
        yield self.unit


@way("export")
def an_export_holds_what_one_may_export_and_readable_fields(case: Case) -> None:
    for name, form in case.forms.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "out.json"
            wanted = Wanted(form.name, "json")
            write: Any = lambda wanted=wanted, path=path: exporting.write(_OneUnit(case.unit), case.actor, wanted, path)  # type: ignore[arg-type]  # noqa: E731
            if not case.exists(name) or not policy.may(case.unit, case.actor, form, "export"):
                assert refused(write), name
                continue
            write()
            told = {one["id"]: one["values"] for one in json.loads(path.read_text("utf-8"))["records"]}
        expected = {row.id: row for row in case.reference.reach(case.person, name, "export") if not row.is_binned}
        assert set(told) == set(expected), name
        for id_, values in told.items():
            for key in form.fields:
                level = case.reference.level(case.person, name, key)
                if level == "hidden":
                    assert key not in values, key
                elif level == "masked" and values.get(key) is not None:
                    assert set(values[key]) == {"masked"} and values[key]["masked"] != str(expected[id_].values[key]), (
                        key
                    )
        hidden = [key for key in form.fields if case.reference.level(case.person, name, key) == "hidden"]
        for key in hidden[:1]:  # asked for by name, it is left out as well
            found = exporting.columns(case.unit, case.actor, form, (form.title, key))
            assert key not in [column.key for column in found]


@way("import links")
def an_import_finds_and_offers_only_what_one_sees(case: Case) -> None:
    field = case.forms["deal"].field("account")
    names = references.names_of(case.unit, case.actor, field, None)
    rows = case.reference.rows["account"]
    asked = [row.values["name"] for row in rows] + [f"#{row.id}" for row in rows] + ["name that there is not"]
    names.learn(case.unit, asked)
    visible = {row.id for row in case.visible("account")} if case.exists("account") else set()
    is_readable = case.reference.level(case.person, "account", "name") in ("read", "write")
    for row in rows:
        by_name, by_number = names.found(row.values["name"]), names.found(f"#{row.id}")
        assert (by_name == row.id) is (row.id in visible and is_readable), row
        assert (by_number == row.id) is (row.id in visible), row
    good = {row.values["name"] for row in rows if row.id in visible and is_readable}
    for text in (rows[0].values["name"][:-1] + "?", "name"):
        names.learn(case.unit, [text])
        near = getattr(names.found(text), "near", None)
        assert near is None or near in good, near


@way("import people")
def an_import_offers_names_of_people_and_addresses_to_those_who_look_after_them(case: Case) -> None:
    names = references.names_of(case.unit, case.actor, case.forms["deal"].field("partner"), None)
    offered = set()
    for text in ("m0@x.exampl", "m1@x.example.", "m0", "m00", "m1@"):
        names.learn(case.unit, [text])
        offered.add(getattr(names.found(text), "near", None))
    assert any("@" in (near or "") for near in offered) is (case.person.system == "keeper")


@way("import keys")
def an_import_compares_only_with_records_one_sees(case: Case) -> None:
    if not case.exists("deal"):
        return
    form = case.forms["deal"]
    rights = policy.fields(case.unit, case.actor, form)
    fields = mapping.targets(form, rights)
    assert all(case.reference.level(case.person, "deal", key) == "write" for key in fields if key in form.fields)
    if rights.get("code") not in ("read", "write"):
        assert refused(lambda: matching.key_field(form, "code", ["code"], rights))
        return
    rows = {i: {"code": row.values["code"]} for i, row in enumerate(case.reference.rows["deal"])}
    division = matching.divide(case.unit, case.actor, form, form.field("code"), rows)
    visible = {row.id for row in case.visible("deal")}
    assert set(division.same.values()) | {id_ for id_, _ in division.changed.values()} == visible
