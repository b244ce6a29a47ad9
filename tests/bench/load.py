"""Requests by `wrk`, whose own work costs next to nothing; latencies in milliseconds."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from typing import Any

NAME = "wrk"
HINT = "apt-get install wrk"

_DONE = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\nRESULT {"requests":%d,"seconds":%f,"p50":%f,"p95":%f,"p99":%f,"worst":%f,"errors":%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3, e.connect + e.read + e.write + e.status + e.timeout))
end
"""
_MOVES = """
local ids, stages, n = {%s}, {"contact", "need", "quote", "talk", "won", "lost"}, %d
request = function()
  n = n + 1
  local id = ids[n %% #ids + 1]
  local stage = stages[(math.floor(n / #ids) + id) %% 6 + 1]
  return wrk.format("PATCH", "%s/" .. id, nil, '{"values":{"stage":"' .. stage .. '"}}')
end
"""


@dataclass(frozen=True)
class Result:
    requests: int
    seconds: float
    p50: float
    p95: float
    p99: float
    worst: float
    errors: int
    cpu: float = 0.0  # milliseconds of the server's processor time a request

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


@dataclass(frozen=True)
class Request:
    """One kind of request; `moves` are ids whose stage changes with each (`url` is then that of the records)."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: Any = None
    moves: tuple[int, ...] = ()


def is_there() -> bool:
    return shutil.which(NAME) is not None


def run(request: Request, *, clients: int, seconds: float, offset: int = 0) -> Result:
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="utf-8") as file:
        file.write(_script(request, offset))
        file.flush()
        command = [NAME, "-t1", f"-c{clients}", f"-d{max(int(seconds), 1)}s", "--timeout", "30s", "-s", file.name]
        said = subprocess.run([*command, request.url], capture_output=True, text=True, check=True).stdout
    line = next(line for line in said.splitlines() if line.startswith("RESULT "))
    found = Result(**json.loads(line.removeprefix("RESULT ")))
    if not found.requests and seconds < 60:  # not one was done in that time
        return run(request, clients=clients, seconds=seconds * 6, offset=offset)
    return found


def _script(request: Request, offset: int) -> str:
    lines = [f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}" for k, v in request.headers]
    lines.append(f'wrk.method = "{request.method}"')
    if request.body is not None:
        lines.append(f"wrk.body = [==[{json.dumps(request.body, ensure_ascii=False)}]==]")
        lines.append('wrk.headers["Content-Type"] = "application/json"')
    if request.moves:
        lines.append('wrk.headers["Content-Type"] = "application/json"')
        path = "/" + request.url.split("/", 3)[3]
        lines.append(_MOVES % (", ".join(map(str, request.moves)), offset, path))
    return "\n".join(lines) + _DONE
