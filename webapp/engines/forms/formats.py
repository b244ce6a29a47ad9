"""Values for people, in both languages, and numbers as people type them.

The table "Numbers and dates" of the screens is the source of every pattern here. Nothing in this module reads
settings; zones and "now" are given.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision, get_currency_symbol, list_currencies

from webapp.i18n import language_of, translate

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NEAR = {0: "Today", 1: "Tomorrow", -1: "Yesterday"}
_CAPITALS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")
_UNITS = {
    "": 0, "百": 2, "千": 3, "万": 4, "十万": 5, "百万": 6, "千万": 7, "亿": 8, "十亿": 9, "百亿": 10, "千亿": 11,
    "万亿": 12, "k": 3, "m": 6, "b": 9,
}  # fmt: skip
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>\d+|\d{1,3}(?:,\d{3})+|\d{1,4}(?:,\d{4})+)?(?:\.(?P<part>\d*))?(?:e(?P<power>[+-]?\d{1,2}))?"
    r"(?P<unit>[十百千万亿kmb]*)"
)
_WIDE = Context(prec=60)
_CURRENCY_SIGNS = re.compile(r"人民币|美元|欧元|英镑|日元|港币|港元|[¥$€£₩元圆块]|\b(?:rmb|cny|usd|eur|gbp|jpy|hkd)\b")


def places(currency: str) -> int:
    """Decimal places of a currency: 2 for CNY, 0 for JPY."""
    return int(get_currency_precision(currency))


def currencies() -> tuple[str, ...]:
    """Codes of ISO 4217 in alphabetical order."""
    return tuple(sorted(list_currencies()))


def sign(currency: str, locale: str) -> str:
    """``¥`` for CNY in both languages; other signs as the language writes them (US$, $, €)."""
    return "¥" if currency == "CNY" else str(get_currency_symbol(currency, language_of(locale)))


def number(value: Decimal | int, scale: int = 0) -> str:
    """``1,286,000.50``: grouped by thousands, always `scale` places."""
    if type(value) is int and not scale:
        return f"{value:,}"
    return f"{_rounded(Decimal(value), scale):,.{scale}f}"


def plain(value: Decimal) -> str:
    """Without grouping, exponent or needless zeros, for inputs."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(value: Decimal, scale: int = 6) -> str:
    """``48%``, ``12.5%``: a value that counts hundredths."""
    return _trimmed(number(value, scale)) + "%"


def money(value: Decimal, currency: str, locale: str, scale: int | None = None) -> str:
    """``¥1,286,000.00``: in a record, with `scale` places if the field has more than its currency."""
    return _signed(value, sign(currency, locale), number(abs(value), places(currency) if scale is None else scale))


def money_in_grid(value: Decimal, currency: str, locale: str, scale: int | None = None) -> str:
    """``¥1,286,000``: whole amounts without their zeros; cents are shown where there are any."""
    return money_writer(currency, locale, scale)(value)


def money_writer(currency: str, locale: str, scale: int | None = None) -> Callable[[Decimal], str]:
    """`money_in_grid` for many amounts."""
    mark, scale = sign(currency, locale), places(currency) if scale is None else scale

    def write(value: Decimal) -> str:
        text = number(abs(value), scale)
        head, _, tail = text.partition(".")
        return _signed(value, mark, head if tail.strip("0") == "" else text)

    return write


def compact(value: Decimal | int, locale: str, currency: str | None = None) -> str:
    """For a card, a tile, a chart: ``128.6 万``, ``1.2 亿``; ``¥1.29M``, ``¥456K``. Small numbers stay as they are."""
    value = Decimal(value)
    mark = sign(currency, locale) if currency else ""
    if abs(_rounded(value, 0)) < 10_000:
        return _signed(value, mark, _trimmed(number(abs(value), 2)))
    if language_of(locale) == "zh":
        return _signed(value, "" if currency == "CNY" else mark, _chinese(abs(value)))
    return _signed(value, mark, _english(abs(value)))


def _chinese(value: Decimal) -> str:
    for power, unit in ((4, "万"), (8, "亿")):
        shown = _rounded(value.scaleb(-power), 1)
        if shown < 10_000 or unit == "亿":
            return f"{_trimmed(f'{shown:,.1f}')} {unit}"
    raise AssertionError


def _english(value: Decimal) -> str:
    for power, unit in ((3, "K"), (6, "M"), (9, "B")):
        shown = value.scaleb(-power).normalize(Context(prec=3, rounding=ROUND_HALF_UP))
        if shown < 1000 or unit == "B":
            return f"{plain(shown) if shown < 1000 else number(shown)}{unit}"
    raise AssertionError


def _rounded(value: Decimal, scale: int) -> Decimal:
    return value.quantize(_place(scale), ROUND_HALF_UP, _WIDE)


@functools.cache
def _place(scale: int) -> Decimal:
    return Decimal(1).scaleb(-scale)


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _signed(value: Decimal, mark: str, text: str) -> str:
    return f"-{mark}{text}" if value < 0 and text.strip("0.,") else f"{mark}{text}"


def capitals(value: Decimal) -> str:
    """An amount in yuan in capital figures: ``壹佰贰拾捌万陆仟元整`` (below ten thousand billions)."""
    cents = int(_rounded(abs(value), 2).scaleb(2))
    if cents >= 10**18:
        raise ValueError("too large for capitals")
    yuan, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    text = (_capital_whole(yuan) + "元") if yuan else ""
    if jiao:
        text += _CAPITALS[jiao] + "角"
    elif yuan and fen:
        text += "零"
    text += _CAPITALS[fen] + "分" if fen else "整"
    if not cents:
        text = "零元整"
    return ("负" if value < 0 and cents else "") + text


