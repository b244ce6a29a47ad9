"""Open boards beside a writer: each holds a stream and asks for its columns when it is told, as its page would."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from dataclasses import dataclass
from datetime import timedelta

from tests.bench import load
from tests.bench.firm import MEMBERS
from tests.bench.measures import Setting
from tests.bench.report import Line
from webapp.access import sessions
from webapp.web import live

BOARDS = 200
ROUNDS = 3
_ROOM = live.MOST_OF_A_SESSION


@dataclass
class Boards:
    """What all boards have seen together."""

    open: int = 0
    told: int = 0
    asked: int = 0
    errors: int = 0
    is_over: bool = False


def measured(setting: Setting) -> list[Line]:
    """The stage moves of one and of eight writers, without and with 200 open boards, in turns."""
    cookies = _cookies(setting)
    lines = []
    for clients in (1, 8):
        request = setting.request("move", "rep")
        load.run(request, clients=clients, seconds=1)
        alone, beside, seen = [], [], Boards()
        for turn in range(ROUNDS):
            alone.append(load.run(request, clients=clients, seconds=setting.seconds * 2, offset=turn).p95)
            seen = Boards()
            thread = threading.Thread(target=lambda s=seen: asyncio.run(_open(setting, cookies, s)))
            thread.start()
            ends = time.monotonic() + 30
            while seen.open < BOARDS and time.monotonic() < ends:
                time.sleep(0.05)
            beside.append(load.run(request, clients=clients, seconds=setting.seconds * 2, offset=100 + turn).p95)
            seen.is_over = True
            thread.join()
        ratio = sorted(beside)[ROUNDS // 2] / sorted(alone)[ROUNDS // 2]
        reached = f"p95 {sorted(beside)[ROUNDS // 2]:.1f} ms = {ratio:.2f} ×; {seen.told} told, {seen.asked} asked"
        what = f"{clients} writers of moves beside {seen.open} open boards"
        floor = f"{sorted(alone)[ROUNDS // 2]:.1f} ms"
        lines.append(
            Line(what, "p95 ≤ 1.2 ×", reached, floor, ratio <= 1.2 and not seen.errors and seen.open == BOARDS)
        )
    return lines


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
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(f"GET /live/bench/deal HTTP/1.1\r\n{head}\r\n".encode())
        if b"200" not in await reader.readline():
            seen.errors += 1
            return
        seen.open += 1
        await _follow(reader, host, port, head, seen)
        writer.close()
    except OSError:
        seen.errors += 1


async def _follow(reader: asyncio.StreamReader, host: str, port: int, head: str, seen: Boards) -> None:
    """What `live.js` does: spread over the given moment, one question at a time, twenty times its length of rest."""
    not_before = 0.0
    while not seen.is_over:
        try:
            line = await asyncio.wait_for(reader.readline(), 0.5)
        except TimeoutError:
            continue
        if not line.startswith(b"data: {"):
            continue
        seen.told += 1
        within = json.loads(line[6:])["within"] / 1000
        at = max(time.monotonic() + random.random() * within, not_before)
        while time.monotonic() < at and not seen.is_over:
            await asyncio.sleep(min(0.3, max(0, at - time.monotonic())))
        if seen.is_over:
            return
        began = time.monotonic()
        await _ask(host, port, head, seen)
        took = time.monotonic() - began
        not_before = time.monotonic() + max(0.5, 5 * within, 20 * took)


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
