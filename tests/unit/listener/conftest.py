import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3].parent / "shared"


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the folder with reference payloads is not beside the checkout")
    return SHARED


@pytest.fixture
def message_types(shared: Path) -> list[tuple[str, str]]:
    """(typeId, Message type) of the tables of section 2."""
    text = (shared / "reference" / "commercetools.md").read_text()
    found: list[tuple[str, str]] = []
    type_id = ""
    for line in text[text.index("## 2. Messages") : text.index("\n## 3.")].splitlines():
        heading = re.match(r"#### resource.typeId `([^`]+)`", line)
        row = re.match(r"\| ([A-Z]\w+) \|", line)
        names = re.match(r"- `([^`]+)` \(\d+\): (.*)", line)
        if names:
            found += [(names[1], name.strip()) for name in names[2].split(",")]
        elif heading:
            type_id = heading[1]
        elif row and type_id:
            found.append((type_id, row[1]))
    return found


@pytest.fixture
def order_created() -> Mapping[str, object]:
    return json.loads(  # type: ignore[no-any-return]
        """{"notificationType":"Message","projectKey":"shop","id":"m-1","version":1,
        "sequenceNumber":2,"resource":{"typeId":"order","id":"o-1"},"resourceVersion":3,
        "resourceUserProvidedIdentifiers":{"orderNumber":"1234"},"type":"OrderCreated",
        "order":{"id":"o-1","store":{"typeId":"store","key":"berlin"},
        "shippingAddress":{"country":"DE"},"custom":{"fields":{"brand":"a"}}}}"""
    )
