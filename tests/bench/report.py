"""What was wanted and what was reached, as a table; and what machine it was."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.load import Result


@dataclass(frozen=True)
class Line:
    """`is_met` None: a number without a target of its own."""

    what: str
    target: str
    reached: str
    floor: str = ""
    is_met: bool | None = None

    @property
    def verdict(self) -> str:
        return "" if self.is_met is None else "pass" if self.is_met else "**miss**"


def at_most_times(what: str, ours: Result, floor: Result, factor: float, most: float | None, floor_name: str) -> Line:
    """The median time, as a multiple of its floor's and, with `most` (ms), in itself."""
    ratio = ours.p50 / floor.p50
    return Line(
        what,
        f"≤ {factor:g} × {floor_name}" + (f", < {most:g} ms" if most else ""),
        f"{ours.p50:.2f} ms = {ratio:.2f} ×" + processor(ours, floor),
        f"{floor.p50:.2f} ms",
        ratio <= factor and (most is None or ours.p50 < most),
    )


def processor(ours: Result, floor: Result) -> str:
    """Processor time a request, which a busy machine distorts less than the time by the clock."""
    if not floor.cpu:
        return ""
    return f" (processor {ours.cpu:.2f} : {floor.cpu:.2f} ms = {ours.cpu / floor.cpu:.1f} ×)"


def table(lines: list[Line]) -> str:
    head = ["| what | target | reached | floor | |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(f"| {n.what} | {n.target} | {n.reached} | {n.floor} | {n.verdict} |" for n in lines)])


def machine(folder: Path) -> str:
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    memory = next((int(line.split()[1]) >> 20 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    load = ", ".join(f"{n:.1f}" for n in os.getloadavg())
    return (
        f"{os.cpu_count()} × {model}, {memory} GiB; {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}; "
        f"fsync {fsync(folder):.2f} ms; a million additions in Python {additions():.0f} ms; load {load}"
    )


def fsync(folder: Path) -> float:
    """Median milliseconds of an fsync after 4 KiB."""
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


def additions() -> float:
    """Milliseconds for a million additions: how fast this machine's Python is at this moment."""
    took = []
    for _ in range(5):
        began, total = time.perf_counter(), 0
        for i in range(1_000_000):
            total += i
        took.append(time.perf_counter() - began)
    return min(took) * 1000


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8").splitlines()
    except OSError:
        return []
