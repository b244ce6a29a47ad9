"""Long work beside the turns is bounded, and nothing large is read from strangers."""

from __future__ import annotations

import io
import re
import threading
from typing import Any

import pytest

from tests.pages.conftest import Sales, words
from webapp.engines.forms.transfer import export_jobs, sheets, wizard
from webapp.errors import TooMany
from webapp.web import aside, scope
from webapp.web.aside import Aside

once = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # where a database has no say


def test_a_member_works_on_one_file_at_a_time_and_all_together_on_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "PATIENCE", 0)
    found = Aside(places=2)
    with found.place(1):
        with pytest.raises(TooMany), found.place(1):
            pass
        with found.place(2), pytest.raises(TooMany) as error, found.place(3):
            pass
        assert error.value.detail["retry_after"] == 60
        with found.place(3):  # both places are given back, his own too
            pass
    assert found._own == {}


def test_who_sends_again_and_again_is_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    found, inside, go = Aside(), threading.Semaphore(0), threading.Event()

    def work() -> None:
        with found.place(1):
            inside.release()
            go.wait()

    threads = [threading.Thread(target=work) for _ in range(1 + aside.WAITING)]
    for thread in threads:
        thread.start()
    inside.acquire()
    while found._own[1][1] < len(threads):
        pass
    with pytest.raises(TooMany, match="Several files of yours"), found.place(1):
        pass
    go.set()
    for thread in threads:
        thread.join()
    assert found._own == {}


class Untouched(io.BytesIO):
    """A body that must not be read."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read")

    readline = read


def _send(client: Any, path: str, size: int, **headers: str) -> Any:
    more = {"CONTENT_LENGTH": str(size), "CONTENT_TYPE": "multipart/form-data; boundary=x"}
    return client.post(path, input_stream=Untouched(b"x"), headers=headers, environ_overrides=more)


@once
def test_nothing_large_is_read_from_strangers_nor_more_than_a_page_takes(sales_: Sales) -> None:
    stranger, ann = sales_.world.client(), sales_.client("ann")
    for path in ("/crm/deal/import", "/build/import", "/crm/deal/new", "/nowhere"):
        answer = _send(stranger, path, 50_000_000, Accept="application/json")
        assert answer.status_code == 401, path
    for size in (3_000_000, 17_000_000):
        more = {"CONTENT_LENGTH": str(size), "CONTENT_TYPE": "application/json"}
        answer = stranger.post("/api/v1/data/crm/deal", input_stream=Untouched(b"{"), environ_overrides=more)
        assert answer.status_code == 401, "nothing is kept in memory for strangers"
    answer = ann.post("/api/v1/data/crm/deal", input_stream=Untouched(b"{"), environ_overrides=more)
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")
    for path in ("/login", "/share", "/setup/x/firm"):
        assert _send(stranger, path, scope._LARGEST_OF_STRANGERS + 1).status_code == 413, path
    assert _send(ann, "/crm/deal/new", 50_000_000).status_code == 413
    answer = _send(ann, "/crm/deal/import", sheets.MOST_BYTES + (2 << 20))
    assert answer.status_code == 413 and "太大" in words(answer.text)
    ended = sales_.world.client()
    ended.set_cookie("mortise", "a session that ended")
    assert _send(ended, "/crm/deal/import", 50_000_000, Accept="application/json").status_code == 401


@once
def test_what_one_member_keeps_is_bounded_and_said(sales_: Sales, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(text: str) -> Any:
        return sales_.post("/crm/deal/import", {"text": text})

    assert send("名\tA\n1\t2").status_code == 303
    monkeypatch.setattr(wizard, "MOST_FILES", 1)
    answer = send("名\tA\n1\t3")
    assert answer.status_code == 413 and "你近 7 天的导入有 1 个文件" in words(answer.text)
    assert re.search(r"<textarea[^>]*>名\tA\n1\t3</textarea>", answer.text), "what was pasted is still there"
    assert sales_.post("/crm/deal/import", {"text": "名\tA\n1\t3"}, "hal").status_code == 303, "each has his own"
    monkeypatch.setattr(export_jobs, "AT_ONCE", 0)
    sales_.deal("x", "hal")
    answers = [sales_.post("/crm/deal/export?view=all", {"format": "csv"}, "hal") for _ in range(4)]
    assert [one.status_code for one in answers] == [303, 303, 303, 429]
    assert "3 个导出正在生成" in words(answers[3].text) and answers[3].headers["Retry-After"] == "60"
