"""The measurements: `make bench`, or `python -m tests.bench --rows 100000 --database sqlite`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import firm as firms
from tests.bench import footprint, imports, live, load, measures, report, script, servers

PARTS = ("reads", "writes", "live", "imports", "footprint")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--import-rows", type=int, default=imports.ROWS)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--only", default=",".join(PARTS), help="some of " + ", ".join(PARTS))
    parser.add_argument("--seconds", type=float, default=2, help="of each run")
    parser.add_argument("--rounds", type=int, default=3, help="runs, of which the median counts")
    parser.add_argument("--idle", type=int, default=60, help="seconds before memory is counted")
    given = parser.parse_args()
    if not load.is_there():
        print(f"not run: {load.NAME} is missing ({load.HINT})")
        return 1
    firms.FOLDER.mkdir(parents=True, exist_ok=True)
    print(f"# {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: python -m tests.bench {' '.join(sys.argv[1:])}")
    print(f"\n{report.machine(firms.FOLDER)}", flush=True)
    kinds = ("sqlite", "postgresql") if given.database == "both" else (given.database,)
    missed = 0
    for kind in kinds:
        lines = measure(kind, given)
        missed += sum(line.is_met is False for line in lines)
        print(f"\n## {kind}, {given.rows:,} deals of 15 columns\n\n{report.table(lines)}", flush=True)
    print(f"\n{missed} targets missed; {report.machine(firms.FOLDER)}")
    return 0


def measure(kind: str, given: argparse.Namespace) -> list[report.Line]:
    firm = firms.opened(kind, given.rows)
    parts = given.only.split(",")
    lines: list[report.Line] = []
    with tempfile.TemporaryDirectory() as folder:
        if "footprint" in parts:
            lines += footprint.measured(firm, given.idle)
        if set(parts) & {"reads", "writes", "live", "imports"}:
            told = script.of(firm)
            path = Path(folder) / "script.json"
            path.write_text(script.dumped(told), "utf-8")
            port, other = servers.free_port(), servers.free_port()
            with servers.product(firm, port) as pid, servers.bare(path, other) as floor_pid:
                addresses = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{other}"
                pids = (pid, floor_pid)
                setting = measures.Setting(firm, told, *addresses, pids, given.seconds, given.rounds)
                lines += measures.reads(setting) if "reads" in parts else []
                lines += measures.writes(setting) if "writes" in parts else []
                lines += live.measured(setting) if "live" in parts else []
                lines += imports.measured(setting, given.import_rows) if "imports" in parts else []
    firm.database.dispose()
    return lines


if __name__ == "__main__":
    sys.exit(main())
