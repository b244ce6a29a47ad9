"""What is measured over HTTP, each next to its floor, in turns so that both meet the same machine."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import psutil

from tests.bench import bare, load, script
from tests.bench.firm import MEMBERS, Firm
from tests.bench.load import Request, Result
from tests.bench.report import Line, at_most_times, processor


@dataclass(frozen=True)
class Setting:
    firm: Firm
    told: dict[str, Any]  # the script of the bare application
    product: str  # addresses, without a slash at the end
    bare: str
    pids: tuple[int, int]  # of the two servers
    seconds: float
    rounds: int

    def request(self, what: str, who: str) -> Request:
        key = (("Authorization", f"Bearer {self.firm.tokens[who]}"),)
        deals = self.product + script.DEALS
        if what == "list":
            return Request(f"{deals}?{urlencode(script.LIST)}", headers=key)
        if what == "contains":
            return Request(f"{deals}?{urlencode(script.CONTAINS)}", headers=key)
        if what in ("grid", "page", "record"):
            path = {"grid": script.GRID, "page": script.PAGE}.get(
                what
            ) or f"/bench/deal/{script.own(self.firm, who)[0]}"
            return Request(self.product + path, headers=(("Cookie", f"mortise={self.firm.cookies[who]}"),))
        if what == "aggregate":
            return Request(deals + "/aggregate", "POST", key, script.AGGREGATE)
        if what == "create":
            return Request(deals, "POST", key, {"values": script.values()})
        return Request(deals, "PATCH", key, moves=tuple(self.told["routes"][f"move-{who}"]["ids"]))

    def floor(self, what: str, who: str) -> Request:
        is_writing = what in ("create", "move", "aggregate")
        return Request(f"{self.bare}/{what}-{who}", "POST" if is_writing else "GET", body={} if is_writing else None)

    def statements(self, what: str, who: str) -> int:
        """How many the product was seen to run for it."""
        return len(self.told["routes"][f"{what}-{who}"]["statements"])

    def both(self, what: str, who: str, clients: int) -> tuple[Result, Result]:
        """The product's result and the floor's, of the round that is the middle one by their ratio."""
        load.run(self.request(what, who), clients=clients, seconds=1)
        load.run(self.floor(what, who), clients=clients, seconds=1)
        found = []
        for turn in range(self.rounds):
            floor = self._run(self.floor(what, who), clients, self.pids[1], 0)
            ours = self._run(self.request(what, who), clients, self.pids[0], 7919 * turn)
            if floor.errors:
                raise RuntimeError(f"the bare route {what}-{who} answered {floor.errors} errors")
            found.append((ours, floor))
        errors = sum(ours.errors for ours, _ in found)
        ours, floor = sorted(found, key=lambda pair: pair[0].p50 / pair[1].p50)[self.rounds // 2]
        return replace(ours, errors=errors), floor

    def _run(self, request: Request, clients: int, pid: int, offset: int) -> Result:
        before = processor_time(pid)
        result = load.run(request, clients=clients, seconds=self.seconds, offset=offset)
        return replace(result, cpu=(processor_time(pid) - before) * 1000 / max(result.requests, 1))


def processor_time(pid: int) -> float:
    """Seconds of the processor that a process and its children have had so far."""
    found = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(times.user + times.system for times in (process.cpu_times() for process in found))


def driver(setting: Setting, name: str) -> float:
    """Median milliseconds of the statements of a route by the bare driver, in this process."""
    connection = bare.connect(setting.told["url"])
    statements = setting.told["routes"][name]["statements"]
    took = []
    end = time.monotonic() + setting.seconds
    while time.monotonic() < end or len(took) < 5:
        began = time.perf_counter()
        bare.run(connection.cursor(), statements)
        took.append(time.perf_counter() - began)
    connection.close()
    return statistics.median(took) * 1000


def at(milliseconds: float) -> Result:
    """A floor that is a time and nothing else."""
    return Result(1, 1, milliseconds, milliseconds, milliseconds, milliseconds, 0)


def reads(setting: Setting) -> list[Line]:
    lines = []
    for who in MEMBERS:
        ours, floor = setting.both("list", who, 1)
        lines.append(at_most_times(f"API list of 50, {who}: p50", ours, floor, 3, 6, "bare route"))
        lines.append(Line(f"the same SQL by the bare driver, {who}", "", f"{driver(setting, f'list-{who}'):.2f} ms"))
        ours, floor = setting.both("list", who, 16)
        rate = f"{ours.rate:.0f}/s" + (f", {ours.errors} errors" if ours.errors else "")
        rate += processor(ours, floor)
        good = ours.rate >= 500 and not ours.errors
        lines.append(Line(f"16 readers of it, {who}", "≥ 500/s", rate, f"{floor.rate:.0f}/s", good))
        ours, floor = setting.both("grid", who, 1)
        lines.append(at_most_times(f"grid rows as HTML, {who}: p50", ours, floor, 3, None, "bare Jinja loop"))
        ours, floor = setting.both("page", who, 1)
        lines.append(at_most_times(f"whole grid page, {who}: p50", ours, floor, 3, None, "bare Jinja loop"))
        lines.append(few_statements(setting, "page", "whole grid page", who, 4))
        ours, floor = setting.both("record", who, 1)
        reached = f"{ours.p50:.2f} ms" + processor(ours, floor)
        lines.append(Line(f"opening a record, {who}: p50", "", reached, f"{floor.p50:.2f} ms"))
        lines.append(few_statements(setting, "record", "opening a record", who, 6))
        ours, floor = setting.both("contains", who, 1)
        lines.append(
            Line(
                f"contains-filter, {who}: p50",
                "< 40 ms",
                f"{ours.p50:.2f} ms" + processor(ours, floor),
                f"{floor.p50:.2f} ms",
                ours.p50 < 40,
            )
        )
        ours, _ = setting.both("aggregate", who, 1)
        sql = driver(setting, f"aggregate-{who}")
        lines.append(at_most_times(f"aggregate by stage, {who}: p50", ours, at(sql), 1.5, None, "bare SQL"))
    return lines


def few_statements(setting: Setting, what: str, said: str, who: str, most: int) -> Line:
    count = setting.statements(what, who)
    return Line(f"{said}, {who}: statements", f"≤ {most}", str(count), is_met=count <= most)


def writes(setting: Setting) -> list[Line]:
    lines = []
    for what, said in (("create", "create"), ("move", "stage move")):
        for who in MEMBERS:
            ours, floor = setting.both(what, who, 1)
            lines.append(at_most_times(f"{said}, {who}: p50", ours, floor, 4, 5, "bare route + journal row"))
            ours, floor = setting.both(what, who, 8)
            share = ours.rate / floor.rate
            reached = f"{ours.rate:.0f}/s = {share:.2f}, p95 {ours.p95:.0f} ms, {ours.errors} errors"
            reached += processor(ours, floor)
            good = share >= 0.25 and ours.p95 < 60 and not ours.errors
            lines.append(
                Line(f"8 clients {said}, {who}", "≥ 1/4 of bare, p95 < 60 ms", reached, f"{floor.rate:.0f}/s", good)
            )
    return lines
