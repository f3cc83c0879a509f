from collections.abc import Iterator

import pytest

from contracts import postgres
from unit.journal.books import Books
from unit.journal.databases import InPostgresql


@pytest.fixture(scope="session")
def in_postgresql() -> Iterator[InPostgresql]:
    if (why := postgres.why_not()) is not None:
        pytest.skip(why)
    database = InPostgresql()
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def books(request: pytest.FixtureRequest) -> Books:
    """Return empty books, in each of the databases that keep a journal."""
    if request.param == "sqlite":
        return Books()
    database: InPostgresql = request.getfixturevalue("in_postgresql")
    database.empty()
    return Books(database)
