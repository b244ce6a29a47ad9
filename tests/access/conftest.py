"""Every form a right can take, each as a role of its own over one form."""

from __future__ import annotations

import pytest

from tests.world import World

SCOPES = {
    "all": "true",
    "none": "false",
    "own": "own",
    "team": "team",
    "dept": "department",
    "below": "department_and_below",
    "mine": "mine",
    "cheap": "\"amount < 100 and stage != 'won'\"",
    "asking": '"partner = me() or owner = me()"',
}

PROBE = """
mortise: 1
app: probe
label: Probe
forms:
  thing:
    label: Thing
    title: name
    fields:
      name: {kind: text}
      amount: {kind: money, currency: CNY}
      cost: {kind: money, currency: CNY}
      phone: {kind: phone}
      partner: {kind: member}
      parent: {kind: link, to: thing, reverse: children}
      twice: {kind: formula, formula: "amount * 2"}
      stage:
        kind: select
        options: [{value: open}, {value: won}]
  other:
    label: Other
    title: name
    fields:
      name: {kind: text}
      thing: {kind: link, to: thing, reverse: others}
roles:
""" + "".join(
    f"""  {key}:
    label: {key}
    forms:
      thing: {{may: {{see: {scope}, create: {scope}, edit: {scope}, delete: {scope}, export: {scope}}}}}
"""
    for key, scope in SCOPES.items()
)


@pytest.fixture
def probe(world: World) -> World:
    """The world with the app `probe`; grant its roles (`probe.own`, `probe.team` …) as a test needs."""
    return world
