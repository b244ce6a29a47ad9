"""The sales app with visits: follow-ups of deals and accounts, and a day on which a deal waits for somebody."""

from __future__ import annotations

from tests.pages import sales

_VISIT = """  visit:
    label: {en: Visit, zh: 跟进}
    icon: messages
    title: subject
    activity: {at: at, kind: kind, text: content, next: next_at}
    fields:
      subject: {kind: text, label: {en: Subject, zh: 主题}, required: true}
      deal: {kind: link, to: deal, reverse: visits, label: {en: Deal, zh: 商机}}
      account: {kind: link, to: account, reverse: visits, label: {en: Account, zh: 客户}}
      kind:
        kind: select
        default: call
        label: {en: Kind, zh: 方式}
        options:
          - {value: call, icon: phone, label: {en: Call, zh: 电话}}
          - {value: visit, icon: map-pin, label: {en: Visit, zh: 拜访}}
      at: {kind: datetime, label: {en: When, zh: 时间}, default: "=now()", required: true}
      content: {kind: long_text, label: {en: What, zh: 内容}, required: true}
      next_at: {kind: datetime, label: {en: Next time, zh: 下次跟进}}
    views:
      week:
        kind: grid
        label: {en: This week, zh: 本周跟进}
        columns: [subject, kind, at]
        filter: "at >= start_of_week(today())"
"""
_TILES = """workbench:
  tiles:
    - {label: {en: Open deals, zh: 在谈商机}, form: deal, view: open, measure: sum(amount)}
    - {label: {en: Follow-ups this week, zh: 本周跟进}, form: visit, view: week}
    - {label: {en: Costs, zh: 成本}, form: deal, view: open, measure: sum(cost)}
"""
DOCUMENT = (
    sales.DOCUMENT.replace("roles:\n", f"{_VISIT}{_TILES}roles:\n", 1)
    .replace(
        "      note: {kind: long_text,",
        "      next_at: {kind: datetime, label: {en: Next follow-up, zh: 下次跟进}}\n"
        "      next_step: {kind: text, label: {en: Next step, zh: 下一步}}\n      note: {kind: long_text,",
        1,
    )
    .replace(
        "{value: quote, label: {en: Quote, zh: 报价},", "{value: quote, max_days: 7, label: {en: Quote, zh: 报价},"
    )
    .replace(
        "    icon: briefcase\n",
        "    icon: briefcase\n    due: {by: next_at, say: next_step, when: \"stage.type = 'open'\"}\n",
        1,
    )
    .replace(
        "      deal:\n        may: {see: own, create: own",
        "      visit:\n        may: {see: own, create: true, edit: own}\n      deal:\n        may: {see: own, create: own",
        1,
    )
    .replace(
        "      deal: {may: {see: department_and_below",
        "      visit: {may: {see: department_and_below, create: true, edit: own}}\n"
        "      deal: {may: {see: department_and_below",
        1,
    )
)
