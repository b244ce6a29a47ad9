"""Nothing leaks: random worlds, every way out, compared with a slow reference.

Seeds are fixed, plus one of the day (its number is in the test's name). `MORTISE_FUZZ_SEED` repeats one; `make soak`
walks through many.
"""

from __future__ import annotations

import os
import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.access.reference import FIELDS, Person, Reference, Row, random_rights
from tests.access.ways import EXPECTED, Case, load
from webapp import clock
from webapp.access import actors, departments, members, roles, setup
from webapp.db import Database
from webapp.definitions import versions
from webapp.engines.forms import records
from webapp.engines.forms.writing import attaching
from webapp.files.tables import file

SEEDS = [int(os.environ["MORTISE_FUZZ_SEED"])] if "MORTISE_FUZZ_SEED" in os.environ else [1]
TODAY = int(date.today().strftime("%Y%m%d"))  # noqa: DTZ011  (a seed, not a business date)

DOCUMENT: dict[str, Any] = {
    "mortise": 1,
    "app": "fuzz",
    "label": "Fuzz",
    "forms": {
        "account": {
            "label": "Account",
            "title": "name",
            "fields": {"name": {"kind": "text"}, "code": {"kind": "text"}, "partner": {"kind": "member"}},
        },
        "deal": {
            "label": "Deal",
            "title": "name",
            "convert": {
                "label": "Make an account",
                "into": [
                    {
                        "form": "account",
                        "link": "account",
                        "match": ["code", "partner"],
                        "fields": {"name": ["name"], "code": ["code", "phone"], "partner": "partner"},
                    },
                ],
            },
            "known": {"code": ["code", "account.name"]},
            "due": {"by": "created_at", "say": "code", "when": "stage != 'won'"},
            "pool": {"field": "loose", "view": "pool", "show": ["stage", "amount"], "mask": ["phone", "code"]},
            "views": {"pool": {"kind": "grid", "columns": ["name"], "filter": "loose = true"}},
            "fields": {
                "name": {"kind": "text"},
                "code": {"kind": "text"},
                "phone": {"kind": "phone"},
                "account": {"kind": "link", "to": "account", "reverse": "deals"},
                "amount": {"kind": "money", "currency": "CNY"},
                "cost": {"kind": "money", "currency": "CNY"},
                "partner": {"kind": "member"},
                "labels": {"kind": "tags"},
                "loose": {"kind": "switch"},
                "scan": {"kind": "attachment"},
                "stage": {"kind": "select", "options": [{"value": "open"}, {"value": "quote"}, {"value": "won"}]},
            },
        },
    },
}


def test_every_known_way_out_is_checked():
    assert set(load()) >= EXPECTED


@pytest.mark.parametrize("seed", [*SEEDS, TODAY])
def test_nothing_leaks_by_any_way_out(database: Database, seed: int):
    reference = found(database, seed)
    for person in reference.people:
        with database.read() as unit:
            definitions = versions.current(unit)
            forms = {name: definitions.form(f"fuzz.{name}") for name in FIELDS}
            case = Case(unit, actors.of_member(unit, person.id), person, reference, forms)
            for name, check in load().items():
                try:
                    check(case)
                except Exception as error:
                    error.add_note(f"way out: {name}; seed {seed}; {person}; rights: {reference.rights}")
                    raise


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 160))
def test_nothing_leaks_in_many_worlds(database: Database, seed: int):
    test_nothing_leaks_by_any_way_out(database, seed)


def found(database: Database, seed: int) -> Reference:
    """A random firm: a tree of departments, people with roles, an app with random rights, and records."""
    chance = random.Random(seed)
    reference = Reference(rights=random_rights(chance))
    with database.write() as unit:
        keeper = setup.begin(unit, email="k@x.example", name="Keeper", password="-", firm_name=None, locale="en")
        admin = actors.of_member(unit, keeper)
        for number in range(5):
            parent = chance.choice([None, *reference.parents])
            made = departments.add(unit, admin, f"d{number}", parent=parent)
            reference.parents[made] = parent
    versions.apply(database, admin, {**DOCUMENT, "roles": _roles(reference)}, accept_loss=True)
    with database.write() as unit:
        reference.people = [Person(keeper, "Keeper", None, (), (), "keeper"), *_people(unit, admin, chance, reference)]
        for one in reference.parents:
            head = chance.choice([None, *(p.id for p in reference.people)])
            departments.set_head(unit, admin, one, head)
            reference.heads[one] = head
    with database.write() as unit:
        _records(unit, actors.of_member(unit, keeper), chance, reference)
    return reference


