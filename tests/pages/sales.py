"""A sales app with views, a layout and stages that need something, for the tests of the pages."""

DOCUMENT = """
mortise: 1
app: crm
label: {en: Customers, zh: 客户管理}
forms:
  account:
    label: {en: Account, zh: 客户}
    icon: building
    title: name
    fields:
      name: {kind: text, label: {en: Name, zh: 名称}, required: true}
      industry:
        kind: select
        label: {en: Industry, zh: 行业}
        options:
          - {value: machines, label: {en: Machines, zh: 机械}}
          - {value: food, label: {en: Food, zh: 食品}, color: teal}
      phone: {kind: phone, label: {en: Phone, zh: 电话}}
      partner: {kind: member, label: {en: Partner, zh: 协作人}}
      region: {kind: region, label: {en: Region, zh: 地区}}
      wechat: {kind: im, label: {en: WeChat, zh: 微信}}
      credit_code: {kind: id_code, label: {en: Credit code, zh: 信用代码}}
      team: {kind: department, label: {en: Team, zh: 服务部门}}
  deal:
    label: {en: Deal, zh: 商机}
    icon: briefcase
    title: name
    fields:
      name: {kind: text, label: {en: Name, zh: 商机名称}, required: true}
      account:
        kind: link
        to: account
        reverse: deals
        reverse_label: {en: Deals, zh: 商机}
        label: {en: Account, zh: 客户}
      amount: {kind: money, currency: CNY, label: {en: Amount, zh: 金额}}
      cost: {kind: money, currency: CNY, label: {en: Cost, zh: 成本}}
      close_date: {kind: date, label: {en: Closes on, zh: 预计成交}}
      partner: {kind: member, label: {en: Partner, zh: 协作人}}
      tags:
        kind: multi_select
        label: {en: Tags, zh: 标签}
        options:
          - {value: key, label: {en: Key, zh: 重点}, color: blue}
          - {value: old, label: {en: Old customer, zh: 老客户}}
      labels: {kind: tags, label: {en: Labels, zh: 自由标签}}
      effort: {kind: duration, label: {en: Effort, zh: 用时}}
      urgent: {kind: switch, label: {en: Urgent, zh: 加急}}
      note: {kind: long_text, label: {en: Note, zh: 备注}}
      lost_reason: {kind: text, label: {en: Why lost, zh: 输单原因}}
      stage:
        kind: stage
        label: {en: Stage, zh: 阶段}
        required: true
        options:
          - {value: contact, label: {en: First contact, zh: 初步接触}, probability: 10}
          - {value: quote, label: {en: Quote, zh: 报价}, probability: 50}
          - {value: won, label: {en: Won, zh: 赢单}, type: won, moves: []}
          - {value: lost, label: {en: Lost, zh: 输单}, type: lost, required: [lost_reason]}
    convert:
      label: {en: Make an account, zh: 转为客户}
      into: [{form: account, link: account, fields: {name: name}}]
    layout:
      - {fields: [name, account, amount, stage, close_date, partner]}
      - {label: {en: More, zh: 补充}, fields: [tags, labels, effort, urgent, note, lost_reason]}
    views:
      all:
        kind: grid
        label: {en: All deals, zh: 全部商机}
        columns: [name, account, stage, amount, cost, close_date, owner]
        sort: ["-amount"]
      open: {kind: grid, label: {en: Open deals, zh: 进行中}, columns: [name, amount], filter: "stage != 'lost'"}
      costly: {kind: grid, label: {en: Costly, zh: 成本高}, columns: [name], filter: "cost > 1000"}
      board:
        kind: kanban
        label: {en: Sales board, zh: 销售看板}
        by: stage
        card: [account, amount, close_date, owner, tags]
        total: amount
roles:
  rep:
    label: {en: Sales rep, zh: 销售}
    forms:
      account:
        may: {see: own, create: true, edit: own, delete: own, export: false}
        fields: {phone: masked}
      deal:
        may: {see: own, create: own, edit: own, delete: own, export: false}
        fields: {cost: hidden}
  head:
    label: {en: Sales head, zh: 销售主管}
    forms:
      account: {may: {see: department_and_below, create: true, edit: department_and_below, delete: own, export: true}}
      deal: {may: {see: department_and_below, create: true, edit: department_and_below, delete: own, export: true}}
"""
