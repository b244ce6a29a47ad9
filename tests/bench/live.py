"""Open boards beside a writer: each holds a stream, as its page would, and is told what changes in it.

Beside the writers somebody moves one card every second that all boards show: how long until they do is measured, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.bench import load, script
from tests.bench.firm import MEMBERS
from tests.bench.measures import Setting
from tests.bench.report import Line
from webapp.access import sessions
from webapp.web import live

BOARDS = 200
ROUNDS = 3
QUIET = 12  # seconds in which nobody else writes
_ROOM = live.MOST_OF_A_SESSION


@dataclass
class Boards:
    """What all boards have seen together.

    moved  version of the probe's card → when it was moved; `seen`: seconds until a board showed it
    """

    probe: int
    open: int = 0
    told: int = 0
    asked: int = 0
    errors: int = 0
    is_over: bool = False
    moved: dict[int, float] = field(default_factory=dict)
    seen: list[float] = field(default_factory=list)

    def shows(self, news: dict[str, Any], shown: int) -> int:
        """Note what a board is told; answers the probe's version that it shows now."""
        now = time.monotonic()
        for lot in news["lots"]:
            for id_, version in lot["cards"]:
                if id_ == self.probe and version > shown:
                    self.seen += [now - at for v, at in self.moved.items() if shown < v <= version]
                    shown = version
        return shown

    def said(self) -> str:
        """Median and 95th percentile of the time until news were seen."""
        found = sorted(self.seen)
        missed = self.open * len(self.moved) - len(found)
        if not found:
            return "nothing was seen"
        text = f"seen after {found[len(found) // 2]:.2f} s, p95 {found[len(found) * 95 // 100]:.2f} s"
        return text + (f", {missed} not yet" if missed else "")


