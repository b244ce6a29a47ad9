"""One office for all tests of a file and database, for files that import this fixture: what a test changes it does to
people it hired, or it begins with `fresh`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import database_of
from tests.databases import known_of
from tests.settings.conftest import Office
from tests.world import World


@pytest.fixture(scope="module", params=["sqlite", "postgresql"], name="office")
def one_for_all(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with database_of(request, request.param, tmp_path_factory.mktemp("office"), "sales_") as found:
        yield Office(World(found, *known_of(found)))
