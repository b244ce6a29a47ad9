"""What the product takes when nothing happens, how soon it is there, and what a first visit loads."""

from __future__ import annotations

import re
import time
import urllib.request
from pathlib import Path

import psutil

from tests.bench import servers
from tests.bench.firm import Firm
from tests.bench.report import Line

_FOUND = re.compile(r"""(?:src|href|url|from|import)\s*[=(]?\s*["'(]?(/static/[^"')\s#>]+)""")
_RELATIVE = re.compile(r"""(?:from|import)\s*\(?["'](\.{1,2}/[^"']+)["']""")


def measured(firm: Firm, idle_seconds: int) -> list[Line]:
    port = servers.free_port()
    began = time.perf_counter()
    with servers.product(firm, port, "serve") as pid:
        started = time.perf_counter() - began
        size, count = first_visit(f"http://127.0.0.1:{port}", firm)
        time.sleep(idle_seconds)
        memory, processes = pss(pid)
    idle = f"{memory:.0f} MiB in {processes} processes"
    return [
        Line("cold start to first page", "< 2 s", f"{started:.2f} s", "", started < 2),
        Line("first visit, compressed", "< 200 kB", f"{size / 1000:.0f} kB in {count} files", "", size < 200_000),
        Line(f"idle for {idle_seconds} s", "< 180 MiB PSS", idle, "", memory < 180),
    ]


def pss(pid: int) -> tuple[float, int]:
    """MiB of a process and its children, shared memory divided among those who share it."""
    found = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    total = 0
    for process in found:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total / 1024, len(found)


def first_visit(address: str, firm: Firm) -> tuple[int, int]:
    """Bytes over the wire of the list page and of everything it names, and how many files that is."""
    wanted, seen, size = ["/bench/deal?view=all"], set(), 0
    while wanted:
        path = wanted.pop()
        if path in seen:
            continue
        seen.add(path)
        sent, text = _fetched(address + path, firm.cookies["admin"])
        size += sent
        if text:
            wanted += _FOUND.findall(text)
            base = path.rsplit("/", 1)[0]
            wanted += [f"{base}/{name.removeprefix('./')}" for name in _RELATIVE.findall(text) if name.startswith("./")]
    return size, len(seen)


def _fetched(url: str, cookie: str) -> tuple[int, str]:
    headers = {"Accept-Encoding": "br, gzip", "Cookie": f"mortise={cookie}"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
        body: bytes = answer.read()
        kind = answer.headers.get_content_type()
    if kind not in ("text/html", "text/css", "text/javascript"):
        return len(body), ""
    with urllib.request.urlopen(
        urllib.request.Request(url, headers={"Accept-Encoding": "identity", "Cookie": f"mortise={cookie}"}), timeout=30
    ) as plain:
        return len(body), plain.read().decode("utf-8")