def _roles(reference: Reference) -> dict[str, Any]:
    return {name: {"label": name, "forms": forms} for name, forms in reference.rights.items()}


def _people(unit, admin, chance: random.Random, reference: Reference) -> list[Person]:
    people = []
    definitions = versions.current(unit)
    for number in range(6):
        main = chance.choice([None, *reference.parents])
        further = tuple(d for d in reference.parents if d != main and chance.random() < 0.15)
        member = members.add(unit, admin, f"m{number}@x.example", f"m{number}")
        members.place(unit, admin, member, main, further)
        held = tuple(sorted(chance.sample(sorted(reference.rights), chance.randint(0, 3))))
        for role in held:
            roles.grant(unit, admin, member, f"fuzz.{role}", definitions)
        system = "auditor" if number == 5 else None
        if system:
            roles.grant(unit, admin, member, system, definitions)
        people.append(Person(member, f"m{number}", main, further, held, system))
    return people


def _records(unit, keeper, chance: random.Random, reference: Reference) -> None:
    definitions = versions.current(unit)
    places = {p.id: p.department for p in reference.people}
    ids = list(places)
    for name, count in (("account", 8), ("deal", 24)):
        form = definitions.form(f"fuzz.{name}")
        reference.rows[name] = []
        for number in range(count):
            values = _values(chance, name, number, ids, reference)
            owner = chance.choice(ids)
            if name == "deal" and number % 3 == 0:
                values["scan"] = [_uploaded(unit, keeper, form, f"scan{number}.pdf")]
            record = records.create(unit, keeper, form, {**values, "owner": owner})
            if name == "deal":
                values["scan"] = record.values["scan"]
                values["phone"] = record.values["phone"]  # kept in a normal form
            if chance.random() < 0.5 and name == "deal":
                values["cost"] = Decimal(chance.randint(1, 200))
                record = records.update(unit, keeper, form, record.id, {"cost": values["cost"]}, version=record.version)
            is_binned = name == "deal" and chance.random() < 0.15
            if is_binned:
                records.delete(unit, keeper, form, record.id, version=record.version)
            reference.rows[name].append(Row(record.id, owner, places[owner], is_binned, values))


def _uploaded(unit, keeper, form, name: str) -> int:
    """An upload of the keeper's that waits for its record."""
    row = {"hash": "0" * 64, "size": 3, "name": name, "type": "application/pdf", "purpose": attaching.PURPOSE}
    row |= {"member": keeper.member, "created_at": clock.now(), "expires_at": clock.now() + attaching.WAITS}
    row |= {"form": form.table.name, "field": form.fields["scan"].column}
    return int(unit.execute(file.insert().values(row).returning(file.c.id)).scalar_one())


def _values(chance: random.Random, name: str, number: int, ids: list[int], reference: Reference) -> dict[str, Any]:
    mark = f"{name[0]}{number:02d}x{chance.randint(1000, 9999)}"
    values: dict[str, Any] = {"name": f"name{mark}", "code": f"c{mark}code", "partner": chance.choice([None, *ids])}
    if name == "account":
        return values
    accounts = [None, *(row.id for row in reference.rows["account"])]
    return {
        **values,
        "phone": f"138{chance.randint(10000000, 99999999)}",
        "account": chance.choice(accounts),
        "amount": chance.choice([None, Decimal(5), Decimal(50), Decimal(100), Decimal(500)]),
        "cost": chance.choice([None, Decimal(40), Decimal(60)]),
        "stage": chance.choice([None, "open", "quote", "won"]),
        "loose": chance.random() < 0.3,
        "labels": tuple(chance.sample(["KA", "老客户", f"t{number}"], chance.randint(0, 2))) or None,
    }
