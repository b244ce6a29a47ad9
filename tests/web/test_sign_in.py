from __future__ import annotations

from tests.web.conftest import PASSWORD, Firm, csrf_of


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
