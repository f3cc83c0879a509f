"""What holds for all tests: nobody meets the partner's handlers but the partner's own tests."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PARTNER = Path(__file__).parent / "partner"


@pytest.fixture(autouse=True)
def _partners_apart(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hide the partner's folder and modules, and whatever a test adds; put them back after it."""
    if PARTNER in request.path.parents:
        yield
        return
    path = list(sys.path)
    theirs = {name: sys.modules.pop(name) for name in _partners()}
    sys.path[:] = [entry for entry in path if Path(entry) != PARTNER]
    yield
    for name in _partners():
        del sys.modules[name]
    sys.path[:] = path
    sys.modules.update(theirs)


def _partners() -> list[str]:
    return [name for name in sys.modules if name == "com" or name.startswith("com.")]
