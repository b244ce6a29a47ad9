"""Contacts as telephones and people write them: vCards of every version, signatures, messages."""

from __future__ import annotations

import pytest

from webapp.engines.forms.contacts import Contact, read

IPHONE = """BEGIN:VCARD
VERSION:3.0
PRODID:-//Apple Inc.//iPhone OS 18.1//EN
N:Keller;Anna;;;
FN:Anna Keller
ORG:Keller Verpackung GmbH;Einkauf
TITLE:Head of Purchasing
EMAIL;type=INTERNET;type=WORK;type=pref:anna@keller.example
item1.TEL;type=pref:+49 1512 3456789
item1.X-ABLabel:_$!<Mobile>!$_
TEL;type=WORK;type=VOICE:+49 30 901820
TEL;type=WORK;type=FAX:+49 30 901829
ADR;type=WORK:;;Hauptstr. 5;Berlin;;10115;Germany
NOTE:Met at the fair\\, wants two\\nlines by May
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD
 /2wCEAAkGBxAQEBUQ
END:VCARD
"""
ANDROID_21 = (
    "BEGIN:VCARD\r\nVERSION:2.1\r\n"
    "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=90=95;=E5=98=89=E7=A6=BE;;;\r\n"
    "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=90=95=E5=98=89=\r\n=E7=A6=BE\r\n"
    "TEL;CELL:138-0013-4210\r\n"
    "ORG;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E9=95=BF=E5=B2=AD=E8=B1=86=E5=88=B6=E5=93=81\r\n"
    "END:VCARD\r\n"
)
GBK_21 = (
    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=GBK;ENCODING=QUOTED-PRINTABLE:=D5=C5;=C8=FD\r\nTEL;WORK:0571-88886666\r\n"
    "END:VCARD\r\n"
)
V4 = """BEGIN:VCARD
VERSION:4.0
FN:李四
N:李;四;;;
TEL;TYPE="cell,voice";VALUE=uri;PREF=1:tel:+86-139-1234-5678
EMAIL:li@yunshan.example
ORG:云杉包装股份有限公司
ADR;LABEL="杭州市: 文三路":;;文三路 90 号;杭州市;浙江省;310000;中国
IMPP:weixin:lisi88
URL:https://yunshan.example
END:VCARD
"""


def one(*given: str | bytes) -> Contact:
    (found,) = read(given)
    return found


def test_cards_of_every_version_are_read() -> None:
    assert one(IPHONE) == Contact(
        name="Anna Keller",
        company="Keller Verpackung GmbH",
        job_title="Head of Purchasing",
        mobile="+49 1512 3456789",
        phone="+49 30 901820",
        email="anna@keller.example",
        address="Hauptstr. 5, Berlin, 10115, Germany",
        note="Met at the fair, wants two\nlines by May",
    )
    assert one(ANDROID_21) == Contact(name="吕嘉禾", company="长岭豆制品", mobile="138-0013-4210")
    assert one(GBK_21) == Contact(name="张三", phone="0571-88886666")
    assert one(V4) == Contact(
        name="李四",
        company="云杉包装股份有限公司",
        mobile="+86-139-1234-5678",
        email="li@yunshan.example",
        wechat="lisi88",
        website="https://yunshan.example",
        address="浙江省杭州市文三路 90 号",
    )


def test_files_are_read_in_their_character_set() -> None:
    plain = "BEGIN:VCARD\nVERSION:3.0\nFN:张三\nEND:VCARD\n"
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "utf-16"):
        assert one(plain.encode(encoding)).name == "张三", encoding


def test_several_cards_are_several_contacts_and_a_broken_one_spoils_nothing() -> None:
    assert [c.name for c in read([ANDROID_21 + V4])] == ["吕嘉禾", "李四"]
    assert one("BEGIN:VCARD\nFN:没有结尾").name == "没有结尾"
    assert read(["BEGIN:VCARD\nEND:VCARD", "", b"\x00\xff\x00"]) in ([], read([b"\x00\xff\x00"]))
    assert len(one("BEGIN:VCARD\nFN:" + "长" * 70_000).name) == 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "张三 13800138000 杭州禾穗食品有限公司 采购经理",
            Contact(name="张三", mobile="13800138000", company="杭州禾穗食品有限公司", job_title="采购经理"),
        ),
        (
            "姓名：李四\n手机：139-1234-5678\n公司：云杉包装股份有限公司\n职位：总经理\n邮箱：li@yunshan.example\n"
            "地址：浙江省杭州市西湖区文三路 90 号\n微信：lisi88\n要一条装盒线",
            Contact(
                name="李四",
                mobile="139-1234-5678",
                company="云杉包装股份有限公司",
                job_title="总经理",
                email="li@yunshan.example",
                address="浙江省杭州市西湖区文三路 90 号",
                wechat="lisi88",
                note="要一条装盒线",
            ),
        ),
        (
            "王总，我们要两台贴标机，电话 0571-88886666，微信同号 13700001111",
            Contact(name="王总", phone="0571-88886666", mobile="13700001111", note="我们要两台贴标机"),
        ),
        (
            "Anna Keller\nHead of Purchasing\nKeller Verpackung GmbH\nTel: +49 30 901820\nMobile: +49 1512 3456789\n"
            "anna@keller.example | www.keller.example",
            Contact(
                name="Anna Keller",
                job_title="Head of Purchasing",
                company="Keller Verpackung GmbH",
                phone="+49 30 901820",
                mobile="+49 1512 3456789",
                email="anna@keller.example",
                website="www.keller.example",
            ),
        ),
    ],
)
def test_text_of_people_is_understood(text: str, expected: Contact) -> None:
    assert one(text) == expected


def test_what_is_not_understood_stays_in_the_note() -> None:
    text = "Hi, please call John Smith (CTO, Acme Inc) at +1 415 555 2671 about the line"
    found = one(text)
    assert (found.name, found.company, found.job_title, found.mobile) == (
        "John Smith",
        "Acme Inc",
        "CTO",
        "+1 415 555 2671",
    )
    assert "about the line" in found.note
    assert one("一段没有联系人的话").note == "一段没有联系人的话"
