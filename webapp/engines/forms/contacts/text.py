"""A contact in free text, Chinese or English: a signature below a mail, a message, lines with or without labels.

A guess that a person looks at before it is saved: what is not understood stays in the note, nothing is dropped.
"""

from __future__ import annotations

import re
from dataclasses import replace

from webapp.engines.forms.contacts.contact import Contact

_PIECE = 200  # longer is no name and no address
_LONGEST = 8000

_LABELS: dict[str, str] = {
    "name": "姓名 名字 联系人 称呼 name contact",
    "company": "公司 公司名称 单位 企业 客户 company organisation organization firm",
    "job_title": "职务 职位 岗位 title position job",
    "mobile": "手机 手机号 手机号码 移动电话 mobile cell m",
    "phone": "电话 座机 固话 联系电话 固定电话 tel telephone phone t p",
    "email": "邮箱 电子邮箱 邮件 电子邮件 email e-mail mail e",
    "wechat": "微信 微信号 wechat weixin",
    "website": "网址 网站 官网 website web url w",
    "address": "地址 公司地址 联系地址 address add addr a",
    "note": "备注 需求 说明 note notes need",
}
_LABEL = {word: place for place, words in _LABELS.items() for word in words.split()}
_LABELLED = re.compile(r"^[\s\[【(（•·*-]*([A-Za-z-]{1,14}|[\u4e00-\u9fff]{2,6})\.?\s*+[\]】)）]?\s*+[:：]\s*+(.+)$")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_URL = re.compile(r"(?:https?://|www\.)[^\s，。；、<>\"“”]+", re.I)
_FIRM = re.compile(
    r"[\w\u4e00-\u9fff()（）&·-]{2,40}?(?:有限责任公司|股份有限公司|有限公司|合伙企业|分公司|集团|公司|研究院|研究所|设计院|事务所|工作室|"
    r"大学|学院|医院|银行|商行|工厂|(?<=[\u4e00-\u9fff]{2})厂)(?![\u4e00-\u9fff])"
)
_FOREIGN_FIRM = re.compile(
    r"\b(?:Co\.?,?\s*Ltd|Ltd|Limited|Inc|LLC|GmbH|Corp(?:oration)?|Company|PLC|S\.?A\.?|B\.?V\.?|AG|Group|Holdings)\b\.?"
)
_JOB = re.compile(
    r"(?:经理|总监|总裁|董事长?|总经理|主任|主管|工程师|部长|厂长|校长|院长|采购|专员|顾问|销售|助理|负责人|店长|合伙人|创始人|老板|"
    r"\b(?:Manager|Director|Engineer|Head of|Chief|CEO|CTO|CFO|COO|President|Buyer|Purchas\w+|Sales|Founder|Partner|"
    r"Consultant|Officer|Assistant|Supervisor|Owner)\b)",
    re.I,
)
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金"
    "石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁"
    "岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳欧阳上官司马诸葛"
)
_CHINESE_NAME = re.compile(rf"[{_SURNAMES}][\u4e00-\u9fff]{{1,3}}")
_FOREIGN_NAME = re.compile(r"(?:(?:Mr|Ms|Mrs|Dr)\.? )?[A-Z][a-zà-ÿ'’-]+(?: [A-Z]\.)?(?: [A-Z][a-zA-Zà-ÿ'’-]+){1,2}")
_POLITE = re.compile(r"(?<=[\u4e00-\u9fff])(?:先生|女士|小姐|总|老师|师傅)$")
_ROAD = re.compile(r"[\u4e00-\u9fff]{2}(?:省|市|区|县|路|街|道|镇)[\w-]*(?:号|楼|室|栋|座|园|厦|路|区|镇|村)")
_HAN = re.compile(r"[\u4e00-\u9fff]")
#: What stood before a number or an address that has been taken out.
_BARE = re.compile(
    r"(?:\b(?:tel|mobile|cell|phone|mob|e-?mail|ph|m|t)\b\.?|(?:手机|联系电话|电话|邮箱|微信同号)(?:号码?)?)[^\S\n]*+[:：]?[^\S\n]*+(?=\n|$)",
    re.I,
)
_TOKENS = re.compile(r"[\n\t|｜;；，。]+|,(?!\s*(?:Ltd|Inc|LLC))|\s{2,}|\s\(|\)(?=\s|$)")
_INTRODUCED = re.compile(
    r"\b(?:call|contact|reach|from|I am|I’m|I'm|this is|name is|ask for)\s+(" + _FOREIGN_NAME.pattern + r")\b"
)


