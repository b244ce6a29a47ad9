"""Comments over the API: the record's rights, one's own words, and nothing twice."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import DEALS


def test_who_reads_the_record_reads_and_writes_its_comments(program: Any) -> None:
    ann, bob, hal = program("ann"), program("bob"), program("hal")
    deal = ann.make(DEALS, name="Pumps")
    place = f"{DEALS}/{deal}/comments"
    key = {"Idempotency_Key": "once"}
    made = ann.post(place, {"text": "See @Hal and @Bob"}, **key)
    assert made.status_code == 201 and made.json["author"]["title"] == "Ann"
    assert [m["title"] for m in made.json["mentions"]] == ["Hal"], "Bob does not see the deal"
    assert ann.post(place, {"text": "See @Hal and @Bob"}, **key).json == made.json
    twice = {"text": "again", "client_id": "6f1e2d3c-0000-4000-8000-000000000001"}
    assert ann.post(place, twice).json["id"] == ann.post(place, twice).json["id"]
    listed = hal.get(place).json["comments"]
    assert [c["text"] for c in listed] == ["again", "See @Hal and @Bob"]
    assert hal.get(f"{place}?before={listed[0]['id']}").json["comments"] == listed[1:]
    assert "commented" in [e["kind"] for e in ann.get(f"{DEALS}/{deal}/history").json["events"]]
    for send in (bob.get(place), bob.post(place, {"text": "x"})):
        assert send.status_code == 404
    assert program("ann", scope="read").post(place, {"text": "x"}).status_code == 403


def test_a_comment_is_its_authors_to_change(program: Any) -> None:
    ann, hal = program("ann"), program("hal")
    deal = ann.make(DEALS, name="Pumps")
    place = f"{DEALS}/{deal}/comments"
    one = f"{place}/{ann.post(place, {'text': 'first'}).json['id']}"
    assert hal.patch(one, {"text": "x"}).status_code == 403 and hal.delete(one).status_code == 403
    changed = ann.patch(one, {"text": "better"})
    assert changed.json["text"] == "better" and changed.json["edited_at"]
    for wrong in ({"text": " "}, {"text": "x" * 5001}):
        assert ann.post(place, wrong).status_code == 422
    assert ann.post(place, {"text": 5}).status_code == 400
    assert ann.patch(f"{place}/99999", {"text": "x"}).status_code == 404
    other = ann.make(DEALS, name="Other")
    assert ann.patch(one.replace(f"/{deal}/", f"/{other}/"), {"text": "x"}).status_code == 404
    assert ann.delete(one).status_code == 204 and ann.delete(one).status_code == 404
    assert ann.get(place).json["comments"] == []
