"""Makes `regions.txt`, the administrative divisions of China, from the npm package `@vant/area-data` and pypinyin.

Both are needed for building only. Run ``python -m webapp.engines.forms.finding.regions_build``; `make setup` does.
Each line of the file: code, Chinese name, syllables of its short name, English name, between tabs
(``330106	西湖区	xi hu	Xihu District``).
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path

from webapp.engines.forms.finding.regions import TABLE, short

SOURCE = Path(__file__).resolve().parents[4] / "node_modules" / "@vant" / "area-data" / "dist" / "index.js"
_ENTRY = re.compile(r"""["']?(\d{6})["']?\s*:\s*["']([^"']+)["']""")
#: Names that English has, or that are not read as Mandarin.
ENGLISH = {
    "110000": "Beijing", "150000": "Inner Mongolia", "540000": "Tibet", "610000": "Shaanxi", "640000": "Ningxia",
    "650000": "Xinjiang", "450000": "Guangxi", "710000": "Taiwan", "810000": "Hong Kong", "820000": "Macao",
    "150100": "Hohhot", "150200": "Baotou", "150400": "Chifeng", "150500": "Tongliao", "150600": "Ordos",
    "150700": "Hulunbuir", "150800": "Bayannur", "150900": "Ulanqab", "152200": "Hinggan League",
    "152500": "Xilingol League", "152900": "Alxa League", "230100": "Harbin", "230200": "Qiqihar",
    "540100": "Lhasa", "540200": "Shigatse", "540300": "Qamdo", "540400": "Nyingchi", "540500": "Shannan",
    "540600": "Nagqu", "542500": "Ngari Prefecture", "650100": "Urumqi", "650200": "Karamay", "650400": "Turpan",
    "650500": "Hami", "652300": "Changji Prefecture", "652700": "Bortala Prefecture", "652800": "Bayingolin Prefecture",
    "652900": "Aksu Prefecture", "653000": "Kizilsu Prefecture", "653100": "Kashgar Prefecture",
    "653200": "Hotan Prefecture", "654000": "Ili Prefecture", "654200": "Tacheng Prefecture",
    "654300": "Altay Prefecture", "429021": "Shennongjia",
    "659001": "Shihezi", "659002": "Aral", "659003": "Tumxuk", "659004": "Wujiaqu",
    "710100": "Taipei", "710200": "Kaohsiung", "710300": "Tainan", "710400": "Taichung", "710500": "Kinmen County",
    "710600": "Nantou County", "710700": "Keelung", "710800": "Hsinchu", "710900": "Chiayi", "711100": "New Taipei",
    "711200": "Yilan County", "711300": "Hsinchu County", "711400": "Taoyuan", "711500": "Miaoli County",
    "711700": "Changhua County", "711900": "Chiayi County", "712100": "Yunlin County", "712400": "Pingtung County",
    "712500": "Taitung County", "712600": "Hualien County", "712700": "Penghu County", "712800": "Lienchiang County",
    "810100": "Hong Kong Island", "810200": "Kowloon", "810300": "New Territories", "820100": "Macao Peninsula",
    "820200": "Taipa and Coloane", "810101": "Central and Western District", "810102": "Wan Chai District",
    "810103": "Eastern District", "810104": "Southern District", "810201": "Kowloon City District",
    "810202": "Yau Tsim Mong District", "810203": "Sham Shui Po District", "810204": "Wong Tai Sin District",
    "810205": "Kwun Tong District", "810301": "North District", "810302": "Tai Po District",
    "810303": "Sha Tin District", "810304": "Sai Kung District", "810305": "Yuen Long District",
    "810306": "Tuen Mun District", "810307": "Tsuen Wan District", "810308": "Kwai Tsing District",
    "810309": "Islands District",
}  # fmt: skip
#: Ends of Chinese names and what they are in English, the longest first; cities and provinces are named alone.
ENDS = (
    ("特别行政区", ""), ("自治区", ""), ("自治州", "Prefecture"), ("自治县", "County"), ("自治旗", "Banner"),
    ("管委会", "Zone"), ("街道办事处", "Subdistrict"), ("街道", "Subdistrict"), ("开发区", "Development Zone"),
    ("新区", "New Area"), ("地区", "Prefecture"), ("省", ""), ("市", ""),
    ("盟", "League"), ("区", "District"), ("县", "County"), ("旗", "Banner"), ("镇", "Town"), ("乡", "Township"),
    ("岛", "Island"),
)  # fmt: skip
#: Readings that pypinyin has otherwise, as names of places.
READINGS = {
    "六安": "lu an", "朝阳": "chao yang", "东阿": "dong e", "涡阳": "guo yang", "铅山": "yan shan", "浚县": "xun",
    "蔚县": "yu", "乐清": "yue qing", "乐亭": "lao ting", "长子": "zhang zi", "洪洞": "hong tong", "番禺": "pan yu",
    "大埔": "da pu", "黄埔": "huang pu", "黄陂": "huang pi", "枞阳": "zong yang", "歙县": "she", "高要": "gao yao",
    "吴堡": "wu bu", "尉犁": "yu li", "珲春": "hun chun", "莘县": "shen", "单县": "shan", "荥阳": "xing yang",
    "泌阳": "bi yang", "中牟": "zhong mu", "万载": "wan zai", "会昌": "hui chang", "会泽": "hui ze",
    "会宁": "hui ning", "会理": "hui li", "会东": "hui dong", "会同": "hui tong", "台州": "tai zhou",
    "天台": "tian tai", "丽水": "li shui", "阿坝": "a ba", "阿合奇": "a he qi", "莱西": "lai xi",
}  # fmt: skip


def entries(path: Path = SOURCE) -> dict[str, str]:
    """Code → Chinese name, provinces, cities and districts."""
    found = {code: json.loads(f'"{name}"') for code, name in _ENTRY.findall(path.read_text("utf-8"))}
    if len(found) < 3000:
        raise SystemExit(f"{path} has no divisions that could be read; its package changed.")
    return found


def lines(names: dict[str, str]) -> list[str]:
    return [f"{code}\t{name}\t{_syllables(name)}\t{_english(code, name)}\n" for code, name in sorted(names.items())]


def _syllables(name: str) -> str:
    from pypinyin import Style, lazy_pinyin

    stem = short(name)
    if found := READINGS.get(stem) or READINGS.get(name):
        return found
    # ü is typed as v
    return " ".join(s.replace("ü", "v").replace("ê", "e") for s in lazy_pinyin(stem, style=Style.NORMAL))


def _english(code: str, name: str) -> str:
    if code in ENGLISH:
        return ENGLISH[code]
    end = next((english for chinese, english in ENDS if name.endswith(chinese) and name != chinese), "")
    stem = ""
    for syllable in _syllables(name).split():
        stem += ("'" if stem and syllable[0] in "aeo" else "") + syllable
    return f"{stem.replace('v', 'ü').capitalize()} {end}".strip()


def build(path: Path = TABLE, source: Path = SOURCE) -> int:
    """Write the table beside this module (whole or not at all); the number of divisions in it."""
    made = lines(entries(source))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".regions")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(made)
    Path(name).chmod(0o644)
    Path(name).replace(path)
    return len(made)


if __name__ == "__main__":
    sys.stdout.write(f"{build()} divisions\n")