def measured(setting: Setting) -> list[Line]:
    """The stage moves of one and of eight writers, without and with 200 open boards, in turns."""
    cookies, probe = _cookies(setting), _probe(setting)
    lines = [_quiet(setting, cookies, probe)]
    for clients in (1, 8):
        request = setting.request("move", "rep")
        load.run(request, clients=clients, seconds=1)
        alone, beside, found = [], [], []
        for turn in range(ROUNDS):
            alone.append(load.run(request, clients=clients, seconds=setting.seconds * 2, offset=turn))
            with _opened(setting, cookies, probe) as seen:
                beside.append(load.run(request, clients=clients, seconds=setting.seconds * 2, offset=100 + turn))
            found.append(seen)
        one, other = (sorted(runs, key=lambda run: run.p95)[ROUNDS // 2] for runs in (alone, beside))
        ratio, errors = other.p95 / one.p95, sum(seen.errors for seen in found) + other.errors
        seen = found[-1]
        what = f"{clients} writers of moves beside {seen.open} open boards"
        reached = f"p95 {other.p95:.1f} ms = {ratio:.2f} ×, {other.rate:.0f}/s; {seen.said()}; {seen.asked} asked"
        floor = f"{one.p95:.1f} ms, {one.rate:.0f}/s"
        is_good = ratio <= 1.2 and not errors and all(seen.open == BOARDS for seen in found)
        lines.append(Line(what, "p95 ≤ 1.2 ×", reached + (f", {errors} errors" if errors else ""), floor, is_good))
    return lines


def _quiet(setting: Setting, cookies: list[str], probe: int) -> Line:
    """How long until a move is seen when nothing else happens."""
    with _opened(setting, cookies, probe) as seen:
        time.sleep(QUIET)
    found = sorted(seen.seen)
    is_good = bool(found) and found[len(found) * 95 // 100] <= 2 and not seen.errors and seen.open == BOARDS
    return Line(f"a move, seen on {seen.open} open boards", "≤ 2 s", f"{seen.said()}; {seen.asked} asked", "", is_good)


@contextlib.contextmanager
def _opened(setting: Setting, cookies: list[str], probe: int) -> Iterator[Boards]:
    """All boards, and somebody who moves the probe's card, for the length of the block and a moment to see the last."""
    seen = Boards(probe)
    thread = threading.Thread(target=lambda: asyncio.run(_open(setting, cookies, seen)))
    thread.start()
    ends = time.monotonic() + 30
    while seen.open < BOARDS and time.monotonic() < ends:
        time.sleep(0.05)
    time.sleep(1)
    is_over = threading.Event()
    mover = threading.Thread(target=_move, args=(setting, seen, is_over))
    mover.start()
    yield seen
    is_over.set()
    mover.join()
    time.sleep(2.5)
    seen.is_over = True
    thread.join()


def _probe(setting: Setting) -> int:
    """A card of the rep that stands on top of its column, for whoever sees it."""
    values = {"name": "探针", "stage": "contact", "company": 1}
    return int(_call(setting, "POST", "", {"values": values})["id"])


def _move(setting: Setting, seen: Boards, is_over: threading.Event) -> None:
    found = _call(setting, "GET", f"/{seen.probe}")
    stages = ["contact", "need", "quote", "talk", "won"]
    at, version = stages.index(found["values"]["stage"]), found["version"]
    while not is_over.wait(1):
        at, version = (at + 1) % len(stages), version + 1
        seen.moved[version] = time.monotonic()
        _call(setting, "PATCH", f"/{seen.probe}", {"values": {"stage": stages[at]}})


def _call(setting: Setting, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    head = {"Authorization": f"Bearer {setting.firm.tokens['rep']}", "Content-Type": "application/json"}
    url = setting.product + script.DEALS + path
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, sent, head, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def _cookies(setting: Setting) -> list[str]:
    """Sessions enough for all boards: a browser has a few streams each."""
    with setting.firm.database.write() as unit:
        return [
            sessions.begin(unit, MEMBERS["admin" if n % 4 == 0 else "rep"], device="bench", lasts=timedelta(days=1))
            for n in range(-(-BOARDS // _ROOM))
        ]


async def _open(setting: Setting, cookies: list[str], seen: Boards) -> None:
    host, port = setting.product.removeprefix("http://").split(":")
    await asyncio.gather(*(_board(host, int(port), cookies[n // _ROOM], seen) for n in range(BOARDS)))


async def _board(host: str, port: int, cookie: str, seen: Boards) -> None:
    head = f"Host: {host}:{port}\r\nCookie: mortise={cookie}\r\n"
    try:
        reader, writer = await asyncio.open_connection(host, port, limit=2**22)
        writer.write(f"GET /live/bench/deal?board=view%3Dboard HTTP/1.1\r\n{head}\r\n".encode())
        if b"200" not in await reader.readline():
            seen.errors += 1
            return
        seen.open += 1
        await _follow(reader, host, port, head, seen)
        writer.close()
    except OSError:
        seen.errors += 1


async def _follow(reader: asyncio.StreamReader, host: str, port: int, head: str, seen: Boards) -> None:
    """What `live.js` does: takes what it is told; asks where it is told to, spread over the given moment."""
    not_before, shown, event = 0.0, 0, b""
    while not seen.is_over:
        try:
            line = await asyncio.wait_for(reader.readline(), 0.5)
        except TimeoutError:
            continue
        if line.startswith(b"event: "):
            event = line[7:].strip()
        if not line.startswith(b"data: {"):
            continue
        seen.told += 1
        if event == b"board":
            shown = seen.shows(json.loads(line[6:]), shown)
            continue
        within = json.loads(line[6:])["within"] / 1000
        at = max(time.monotonic() + random.random() * within, not_before)
        while time.monotonic() < at and not seen.is_over:
            await asyncio.sleep(min(0.3, max(0, at - time.monotonic())))
        if seen.is_over:
            return
        began = time.monotonic()
        await _ask(host, port, head, seen)
        not_before = time.monotonic() + max(0.5, 5 * within, 20 * (time.monotonic() - began))


async def _ask(host: str, port: int, head: str, seen: Boards) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    for path in ("/bench/deal/cards?view=board&shown=20", "/bench/deal/heads?view=board"):
        writer.write(f"GET {path} HTTP/1.1\r\n{head}Accept-Encoding: gzip\r\nHX-Request: true\r\n\r\n".encode())
        if b" 200 " not in await reader.readline():
            seen.errors += 1
        length = 0
        while (line := await reader.readline()).strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        await reader.readexactly(length)
    seen.asked += 1
    writer.close()
