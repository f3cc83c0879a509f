"""How long a delivery is ours, and what happens where the store is not sure of it."""

import pytest

from fluent_connect.model import lease as module
from fluent_connect.model.lease import UNSURE, Lease


def untils(*values: float) -> Lease:
    """Return a lease that ends then and then, as often as it is asked; the clock stands at 0."""
    told = iter(values)
    return Lease(lambda: next(told), lambda: 0.0)


async def test_what_is_left_is_said_at_once() -> None:
    assert await untils(10.0).covers(10.0)
    assert not await untils(9.9).covers(10.0)


async def test_a_store_that_is_sure_again_is_waited_for() -> None:
    assert await untils(UNSURE, UNSURE, 90.0).covers(30.0)
    assert not await untils(UNSURE, 20.0).covers(30.0)


async def test_a_store_that_stays_unsure_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    assert not await Lease(lambda: UNSURE, lambda: 0.0).covers(0.1)
