"""What a record of one form becomes in others (`convert:` of a form): its shape, and what it may name.

convert:
  label: {en: Make a customer, zh: 转为客户}
  when: "status.type = 'open'"         # of which records
  set: {status: converted}             # what this record says afterwards
  into:
    - form: account                    # made first; `link` of this record holds it afterwards
      link: account
      match: [name, phone]             # fields by which one that is there already is found
      fields: {name: [company, name], phone: phone}   # its field: field of this record, or the first filled of several
    - {form: deal, link: deal, optional: true, ask: [amount], fields: {account: account, amount: budget}}
  bring:
    follow_ups: {account: account, deal: deal}   # records that point at this one also get these links
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.definitions.shapes import Anything, FieldName
from webapp.definitions.spec import AnyOf, ExpressionText, Flag, Key, Label, ListOf, MapOf, Report, Setting, Struct
from webapp.errors import nearest
from webapp.i18n import N_

INTO = Struct(
    {
        "form": Setting(Key(), required=True, label=N_("Form")),
        "link": Setting(FieldName(("record",)), required=True, label=N_("Link that holds it")),
        "optional": Setting(Flag(), False, label=N_("May be left out")),
        "match": Setting(ListOf(Key(), most=6), label=N_("Found again by")),
        "ask": Setting(ListOf(Key(), most=12), label=N_("Asked for")),
        "fields": Setting(
            MapOf(AnyOf((FieldName(), ListOf(FieldName(), 1, 6))), most=100), required=True, label=N_("Takes over")
        ),
    }
)
CONVERT = Struct(
    {
        "label": Setting(Label(), required=True, label=N_("Label")),
        "when": Setting(ExpressionText("boolean"), label=N_("When")),
        "set": Setting(MapOf(Anything(), key=FieldName(), most=20), label=N_("Says afterwards")),
        "into": Setting(ListOf(INTO, 1, 6, known_by=("form", "link")), required=True, label=N_("Becomes")),
        "bring": Setting(MapOf(MapOf(FieldName(), most=10), most=10), label=N_("Comes along")),
    }
)


def sources(named: Any) -> list[str]:
    """Keys of the fields a target's field is taken from, the first choice first."""
    return [named] if isinstance(named, str) else list(named or ())


def examine(path: str, key: str, forms: Mapping[str, Any], report: Report) -> None:
    """Everything the setting of the form `key` names is there and fits. `path` is that of the setting."""
    form = forms[key]
    said, fields = form["convert"], form["fields"]
    for name in said["set"] or ():
        _field(f"{path}.set", name, fields, report)
    for i, into in enumerate(said["into"] or ()):
        if into and into.get("form") is not None and into.get("link") is not None:
            _into(f"{path}.into[{i}]", into, fields, forms, report)
    reverse = {
        item.get("reverse"): other for other, f in forms.items() for item in f["fields"].values() if _to(item) == key
    }
    for name, links in (said["bring"] or {}).items():
        there = forms.get(reverse.get(name, ""))
        if there is None:
            message = N_("There is no list “{key}” of records that point here.", key=name)
            report.add(f"{path}.bring.{name}", message, "reference", nearest(name, [r for r in reverse if r]))
            continue
        for mine, own in (links or {}).items():
            _field(f"{path}.bring.{name}.{mine}", mine, there["fields"], report)
            _field(f"{path}.bring.{name}.{mine}", own, fields, report)


def _into(
    path: str, into: Mapping[str, Any], fields: Mapping[str, Any], forms: Mapping[str, Any], report: Report
) -> None:
    target = forms.get(into["form"])
    if target is None:
        message = N_("There is no form “{key}”.", key=into["form"])
        report.add(f"{path}.form", message, "reference", nearest(into["form"], forms))
        return
    link = fields.get(into["link"])
    if link is None or _to(link) != into["form"]:
        links = [k for k, item in fields.items() if _to(item) == into["form"]]
        message = N_("“{key}” is no link to that form.", key=into["link"])
        report.add(f"{path}.link", message, "reference", nearest(into["link"], links))
    for name in [*(into["match"] or ()), *(into["ask"] or ())]:
        _field(f"{path}", name, target["fields"], report)
    for name, named in (into["fields"] or {}).items():
        _field(f"{path}.fields.{name}", name, target["fields"], report)
        for source in sources(named):
            _field(f"{path}.fields.{name}", source, fields, report)


def _to(item: Mapping[str, Any]) -> Any:
    return item.get("to") if item.get("kind") == "link" else None


def _field(path: str, name: str, fields: Mapping[str, Any], report: Report) -> None:
    if name not in fields:
        report.add(path, N_("There is no field “{key}” here.", key=name), "reference", nearest(name, fields))
