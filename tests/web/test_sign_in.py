from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.web.conftest import PASSWORD, Firm, csrf_of
from webapp import clock
from webapp.access import actors, members, passwords, sessions
from webapp.access.tables import attempt

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)


def sign_in(client, email="ann@firm.example", password=PASSWORD, **more):
    page = client.get("/login").text
    headers = more.pop("headers", {})
    data = {"csrf_token": csrf_of(page), "email": email, "password": password, **more}
    return client.post("/login", data=data, headers=headers)


def test_a_member_signs_in_and_comes_to_the_page_he_wanted(firm: Firm):
    client = firm.client()
    page = client.get("/login?next=/crm/deal%3Fview%3Dboard").text
    answer = client.post(
        "/login",
        data={
            "csrf_token": csrf_of(page),
            "email": " ANN@firm.example ",
            "password": PASSWORD,
            "next": "/crm/deal?view=board",
            "remember": "true",
        },
    )
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"] == "/crm/deal?view=board"
    assert client.get("/login").headers["Location"] == "/"


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\tx",
        "evil",
        "/\n/evil",
        "",
    ],
)
def test_next_leads_nowhere_but_here(firm: Firm, wanted: str):
    assert sign_in(firm.client(), next=wanted).headers["Location"] == "/"


def test_a_wrong_password_says_how_many_tries_are_left_and_then_one_must_wait(firm: Firm):
    client = firm.client()
    with clock.stopped(NOON):
        for left in (4, 3, 2, 1):
            answer = sign_in(client, password="wrong")
            assert answer.status_code == 422
            assert f"{left} more tries" in answer.text or f"还可以试 {left} 次" in answer.text
        assert sign_in(client, password="wrong").status_code == 422
        waiting = sign_in(client)
        assert waiting.status_code == 429
        assert waiting.headers["Retry-After"] == "60"
    with clock.stopped(NOON + timedelta(seconds=61)):
        assert sign_in(client, password="wrong").status_code == 422
    with clock.stopped(NOON + timedelta(seconds=62 + 60)):
        assert sign_in(client).status_code == 429, "the second pause is longer"
    with clock.stopped(NOON + timedelta(seconds=62 + 121)):
        assert sign_in(client).status_code == 303
    with clock.stopped(NOON + timedelta(seconds=62 + 122)):
        answer = sign_in(firm.client(), password="wrong")
        assert "4" in answer.text and answer.status_code == 422, "success forgets earlier failures"


def test_an_unknown_account_answers_like_a_known_one_and_takes_a_hash_as_well(firm: Firm, monkeypatch):
    verified = []
    import argon2

    real = argon2.PasswordHasher.verify
    monkeypatch.setattr(argon2.PasswordHasher, "verify", lambda self, *a: verified.append(a) or real(self, *a))
    answers = []
    for email in ("ann@firm.example", "nobody@firm.example"):
        answer = sign_in(firm.client(), email, "wrong")
        answers.append(
            (answer.status_code, answer.text.replace(email, "").count("m-err"), answer.headers["Content-Type"])
        )
    assert answers[0] == answers[1]
    assert len(verified) == 2


def test_guesses_sent_side_by_side_count_like_guesses_in_turn(firm: Firm):
    """A try is counted before the password is looked at."""
    from webapp.access import attempts
    from webapp.errors import TooMany

    with clock.stopped(NOON):
        for _ in range(5):
            with firm.database.write() as unit:
                attempts.begin(unit, "ann@firm.example", "10.0.0.1")
        with firm.database.write() as unit, pytest.raises(TooMany):
            attempts.begin(unit, "ann@firm.example", "10.0.0.2")


def test_one_address_cannot_try_many_accounts(firm: Firm):
    from webapp.access import attempts
    from webapp.errors import TooMany

    with clock.stopped(NOON):
        for i in range(attempts.FREE_FOR_ADDRESS):
            with firm.database.write() as unit:
                attempts.begin(unit, f"m{i}@firm.example", f"2001:db8::{i:x}")
        with firm.database.write() as unit, pytest.raises(TooMany):
            attempts.begin(unit, "other@firm.example", "2001:db8::ffff")
        with firm.database.write() as unit:
            attempts.begin(unit, "other@firm.example", "2001:db8:0:1::1")