def read(text: str) -> Contact:
    """What of `text` is a contact; the rest is its note."""
    made = Contact()
    left: list[str] = []
    for line in text[:_LONGEST].splitlines():
        made, rest = _line(made, line.strip())
        left += rest
    note = "\n".join(part for part in (made.note, *left) if part)
    return replace(made, note=note)


def _line(made: Contact, line: str) -> tuple[Contact, list[str]]:
    found = _LABELLED.match(line)
    place = _LABEL.get(found[1].lower()) if found else None
    if found and place == "note":
        return replace(made, note="\n".join(p for p in (made.note, found[2].strip()) if p)), []
    if found and place and place not in ("mobile", "phone", "email"):
        if not getattr(made, place):
            return replace(made, **{place: found[2].strip()}), []
        return made, [line]
    made, bare = _sure(made, found[2] if found and place else line)
    left = []
    for token in _TOKENS.split(bare):
        made, rest = _token(made, token.strip(" .。:：-–—·•"))
        left += [rest] if rest else []
    return made, left


def _sure(made: Contact, text: str) -> tuple[Contact, str]:
    """Addresses of mail and web and telephone numbers, taken out of the text."""
    for place, pattern in (("email", _EMAIL), ("website", _URL)):
        for found in pattern.finditer(text):
            if not getattr(made, place):
                made = replace(made, **{place: found[0].rstrip(".,。，)")})
                text = text.replace(found[0], "\n", 1)
    for start, end, number, is_mobile in reversed(_numbers(text)):
        fuller = made.with_number(number, is_mobile=is_mobile)
        if fuller is not made:
            made, text = fuller, text[:start] + "\n" + text[end:]
    return made, _BARE.sub("", text)


def _numbers(text: str) -> list[tuple[int, int, str, bool]]:
    """Start, end, as it is written, whether mobile; in the order from the last, so that cutting keeps the places."""
    import phonenumbers

    found = []
    for match in phonenumbers.PhoneNumberMatcher(text, "CN"):
        kind = phonenumbers.number_type(match.number)
        is_mobile = kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
        found.append((match.start, match.end, match.raw_string.strip(), is_mobile))
    return found


def _name(token: str) -> str:
    """张三先生 → 张三, 王总 stays; "" for what is no name."""
    bare = _POLITE.sub("", token)
    if _JOB.search(token):
        return ""
    if _CHINESE_NAME.fullmatch(bare):
        return bare
    if bare != token and len(bare) == 1 and bare in _SURNAMES:
        return token
    return token if _FOREIGN_NAME.fullmatch(token) else ""


def _token(made: Contact, token: str) -> tuple[Contact, str]:
    """The contact with what this piece of text is, and what of it was not understood."""
    if not token or len(token) > _PIECE:
        return made, token
    if not made.company and (_FOREIGN_FIRM.search(token) or _FIRM.fullmatch(token)):
        return replace(made, company=token), ""
    if not made.address and _ROAD.search(token) and not _FIRM.fullmatch(token):
        return replace(made, address=token), ""
    if not made.name and (name := _name(token)):
        return replace(made, name=name), ""
    if not made.name and (found := _INTRODUCED.search(token)):
        return replace(made, name=found[1]), token
    if not made.job_title and _JOB.search(token) and len(token) <= 40 and not (_HAN.search(token) and " " in token):
        return replace(made, job_title=token), ""
    if " " in token and _HAN.search(token):  # several things in one line of Chinese
        left = []
        for part in token.split():
            made, rest = _token(made, part)
            left += [rest] if rest else []
        return made, " ".join(left)
    return made, token
