"""Makes `pinyin.txt`, the readings of Han characters, from pypinyin (needed for building only).

Run ``python -m webapp.engines.forms.finding.pinyin_build``; `make setup` does. Lines of the file: a
reading with its tone and all characters read so first (``zhang1 张章彰``), or ``=`` with a phrase and its readings
(``=重庆 chong2 qing4``).
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from webapp.engines.forms.finding.sortkeys import TABLE

#: Words in names of firms and places whose characters are read otherwise than alone.
PHRASES = """
    重庆 长春 长沙 长安 长江 长城 长治 长兴 厦门 大厦 成都 首都 银行 商行 车行 行业 分行 支行 洋行
    珠宝行 音乐 乐器 会计 六安 六合 蚌埠 番禺 东莞 莘庄 台州 丽水 铅山 井陉 涡阳 亳州 洪洞 浚县
    十堰 百色 吐蕃 大夫 重阳 重装 重新 重组 调料 调味 调和 空调 传媒 自传 传记 藏族 西藏 朝鲜 便宜
    中兴 复兴 兴业 兴隆 处理 处方 供应 应用 应急 量子 测量 计量 质量 划算 还原 给排水 供给 血液
    假期 强化 曲阜 歌曲 相机 照相 丞相 校准 校验 学校 载体 载重 运载 下载 创伤 创新 铺面 店铺 冠军
    皇冠 单于 折扣 角色 主角 龟裂 龟兹 模具 模板 模型
"""


def readings() -> dict[str, list[str]]:
    """Reading with tone (``zhang1``) → characters of the basic block that are read so first."""
    from pypinyin.constants import PINYIN_DICT
    from pypinyin.contrib.tone_convert import to_tone3

    found: dict[str, list[str]] = defaultdict(list)
    for code in [0x3007, *range(0x4E00, 0xA000)]:
        if code in PINYIN_DICT:
            first = PINYIN_DICT[code].split(",")[0]
            found[plain(to_tone3(first, neutral_tone_with_five=True))].append(chr(code))
    return found


def phrase_readings() -> dict[str, list[str]]:
    from pypinyin import Style, lazy_pinyin

    found = {
        phrase: [plain(r) for r in lazy_pinyin(phrase, style=Style.TONE3, neutral_tone_with_five=True)]
        for phrase in sorted(set(PHRASES.split()))
    }
    return found | {"朝阳": ["chao2", "yang2"]}  # the city and the district; read zhao1 only as "morning sun"


def plain(reading: str) -> str:
    """ASCII: people type v or u for ü; v it is, as in every input method."""
    text = reading.replace("ü", "v").replace("ê", "e")
    if not (text.isascii() and text[-1:].isdigit()):
        raise ValueError(f"not a reading: {reading!r}")
    return text


def build(path: Path = TABLE) -> int:
    """Write the table beside this module (whole or not at all); the number of characters in it."""
    table = readings()
    lines = [f"{reading} {''.join(characters)}\n" for reading, characters in sorted(table.items())]
    single = {c: r for r, characters in table.items() for c in characters}
    lines += [
        f"={phrase} {' '.join(read)}\n"
        for phrase, read in phrase_readings().items()
        if [single[c] for c in phrase] != read
    ]
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".pinyin")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(lines)
    Path(name).chmod(0o644)
    Path(name).replace(path)
    return len(single)


if __name__ == "__main__":
    sys.stdout.write(f"{build()} characters\n")
