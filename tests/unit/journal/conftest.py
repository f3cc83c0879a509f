import pytest

from unit.journal.books import Books


@pytest.fixture
def books() -> Books:
    return Books()
