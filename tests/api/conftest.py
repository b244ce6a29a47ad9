"""Programs that speak to the API with a member's token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.world import World
from webapp.access import tokens

DEALS = "/api/v1/data/crm/deal"
ACCOUNTS = "/api/v1/data/crm/account"


@dataclass
class Program:
    """Sends requests with one token; `last` is the latest answer."""

    client: Any
    secret: str | None

    def send(self, method: str, path: str, json: Any = None, **headers: str) -> TestResponse:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.secret:
            given["Authorization"] = f"Bearer {self.secret}"
        answer: TestResponse = self.client.open(path, method=method, json=json, headers=given)
        return answer

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.send("GET", path, **headers)

    def post(self, path: str, json: Any, **headers: str) -> TestResponse:
        return self.send("POST", path, json, **headers)

    def patch(self, path: str, json: Any, **headers: str) -> TestResponse:
        return self.send("PATCH", path, json, **headers)

    def delete(self, path: str, **headers: str) -> TestResponse:
        return self.send("DELETE", path, **headers)

    def make(self, path: str, **values: Any) -> int:
        answer = self.post(path, {"values": values})
        assert answer.status_code == 201, answer.text
        return int(answer.json["id"])


@pytest.fixture
def program(world: World) -> Any:
    """`program("ann")`: a program with a writing token of hers; `scope="read"` for one that may only read."""

    def of(name: str | None, scope: str = "write") -> Program:
        secret = None
        if name is not None:
            with world.database.write() as unit:
                _, secret = tokens.create(unit, world.actor("admin"), world.people[name], "test", scope=scope)
        return Program(world.app.test_client(), secret)

    return of
