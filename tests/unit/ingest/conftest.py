from pathlib import Path

import pytest

from unit.ingest.webhook_client import Client

SHARED = Path(__file__).parents[3].parent / "shared"


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the folder with public vectors is not beside the checkout")
    return SHARED


@pytest.fixture
def client() -> Client:
    return Client()