def _capital_whole(value: int) -> str:
    """Groups of four figures; one 零 stands for every run of zeros between figures."""
    text, gap = "", False
    groups = [(value // 10 ** (4 * i) % 10_000, _GROUPS[i]) for i in range(3, -1, -1)]
    for group, unit in groups:
        if not group:
            gap = bool(text)
            continue
        if text and (gap or group < 1000):
            text += "零"
        text += _capital_group(group) + unit
        gap = False
    return text.replace("万亿", "万", 1) if text.count("亿") > 1 else text


def _capital_group(value: int) -> str:
    text = ""
    for place in range(3, -1, -1):
        figure = value // 10**place % 10
        if figure:
            text += _CAPITALS[figure] + _PLACES[place]
        elif text and not text.endswith("零"):
            text += "零"
    return text.rstrip("零")


def day(value: date, locale: str) -> str:
    """``2026年11月23日`` / ``23 Nov 2026``: in a record."""
    if language_of(locale) == "zh":
        return f"{value.year:04d}年{value.month}月{value.day}日"
    return f"{value.day} {MONTHS[value.month - 1]} {value.year:04d}"


def day_in_list(value: date, locale: str, today: date) -> str:
    """``11月23日`` / ``23 Nov`` in the year of `today`, else with its year."""
    return day_writer(locale, today)(value)


def day_writer(locale: str, today: date) -> Callable[[date], str]:
    """`day_in_list` for many days."""
    is_chinese, this_year = language_of(locale) == "zh", today.year

    def write(value: date) -> str:
        if value.year != this_year:
            return day(value, locale)
        return f"{value.month}月{value.day}日" if is_chinese else f"{value.day} {MONTHS[value.month - 1]}"

    return write


def clock_time(value: datetime) -> str:
    """``14:30``: seconds are kept, but nobody reads them."""
    return f"{value.hour:02d}:{value.minute:02d}"


def moment(value: datetime, locale: str, zone: str) -> str:
    """``2026年11月23日 14:30``: a moment in a record."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{day(local.date(), locale)} {clock_time(local)}"


def near(value: datetime, locale: str, zone: str, now: datetime) -> str:
    """``今天 14:30``, ``明天 10:00``, ``昨天 9:05``; further away the day as in a list."""
    return near_writer(locale, zone, now)(value)


def near_writer(locale: str, zone: str, now: datetime) -> Callable[[datetime], str]:
    """`near` for many moments."""
    there = ZoneInfo(zone)
    today = now.astimezone(there).date()
    near_days = {today + timedelta(days=away): translate(locale, word) for away, word in _NEAR.items()}
    write_day = day_writer(locale, today)

    def write(value: datetime) -> str:
        local = value.astimezone(there)
        of = local.date()
        return f"{near_days.get(of) or write_day(of)} {clock_time(local)}"

    return write


def late(value: date, locale: str, today: date) -> str:
    """``逾期 3 天`` / ``3 days late``; empty when it is not late."""
    days = (today - value).days
    if days <= 0:
        return ""
    return translate(locale, "{n} day late" if days == 1 else "{n} days late", n=days)


def days(n: int, locale: str) -> str:
    """``9 天`` / ``9 d``."""
    return translate(locale, "{n} d", n=n)


def length(seconds: int, locale: str) -> str:
    """``9 天 2 小时``, ``3 小时 10 分`` / ``3 h 10 min``: the two largest parts that matter."""
    span = timedelta(seconds=abs(seconds))
    hours, minutes, rest = span.seconds // 3600, span.seconds // 60 % 60, span.seconds % 60
    named = [("{n} d", span.days), ("{n} h", hours), ("{n} min", minutes), ("{n} s", rest)]
    first = next((i for i, (_, n) in enumerate(named) if n), 3)
    parts = [translate(locale, text, n=n) for text, n in named[first : first + 2] if n or first == 3]
    return ("-" if seconds < 0 else "") + " ".join(parts)


def day_range(start: date, end: date, locale: str) -> str:
    """``2026年12月1日 至 2027年11月30日`` / ``1 Dec 2026 to 30 Nov 2027``."""
    return translate(locale, "{start} to {end}", start=day(start, locale), end=day(end, locale))


def masked(text: str) -> str:
    """``138****4210``: the first three and the last four; short texts keep less."""
    if len(text) >= 11:
        return f"{text[:3]}****{text[-4:]}"
    if len(text) >= 5:
        return f"{text[:1]}****{text[-1:]}"
    return "****" if text else ""


def read_number(text: str) -> Decimal:
    """A number as typed: full width, thousands separators, ``¥``, 元, 万, 亿, (1,200) for negative; else ValueError."""
    if len(text) > 60:
        raise ValueError("too long for a number")
    given = unicodedata.normalize("NFKC", text).casefold().replace("−", "-").replace("，", ",")
    given = re.sub(r"\s+", "", _CURRENCY_SIGNS.sub("", given))
    is_negative = given.startswith("(") and given.endswith(")")
    found = _NUMBER.fullmatch(given[1:-1] if is_negative else given)
    if not found or found["unit"] not in _UNITS or not (found["whole"] or found["part"]):
        raise ValueError("not a number")
    if is_negative and found["sign"]:
        raise ValueError("not a number")
    figures = (found["whole"] or "0").replace(",", "")
    if not (figures + (found["part"] or "")).isascii():
        raise ValueError("not a number")
    value = Decimal(f"{found['sign']}{figures}.{found['part'] or '0'}")
    value = value.scaleb(int(found["power"] or 0) + _UNITS[found["unit"]], Context(prec=120))
    return value.copy_negate() if is_negative else value
