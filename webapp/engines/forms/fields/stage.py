"""The stage a record is in (`stage`): ordered options that are open, won, lost or paused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.definitions.kinds import field_kinds
from webapp.definitions.model import Field, Form
from webapp.definitions.shapes import FieldName
from webapp.definitions.spec import Integer, ListOf, Number, OneOf, Report, Setting, Struct, Text
from webapp.engines.forms.fields import choices
from webapp.engines.forms.fields.base import Widget
from webapp.engines.forms.fields.select import Select
from webapp.errors import Problem, nearest
from webapp.expressions.types import Option
from webapp.i18n import N_

TYPES = ("open", "won", "lost", "paused")
OVER_LIMIT = ("warn", "refuse")

STAGE: dict[str, Setting] = {
    "type": Setting(OneOf(TYPES), "open", label=N_("Kind of stage")),
    "probability": Setting(Number(), label=N_("Probability")),
    "required": Setting(ListOf(FieldName()), label=N_("Fields needed to enter")),
    "max_days": Setting(Integer(1, 3650), label=N_("Days at most")),
    "limit": Setting(Integer(1, 100_000), label=N_("Records at most")),
    "over_limit": Setting(OneOf(OVER_LIMIT), "warn", label=N_("When it is full")),
    "moves": Setting(ListOf(Text(60)), label=N_("May move to")),
}


class Stage(Select):
    key = "stage"
    label = N_("Stage")
    settings = Struct(
        {
            "options": choices.options_setting(STAGE, least=2),
            "entered": Setting(FieldName(("datetime",)), label=N_("Keeps the moment of entering in")),
        }
    )

    def examine(self, settings: Mapping[str, Any], path: str, report: Report) -> None:
        super().examine(settings, path, report)
        stages = [o for o in settings.get("options") or [] if o]
        values = [o["value"] for o in stages if o.get("value")]
        for i, stage in enumerate(stages):
            at = f"{path}.options[{i}]"
            for j, move in enumerate(stage.get("moves") or ()):
                if move is not None and move not in values:
                    near = nearest(move, values)
                    report.add(f"{at}.moves[{j}]", N_("There is no stage “{v}”.", v=move), "unknown_stage", near)
            probability = stage.get("probability")
            if probability is not None and not 0 <= float(probability) <= 100:
                report.add(f"{at}.probability", N_("A probability lies between 0 and 100."), "range")
        if stages and not any((o.get("type") or "open") == "open" for o in stages):
            report.add(f"{path}.options", N_("At least one stage has to be open."), "no_open_stage")

    def vet(self, field: Field, form: Form, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Problem]:
        """What stands against a record's move into its new stage: the move itself, or fields that stage needs."""
        old, new = before.get(field.key), after.get(field.key)
        entered = stage(field, new)
        if entered is None:
            return []
        if before and not may_move(field, old, new):
            left = stage(field, old)
            names = {"old": left.label if left else "", "new": entered.label}
            return [Problem(field.key, N_("A record cannot go from “{old}” to “{new}”.", **names), "move")]
        return [
            Problem(
                key,
                N_("{field} must be filled in for “{stage}”.", field=form.fields[key].label, stage=entered.label),
                "required_by_stage",
            )
            for key in entered.attributes.get("required") or ()
            if key in form.fields and after.get(key) is None
        ]

    def widget(self, field: Field) -> Widget:
        return Widget("select", "select", attributes={"show": "path"})


def stage(field: Field, value: str | None) -> Option | None:
    """The stage with this value, its settings as attributes."""
    return next((o for o in choices.options(field) if o.value == value), None)


def may_move(field: Field, old: str | None, new: str | None) -> bool:
    """Whether the stage's own list of moves lets a record go from `old` to `new` (no list: anywhere)."""
    here = stage(field, old)
    if here is None or old == new:
        return True
    moves = here.attributes.get("moves")
    return moves is None or new in moves


field_kinds.register(Stage())
