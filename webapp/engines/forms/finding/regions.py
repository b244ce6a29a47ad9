"""Administrative divisions of China by their six-digit code (GB/T 2260): names, paths, search, and reading them.

A code says where it lies: 330000 is Zhejiang, 330100 Hangzhou in it, 330106 the district Xihu in that. The table is
`regions.txt`, made at build time (`regions_build`) and read when first asked for.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from webapp.i18n import language_of

TABLE = Path(__file__).with_name("regions.txt")
#: Entries of the second level that are no place but a heading of the list: they are left out of names.
_HEADINGS = re.compile(r"(省|自治区)?直辖县(级行政区划)?|市辖区|县")
_PEOPLES = re.compile(
    "壮族|满族|回族|苗族|维吾尔族?|土家族|彝族|(?<!内)蒙古族?|藏族|布依族|侗族|瑶族|朝鲜族|白族|哈尼族|哈萨克族?|黎族|傣族|畲族|傈僳族|仡佬族|"
    "东乡族|高山族|拉祜族|水族|佤族|纳西族|羌族|土族|仫佬族|锡伯族?|柯尔克孜族?|达斡尔族|景颇族|毛南族|撒拉族|布朗族|塔吉克族?|阿昌族|"
    "普米族|鄂温克族|怒族|京族|基诺族|德昂族|保安族|俄罗斯族|裕固族|乌孜别克族|门巴族|鄂伦春族?|独龙族|塔塔尔族|赫哲族|珞巴族|各族"
)
_ENDS = ("特别行政区", "自治区", "自治州", "自治县", "自治旗", "地区", "新区", "省", "市", "盟", "区", "县", "旗")
_HAN = re.compile("[\u4e00-\u9fff]")
_MARKS = re.compile(r"[\s\-‐–—/\\,，、;；>›·|.。]+")


class RegionsMissing(RuntimeError):
    """The table of divisions was not built."""


@dataclass(frozen=True)
class Region:
    code: str
    name: str  # 西湖区
    short: str  # 西湖
    pinyin: str  # xihu
    initials: str  # xh
    english: str  # Xihu District

    @property
    def level(self) -> int:
        """1 province, 2 city, 3 district."""
        return len(prefix(self.code)) // 2

    @property
    def is_heading(self) -> bool:
        """It only holds together what lies below it."""
        return self.name == "市辖区" or (self.level == 2 and _HEADINGS.fullmatch(self.name) is not None)


def short(name: str) -> str:
    """The name as people say it: 浙江, 恩施, 西湖; of two characters nothing is taken away (忠县)."""
    for end in _ENDS:
        if name.endswith(end) and len(name) > len(end) + 1:
            stem = name.removesuffix(end)
            if end.startswith("自治"):
                stem = _PEOPLES.sub("", stem) or stem
            return stem
    return name


def prefix(code: str) -> str:
    """What all codes of places in it begin with: 33, 3301, 330106."""
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code


@functools.cache
def table() -> Mapping[str, Region]:
    """Code → region, in the order of the codes."""
    try:
        lines = TABLE.read_text("utf-8").splitlines()
    except FileNotFoundError:
        raise RegionsMissing(
            f"{TABLE} is missing: run `make setup`, or `python -m webapp.engines.forms.finding.regions_build`"
        ) from None
    found = {}
    for line in lines:
        code, name, syllables, english = line.split("\t")
        parts = syllables.split(" ")
        found[code] = Region(code, name, short(name), "".join(parts), "".join(p[0] for p in parts), english)
    return found


def get(code: str) -> Region | None:
    return table().get(code)


def path(code: str) -> tuple[Region, ...]:
    """The region and those it lies in, the largest first, without headings and without a name that comes twice."""
    known = table()
    codes = dict.fromkeys((f"{code[:2]}0000", f"{code[:4]}00", code))
    found: list[Region] = []
    for one in codes:
        region = known.get(one)
        is_twin = region is not None and region.level == 2 and found and found[0].name == region.name
        if region is None or is_twin or (region.is_heading and one != code):
            continue
        found.append(region)
    return tuple(found)


@functools.cache
def _below() -> Mapping[str, tuple[Region, ...]]:
    found: dict[str, list[Region]] = defaultdict(list)
    for region in table().values():
        held = {1: "", 2: f"{region.code[:2]}0000", 3: f"{region.code[:4]}00"}[region.level]
        found[held].append(region)
    return {code: tuple(regions) for code, regions in found.items()}


def below(code: str = "") -> tuple[Region, ...]:
    """What lies directly in it ("" asks for the provinces). A level that only repeats its parent, or is a heading, is
    left out in favour of what lies in it: the districts of Beijing lie in Beijing."""
    found: list[Region] = []
    parent = get(code) if code else None
    for region in _below().get(code, ()):
        if region.is_heading or (parent is not None and region.name == parent.name):
            found += below(region.code)
        else:
            found.append(region)
    return tuple(found)


def parent(code: str) -> str:
    """The code of what it lies in ("" for a province)."""
    known = path(code)
    return known[-2].code if len(known) > 1 else ""


# Names ----------------------------------------------------------------------------------------------------------------


def text(code: str, locale: str) -> str:
    """浙江省杭州市西湖区 / Xihu District, Hangzhou, Zhejiang."""
    found = path(code)
    if language_of(locale) == "zh":
        return "".join(r.name for r in found) or code
    return ", ".join(r.english for r in reversed(found)) or code


def cell(code: str, locale: str) -> str:
    """浙江杭州西湖区 / Xihu District, Hangzhou."""
    found = path(code)
    if language_of(locale) != "zh":
        return ", ".join(r.english for r in reversed(found[-2:])) or code
    return "".join([*(r.short for r in found[:-1]), *(r.name for r in found[-1:])]) or code


def name(region: Region, locale: str) -> str:
    return region.name if language_of(locale) == "zh" else region.english


# Finding and reading --------------------------------------------------------------------------------------------------


def search(wanted: str, most: int = 30) -> list[Region]:
    """Regions by the beginning of a name, of its pinyin, or by its initials; larger ones first."""
    typed = _typed(wanted)
    if not typed:
        return []
    letters = re.sub(r"[^a-z]", "", typed.lower())
    exact, begun, within = [], [], []
    for region in table().values():
        if region.is_heading or _is_twin(region):
            continue
        english = _key(region.english)
        if typed in (region.name, region.short) or (letters and letters in (region.pinyin, english)):
            exact.append(region)
        elif region.name.startswith(typed) or (
            letters and (region.pinyin.startswith(letters) or english.startswith(letters) or region.initials == letters)
        ):
            begun.append(region)
        elif len(typed) > 1 and not letters and typed in region.name:
            within.append(region)
    found = [r for some in (exact, begun, within) for r in sorted(some, key=lambda r: (r.level, r.code))]
    if not found:
        found = [table()[code] for code in read(wanted)]
    return found[:most]


def _is_twin(region: Region) -> bool:
    """A city that is its province (北京市 in 北京市) stands for it once."""
    return region.level == 2 and table()[f"{region.code[:2]}0000"].name == region.name


def read(given: str) -> list[str]:
    """Codes that a text may mean: a code, 浙江省杭州市西湖区, 杭州, Hangzhou, "Xihu District, Hangzhou".

    One: that is it. Several: the text does not tell which. None: no such place.
    """
    plain = unicodedata.normalize("NFKC", given).strip()
    if plain.isascii() and plain.isdigit():
        code = plain[:6].ljust(6, "0")
        return [usual(code)] if len(plain) in (2, 4, 6, 9, 12) and _is_place(usual(code)) else []
    typed = _typed(plain)
    found = _read_chinese(typed) if _HAN.search(typed) else _read_latin(plain)
    if whole := [c for c in found if text(c, "zh") == typed]:
        return [usual(whole[0])]
    least = min((table()[c].level for c in found), default=0)
    return _once(sorted(c for c in found if table()[c].level == least))


def _is_place(code: str) -> bool:
    region = get(code)
    return region is not None and not region.is_heading


def usual(code: str) -> str:
    """The one code of a place that has two: 北京市 is the province as well as the city in it, 市辖区 is its city."""
    region = get(code)
    if region is not None and region.name == "市辖区":
        return f"{code[:4]}00"
    return f"{code[:2]}0000" if region is not None and _is_twin(region) else code


def _once(codes: list[str]) -> list[str]:
    return list(dict.fromkeys(usual(c) for c in codes))


def _typed(given: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKC", given)).replace("市辖区", "").removeprefix("中国")


@functools.cache
def _by_first() -> Mapping[str, tuple[Region, ...]]:
    """First character → regions, for reading Chinese."""
    found: dict[str, list[Region]] = defaultdict(list)
    for region in table().values():
        if not region.is_heading:
            found[region.name[0]].append(region)
    return {first: tuple(regions) for first, regions in found.items()}


def _read_chinese(typed: str, within: str = "") -> set[str]:
    """Codes whose path, with or without the ends of its names and with levels left out, spells `typed`."""
    found: set[str] = set()
    for region in _by_first().get(typed[:1], ()):
        if not region.code.startswith(within) or (within and prefix(region.code) == within):
            continue
        for spelt in {region.name, region.short}:
            if typed == spelt:
                found.add(region.code)
            elif typed.startswith(spelt) and len(prefix(region.code)) < 6:
                found |= _read_chinese(typed[len(spelt) :], prefix(region.code))
    return found


def _key(text: str) -> str:
    return re.sub(r"[^a-z]", "", unicodedata.normalize("NFKD", text.replace("ü", "v")).lower())


@functools.cache
def _by_latin() -> Mapping[str, tuple[str, ...]]:
    """Letters of the English name, with and without what kind of place it is, and of the pinyin → codes."""
    found: dict[str, set[str]] = defaultdict(set)
    ends = re.compile(r" (District|County|Prefecture|Banner|League|Town|Township|New Area)$")
    for region in table().values():
        if region.is_heading:
            continue
        kind = {1: "province", 2: "city", 3: ""}[region.level]
        for spelt in (region.english, ends.sub("", region.english)):
            found[_key(spelt)].add(region.code)
            found[_key(spelt) + kind].add(region.code)
    known = set(found)
    for region in table().values():
        if not region.is_heading and region.pinyin not in known:
            found[region.pinyin].add(region.code)
    return {key: tuple(codes) for key, codes in found.items()}


def _read_latin(given: str) -> set[str]:
    words = [w for w in re.split(r"[,;/|>]+|\s-\s", given) if _key(w) and _key(w) not in ("china", "prc")]
    if len(words) == 1:
        found = _in_each_other([words[0]])
        pieces = words[0].split()
        return found or set(
            itertools.chain.from_iterable(
                _in_each_other([" ".join(pieces[:i]), " ".join(pieces[i:])]) for i in range(1, len(pieces))
            )
        )
    return _in_each_other(words)


def _in_each_other(words: Iterable[str]) -> set[str]:
    """The smallest of places so called of which each lies in the next larger one."""
    choices = [_by_latin().get(_key(word), ()) for word in words]
    found: set[str] = set()
    for picked in itertools.product(*choices) if choices and all(choices) and len(choices) < 5 else _none():
        if len(set(picked)) < len(picked):
            continue
        ordered = sorted(picked, key=lambda c: len(prefix(c)))
        if all(b.startswith(prefix(a)) for a, b in itertools.pairwise(ordered)):
            found.add(ordered[-1])
    return found


def _none() -> Iterator[tuple[str, ...]]:
    return iter(())
