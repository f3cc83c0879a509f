from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts import postgres


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """Return the URL of a schema of this test's own."""
    if (why := postgres.why_not()) is not None:
        pytest.skip(why)
    yield await postgres.schema_for(tmp_path)
    await postgres.drop_for(tmp_path)
