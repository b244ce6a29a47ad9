"""An import of a spreadsheet, alone and beside people who work."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from tests.bench import fill, load
from tests.bench.firm import FOLDER
from tests.bench.measures import Setting
from tests.bench.report import Line
from tests.bench.servers import ROOT

ROWS = 100_000


def sheet(rows: int = ROWS) -> Path:
    """A spreadsheet with `rows` deals of 15 columns, written once."""
    path = FOLDER / f"deals-{rows}.xlsx"
    if path.exists():
        return path
    import xlsxwriter

    dice = random.Random(9)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        page = book.add_worksheet()
        page.write_row(0, 0, list(fill.deal(dice, 0, 1)))
        for i in range(rows):
            deal = fill.deal(dice, i, 2000)
            deal["company"] = f"公司 {deal['company'] - 1}"
            for column, (key, value) in enumerate(deal.items()):
                if key == "close_date":
                    page.write_datetime(i + 1, column, value, day)
                elif key == "contacted":
                    page.write_datetime(i + 1, column, value.replace(tzinfo=None), moment)
                elif key in ("amount", "discount", "weight"):
                    page.write_number(i + 1, column, float(value))
                else:
                    page.write(i + 1, column, value)
    return path


def measured(setting: Setting, rows: int = ROWS) -> list[Line]:
    path = sheet(rows)
    took = _finished(_started(setting, path))
    rate = rows / took
    what = f"import of {rows:,} rows × 15 columns from XLSX"
    lines = [Line(what, "≥ 10,000 rows/s", f"{rate:,.0f} rows/s", "", rate >= 10_000)]
    lines.append(_beside(setting, path, rows))
    return lines


def _beside(setting: Setting, path: Path, rows: int) -> Line:
    """8 clients create while an import runs."""
    floor = load.run(setting.floor("create", "admin"), clients=8, seconds=setting.seconds).rate
    process = _started(setting, path)
    time.sleep(2)
    results = []
    while process.poll() is None and len(results) < 5:
        results.append(load.run(setting.request("create", "admin"), clients=8, seconds=3))
    was_running = process.poll() is None
    took = _finished(process)
    best = sorted(results, key=lambda r: r.rate)[len(results) // 2]
    errors = sum(r.errors for r in results)
    share = best.rate / floor
    reached = (
        f"{best.rate:.0f}/s = {share:.2f}, p95 {best.p95:.0f} ms, {errors} errors; import {rows / took:,.0f} rows/s"
    )
    if not was_running and len(results) == 1:
        reached += " (it ended early)"
    good = share >= 0.2 and best.p95 <= 100 and not errors
    return Line("8 clients create beside it", "≥ 1/5 of bare, p95 ≤ 100 ms, no error", reached, f"{floor:.0f}/s", good)


def _started(setting: Setting, path: Path) -> subprocess.Popen[bytes]:
    env = {**os.environ, **setting.firm.environment, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "webapp.cli", "--json", "import", "bench", "deal", str(path)]
    command += ["--as", f"m{fill.KEEPER_ID}@example.com"]
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE)


def _finished(process: subprocess.Popen[bytes]) -> float:
    """Seconds the import itself took, as it says."""
    said, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the import failed: {said.decode()}")
    answer = json.loads(said)
    assert not answer["rejected"], answer["reasons"]
    return float(answer["seconds"])
