import asyncio

import pytest

from unit.queues.workshop import _sleep


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the second that follows a failed call short."""

    async def shorter(seconds: float) -> None:
        await _sleep(0.001 if seconds == 1.0 else seconds)

    monkeypatch.setattr(asyncio, "sleep", shorter)
