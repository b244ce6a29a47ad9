"""Rights as a person would read them from the document: slow, in Python, without a line of the product's own rules."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

LEVELS = ("hidden", "masked", "read", "write")
ACTIONS = ("see", "create", "edit", "delete", "export")


@dataclass
class Row:
    id: int
    owner: int | None
    department: int | None
    is_binned: bool
    values: dict[str, Any]


@dataclass
class Person:
    id: int
    name: str
    department: int | None
    further: tuple[int, ...]
    roles: tuple[str, ...]
    system: str | None = None


@dataclass
class Reference:
    """The world as data. `rights[role][form]` has `may` (action → scope) and `fields` (key → level)."""

    parents: dict[int, int | None] = field(default_factory=dict)
    heads: dict[int, int | None] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)
    rights: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)

    # --- departments

    def below(self, department: int) -> set[int]:
        found = {department}
        for child, parent in self.parents.items():
            if parent == department:
                found |= self.below(child)
        return found

    def departments_of(self, person: Person) -> set[int]:
        return {d for d in (person.department, *person.further) if d is not None}

    def team(self, person: Person) -> set[int]:
        headed = {below for d, head in self.heads.items() if head == person.id for below in self.below(d)}
        return {person.id} | {p.id for p in self.people if self.departments_of(p) & headed}

    # --- rows

    def _inside(self, person: Person, scope: Any, row: Row) -> bool:
        if isinstance(scope, bool):
            return scope
        if scope == "own":
            return row.owner == person.id
        if scope == "team":
            return row.owner in self.team(person)
        if scope == "department":
            return row.department in self.departments_of(person)
        if scope == "department_and_below":
            return row.department in {b for d in self.departments_of(person) for b in self.below(d)}
        if scope == "mine":
            return person.id in (row.owner, row.values.get("partner"))
        return EXPRESSIONS[scope](person, row)

    def _said(self, person: Person, form: str) -> list[dict[str, Any]]:
        return [self.rights[role][form] for role in person.roles if form in self.rights[role]]

    def _granted(self, person: Person, form: str, action: str, row: Row) -> bool:
        if person.system == "keeper" or (person.system == "auditor" and action in ("see", "export")):
            return True
        return any(self._inside(person, said["may"][action], row) for said in self._said(person, form))

    def reach(self, person: Person, form: str, action: str) -> list[Row]:
        """The rows, binned ones too, with which he may do `action`."""
        return [
            row
            for row in self.rows[form]
            if self._granted(person, form, action, row) and self._granted(person, form, "see", row)
        ]

    def visible(self, person: Person, form: str) -> list[Row]:
        return [row for row in self.reach(person, form, "see") if not row.is_binned]

    def may_create(self, person: Person, form: str, row: Row) -> bool:
        return self._granted(person, form, "create", row)

    def knows(self, person: Person, form: str) -> bool:
        if person.system is not None:
            return True
        return any(said["may"]["see"] is not False for said in self._said(person, form))

    # --- fields

    def level(self, person: Person, form: str, key: str) -> str:
        if person.system == "keeper":
            return "write"
        said = self._said(person, form)
        said = [s for s in said if s["may"]["see"] is not False] or said
        found = [2] if person.system == "auditor" else [0]
        for one in said:
            if all(one["may"][action] is False for action in ACTIONS):
                continue
            changes = one["may"]["create"] is not False or one["may"]["edit"] is not False
            found.append(LEVELS.index(one["fields"].get(key, "write" if changes else "read")))
        return LEVELS[max(found)]


def _amount(row: Row, test: Callable[[Decimal], bool]) -> bool:
    value = row.values.get("amount")
    return value is not None and test(value)


#: Scopes that are expressions, and what they mean.
EXPRESSIONS: dict[str, Callable[[Person, Row], bool]] = {
    "amount < 100": lambda person, row: _amount(row, lambda v: v < 100),
    "partner = me() or stage = 'won'": lambda person, row: (
        row.values.get("partner") == person.id or row.values.get("stage") == "won"
    ),
    "not (stage = 'won') and amount >= 20": lambda person, row: (
        row.values.get("stage") != "won" and _amount(row, lambda v: v >= 20)
    ),
    "amount is empty": lambda person, row: row.values.get("amount") is None,
}
#: Those that fit the form of accounts.
ACCOUNT_EXPRESSIONS: dict[str, Callable[[Person, Row], bool]] = {
    "name contains 'a1'": lambda person, row: "a1" in row.values["name"],
}
EXPRESSIONS.update(ACCOUNT_EXPRESSIONS)

PLAIN = (True, False, "own", "team", "department", "department_and_below", "mine")
FIELDS = {
    "account": ("name", "code", "partner"),
    "deal": ("name", "code", "phone", "account", "amount", "cost", "partner", "stage", "labels", "loose", "scan"),
}


def random_rights(chance: random.Random) -> dict[str, dict[str, dict[str, Any]]]:
    """Six roles; each names one or both forms."""
    rights: dict[str, dict[str, dict[str, Any]]] = {}
    for number in range(6):
        forms: dict[str, dict[str, Any]] = {}
        for form in chance.choice((("deal",), ("deal", "account"), ("deal", "account"), ("account",))):
            extra = (
                tuple(ACCOUNT_EXPRESSIONS) if form == "account" else tuple(set(EXPRESSIONS) - set(ACCOUNT_EXPRESSIONS))
            )
            scopes = (*PLAIN, *sorted(extra))
            may = {action: chance.choice(scopes) for action in ACTIONS}
            if chance.random() < 0.8 and may["see"] is False:
                may["see"] = chance.choice(("own", "team", True))
            fields = {key: chance.choice(LEVELS) for key in FIELDS[form] if chance.random() < 0.35}
            if form == "deal" and chance.random() < 0.6:
                fields["cost"] = chance.choice(("hidden", "masked"))
            forms[form] = {"may": may, "fields": fields}
        rights[f"r{number}"] = forms
    return rights