def test_tries_are_forgotten_after_a_day_and_hold_no_readable_account(firm: Firm):
    with clock.stopped(NOON):
        sign_in(firm.client(), "my-secret-password", "wrong")
        with firm.database.read() as unit:
            subjects = unit.execute(attempt.select()).all()
        assert len(subjects) == 2
        assert not any("secret" in row.subject for row in subjects)
    with clock.stopped(NOON + timedelta(days=1, seconds=1)):
        sign_in(firm.client(), "other@firm.example", "wrong")
        with firm.database.read() as unit:
            found = unit.execute(attempt.select()).all()
        assert {row.failures for row in found} == {1}


def test_somebody_who_left_cannot_sign_in_and_is_told_nothing_else(firm: Firm):
    with firm.database.write() as unit:
        members.disable(unit, actors.of_member(unit, firm.keeper), firm.ann)
    answer = sign_in(firm.client())
    assert answer.status_code == 422
    assert sign_in(firm.client(), "nobody@firm.example").status_code == 422


def test_an_old_hash_is_renewed_when_its_owner_signs_in(firm: Firm):
    from argon2 import PasswordHasher

    from webapp.access.tables import member

    with firm.database.write() as unit:
        old = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(PASSWORD)
        unit.execute(member.update().where(member.c.id == firm.ann).values(password=old))
    assert sign_in(firm.client()).status_code == 303
    with firm.database.read() as unit:
        kept = unit.execute(member.select().where(member.c.id == firm.ann)).one().password
    assert kept != old
    assert passwords.is_right(firm.database.settings, kept, PASSWORD)


def test_a_session_given_from_outside_is_never_adopted(firm: Firm):
    client = firm.client()
    client.set_cookie("mortise", "chosen-by-somebody-else")
    answer = sign_in(client)
    assert answer.status_code == 303
    cookie = client.get_cookie("mortise")
    assert cookie is not None and cookie.value != "chosen-by-somebody-else"


def test_signing_in_ends_the_session_that_was_open_here(firm: Firm):
    client = firm.signed_in(firm.keeper)
    before = client.get_cookie("mortise").value
    page = client.get("/login", headers={"Cookie": ""}).text
    assert page is not None
    token = csrf_of(firm_page(client))
    client.post("/login", data={"csrf_token": token, "email": "ann@firm.example", "password": PASSWORD})
    with firm.database.read() as unit:
        assert actors.of_session(unit, before) is None
        now = actors.of_session(unit, client.get_cookie("mortise").value)
    assert now is not None and now.member == firm.ann


def firm_page(client) -> str:
    """A page with a token for the client's present session."""
    from webapp.web import csrf

    app = client.application
    with app.test_request_context(headers={"Cookie": "mortise=" + client.get_cookie("mortise").value}):
        return str(csrf.field())


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(firm: Firm):
    cookie = sign_in(firm.client(), remember="true").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert "Max-Age=2592000" in cookie
    assert "Secure" not in cookie, "plain http: the browser would drop it"
    assert "Max-Age" not in sign_in(firm.client()).headers["Set-Cookie"]


def test_under_https_the_cookie_is_secure_and_bound_to_the_host(firm: Firm):
    import dataclasses

    from webapp import create_app
    from webapp.db import Database

    settings = dataclasses.replace(firm.database.settings, base_url="https://crm.firm.example")
    client = create_app(settings, Database(settings)).test_client()
    page = client.get("/login", base_url="https://crm.firm.example")
    assert page.headers["Strict-Transport-Security"]
    answer = client.post(
        "/login",
        data={"csrf_token": csrf_of(page.text), "email": "ann@firm.example", "password": PASSWORD},
        base_url="https://crm.firm.example",
    )
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-mortise=") and "Secure" in cookie


def test_the_session_ends_at_the_moment_its_member_leaves(firm: Firm):
    client = firm.signed_in(firm.ann)
    assert client.get("/login").status_code == 303
    with firm.database.write() as unit:
        members.disable(unit, actors.of_member(unit, firm.keeper), firm.ann)
    assert client.get("/login").status_code == 200


def test_signing_out_ends_the_session_for_good(firm: Firm):
    client = firm.signed_in(firm.ann)
    cookie = client.get_cookie("mortise").value
    answer = client.post("/logout", data={"csrf_token": csrf_of(firm_page(client))})
    assert answer.headers["Location"] == "/login"
    client.set_cookie("mortise", cookie)
    assert client.get("/login").status_code == 200


