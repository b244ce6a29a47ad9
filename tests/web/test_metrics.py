"""Numbers for whoever watches the machine."""

from __future__ import annotations

import os
import re

from tests.web.conftest import Firm
from webapp.access import actors, tokens
from webapp.journal import due
from webapp.web.metrics import Requests


def headers(firm: Firm, member: int) -> dict[str, str]:
    with firm.database.write() as unit:
        _, secret = tokens.create(unit, actors.of_member(unit, firm.keeper), member, "watch", scope="read")
    return {"Authorization": f"Bearer {secret}"}


def value(text: str, series: str) -> int:
    found = re.search(rf"^{re.escape(series)} (\d+)$", text, re.MULTILINE)
    assert found, text
    return int(found[1])


def test_a_keepers_token_reads_the_numbers(firm: Firm) -> None:
    with firm.database.write() as unit:
        due.add(unit, "nobody", "key", {})
    client, given = firm.client(), headers(firm, firm.keeper)
    before = client.get("/metrics", headers=given)
    assert before.status_code == 200 and before.mimetype == "text/plain"
    client.get("/nothing/here/at/all", headers=given)
    after = client.get("/metrics", headers=given).text
    assert value(after, 'mortise_jobs{state="waiting"}') == 1
    assert value(after, 'mortise_requests_total{status="4xx"}') == 1
    assert value(after, 'mortise_requests_total{status="2xx"}') == 1
    assert value(after, "mortise_definitions_epoch") == 0


def test_nobody_else_reads_them(firm: Firm) -> None:
    assert firm.client().get("/metrics").status_code == 303
    assert firm.client().get("/metrics", headers=headers(firm, firm.ann)).status_code == 403


def test_all_processes_count_together() -> None:
    class Answer:
        status_code = 503

    requests = Requests()
    child = os.fork()
    if child == 0:
        requests.count(Answer())  # type: ignore[arg-type]
        os._exit(0)
    os.waitpid(child, 0)
    requests.count(Answer())  # type: ignore[arg-type]
    assert requests.by_status()["5xx"] == 2
