"""Resources with nothing but what a sweep looks at."""

from typing import Any

from fluent_connect.testing.clock import FixedClock
from fluent_connect.testing.fake_commercetools import FakeCommercetools
from fluent_connect.testing.run_job import ago

Json = dict[str, Any]
NOW = FixedClock()
__all__ = ["NOW", "category", "changed", "shop"]


def changed(id: str, seconds: float = 3600, *, version: int = 1, **fields: Any) -> Json:
    """Return a resource that was changed so long ago."""
    return {"id": id, "version": version, "lastModifiedAt": ago(seconds, NOW), **fields}


def category(id: str, *ancestors: str, seconds: float = 3600) -> Json:
    above = [{"typeId": "category", "id": each} for each in ancestors]
    return changed(id, seconds, ancestors=above)


def shop(products: int = 0, **more: list[Json]) -> FakeCommercetools:
    """Return a project with so many products."""
    made = [changed(f"p-{number:04}") for number in range(products)]
    return FakeCommercetools({"product": made, **more})