def test_forged_expired_and_ended_sessions_are_nobodys(firm: Firm):
    with clock.stopped(NOON), firm.database.write() as unit:
        good = sessions.begin(unit, firm.ann, device=None, lasts=timedelta(hours=1))
        ended = sessions.begin(unit, firm.ann, device=None, lasts=timedelta(hours=1))
        sessions.end(unit, ended)
    with clock.stopped(NOON + timedelta(minutes=59)), firm.database.read() as unit:
        assert actors.of_session(unit, good).member == firm.ann
        assert actors.of_session(unit, ended) is None
        assert actors.of_session(unit, good + "x") is None
        assert actors.of_session(unit, "") is None
        assert actors.of_session(unit, "\udcff") is None
    with clock.stopped(NOON + timedelta(minutes=61)), firm.database.read() as unit:
        assert actors.of_session(unit, good) is None


def test_a_new_password_ends_all_other_sessions(firm: Firm):
    with firm.database.write() as unit:
        here = sessions.begin(unit, firm.ann, device="here", lasts=timedelta(hours=1))
        there = sessions.begin(unit, firm.ann, device="there", lasts=timedelta(hours=1))
        ann = actors.of_member(unit, firm.ann)
        members.set_password(
            unit, ann, firm.ann, passwords.hashed(firm.database.settings, "another good one"), but=here
        )
    with firm.database.read() as unit:
        assert actors.of_session(unit, here) is not None
        assert actors.of_session(unit, there) is None


def test_use_is_noted_at_most_every_five_minutes(firm: Firm):
    from webapp.access.tables import session

    def seen():
        with firm.database.read() as unit:
            return unit.execute(session.select().order_by(session.c.created_at.desc())).first().seen_at

    with clock.stopped(NOON):
        client = firm.signed_in(firm.ann)
    for minutes, noted in ((4, 0), (6, 6), (10, 6), (12, 12)):
        with clock.stopped(NOON + timedelta(minutes=minutes)):
            client.get("/login")
            assert seen() == NOON + timedelta(minutes=noted)


def test_a_lapsed_session_gets_a_sheet_over_the_page_and_the_save_can_be_repeated(firm: Firm):
    client = firm.signed_in(firm.ann)
    token = csrf_of(firm_page(client))
    with firm.database.write() as unit:
        sessions.end(unit, client.get_cookie("mortise").value)
    htmx = {"HX-Request": "true", "HX-Request-Type": "partial", "X-CSRF-Token": token}
    refused = client.post("/me/preferences", data={"theme": "dark"}, headers=htmx)
    assert refused.status_code == 401
    assert 'id="sign-in-form"' in refused.text and "<html" not in refused.text
    again = client.post(
        "/login",
        data={"csrf_token": csrf_of(refused.text), "sheet": "true", "email": "ann@firm.example", "password": "wrong"},
        headers=htmx,
    )
    assert again.status_code == 422 and 'id="sign-in-form"' in again.text
    done = client.post(
        "/login",
        data={"csrf_token": csrf_of(again.text), "sheet": "true", "email": "ann@firm.example", "password": PASSWORD},
        headers=htmx,
    )
    assert done.status_code == 200 and done.text == ""
    heard = done.json if done.is_json else __import__("json").loads(done.headers["HX-Trigger"])["m:signed-in"]
    assert heard["member"] == firm.ann
    repeated = client.post("/me/preferences", data={"theme": "dark"}, headers={**htmx, "X-CSRF-Token": heard["csrf"]})
    assert repeated.status_code == 200
    with firm.database.read() as unit:
        assert actors.of_member(unit, firm.ann).theme == "dark"


def test_a_browser_without_a_session_is_sent_to_sign_in_and_back(firm: Firm):
    firm.app.add_url_rule("/wanted", "wanted", lambda: "here")
    answer = firm.client().post("/me/preferences")
    assert answer.status_code == 403, "no token: refused before anything else"
    answer = firm.client().get("/wanted?a=1&b=%E4%B8%AD")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=/wanted%3Fa%3D1%26b%3D%25E4%25B8%25AD"


def test_the_gate_speaks_the_browsers_language_the_chosen_one_and_the_firms(firm: Firm):
    client = firm.client()
    assert 'lang="en"' in client.get("/login", headers={"Accept-Language": "en-GB,en;q=0.9"}).text
    assert 'lang="zh-CN"' in client.get("/login", headers={"Accept-Language": "zh-TW"}).text
    assert 'lang="zh-CN"' in client.get("/login", headers={"Accept-Language": "fr"}).text
    assert client.get("/login/language/en?next=//evil.example").headers["Location"] == "/login"
    assert 'lang="en"' in client.get("/login", headers={"Accept-Language": "zh"}).text
    assert client.get("/login/language/xx").status_code == 404
