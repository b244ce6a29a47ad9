"""What people call the columns of their lists: words that mean the same, in both languages.

A line is one meaning: Chinese words | English words. A heading and a field belong together if they share one that no
other field has. What is close but may well be something else (客户代号, 主要产品) is left out on purpose: a column is
better asked about than wrong.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from webapp.expressions.fold import fold

_LINES = """
account: 客户名称 客户 公司名称 公司 企业名称 企业 单位名称 单位 客户单位 客户全称 公司全称 企业全称 |
account: 客户公司 公司/单位 单位全称 所属公司 所属客户 所属单位 所在单位 |
account: | Account, Account name, Company, Company name, Customer, Customer name, Client, Client name
account: | Organization, Organisation, Organization name, Business name, Employer
person: 姓名 联系人 联系人姓名 客户联系人 主要联系人 联络人 名字 客户姓名 联系人名称 真实姓名 |
person: | Contact, Contact name, Contact person, Full name, Person, Primary contact
phone: 电话 固定电话 座机 座机电话 联系电话 办公电话 电话号码 公司电话 固话 客户电话 联系方式 |
phone: | Phone, Phone number, Telephone, Telephone number, Tel, Tel., Landline, Office phone, Work phone
phone: | Business phone
mobile: 手机 手机号 手机号码 移动电话 联系手机 联系人手机 客户手机 手机电话 |
mobile: | Mobile, Mobile phone, Mobile number, Cell, Cell phone, Cellphone, Cell number
email: 邮箱 电子邮箱 电子邮件 邮件 邮箱地址 邮件地址 电邮 联系邮箱 QQ/E-mail |
email: | Email, E-mail, Email address, E-mail address, Mail, Work email
wechat: 微信 微信号 联系微信 | WeChat, WeChat ID, Weixin
qq: QQ QQ号 QQ号码 |
fax: 传真 联系传真 传真号码 公司传真 | Fax, Fax number
address: 地址 公司地址 详细地址 联系地址 通讯地址 客户地址 办公地址 单位地址 收货地址 街道地址 |
address: | Address, Street, Street address, Mailing address, Postal address, Billing address
province: 省 省份 所在省 所在省份 | Province, State, State/Province
city: 市 城市 所在城市 所在市 | City, Town
district: 区 区县 县区 所在区 区/县 | District, County
country: 国家 国家/地区 所在国家 国别 | Country, Country/Region, Nation
region: 行政区 行政区划 省市区 省市 地区 所在地区 所属地区 区域 所在省市 所在地 | Region, Area, Territory
postcode: 邮编 邮政编码 | Postcode, Postal code, Zip, Zip code
industry: 行业 行业划分 所属行业 所在行业 行业类别 行业分类 客户行业 | Industry, Sector, Industry type, Line of business
source: 来源 客户来源 线索来源 来源渠道 渠道来源 获客渠道 信息来源 | Source, Lead source, Origin, Lead origin
level: 等级 客户等级 客户级别 级别 重要程度 | Level, Grade, Tier, Customer level
type: 类型 客户类型 | Type, Customer type, Account type
status: 状态 客户状态 账户状态 当前状态 |
status: | Status, Account status, Customer status
stage: 阶段 销售阶段 商机阶段 当前阶段 | Stage, Deal stage, Sales stage, Pipeline stage, Opportunity stage
owner: 负责人 业务负责人 业务员 销售 销售员 销售人员 客户经理 跟进人 所有人 所有者 归属人 归属销售 |
owner: 销售负责人 责任人 销售代表 业务代表 |
owner: | Owner, Sales rep, Salesperson, Sales person, Account manager, Account owner, Assigned to, Sales agent
owner: | Rep, Agent
code: 编号 编码 代码 客户编号 客户代码 客户编码 单号 |
code: | Code, No., Number, Customer code, Customer no, Customer no., Customer number, Account number
code: | Account code
contract: 合同编号 合同号 合同号码 | Contract no, Contract no., Contract number
title: 名称 标题 主题 | Name, Title, Subject
note: 备注 备注说明 说明 描述 备注信息 其他说明 附注 |
note: | Note, Notes, Remark, Remarks, Description, Comment, Comments, Memo
amount: 金额 总金额 签约金额 签约总金额 商机金额 预计金额 成交金额 成交额 |
amount: | Amount, Total, Total amount, Value, Deal value, Deal amount
amount: | Close value
receivable: 应收金额 应收款 应收账款 应收 | Receivable, Amount due, Receivables
paid: 回款金额 总回款金额 已回款金额 累计回款 累计回款金额 已回款 已收金额 已收款 |
paid: | Paid, Amount paid, Paid amount, Received, Amount received
invoiced: 开票金额 已开票金额 累计开票金额 发票金额 已开票 | Invoiced, Invoiced amount, Invoice amount
budget: 预算 预算金额 | Budget
price: 单价 价格 售价 销售价 标准价 | Price, Unit price, Sales price, List price
cost: 成本 成本价 进价 | Cost, Cost price, Unit cost
quantity: 数量 | Quantity, Qty, Qty.
product: 产品 产品名称 商品 商品名称 品名 | Product, Product name, Item, Item name
category: 类别 分类 产品类别 产品分类 | Category, Product category
brand: 品牌 | Brand
model: 型号 规格型号 规格 | Model, Model no, Specification
unit: 计量单位 | Unit, Unit of measure, UoM
created: 创建时间 创建日期 创建于 录入时间 录入日期 建立日期 登记日期 登记时间 |
created: | Created, Created at, Created on, Created date, Creation date, Date created, Create time, Date added
created_by: 创建人 录入人 | Created by, Creator
updated: 更新时间 修改时间 更新日期 修改日期 最后更新时间 最后修改时间 最近更新 |
updated: | Updated, Updated at, Modified, Modified at, Last modified, Last updated
due: 到期日期 到期日 截止日期 截止日 截止时间 到期时间 | Due, Due date, Due on, Deadline, Expiry date
closes: 预计成交日期 预计成交 预计成交时间 预计签单日期 结单日期 |
closes: | Close date, Closes on, Closing date, Expected close, Expected close date
signed: 签约日期 签订日期 签署日期 签单日期 合同日期 | Signed, Signed on, Sign date, Contract date, Date signed
starts: 开始日期 开始时间 生效日期 起始日期 | Start, Start date, Starts on, Begin date, Effective date
ends: 结束日期 结束时间 终止日期 | End, End date, Ends on, Finish date
payment_date: 收款日期 最后收款日期 回款日期 付款日期 到账日期 | Payment date, Paid on, Date paid, Received on
next: 下次跟进 下次跟进时间 下次联系时间 下次跟进日期 | Next follow-up, Next contact, Next follow up
birthday: 生日 出生日期 出生年月 | Birthday, Date of birth, DOB, Birth date
gender: 性别 | Gender, Sex
job: 职务 职位 岗位 头衔 | Job title, Position, Job, Role
department: 部门 所在部门 | Department, Dept, Dept.
website: 网址 网站 官网 公司网址 公司网站 主页 | Website, Web site, URL, Homepage, Web, Web page
tax: 税号 统一社会信用代码 统一信用代码 社会信用代码 信用代码 纳税人识别号 纳税识别号 |
tax: | Credit code, Tax ID, Tax number, VAT number, VAT no, VAT ID
id_card: 身份证号 身份证 身份证号码 证件号 证件号码 | ID card, ID number, ID card number
employees: 员工数 人数 员工人数 人员规模 人数规模 公司规模 |
employees: | Employees, Number of employees, Employee count, Headcount, Company size
revenue: 营收 年营业额 营业额 年销售额 | Revenue, Annual revenue, Turnover
bank: 开户行 开户银行 | Bank, Bank name
bank_account: 银行账号 银行帐号 银行账户 账号 | Bank account, Account no at bank
tags: 标签 客户标签 | Tags, Labels
need: 需求 客户需求 需求描述 | Need, Needs, Requirement, Requirements
parent: 上级公司 母公司 上级客户 总公司 | Parent, Parent company, Parent account, Subsidiary of
"""

#: Meanings of what the system keeps by itself; a column of it needs no field.
SYSTEM = {"created": "created_at", "created_by": "created_by", "updated": "updated_at"}
#: Meanings that stand in for each other where a form has only one of the two.
NEIGHBOURS = {"phone": "mobile", "mobile": "phone", "account": "title", "person": "title", "title": "account"}
#: Meanings that a kind of field has whatever it is called.
OF_KINDS = {"email": "email", "url": "website", "phone": "phone", "stage": "stage", "tags": "tags"}


@functools.cache
def meanings() -> Mapping[str, str]:
    """Folded word → what it means."""
    found: dict[str, str] = {}
    for line in _LINES.strip().splitlines():
        meaning, _, words = line.partition(": ")
        chinese, _, english = words.partition("|")
        for word in (*chinese.split(), *english.split(",")):
            if word := fold(word).strip():
                assert found.setdefault(word, meaning) == meaning, word
    return found
